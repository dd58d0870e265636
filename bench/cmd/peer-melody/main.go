// peer-melody: olahol/melody with rooms by BroadcastFilter over a session key.
package main

import (
	"log"
	"net/http"

	"github.com/olahol/melody"

	"github.com/chanx-go/chanx/bench/internal/peer"
)

func main() {
	ln := peer.Listen()
	m := melody.New()
	m.Config.MaxMessageSize = 128 << 10
	m.Upgrader.CheckOrigin = func(*http.Request) bool { return true }
	m.HandleMessage(func(s *melody.Session, b []byte) {
		if *peer.Noop {
			_ = s.Write(b)
			return
		}
		reply, out, err := peer.Handle(b)
		if err != nil {
			_ = s.Close()
			return
		}
		if out != nil {
			room := s.MustGet("room")
			_ = m.BroadcastFilter(out, func(q *melody.Session) bool {
				v, ok := q.Get("room")
				return ok && v == room
			})
		}
		if reply != nil {
			_ = s.Write(reply)
		}
	})
	h := func(w http.ResponseWriter, r *http.Request) {
		keys := map[string]any{}
		if n := r.PathValue("name"); n != "" {
			keys["room"] = n
		}
		_ = m.HandleRequestWithKeys(w, r, keys)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/ws", h)
	mux.HandleFunc("/ws/room/{name}", h)
	log.Fatal(http.Serve(ln, mux))
}

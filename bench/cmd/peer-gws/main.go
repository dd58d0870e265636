// peer-gws: lxzan/gws over net/http upgrade, replies written from OnMessage,
// rooms through its Broadcaster (frame built once, a queue per connection).
package main

import (
	"log"
	"net/http"
	"time"

	"github.com/lxzan/gws"

	"github.com/chanx-go/chanx/bench/internal/peer"
)

const idle = 60 * time.Second

var rooms peer.Rooms[*gws.Conn]

type handler struct{ gws.BuiltinEventHandler }

func (handler) OnOpen(c *gws.Conn) {
	_ = c.SetDeadline(time.Now().Add(idle))
	rooms.Join(room(c), c)
}

func (handler) OnClose(c *gws.Conn, _ error) { rooms.Leave(room(c), c) }

func (handler) OnPing(c *gws.Conn, b []byte) {
	_ = c.SetDeadline(time.Now().Add(idle))
	_ = c.WritePong(b)
}

func (handler) OnMessage(c *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	if *peer.Noop {
		_ = c.WriteMessage(m.Opcode, m.Bytes())
		return
	}
	reply, out, err := peer.Handle(m.Bytes())
	if err != nil {
		_ = c.WriteClose(1008, []byte(err.Error()))
		return
	}
	if out != nil {
		b := gws.NewBroadcaster(gws.OpcodeText, out)
		rooms.Each(room(c), func(d *gws.Conn) { _ = b.Broadcast(d) })
		_ = b.Close()
	}
	if reply != nil {
		_ = c.WriteMessage(gws.OpcodeText, reply)
	}
}

func room(c *gws.Conn) string {
	v, _ := c.Session().Load("room")
	s, _ := v.(string)
	return s
}

func main() {
	ln := peer.Listen()
	up := gws.NewUpgrader(handler{}, &gws.ServerOption{ReadMaxPayloadSize: 128 << 10})
	h := func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r)
		if err != nil {
			return
		}
		if n := r.PathValue("name"); n != "" {
			c.Session().Store("room", n)
		}
		go c.ReadLoop()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/ws", h)
	mux.HandleFunc("/ws/room/{name}", h)
	log.Fatal(http.Serve(ln, mux))
}

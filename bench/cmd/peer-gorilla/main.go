// peer-gorilla: gorilla/websocket on net/http in the read pump and write pump
// shape of its own examples: every write goes through the connection's queue,
// room messages are prepared once.
package main

import (
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/chanx-go/chanx/bench/internal/peer"
)

const (
	queueLen  = 256
	writeWait = 10 * time.Second
	pongWait  = 60 * time.Second
	pingEvery = pongWait * 9 / 10
)

var (
	up = websocket.Upgrader{
		ReadBufferSize: 1024, WriteBufferSize: 1024, WriteBufferPool: &sync.Pool{},
		CheckOrigin: func(*http.Request) bool { return true },
	}
	rooms peer.Rooms[*client]
)

type item struct {
	b  []byte
	pm *websocket.PreparedMessage
}

type client struct {
	c    *websocket.Conn
	send chan item
	done chan struct{}
}

func main() {
	ln := peer.Listen()
	mux := http.NewServeMux()
	h := serve
	if *peer.Noop {
		h = serveNoop
	}
	mux.HandleFunc("/ws", h)
	mux.HandleFunc("/ws/room/{name}", h)
	log.Fatal(http.Serve(ln, mux))
}

func serveNoop(w http.ResponseWriter, r *http.Request) {
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	for {
		t, b, err := c.ReadMessage()
		if err != nil {
			return
		}
		if c.WriteMessage(t, b) != nil {
			return
		}
	}
}

func serve(w http.ResponseWriter, r *http.Request) {
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	cl := &client{c: c, send: make(chan item, queueLen), done: make(chan struct{})}
	room := r.PathValue("name")
	rooms.Join(room, cl)
	go cl.writePump()
	defer func() {
		rooms.Leave(room, cl)
		close(cl.done)
		_ = c.Close()
	}()
	c.SetReadLimit(128 << 10)
	_ = c.SetReadDeadline(time.Now().Add(pongWait))
	c.SetPongHandler(func(string) error { return c.SetReadDeadline(time.Now().Add(pongWait)) })
	for {
		_, b, err := c.ReadMessage()
		if err != nil {
			return
		}
		reply, out, err := peer.Handle(b)
		if err != nil {
			return
		}
		if out != nil {
			pm, err := websocket.NewPreparedMessage(websocket.TextMessage, out)
			if err != nil {
				return
			}
			rooms.Each(room, func(m *client) {
				select {
				case m.send <- item{pm: pm}:
				default:
					_ = m.c.Close() // too slow
				}
			})
		}
		if reply != nil {
			select {
			case cl.send <- item{b: reply}:
			case <-cl.done:
				return
			}
		}
	}
}

func (cl *client) writePump() {
	t := time.NewTicker(pingEvery)
	defer func() { t.Stop(); _ = cl.c.Close() }()
	for {
		select {
		case <-cl.done:
			return
		case it := <-cl.send:
			_ = cl.c.SetWriteDeadline(time.Now().Add(writeWait))
			var err error
			if it.pm != nil {
				err = cl.c.WritePreparedMessage(it.pm)
			} else {
				err = cl.c.WriteMessage(websocket.TextMessage, it.b)
			}
			if err != nil {
				return
			}
		case <-t.C:
			_ = cl.c.SetWriteDeadline(time.Now().Add(writeWait))
			if cl.c.WriteMessage(websocket.PingMessage, nil) != nil {
				return
			}
		}
	}
}

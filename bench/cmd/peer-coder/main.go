// peer-coder: coder/websocket on net/http with encoding/json, written as its
// users write it: a read loop that replies directly, one writer goroutine with
// a buffered queue per connection for room messages and heartbeats, a deadline
// on each write. A full queue closes the connection. -noop echoes bytes from
// the read loop and does nothing else.
package main

import (
	"context"
	"log"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/chanx-go/chanx/bench/internal/peer"
)

const (
	queueLen     = 256
	writeTimeout = 5 * time.Second
	pingEvery    = 30 * time.Second
)

type client struct {
	c    *websocket.Conn
	send chan []byte
}

var rooms peer.Rooms[*client]

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
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(128 << 10)
	ctx := context.Background()
	for {
		typ, b, err := c.Read(ctx)
		if err != nil {
			return
		}
		if err := c.Write(ctx, typ, b); err != nil {
			return
		}
	}
}

func serve(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(128 << 10)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	cl := &client{c: c, send: make(chan []byte, queueLen)}
	room := r.PathValue("name")
	rooms.Join(room, cl)
	defer rooms.Leave(room, cl)
	go cl.writeLoop(ctx)
	for {
		_, b, err := c.Read(ctx)
		if err != nil {
			return
		}
		reply, out, err := peer.Handle(b)
		if err != nil {
			_ = c.Close(websocket.StatusPolicyViolation, err.Error())
			return
		}
		if out != nil {
			rooms.Each(room, func(m *client) {
				select {
				case m.send <- out:
				default:
					go func() { _ = m.c.Close(websocket.StatusPolicyViolation, "too slow") }()
				}
			})
		}
		if reply != nil {
			if err := cl.write(ctx, reply); err != nil {
				return
			}
		}
	}
}

func (cl *client) write(ctx context.Context, b []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return cl.c.Write(ctx, websocket.MessageText, b)
}

func (cl *client) writeLoop(ctx context.Context) {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-cl.send:
			if cl.write(ctx, b) != nil {
				return
			}
		case <-t.C:
			pctx, cancel := context.WithTimeout(ctx, writeTimeout)
			err := cl.c.Ping(pctx)
			cancel()
			if err != nil {
				_ = cl.c.CloseNow()
				return
			}
		}
	}
}

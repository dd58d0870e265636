// peer-fiber: fiber v2 with gofiber/contrib/websocket, same pump shape as
// peer-gorilla (its connection is a fork of gorilla's).
package main

import (
	"log"
	"time"

	fws "github.com/fasthttp/websocket"
	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/chanx-go/chanx/bench/internal/peer"
)

const (
	queueLen  = 256
	writeWait = 10 * time.Second
	pongWait  = 60 * time.Second
	pingEvery = pongWait * 9 / 10
)

type item struct {
	b  []byte
	pm *fws.PreparedMessage
}

type client struct {
	c    *websocket.Conn
	send chan item
	done chan struct{}
	over chan struct{}
}

var rooms peer.Rooms[*client]

func main() {
	ln := peer.Listen()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	h := serve
	if *peer.Noop {
		h = serveNoop
	}
	app.Get("/ws", websocket.New(h))
	app.Get("/ws/room/:name", websocket.New(h))
	log.Fatal(app.Listener(ln))
}

func serveNoop(c *websocket.Conn) {
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

func serve(c *websocket.Conn) {
	cl := &client{c: c, send: make(chan item, queueLen), done: make(chan struct{}), over: make(chan struct{})}
	room := c.Params("name")
	rooms.Join(room, cl)
	go cl.writePump()
	defer func() {
		rooms.Leave(room, cl)
		close(cl.done)
		_ = c.Close()
		<-cl.over // fiber takes c back when this handler returns
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
			pm, err := fws.NewPreparedMessage(websocket.TextMessage, out)
			if err != nil {
				return
			}
			rooms.Each(room, func(m *client) {
				select {
				case m.send <- item{pm: pm}:
				default: // too slow; Close does nothing to a hijacked fasthttp connection
					_ = m.c.NetConn().SetDeadline(time.Unix(1, 0))
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
	defer func() { t.Stop(); _ = cl.c.Close(); close(cl.over) }()
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

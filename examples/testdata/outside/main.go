// Outside is a program of somebody else's: see TestOutsideModule.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/gin-gonic/gin"
)

// Ping asks for a [Pong].
type Ping struct{}

// Action names the message.
func (Ping) Action() string { return "ping" }

// Pong says that the connection works.
type Pong struct {
	Room string `json:"room"`
}

// Action names the message.
func (Pong) Action() string { return "pong" }

func main() {
	hub := chanx.NewHub(nil)
	rooms := chanx.NewConsumer[*chanx.Conn](hub, "rooms", nil, nil)
	chanx.Reply(rooms, func(c *chanx.Conn, _ context.Context, _ Ping) (Pong, error) {
		return Pong{c.PathValue("room")}, nil
	})
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	chanxgin.Handle(r.Group("/ws"), "/rooms/:room", rooms, nil)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, r)) }()
	fmt.Println(listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test lets go
	if err := hub.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
}

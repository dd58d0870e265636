// Quickstart is a chat with rooms.
package main

import (
	"context"
	"log"
	"net/http"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/go-chi/chi/v5"
)

// Say is what a client sends: {"action":"say","payload":{"text":"hi"}}.
type Say struct {
	Text string `json:"text" minLength:"1" maxLength:"500"`
}

func (Say) Action() string { return "say" }

// Said is what everybody in the room gets.
type Said struct {
	From string `json:"from"`
	Text string `json:"text"`
}

func (Said) Action() string { return "said" }

// Chat is one client in one room.
type Chat struct {
	*chanx.Conn
	room string
}

func openChat(ctx context.Context, conn *chanx.Conn) (*Chat, error) {
	c := &Chat{conn, conn.PathValue("room")}
	return c, c.Join(ctx, c.room)
}

func (c *Chat) Say(ctx context.Context, m Say) error {
	return c.Broadcast(ctx, Said{From: c.ID(), Text: m.Text}, c.room)
}

func routes() http.Handler {
	chat := chanx.NewConsumer(chanx.NewHub(nil), "chat", openChat, nil)
	chanx.On(chat, (*Chat).Say, chanx.Sends[Said]())

	r := chi.NewRouter()
	chanxchi.Handle(r, "/rooms/{room}", chat, nil)
	return r
}

func main() {
	log.Println("listening on http://localhost:8080")
	log.Fatal(http.ListenAndServe("localhost:8080", routes()))
}

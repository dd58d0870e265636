// Package start is the code of docs/getting-started.md.
package start

import (
	"context"
	"iter"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
)

// Say is what a client sends.
type Say struct {
	Text string `json:"text" minLength:"1" maxLength:"500" doc:"What to say"`
}

// Action names the message on the wire.
func (Say) Action() string { return "say" }

// Said is what everybody in the room gets.
type Said struct {
	From string `json:"from"`
	Text string `json:"text"`
}

// Action names the message on the wire.
func (Said) Action() string { return "said" }

// Ping asks whether the server is there. It has no payload.
type Ping struct{}

// Action names the message on the wire.
func (Ping) Action() string { return "ping" }

// Pong answers a [Ping].
type Pong struct{}

// Action names the message on the wire.
func (Pong) Action() string { return "pong" }

// Spell asks for a text, word by word.
type Spell struct {
	Text string `json:"text" minLength:"1"`
}

// Action names the message on the wire.
func (Spell) Action() string { return "spell" }

// Word is one word of the text.
type Word struct {
	Text string `json:"text"`
}

// Action names the message on the wire.
func (Word) Action() string { return "word" }

// User is who has logged in.
type User struct {
	Name  string
	Muted bool
}

// Rooms knows which rooms there are.
type Rooms interface {
	Exists(ctx context.Context, name string) (bool, error)
}

// Chat is one client in one room.
type Chat struct {
	*chanx.Conn
	user User
	room string
}

// Service has what connections need.
type Service struct {
	Rooms Rooms
}

func (s *Service) open(ctx context.Context, conn *chanx.Conn) (*Chat, error) {
	user, ok := chanx.Identity[User](conn)
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	room := conn.PathValue("room")
	exists, err := s.Rooms.Exists(ctx, room)
	if err != nil {
		return nil, err // logged; the client gets a 500 that says no more
	}
	if !exists {
		return nil, chanx.Errorf(chanx.NotFound, "there is no room %q", room)
	}
	c := &Chat{conn, user, room}
	return c, c.Join(ctx, room)
}

func (c *Chat) ping(context.Context, Ping) (Pong, error) { return Pong{}, nil }

func (c *Chat) say(ctx context.Context, m Say) error {
	return c.Broadcast(ctx, Said{From: c.user.Name, Text: m.Text}, c.room)
}

func (c *Chat) spell(_ context.Context, m Spell) iter.Seq2[Word, error] {
	return func(yield func(Word, error) bool) {
		for word := range strings.FieldsSeq(m.Text) {
			if !yield(Word{Text: word}, nil) {
				return // cancelled, or the client has gone
			}
		}
	}
}

func (c *Chat) closed(ctx context.Context, how *chanx.CloseError) {
	if !how.Remote {
		return // the server ended it
	}
	_ = c.Broadcast(ctx, Said{From: c.user.Name, Text: "(has left)"}, c.room)
}

// silence refuses what muted users send, whatever it is.
func silence(c *Chat, ctx context.Context, req *chanx.Request, next chanx.Next) error {
	if c.user.Muted && req.Action != "ping" {
		return chanx.Errorf(chanx.Forbidden, "you are muted")
	}
	return next(ctx)
}

// NewConsumer makes the consumer of the chat.
func (s *Service) NewConsumer(hub *chanx.Hub) *chanx.Consumer[*Chat] {
	chat := chanx.NewConsumer(hub, "chat", s.open, nil)
	chanx.Reply(chat, (*Chat).ping)
	chanx.On(chat, (*Chat).say, chanx.Sends[Said](), chanx.Summary("Say something to the room"))
	chanx.Stream(chat, (*Chat).spell)
	chanx.OnClose(chat, (*Chat).closed)
	chanx.Use(chat, silence)
	return chat
}

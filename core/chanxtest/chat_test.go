package chanxtest_test

import (
	"context"
	"iter"
	"net/http"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

// The consumer under test: a chat room with one thing of every kind.

type Ping struct{}

func (Ping) Action() string { return "ping" }

type Pong struct{}

func (Pong) Action() string { return "pong" }

type Say struct {
	Text string `json:"text" minLength:"1" maxLength:"500"`
}

func (Say) Action() string { return "say" }

type Said struct {
	User string `json:"user"`
	Text string `json:"text"`
}

func (Said) Action() string { return "said" }

type Question struct {
	Words int `json:"words"`
}

func (Question) Action() string { return "ask" }

type Token struct {
	N int `json:"n"`
}

func (*Token) Action() string { return "token" }

type Joined struct {
	User string `json:"user"`
}

func (Joined) Action() string { return "joined" }

type Secret struct{}

func (Secret) Action() string { return "secret" }

// Slow keeps its handler busy for some milliseconds.
type Slow struct {
	For int `json:"for"`
}

func (Slow) Action() string { return "slow" }

// Leak makes the server misbehave.
type Leak struct {
	Number bool `json:"number,omitzero"`
	Close  int  `json:"close,omitzero"`
}

func (Leak) Action() string { return "leak" }

// BadSaid is a Said that breaks the schema of the one that is declared.
type BadSaid struct {
	Text int `json:"text"`
}

func (BadSaid) Action() string { return "said" }

type Chat struct {
	*chanx.Conn
	room string
}

func openChat(ctx context.Context, conn *chanx.Conn) (*Chat, error) {
	c := &Chat{conn, conn.PathValue("room")}
	if c.room == "closed" {
		return nil, chanx.Errorf(chanx.Forbidden, "the room is closed")
	}
	return c, c.Join(ctx, c.room)
}

func (c *Chat) Ping(context.Context, Ping) (Pong, error) { return Pong{}, nil }

func (c *Chat) Say(ctx context.Context, m Say) error {
	return c.Broadcast(ctx, Said{"ann", m.Text}, c.room)
}

func (c *Chat) Ask(_ context.Context, q Question) iter.Seq2[*Token, error] {
	return func(yield func(*Token, error) bool) {
		for n := range q.Words {
			if !yield(&Token{n}, nil) {
				return
			}
		}
	}
}

func (c *Chat) Slow(_ context.Context, m Slow) (Pong, error) {
	<-time.After(time.Duration(m.For) * time.Millisecond)
	return Pong{}, nil
}

func (c *Chat) Leak(ctx context.Context, m Leak) error {
	switch {
	case m.Close != 0:
		c.Close(chanx.CloseCode(m.Close), "as you wish")
		return nil
	case m.Number:
		return c.Send(ctx, BadSaid{7})
	}
	return c.Send(ctx, Secret{})
}

// server is the program under test.
type server struct {
	*http.ServeMux
	hub  *chanx.Hub
	chat *chanx.Consumer[*Chat]
}

func newServer(t testing.TB, l layer.Layer, opts *chanx.ConsumerOptions) *server {
	t.Helper()
	hub := chanx.NewHub(&chanx.HubOptions{Layer: l})
	t.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	chat := chanx.NewConsumer(hub, "chat", openChat, opts)
	chanx.Reply(chat, (*Chat).Ping)
	chanx.On(chat, (*Chat).Say, chanx.Sends[Said]())
	chanx.Stream(chat, (*Chat).Ask)
	chanx.Reply(chat, (*Chat).Slow)
	chanx.On(chat, (*Chat).Leak)
	chanx.Forward[Joined](chat)
	mux := http.NewServeMux()
	mux.Handle("/ws/{room}", chanx.Mount(chat, "/ws/{room}"))
	return &server{mux, hub, chat}
}

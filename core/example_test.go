package chanx_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/coder/websocket"
)

// Say is what a client sends.
type Say struct {
	Text string `json:"text" minLength:"1" maxLength:"500"`
}

func (Say) Action() string { return "say" }

// Said is what everybody in the room gets.
type Said struct {
	Text string `json:"text"`
}

func (Said) Action() string { return "said" }

// Ping asks for a Pong.
type Ping struct{}

func (Ping) Action() string { return "ping" }

// Pong answers a Ping.
type Pong struct{}

func (Pong) Action() string { return "pong" }

// Spell asks for a word letter by letter.
type Spell string

func (Spell) Action() string { return "spell" }

// Letter is one of them.
type Letter string

func (Letter) Action() string { return "letter" }

// Posted is an event: somebody has posted something.
type Posted struct {
	Title string `json:"title" minLength:"1"`
}

func (Posted) Action() string { return "posted" }

// Chat is one client in one room.
type Chat struct {
	*chanx.Conn
	room string
}

func openChat(ctx context.Context, conn *chanx.Conn) (*Chat, error) {
	c := &Chat{conn, conn.PathValue("room")}
	if c.room == "secret" {
		return nil, chanx.Errorf(chanx.Forbidden, "this room is not yours")
	}
	return c, c.Join(ctx, c.room)
}

func (c *Chat) Say(ctx context.Context, m Say) error {
	return c.Broadcast(ctx, Said(m), c.room)
}

// Spell answers with one letter after the other.
func (c *Chat) Spell(_ context.Context, word Spell) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		for _, r := range word {
			if !yield(Letter(r), nil) {
				return
			}
		}
	}
}

// Posted turns an event into a message.
func (c *Chat) Posted(_ context.Context, e Posted) (Said, error) {
	return Said{Text: "new: " + e.Title}, nil
}

// WithPing can be registered on any consumer.
func WithPing[C any](r chanx.Registrar[C]) {
	chanx.Reply(r, func(C, context.Context, Ping) (Pong, error) { return Pong{}, nil })
}

// visit mounts a consumer, connects to a path, sends frames, and prints n that
// come back. then, where it isn't nil, runs between sending and printing.
func visit(hub *chanx.Hub, consumer chanx.Mountable, path string, frames []string, then func(), n int) {
	mux := http.NewServeMux()
	mux.Handle("/rooms/{room}", chanx.Mount(consumer, "/rooms/{room}"))
	server := httptest.NewServer(mux)
	defer server.Close()
	ctx := context.Background()
	defer func() { _ = hub.Shutdown(ctx) }()

	conn, response, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http")+path, nil)
	if err != nil {
		fmt.Println(response.Status)
		return
	}
	defer func() { _ = conn.CloseNow() }()
	for _, frame := range frames {
		if err := conn.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
			fmt.Println(err)
		}
	}
	if then != nil {
		then()
	}
	for range n {
		_, frame, err := conn.Read(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(string(frame))
	}
}

func Example() {
	hub := chanx.NewHub(nil)
	chat := chanx.NewConsumer(hub, "chat", openChat, nil)
	chanx.On(chat, (*Chat).Say, chanx.Sends[Said](), chanx.Summary("Say something to the room"))

	visit(hub, chat, "/rooms/go", []string{`{"action":"say","payload":{"text":"hi"}}`}, nil, 1)
	// Output: {"action":"said","payload":{"text":"hi"}}
}

// What is wrong with a message is said in full, and the connection goes on.
func ExampleOn_invalid() {
	hub := chanx.NewHub(nil)
	chat := chanx.NewConsumer(hub, "chat", openChat, nil)
	chanx.On(chat, (*Chat).Say, chanx.Sends[Said]())

	visit(hub, chat, "/rooms/go", []string{`{"ref":"1","action":"say","payload":{"text":""}}`}, nil, 1)
	// Output: {"ref":"1","action":"error","payload":{"reason":"invalid","detail":"the payload is not valid","errors":[{"path":"/payload/text","code":"min_length","message":"must be at least 1 character long","params":{"min":1}}]}}
}

// A set of handlers that consumers share is a generic function.
func ExampleRegistrar() {
	hub := chanx.NewHub(nil)
	chat := chanx.NewConsumer(hub, "chat", openChat, nil)
	WithPing(chat)

	visit(hub, chat, "/rooms/go", []string{`{"ref":"1","action":"ping"}`}, nil, 1)
	// Output: {"ref":"1","action":"pong","payload":null}
}

func ExampleStream() {
	hub := chanx.NewHub(nil)
	chat := chanx.NewConsumer(hub, "chat", openChat, nil)
	chanx.Stream(chat, (*Chat).Spell)

	visit(hub, chat, "/rooms/go", []string{`{"ref":"1","action":"spell","payload":"go"}`}, nil, 3)
	// Output:
	// {"ref":"1","action":"letter","payload":"g"}
	// {"ref":"1","action":"letter","payload":"o"}
	// {"ref":"1","action":"stream_end","payload":null}
}

func ExampleConsumer_Publish() {
	hub := chanx.NewHub(nil)
	chat := chanx.NewConsumer(hub, "chat", openChat, nil)
	chanx.MapEvent(chat, (*Chat).Posted)

	visit(hub, chat, "/rooms/news", nil, func() {
		ctx := context.Background()
		if err := chat.Publish(ctx, Posted{}, "news"); err != nil {
			fmt.Println(err)
		}
		if err := chat.Publish(ctx, Posted{Title: "Go 1.26"}, "news"); err != nil {
			fmt.Println(err)
		}
	}, 1)
	// Output:
	// chanx: publishing "posted": invalid: the payload is not valid
	// {"action":"said","payload":{"text":"new: Go 1.26"}}
}

// A middleware wraps every message, and may refuse it.
func ExampleUse() {
	hub := chanx.NewHub(nil)
	chat := chanx.NewConsumer(hub, "chat", openChat, nil)
	chanx.On(chat, (*Chat).Say, chanx.Sends[Said]())
	chanx.Use(chat, func(c *Chat, ctx context.Context, req *chanx.Request, next chanx.Next) error {
		if c.room == "quiet" {
			return chanx.Errorf(chanx.Forbidden, "nobody may %s here", req.Action)
		}
		return next(ctx)
	})

	visit(hub, chat, "/rooms/quiet", []string{`{"action":"say","payload":{"text":"hi"}}`}, nil, 1)
	// Output: {"action":"error","payload":{"reason":"forbidden","detail":"nobody may say here"}}
}

// An error of open refuses the handshake, with the status of its reason.
func ExampleErrorf() {
	hub := chanx.NewHub(nil)
	chat := chanx.NewConsumer(hub, "chat", openChat, nil)

	visit(hub, chat, "/rooms/secret", nil, nil, 0)
	// Output: 403 Forbidden
}

// Typed parameters are validated like messages.
func ExampleBind() {
	type params struct {
		Room string `path:"room"`
		Page int    `query:"page" default:"1" minimum:"1"`
	}
	hub := chanx.NewHub(nil)
	open := func(ctx context.Context, conn *chanx.Conn) (*Chat, error) {
		p, err := chanx.Bind[params](conn)
		if err != nil {
			fmt.Println(err)
			return nil, err
		}
		return &Chat{conn, p.Room}, conn.Send(ctx, Said{Text: fmt.Sprintf("%s, page %d", p.Room, p.Page)})
	}
	chat := chanx.NewConsumer(hub, "chat", open, nil)
	chanx.Params[params](chat)
	chanx.Outgoing[Said](chat)

	visit(hub, chat, "/rooms/go?page=0", nil, nil, 0)
	// Output:
	// invalid: query parameter "page" must be at least 1
	// 400 Bad Request
}

// A token says who the client is, here in the query, and a new one goes on from there.
func ExampleAuthenticator() {
	users := map[string]string{"first": "ann", "second": "ann", "other": "bob"}
	hub := chanx.NewHub(nil)
	open := func(ctx context.Context, conn *chanx.Conn) (*Chat, error) {
		user, _ := chanx.Identity[string](conn)
		return &Chat{Conn: conn}, conn.Send(ctx, Said{Text: "hello " + user})
	}
	chat := chanx.NewConsumer(hub, "chat", open, &chanx.ConsumerOptions{Authenticator: &chanx.Authenticator{
		Query: "token",
		Verify: func(_ context.Context, token string) (any, error) {
			user, ok := users[token]
			if !ok {
				return nil, nil // nobody's
			}
			return chanx.Credential{Identity: user, Subject: user, Expires: time.Now().Add(time.Hour + time.Second/2)}, nil
		},
	}})
	chanx.Outgoing[Said](chat)

	visit(hub, chat, "/rooms/go?token=first", []string{
		`{"ref":"1","action":"authentication","payload":{"token":"second"}}`,
		`{"ref":"2","action":"authentication","payload":{"token":"other"}}`,
	}, nil, 3)
	// Output:
	// {"action":"said","payload":{"text":"hello ann"}}
	// {"ref":"1","action":"authentication","payload":{"status_code":200,"status_text":"OK","data":null,"expires_in":3600}}
	// {"ref":"2","action":"error","payload":{"reason":"forbidden","detail":"the token is not of the client that this connection was opened by"}}
}

package asyncapi_test

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
)

// The messages of the tests.
type (
	ask struct {
		Text string `json:"text" minLength:"1" doc:"What to find out" example:"why?"`
	}
	answer struct {
		Text string  `json:"text"`
		By   *author `json:"by"`
	}
	author struct {
		Name string `json:"name"`
	}
	token struct {
		Text string `json:"text"`
	}
	ping   struct{}
	pong   struct{}
	typing struct {
		On bool `json:"on"`
	}
	shout string
	loose map[string]any
	hello struct {
		Text string `json:"text"`
	}
)

func (ask) Action() string    { return "ask" }
func (answer) Action() string { return "answer" }
func (token) Action() string  { return "token" }
func (ping) Action() string   { return "ping" }
func (pong) Action() string   { return "pong" }
func (typing) Action() string { return "typing" }
func (shout) Action() string  { return "shout" }
func (loose) Action() string  { return "loose" }
func (hello) Action() string  { return "hello" }

// asked is an event.
type asked struct {
	Text string `json:"text"`
}

func (asked) Action() string { return "asked" }

// place is what handshakes bring along.
type place struct {
	Room  string   `path:"room" enum:"go,rust" default:"go" doc:"The room" example:"rust"`
	Page  int      `path:"page" minimum:"1" example:"3"`
	Tags  []string `query:"tag" required:"false" doc:"What it is about"`
	Limit int      `query:"limit" default:"10"`
	Token string   `header:"X-Token"`
	Theme *string  `cookie:"theme"`
}

type conn = *chanx.Conn

func newHub() *chanx.Hub {
	return chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})
}

// registrations are what fullHub registers, each without a need for the others.
var registrations = []func(c *chanx.Consumer[conn]){
	func(c *chanx.Consumer[conn]) {
		chanx.Reply(c, func(conn, context.Context, ask) (answer, error) { return answer{}, nil },
			chanx.Summary("Find something out"), chanx.Description("At *length*."), chanx.Tags("answers", "answers"), chanx.Deprecated())
	},
	func(c *chanx.Consumer[conn]) {
		chanx.Stream(c, func(conn, context.Context, shout) iter.Seq2[token, error] { return func(func(token, error) bool) {} })
	},
	func(c *chanx.Consumer[conn]) {
		chanx.On(c, func(conn, context.Context, typing) error { return nil }, chanx.Sends[loose](), chanx.Summary("Say that you type"))
	},
	func(c *chanx.Consumer[conn]) { chanx.Forward[typing](c, chanx.Summary("Somebody types")) },
	func(c *chanx.Consumer[conn]) {
		chanx.MapEvent(c, func(conn, context.Context, asked) (answer, error) { return answer{}, nil }, chanx.Summary("Somebody asked"))
	},
	func(c *chanx.Consumer[conn]) { chanx.Outgoing[hello](c) },
	func(c *chanx.Consumer[conn]) { chanx.Params[place](c) },
}

// fullHub has a consumer with everything and a plain one. backwards registers and
// mounts the other way around.
func fullHub(backwards bool) *chanx.Hub {
	hub := newHub()
	full := chanx.NewConsumer[conn](hub, "full", nil, &chanx.ConsumerOptions{
		Doc:        chanx.Doc{Summary: "Everything", Description: "All that there *is*.", Tags: []string{"all"}},
		Completion: true, AnnounceAuthentication: true,
		Authenticator: &chanx.Authenticator{Verify: func(_ context.Context, token string) (any, error) { return token, nil }},
	})
	plain := chanx.NewConsumer[conn](hub, "plain", nil, &chanx.ConsumerOptions{Discriminator: "type"})
	chanx.Reply(plain, func(conn, context.Context, ping) (pong, error) { return pong{}, nil })
	chanx.On(plain, func(conn, context.Context, loose) error { return nil })
	n := len(registrations)
	for i, register := range registrations {
		if backwards {
			register = registrations[n-1-i]
		}
		register(full)
	}
	mounts := []func(){
		func() { chanx.Mount(full, "/rooms/{room}/{page}") },
		func() { chanx.Mount(plain, "/plain") },
	}
	if backwards {
		mounts[0], mounts[1] = mounts[1], mounts[0]
	}
	for _, mount := range mounts {
		mount()
	}
	return hub
}

func generate(t *testing.T, hub *chanx.Hub, opts *asyncapi.Options) []byte {
	t.Helper()
	text, err := asyncapi.Generate(hub, opts)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// at returns what stands at a path of a document.
func at(t *testing.T, text []byte, path ...string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// keys are the names of an object's members.
func keys(v any) map[string]bool {
	object, _ := v.(map[string]any)
	names := map[string]bool{}
	for name := range object {
		names[name] = true
	}
	return names
}

func set(names ...string) map[string]bool {
	s := map[string]bool{}
	for _, name := range names {
		s[name] = true
	}
	return s
}

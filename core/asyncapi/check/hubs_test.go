package check_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/chanxtest"
)

type conn = *chanx.Conn

// tree refers to itself, and has a bit of everything.
type tree struct {
	Name     string            `json:"name" minLength:"1" maxLength:"20" pattern:"^[a-z]+$" example:"oak"`
	Kind     string            `json:"kind" enum:"leaf,twig" default:"leaf"`
	Children []tree            `json:"children"`
	Parent   *tree             `json:"parent" doc:"Where it hangs"`
	Weight   float64           `json:"weight" exclusiveMinimum:"0"`
	Planted  time.Time         `json:"planted"`
	Labels   map[string]string `json:"labels,omitempty" maxProperties:"3"`
	Image    []byte            `json:"image"`
	Extra    any               `json:"extra,omitempty"`
	Page     page[tree]        `json:"page"`
}

type page[T any] struct {
	Items []*T `json:"items"`
}

type (
	grow   tree
	grown  tree
	count  struct{}
	number int
	noise  struct{ A, B bool }
)

func (grow) Action() string   { return "grow" }
func (grown) Action() string  { return "grown" }
func (count) Action() string  { return "count" }
func (number) Action() string { return "number" }
func (noise) Action() string  { return "noise" }

// other goes by a name that something else has, too.
type other struct {
	Text string `json:"text"`
}

func (other) Action() string { return "count" }

type params struct {
	Room  string   `path:"room" doc:"The room" example:"go"`
	Tags  []string `query:"tag" required:"false" maxItems:"3"`
	Token *string  `header:"X-Token"`
	Theme string   `cookie:"theme" default:"dark"`
}

func newHub(t *testing.T) *chanx.Hub {
	hub := chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return hub
}

// hubs are what documents are made of.
var hubs = map[string]func(hub *chanx.Hub){
	"empty": func(*chanx.Hub) {},
	"idle": func(hub *chanx.Hub) {
		chanx.Mount(chanx.NewConsumer[conn](hub, "idle", nil, nil), "/")
	},
	"everything":   func(hub *chanx.Hub) { everything(hub) },
	"odd names":    oddNames,
	"same actions": sameActions,
	"topics":       func(hub *chanx.Hub) { newTopics(hub) },
}

// byName takes a token for the client's name, good for an hour.
var byName = &chanx.Authenticator{Verify: func(_ context.Context, token string) (any, error) {
	return chanx.Credential{Identity: token, Expires: time.Now().Add(time.Hour)}, nil
}}

// named is how a client brings a token.
func named(token string) *chanxtest.DialOptions {
	return &chanxtest.DialOptions{Header: http.Header{"Authorization": {"Bearer " + token}, "Cookie": {"theme=dark"}}}
}

// everything mounts a consumer that has every kind of frame.
func everything(hub *chanx.Hub) *chanx.Endpoint {
	c := chanx.NewConsumer(hub, "everything", func(ctx context.Context, conn conn) (conn, error) {
		conn.Authenticated(map[string]any{"user": "ada"})
		return conn, errors.Join(conn.Join(ctx, "all"), conn.Send(ctx, noise{}))
	}, &chanx.ConsumerOptions{
		Doc:        chanx.Doc{Summary: "All", Description: "*All*", Tags: []string{"all", "some"}},
		Completion: true, AnnounceAuthentication: true, Discriminator: "type", Authenticator: byName,
	})
	chanx.Params[params](c)
	chanx.Outgoing[noise](c)
	chanx.Reply(c, func(_ conn, _ context.Context, m grow) (grown, error) { return grown(m), nil }, chanx.Deprecated(), chanx.Tags("trees"))
	chanx.Stream(c, func(conn, context.Context, count) iter.Seq2[number, error] {
		return func(yield func(number, error) bool) { yield(1, nil) }
	}, chanx.Summary("Count to one"))
	chanx.On(c, func(c conn, ctx context.Context, m noise) error { return c.Broadcast(ctx, m, "all") }, chanx.Sends[noise]())
	chanx.Forward[number](c, chanx.Summary("A number from elsewhere"))
	return chanx.Mount(c, "/{room}/everything")
}

func oddNames(hub *chanx.Hub) {
	for name, address := range map[string]string{"a b": "/1/{x y}/{x_y}", "a_b": "/2/{ü}", "a/b~c": "/3", "é": "/4", "{}": "/5"} {
		c := chanx.NewConsumer[conn](hub, name, nil, nil)
		chanx.On(c, func(conn, context.Context, noise) error { return nil })
		chanx.Mount(c, address)
	}
}

// sameActions has one action with several types, on one channel and on two.
func sameActions(hub *chanx.Hub) {
	one := chanx.NewConsumer[conn](hub, "one", nil, nil)
	chanx.On(one, func(conn, context.Context, count) error { return nil }, chanx.Sends[other]())
	chanx.Mount(one, "/one")
	two := chanx.NewConsumer[conn](hub, "two", nil, nil)
	chanx.Forward[count](two)
	chanx.Mount(two, "/two")
}

func documentOf(t *testing.T, hub *chanx.Hub) []byte {
	t.Helper()
	text, err := asyncapi.Generate(hub, &asyncapi.Options{Title: "Test", Description: "For *tests*"})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

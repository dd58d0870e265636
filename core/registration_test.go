package chanx_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// mustPanic runs f, which must panic with a text that has all these words.
func mustPanic(t *testing.T, words string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		r := recover()
		if r == nil {
			t.Errorf("it did not panic, and should with %q", words)
			return
		}
		text := fmt.Sprint(r)
		for word := range strings.SplitSeq(words, " … ") {
			if !strings.Contains(text, word) {
				t.Errorf("panic %q lacks %q", text, word)
			}
		}
	}()
	f()
}

type unnamed struct{}

func (unnamed) Action() string { return "" }

type panics struct{ name *string }

func (p panics) Action() string { return *p.name }

type unsayable struct {
	F func() `json:"f"`
}

func (unsayable) Action() string { return "unsayable" }

type untagged struct {
	N int `json:"n" minLength:"1"`
}

func (untagged) Action() string { return "untagged" }

// otherPing claims the action of ping.
type otherPing struct{}

func (otherPing) Action() string { return "ping" }

type reservedError struct{}

func (reservedError) Action() string { return "error" }

type reservedComplete struct{}

func (reservedComplete) Action() string { return "complete" }

type reservedGroup struct{}

func (reservedGroup) Action() string { return "group_complete" }

type reservedEvent struct{}

func (reservedEvent) Action() string { return "event_complete" }

type reservedAuth struct{}

func (reservedAuth) Action() string { return "authentication" }

type reservedCancel struct{}

func (reservedCancel) Action() string { return "stream_cancel" }

type reservedEnd struct{}

func (reservedEnd) Action() string { return "stream_end" }

func handlerOf[M chanx.Message](*chanx.Conn, context.Context, M) error { return nil }

func otherHandlerOf[M chanx.Message](*chanx.Conn, context.Context, M) error { return nil }

func TestRegistrationMisuse(t *testing.T) {
	type registrar = chanx.Registrar[*chanx.Conn]
	tests := []struct {
		name     string
		words    string
		register func(r registrar)
	}{
		{"two handlers", `"room" has two handlers of the message "ping": … handlerOf … (chanx_test.ping) and … otherHandlerOf … (chanx_test.otherPing): give one`, func(r registrar) {
			chanx.On(r, handlerOf[ping])
			chanx.On(r, otherHandlerOf[otherPing])
		}},
		{"two events", `two handlers of the event "ping": Forward`, func(r registrar) {
			chanx.Forward[ping](r)
			chanx.OnEvent(r, handlerOf[ping])
		}},
		{"no name", "Action returns an empty name", func(r registrar) { chanx.On(r, handlerOf[unnamed]) }},
		{"a name that is no constant", "must return a constant", func(r registrar) { chanx.On(r, handlerOf[panics]) }},
		{"an interface", "name the message's own type", func(r registrar) { chanx.On(r, handlerOf[chanx.Message]) }},
		{"no schema", `message "unsayable" … unsayable … f`, func(r registrar) { chanx.On(r, handlerOf[unsayable]) }},
		{"a tag that doesn't fit", "untagged … minLength", func(r registrar) { chanx.On(r, handlerOf[untagged]) }},
		{"an output without schema", `message "unsayable"`, func(r registrar) {
			chanx.Reply(r, func(*chanx.Conn, context.Context, ping) (unsayable, error) { return unsayable{}, nil })
		}},
		{"a declared message without schema", `message "unsayable"`, func(r registrar) { chanx.On(r, handlerOf[ping], chanx.Sends[unsayable]()) }},
		{"an outgoing message without schema", `message "unsayable"`, func(r registrar) { chanx.Outgoing[unsayable](r) }},
		{"a nil handler", `handler of "ping" is nil`, func(r registrar) {
			chanx.On(r, (func(*chanx.Conn, context.Context, ping) error)(nil))
		}},
		{"a concurrent event", `event "ping" can't be handled with Concurrent`, func(r registrar) { chanx.OnEvent(r, handlerOf[ping], chanx.Concurrent()) }},
		{"error", `"error", which is one of the framework's own`, func(r registrar) { chanx.On(r, handlerOf[reservedError]) }},
		{"complete", `"complete", which`, func(r registrar) { chanx.OnEvent(r, handlerOf[reservedComplete]) }},
		{"group_complete", `"group_complete", which`, func(r registrar) { chanx.Forward[reservedGroup](r) }},
		{"event_complete", `"event_complete", which`, func(r registrar) { chanx.Outgoing[reservedEvent](r) }},
		{"authentication", `"authentication", which`, func(r registrar) { chanx.On(r, handlerOf[ping], chanx.Sends[reservedAuth]()) }},
		{"stream_cancel", `"stream_cancel", which`, func(r registrar) { chanx.On(r, handlerOf[reservedCancel]) }},
		{"stream_end", `"stream_end", which`, func(r registrar) {
			chanx.Stream(r, func(*chanx.Conn, context.Context, ping) iter.Seq2[reservedEnd, error] { return nil })
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			consumer := chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), "room", nil, nil)
			mustPanic(t, test.words, func() { test.register(consumer) })
		})
	}
}

// Once connections may come, nothing can be registered any more.
func TestRegistrationAfterMounting(t *testing.T) {
	consumer := chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), "room", nil, nil)
	chanx.Mount(consumer, "/room")
	for name, register := range map[string]func(){
		`a handler of "ping"`: func() { chanx.On(consumer, handlerOf[ping]) },
		`handler of "note"`:   func() { chanx.Forward[note](consumer) },
		"OnClose":             func() { chanx.OnClose(consumer, func(*chanx.Conn, context.Context, *chanx.CloseError) {}) },
		"Use":                 func() { chanx.Use[*chanx.Conn](consumer, nil) },
		"Outgoing":            func() { chanx.Outgoing[ping](consumer) },
		"JoinGroups":          func() { chanx.JoinGroups(consumer, "all") },
		"Params":              func() { chanx.Params[struct{}](consumer) },
	} {
		mustPanic(t, `consumer "room" is mounted already: register … `+name, register)
	}
}

func TestConsumerMisuse(t *testing.T) {
	makes := func(name string, o chanx.ConsumerOptions) func() {
		return func() { chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), name, nil, &o) }
	}
	for words, f := range map[string]func(){
		"needs a name": makes("", chanx.ConsumerOptions{}),
		`discriminator can't be "payload", which is a field of the envelope`: makes("room", chanx.ConsumerOptions{Discriminator: "payload"}),
		`discriminator can't be "ref"`:                                       makes("room", chanx.ConsumerOptions{Discriminator: "ref"}),
		"rate limit needs":                                                   makes("room", chanx.ConsumerOptions{RateLimit: &chanx.RateLimit{PerSecond: 1}}),
		"overflow policy 7":                                                  makes("room", chanx.ConsumerOptions{Overflow: 7}),
		`"a b" is not an origin`:                                             makes("room", chanx.ConsumerOptions{Origins: []string{"a b"}}),
		`subprotocol "a*b" may have a * at its end only`:                     makes("room", chanx.ConsumerOptions{Subprotocols: []string{"a*b"}}),
		`"room" has no open function`: func() {
			chanx.NewConsumer[*client](chanx.NewHub(nil), "room", nil, nil)
		},
		`consumer "room" has no hub: make one with NewHub`: func() {
			chanx.NewConsumer[*chanx.Conn](nil, "room", nil, nil)
		},
		`has a consumer "room" already`: func() {
			hub := chanx.NewHub(nil)
			chanx.NewConsumer[*chanx.Conn](hub, "room", nil, nil)
			chanx.NewConsumer[*chanx.Conn](hub, "room", nil, nil)
		},
	} {
		mustPanic(t, words, f)
	}
}

func TestMountMisuse(t *testing.T) {
	hub := chanx.NewHub(nil)
	consumer := func(name string) *chanx.Consumer[*chanx.Conn] {
		return chanx.NewConsumer[*chanx.Conn](hub, name, nil, nil)
	}
	first := consumer("first")
	if e := chanx.Mount(first, "rooms//{room}/x/../"); e.Path() != "/rooms/{room}/" {
		t.Errorf("path %q", e.Path())
	}
	mustPanic(t, `"first" is mounted already, at "/rooms/{room}/": make another consumer for "/other"`, func() { chanx.Mount(first, "/other") })
	mustPanic(t, `address "/rooms/{room}/" is taken by consumer "first": consumer "second" needs another`, func() { chanx.Mount(consumer("second"), "/rooms/{room}/") })
	mustPanic(t, "parameter without a name, or two of one name", func() { chanx.Mount(consumer("third"), "/{}") })
	mustPanic(t, "parameter without a name, or two of one name", func() { chanx.Mount(consumer("fourth"), "/{a}/{a}") })
	for i, path := range []string{"GET /a", "/GET /a", "/api/v1/GET /{room}"} {
		mustPanic(t, fmt.Sprintf("%q has a method in it: give the path alone", path), func() { chanx.Mount(consumer(fmt.Sprint("method ", i)), path) })
	}
	var none *chanx.Consumer[*chanx.Conn]
	for _, m := range []chanx.Mountable{nil, none, &chanx.Consumer[*chanx.Conn]{}} {
		mustPanic(t, `mounted at "/none" is nil: make it with NewConsumer`, func() { chanx.Mount(m, "/none") })
	}
	if got := len(hub.Endpoints()); got != 1 {
		t.Errorf("%d endpoints are mounted", got)
	}
	// What could not be mounted there can be mounted elsewhere.
	hub.Endpoints()[0].SetPath("/api/rooms/{room}")
	if got := hub.Endpoints()[0].Path(); got != "/api/rooms/{room}" {
		t.Errorf("path %q", got)
	}
}

// withPing is a set of handlers that consumers of any state share.
func withPing[C any](r chanx.Registrar[C]) {
	chanx.Reply(r, func(C, context.Context, ping) (pong, error) { return pong{}, nil })
	chanx.Forward[note](r)
	chanx.JoinGroups(r, "pinged")
}

func TestSharedHandlers(t *testing.T) {
	hub := chanx.NewHub(nil)
	t.Cleanup(func() { _ = hub.Shutdown(context.Background()) })
	type state struct{ *chanx.Conn }
	plain := chanx.NewConsumer[*chanx.Conn](hub, "plain", nil, nil)
	own := chanx.NewConsumer(hub, "own", func(_ context.Context, c *chanx.Conn) (state, error) { return state{c}, nil }, nil)
	withPing(plain)
	withPing(own)
	mux := http.NewServeMux()
	mux.Handle("/plain", chanx.Mount(plain, "/plain"))
	mux.Handle("/own", chanx.Mount(own, "/own"))
	for path, publish := range map[string]func(context.Context, chanx.Message, ...string) error{"/plain": plain.Publish, "/own": own.Publish} {
		c := chanxtest.Dial(t, mux, path, nil)
		chanxtest.Request[pong](c, ping{})
		if err := publish(t.Context(), note{path}, "pinged"); err != nil {
			t.Error(err)
		}
		if got := chanxtest.Expect[note](c).Text; got != path {
			t.Errorf("got %q", got)
		}
	}
}

func TestDescribe(t *testing.T) {
	l := newLab(t, labOptions{register: func(l *lab) { chanx.Outgoing[price](l) }})
	info := l.hub.Endpoints()[0].Describe()
	var receives, events, sends []string
	for _, op := range info.Receives {
		receives = append(receives, op.Message.Action)
	}
	for _, op := range info.Events {
		events = append(events, op.Message.Action)
	}
	for _, m := range info.Sends {
		sends = append(sends, m.Action)
	}
	got := fmt.Sprint(info.Consumer, info.Path, info.Discriminator, receives, events, sends)
	want := "lab/wsaction[bye count echo fail hold later move ping say] [alarm hush note] [echoed note notice number pong price said]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

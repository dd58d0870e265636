package chanxtest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

func TestClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil, nil)
		ann := chanxtest.Dial(t, s, "/ws/go", nil)
		bob := chanxtest.Dial(t, s, "/ws/go", nil)
		eve := chanxtest.Dial(t, s, "/ws/other", nil)
		chanxtest.Request[Pong](ann, Ping{})
		ann.Send(Say{"hello"})
		for _, c := range []*chanxtest.Client{ann, bob} {
			if got := chanxtest.Expect[Said](c); got != (Said{"ann", "hello"}) {
				t.Errorf("got %+v", got)
			}
		}
		eve.ExpectNothing()
		if e := chanxtest.RequestError(ann, Say{}, chanx.Invalid); len(e.Violations) != 1 || e.Violations[0].Path != "/payload/text" {
			t.Errorf("got %+v", e)
		}
		ann.SendRef("mine", Ping{})
		if f := ann.Next(); f.Ref != "mine" || f.Action != "pong" || string(f.Payload) != "null" || f.Error() != nil {
			t.Errorf("got %+v", f)
		}
		ann.SendRaw("nonsense")
		if e := chanxtest.ExpectError(ann, chanx.Malformed); e.Detail == "" {
			t.Errorf("got %+v", e)
		}
		bob.SendBinary([]byte{1})
		if got := bob.ExpectClose(chanx.CloseUnsupportedData); got != "messages are text" {
			t.Errorf("reason %q", got)
		}
		ann.Close(chanx.CloseNormal, "done")
		eve.Drop()
	})
}

// A request's answer is found behind what was pushed meanwhile, which stays.
func TestRequestAmongPushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil, nil)
		c := chanxtest.Dial(t, s, "/ws/go", nil)
		c.Send(Say{"first"})
		c.Send(Say{"second"})
		chanxtest.Request[Pong](c, Ping{})
		for _, want := range []string{"first", "second"} {
			if got := chanxtest.Expect[Said](c).Text; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
}

func TestStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil, nil)
		c := chanxtest.Dial(t, s, "/ws/go", nil)
		tokens := chanxtest.RequestStream[*Token](c, Question{3})
		if len(tokens) != 3 || tokens[2].N != 2 {
			t.Errorf("got %v", tokens)
		}
		c.SendRef("long", Question{1 << 30})
		chanxtest.Expect[*Token](c)
		c.Cancel("long")
		frames := chanxtest.Collect(c, "stream_end")
		if last := frames[len(frames)-1]; last.Ref != "long" {
			t.Errorf("got %+v", last)
		}
		c.ExpectNothing()
	})
}

func TestCompletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil, &chanx.ConsumerOptions{Completion: true, Discriminator: "kind"})
		c := chanxtest.Dial(t, s, "/ws/go", nil)
		chanxtest.Request[Pong](c, Ping{})
		chanxtest.RequestError(c, Say{}, chanx.Invalid)
		chanxtest.RequestStream[*Token](c, Question{1})
		c.ExpectNothing() // Request has read the completion
		c.Send(Say{"hello"})
		var actions []string
		for _, f := range chanxtest.Collect(c, "group_complete") {
			actions = append(actions, f.Action)
		}
		slices.Sort(actions)
		if want := []string{"complete", "group_complete", "said"}; !slices.Equal(actions, want) && len(actions) != 2 {
			t.Errorf("got %q", actions)
		}
	})
}

// Virtual time passes at once, and the client answers pings all along.
func TestAnHourOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil, nil)
		c := chanxtest.Dial(t, s, "/ws/go", nil)
		<-time.After(time.Hour)
		chanxtest.Request[Pong](c, Ping{})
		if err := s.hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if got := c.ExpectClose(chanx.CloseRestart); !strings.HasPrefix(got, "restart; retry in ") {
			t.Errorf("reason %q", got)
		}
	})
}

// A bubble ends without further ado, also where nobody shuts the hub down.
func TestBubbleWithoutShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := chanx.NewHub(nil)
		chat := chanx.NewConsumer(hub, "chat", openChat, nil)
		chanx.Reply(chat, (*Chat).Ping)
		mux := http.NewServeMux()
		mux.Handle("/ws/{room}", chanx.Mount(chat, "/ws/{room}"))
		for range 3 {
			chanxtest.Request[Pong](chanxtest.Dial(t, mux, "/ws/go", nil), Ping{})
		}
		chanxtest.Refused(t, mux, "/ws/closed", 403, nil)
	})
}

func TestDialOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil, &chanx.ConsumerOptions{Subprotocols: []string{"bearer.*"}, Compression: true})
		seen := make(chan http.Header, 10)
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen <- r.Header.Clone()
			w.Header().Set("X-Answer", "yes")
			s.ServeHTTP(w, r)
		})
		header := http.Header{"Authorization": {"secret"}}
		c := chanxtest.Dial(t, handler, "/ws/go?x=1", &chanxtest.DialOptions{
			Header: header, Origin: "https://chanx.test", Subprotocols: []string{"other", "bearer.token"}, Compression: true,
		})
		got := <-seen
		if got.Get("Authorization") != "secret" || got.Get("Origin") != "https://chanx.test" || len(header) != 1 {
			t.Errorf("the server saw %v", got)
		}
		if c.Subprotocol() != "bearer.token" || c.Header().Get("X-Answer") != "yes" {
			t.Errorf("subprotocol %q, header %v", c.Subprotocol(), c.Header())
		}
		long := strings.Repeat("x", 490)
		c.Send(Say{long})
		if got := chanxtest.Expect[Said](c).Text; got != long {
			t.Errorf("got %q", got)
		}
		chanxtest.Refused(t, s, "/ws/go", 403, &chanxtest.DialOptions{Origin: "https://evil.test"})
	})
}

func TestRefused(t *testing.T) {
	s := newServer(t, nil, nil)
	r := chanxtest.Refused(t, s, "/ws/closed", 403, nil)
	if r.Error == nil || r.Error.Reason != chanx.Forbidden || r.Error.Detail != "the room is closed" || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %+v", r)
	}
	if r := chanxtest.Refused(t, s, "/nowhere", 0, nil); r.Status != 404 || r.Error != nil || r.String() != "404 Not Found (404 page not found)" {
		t.Errorf("got %s", r)
	}
}

func TestDialURL(t *testing.T) {
	s := newServer(t, nil, nil)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	url := "ws" + strings.TrimPrefix(server.URL, "http")
	if r := chanxtest.RefusedURL(t, url+"/ws/closed", 403, nil); r.Error == nil {
		t.Errorf("got %s", r)
	}
	// Of an unknown endpoint every message is taken.
	c := chanxtest.DialURL(t, url+"/ws/go", nil)
	c.Send(Leak{})
	chanxtest.Expect[Secret](c)
	c.ExpectNothing()
	c.Close(chanx.CloseGoingAway, "")

	for want, opts := range map[string]*chanxtest.DialOptions{
		`does not declare the message "secret"`:            {Hub: s.hub},
		`does not declare the message "secret": add`:       {Hub: s.hub, Consumer: "chat"},
		`DialOptions.Hub has no mounted consumer "lobby"`:  {Hub: s.hub, Consumer: "lobby"},
		"DialOptions.Hub has nothing mounted there":        {Hub: chanx.NewHub(nil)},
		"DialOptions.Hub has nothing mounted there: name ": {Hub: chanx.NewHub(&chanx.HubOptions{Origins: []string{"*"}})},
	} {
		got := failureOf(t, func(t testing.TB) {
			t.Helper()
			c := chanxtest.DialURL(t, url+"/ws/go?x=1", opts)
			c.Send(Leak{})
			c.Next()
		})
		if !strings.Contains(got, want) {
			t.Errorf("failed with %q, want %q", got, want)
		}
	}
}

func TestDialURLOfSeveralConsumers(t *testing.T) {
	hub := chanx.NewHub(nil)
	for name, address := range map[string]string{"rooms": "/ws/{room}", "lobby": "/ws/lobby", "root": "/"} {
		chanx.Mount(chanx.NewConsumer[*chanx.Conn](hub, name, nil, nil), address)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hub.Endpoints()[0].ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = hub.Shutdown(context.Background()) })
	for path, want := range map[string]string{
		"":             "",
		"/":            "",
		"/ws/go":       "",
		"/ws/lobby":    "several consumers there",
		"/ws/lobby?x":  "several consumers there",
		"/ws/go/there": "nothing mounted there",
	} {
		got := failureOf(t, func(t testing.TB) {
			t.Helper()
			chanxtest.DialURL(t, server.URL+path, &chanxtest.DialOptions{Hub: hub})
		})
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q failed with %q, want %q", path, got, want)
		}
	}
}

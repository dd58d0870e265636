package chanx_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/layer"
)

func TestRefusals(t *testing.T) {
	tests := []struct {
		err    error
		status int
		reason chanx.Reason
		detail string
	}{
		{chanx.Errorf(chanx.Unauthenticated, "log in"), 401, chanx.Unauthenticated, "log in"},
		{chanx.Errorf(chanx.Forbidden, "not you"), 403, chanx.Forbidden, "not you"},
		{chanx.Errorf(chanx.Unauthorized, "not you"), 403, chanx.Unauthorized, "not you"},
		{chanx.Errorf(chanx.NotFound, "no room"), 404, chanx.NotFound, "no room"},
		{chanx.Errorf(chanx.Invalid, "bad"), 400, chanx.Invalid, "bad"},
		{chanx.Errorf(chanx.Malformed, "bad"), 400, chanx.Malformed, "bad"},
		{chanx.Errorf(chanx.Conflict, "twice"), 409, chanx.Conflict, "twice"},
		{chanx.Errorf(chanx.TooLarge, "big"), 413, chanx.TooLarge, "big"},
		{chanx.Errorf(chanx.RateLimited, "slow down"), 429, chanx.RateLimited, "slow down"},
		{chanx.Errorf(chanx.Unavailable, "later"), 503, chanx.Unavailable, "later"},
		{chanx.Errorf(chanx.Internal, "ours"), 500, chanx.Internal, "ours"},
		{chanx.Errorf("out_of_stock", "gone"), 422, "out_of_stock", "gone"},
		{errors.New("a secret"), 500, chanx.Internal, "the server failed"},
		{errors.Join(errors.New("a secret"), chanx.Errorf(chanx.Forbidden, "not you")), 403, chanx.Forbidden, "not you"},
	}
	for _, test := range tests {
		bubble(t, labOptions{open: func(context.Context, *client) error { return test.err }}, func(t *testing.T, l *lab) {
			r := chanxtest.Refused(t, l.mux, "/ws", test.status, nil)
			if r.Error == nil || r.Error.Reason != test.reason || r.Error.Detail != test.detail {
				t.Errorf("%v: refused with %s", test.err, r)
			}
			if got := r.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("content type %q", got)
			}
			if got := r.Header.Get("Retry-After"); (got != "") != (test.status == 503) {
				t.Errorf("%v: Retry-After %q", test.err, got)
			}
			if n := l.hub.Connections(); n != 0 {
				t.Errorf("%d connections are left", n)
			}
			if logged := l.errors.String() != ""; logged != (test.detail == "the server failed") {
				t.Errorf("%v: log %q", test.err, l.errors.String())
			}
		})
	}
}

func TestRequestsThatAreNoHandshake(t *testing.T) {
	l := newLab(t, labOptions{})
	tests := []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"a plain GET", func(r *http.Request) { r.Header = http.Header{} }, 426},
		{"a POST", func(r *http.Request) { r.Method = http.MethodPost }, 405},
		{"another upgrade", func(r *http.Request) { r.Header.Set("Upgrade", "h2c") }, 426},
		{"an old version", func(r *http.Request) { r.Header.Set("Sec-WebSocket-Version", "8") }, 426},
		{"no key", func(r *http.Request) { r.Header.Del("Sec-WebSocket-Key") }, 400},
		{"a short key", func(r *http.Request) { r.Header.Set("Sec-WebSocket-Key", "AQID") }, 400},
	}
	for _, test := range tests {
		w := httptest.NewRecorder()
		r := upgradeRequest("/ws")
		test.change(r)
		l.mux.ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%s: status %d, want %d", test.name, w.Code, test.status)
		}
	}
	if got := l.journal.take(); len(got) > 0 {
		t.Errorf("open ran: %q", got)
	}
}

func TestOpenTimeout(t *testing.T) {
	bubble(t, labOptions{open: func(ctx context.Context, _ *client) error {
		<-ctx.Done()
		return ctx.Err()
	}}, func(t *testing.T, l *lab) {
		start := time.Now()
		r := chanxtest.Refused(t, l.mux, "/ws", 503, &chanxtest.DialOptions{Timeout: time.Hour})
		if d := time.Since(start); d != 15*time.Second || r.Error.Detail != "opening the connection took too long" {
			t.Errorf("refused with %s after %v", r, d)
		}
	})
}

// A client that gives up during open is forgotten.
func TestClientLeavesDuringOpen(t *testing.T) {
	bubble(t, labOptions{open: func(ctx context.Context, _ *client) error {
		<-ctx.Done()
		return ctx.Err()
	}}, func(t *testing.T, l *lab) {
		conn, err := serveMemory(t, l.mux).Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := upgradeRequest("/ws").Write(conn); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := l.hub.Connections(); n != 1 {
			t.Errorf("%d connections while open runs", n)
		}
		_ = conn.Close()
		synctest.Wait()
		if n := l.hub.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

func TestSendsInOpenAreQueued(t *testing.T) {
	bubble(t, labOptions{open: func(ctx context.Context, c *client) error {
		for _, text := range []string{"one", "two"} {
			if err := c.Send(ctx, said{text}); err != nil {
				return err
			}
		}
		if err := c.Join(ctx, "room"); err != nil {
			return err
		}
		return c.Broadcast(ctx, said{"to all"}, "room")
	}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		got := []string{chanxtest.Expect[said](c).Text, chanxtest.Expect[said](c).Text, chanxtest.Expect[said](c).Text}
		if !slices.Equal(got, []string{"one", "two", "to all"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestCloseInOpen(t *testing.T) {
	bubble(t, labOptions{open: func(ctx context.Context, c *client) error {
		_ = c.Send(ctx, said{"sorry"})
		c.Close(4000, "not today")
		return nil
	}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		got := c.take()
		if want := []string{`{"action":"said","payload":{"text":"sorry"}}`, "close 4000 not today", "end"}; !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

// What a connection keeps of its request, and what not.
func TestConnAfterTheHandshake(t *testing.T) {
	var conn *chanx.Conn
	synctest.Test(t, func(t *testing.T) {
		hub := chanx.NewHub(nil)
		consumer := chanx.NewConsumer(hub, "rooms", func(_ context.Context, c *chanx.Conn) (*chanx.Conn, error) {
			if got := c.Request().Header.Get("X-Test"); got != "yes" {
				t.Errorf("header %q", got)
			}
			conn = c
			return c, nil
		}, nil)
		mux := http.NewServeMux()
		mux.Handle("/rooms/{room}/{rest...}", chanx.Mount(consumer, "/rooms/{room}/{rest}"))
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "session=1")
			w.Header().Set("Content-Length", "0")
			mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, "kept")))
		})
		c := openRaw(t, handler, "/rooms/a%2Fb%20%C3%A9/x/y", "X-Test: yes")
		if got := c.header.Get("Set-Cookie"); got != "session=1" {
			t.Errorf("the 101 response has Set-Cookie %q", got)
		}
		if got := c.header.Get("Content-Length"); got != "" {
			t.Errorf("the 101 response has Content-Length %q", got)
		}
		synctest.Wait()
		if conn.Request() != nil {
			t.Error("the request is kept")
		}
		if err := conn.Context().Err(); err != nil {
			t.Errorf("the context has ended: %v", err)
		}
		if got := conn.Context().Value(contextKey{}); got != "kept" {
			t.Errorf("the context's value is %v", got)
		}
		if got := conn.PathValue("room") + "|" + conn.PathValue("rest") + "|" + conn.PathValue("other"); got != "a/b é|x/y|" {
			t.Errorf("path values %q", got)
		}
		if _, err := chanx.Bind[struct{}](conn); err == nil {
			t.Error("Bind works after open")
		}
	})
}

func TestIdentity(t *testing.T) {
	type user struct{ name string }
	var log strings.Builder
	hub := chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	var found []any
	consumer := chanx.NewConsumer(hub, "id", func(_ context.Context, c *chanx.Conn) (*chanx.Conn, error) {
		u, ok := chanx.Identity[user](c)
		_, other := chanx.Identity[string](c)
		found = append(found, u.name, ok, other)
		return nil, chanx.Errorf(chanx.NotFound, "that was all")
	}, nil)
	e := chanx.Mount(consumer, "/id")
	for _, test := range []struct {
		identify func() (any, error)
		status   int
	}{
		{nil, 404},
		{func() (any, error) { return user{"ann"}, nil }, 404},
		{func() (any, error) { return nil, chanx.Errorf(chanx.Unauthenticated, "no token") }, 401},
		{func() (any, error) { return nil, errors.New("a secret") }, 500},
		{func() (any, error) { panic("a secret") }, 500},
	} {
		w := httptest.NewRecorder()
		err := e.Upgrade(w, &chanx.Handshake{Request: upgradeRequest("/id"), Identify: test.identify})
		if err == nil || w.Body.Len() > 0 {
			t.Errorf("the error is %v, with %q written already", err, w.Body)
		}
		chanx.Refuse(w, err)
		if w.Code != test.status || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("status %d, want %d: %s", w.Code, test.status, w.Body)
		}
	}
	if want := []any{"", false, false, "ann", true, false}; !slices.Equal(found, want) {
		t.Errorf("open found %v", found)
	}
	if said := log.String(); strings.Count(said, "handshake failed") != 2 || strings.Count(said, "stack=") != 1 {
		t.Errorf("the log has not the failures alone, with a stack for the panic: %s", said)
	}
}

func TestSubprotocols(t *testing.T) {
	tests := []struct {
		accepted, offered []string
		want              string
	}{
		{nil, nil, ""},
		{nil, []string{"chat"}, ""},
		{[]string{"chat"}, nil, ""},
		{[]string{"chat"}, []string{"other"}, ""},
		{[]string{"v2", "v1"}, []string{"v1", "v2"}, "v2"},
		{[]string{"v2", "v1"}, []string{"v1"}, "v1"},
		{[]string{"chat", "bearer.*"}, []string{"bearer.abc.def"}, "bearer.abc.def"},
		{[]string{"chat", "bearer.*"}, []string{"bearer.abc", "chat"}, "chat"},
		{[]string{"*"}, []string{"anything"}, "anything"},
		{[]string{"Chat"}, []string{"chat"}, ""},
	}
	for _, test := range tests {
		bubble(t, labOptions{consumer: chanx.ConsumerOptions{Subprotocols: test.accepted}}, func(t *testing.T, l *lab) {
			c := chanxtest.Dial(t, l.mux, "/ws", &chanxtest.DialOptions{Subprotocols: test.offered})
			if got := c.Subprotocol(); got != test.want {
				t.Errorf("%q accepts %q of %q, want %q", test.accepted, got, test.offered, test.want)
			}
		})
	}
}

// brokenLayer fails to subscribe, for a while.
type brokenLayer struct {
	layer.Layer
	broken func(channel string) bool
}

func (l *brokenLayer) Subscribe(ctx context.Context, channel string, handler func([]byte)) (layer.Subscription, error) {
	if l.broken(channel) {
		return nil, errors.New("a secret")
	}
	return l.Layer.Subscribe(ctx, channel, handler)
}

func TestHandshakeWhileTheLayerIsDown(t *testing.T) {
	for _, what := range []string{"conn:", "group:"} {
		var down atomic.Bool
		down.Store(true)
		memory := layer.NewMemory()
		l := newLab(t, labOptions{hub: chanx.HubOptions{Layer: &brokenLayer{memory, func(channel string) bool {
			return down.Load() && strings.HasPrefix(channel, what)
		}}}})
		if r := chanxtest.Refused(t, l.mux, "/ws", 503, nil); strings.Contains(r.Body, "secret") {
			t.Errorf("refused with %s", r)
		}
		down.Store(false)
		chanxtest.Request[pong](connect(t, l), ping{})
	}
}

func TestAnnouncedAuthenticationRefusesOtherErrorsPlainly(t *testing.T) {
	bubble(t, labOptions{consumer: chanx.ConsumerOptions{AnnounceAuthentication: true}, open: func(context.Context, *client) error {
		return chanx.Errorf(chanx.NotFound, "no room")
	}}, func(t *testing.T, l *lab) {
		chanxtest.Refused(t, l.mux, "/ws", 404, nil)
	})
}

// Who is refused by announcement gets nothing else, joins nothing, and nothing of
// it is handled.
func TestAnnouncedRefusal(t *testing.T) {
	bubble(t, labOptions{consumer: chanx.ConsumerOptions{AnnounceAuthentication: true}, open: refuseWith(chanx.Forbidden)}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.silent()
		want := []string{`{"action":"authentication","payload":{"status_code":403,"status_text":"Forbidden","data":null}}`, "close 4503 not you"}
		if got := c.take(); !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		c.send(`{"action":"echo","payload":{"text":"x"}}`)
		if err := l.Publish(t.Context(), note{"x"}, "all"); err != nil {
			t.Error(err)
		}
		if got := c.take(); len(got) > 0 {
			t.Errorf("got %q", got)
		}
		<-time.After(time.Minute)
		if got := l.journal.take(); len(got) > 0 {
			t.Errorf("handlers ran: %q", got)
		}
		if !c.ended() {
			t.Error("the connection is open")
		}
	})
}

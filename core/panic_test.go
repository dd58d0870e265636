package chanx_test

import (
	"context"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// A panic in an application's code reaches the log with its stack, and nobody
// else: neither the process, nor another connection, nor the client.
func TestPanicsAreContained(t *testing.T) {
	bubble(t, labOptions{register: func(l *lab) {
		chanx.Use(l, func(_ *client, ctx context.Context, req *chanx.Request, next chanx.Next) error {
			if m, ok := req.Message.(echo); ok && m.Text == "middleware" {
				panic("a secret")
			}
			return next(ctx)
		})
		chanx.Stream(l, func(*client, context.Context, stepIn) iter.Seq2[number, error] { panic("a secret") })
		chanx.On(l, func(_ *client, ctx context.Context, _ crash) error { return ctx.Value(contextKey{}).(error) }, chanx.Concurrent())
	}}, func(t *testing.T, l *lab) {
		c, other := connect(t, l), connect(t, l)
		logged := 0
		panics := func(what string) {
			t.Helper()
			synctest.Wait()
			log := l.errors.String()
			if n := strings.Count(log, "panic"); n <= logged || !strings.Contains(log[strings.LastIndex(log, "level=ERROR"):], "_test.go") {
				t.Errorf("%s: the panic was not logged with its stack", what)
			}
			logged = strings.Count(log, "panic")
			chanxtest.Request[pong](other, ping{})
		}
		for what, m := range map[string]chanx.Message{
			"handler": fail{"panic"}, "middleware": echo{Text: "middleware"}, "stream": count{To: 0, How: "panic"},
			"stream's function": stepIn{}, "concurrent handler": crash{},
		} {
			e := chanxtest.RequestError(c, m, chanx.Internal)
			if e.Detail != "the server failed" || len(e.Violations) > 0 {
				t.Errorf("%s: the client was told %+v", what, e)
			}
			panics(what)
		}
		if err := l.Publish(t.Context(), alarm{How: "panic"}, "all"); err != nil {
			t.Error(err)
		}
		panics("event")
		c.ExpectNothing()
		chanxtest.Request[pong](c, ping{})
	})
}

type crash struct{}

func (crash) Action() string { return "crash" }

func TestPanicInOpen(t *testing.T) {
	bubble(t, labOptions{open: func(_ context.Context, c *client) error {
		if c.Request().URL.RawQuery == "panic" {
			panic("a secret")
		}
		return nil
	}}, func(t *testing.T, l *lab) {
		r := chanxtest.Refused(t, l.mux, "/ws?panic", 500, nil)
		if r.Error == nil || r.Error.Reason != chanx.Internal || strings.Contains(r.Body, "secret") {
			t.Errorf("refused with %s", r)
		}
		if log := l.errors.String(); !strings.Contains(log, "handshake failed") || !strings.Contains(log, "panic_test.go") {
			t.Errorf("log: %s", log)
		}
		if n := l.hub.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
		chanxtest.Request[pong](connect(t, l), ping{})
	})
}

// A panic that the runtime raises for a nil state must not end the lane either.
func TestPanicLeavesTheLaneFree(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		for range 3 {
			chanxtest.RequestError(c, fail{"panic"}, chanx.Internal)
			if err := l.Publish(t.Context(), alarm{Level: 1, How: "panic"}, "all"); err != nil {
				t.Error(err)
			}
			if err := l.Publish(t.Context(), alarm{Level: 1}, "all"); err != nil {
				t.Error(err)
			}
			chanxtest.Expect[notice](c)
		}
		start := time.Now()
		chanxtest.Request[number](c, hold{1000})
		if d := time.Since(start); d != time.Second {
			t.Errorf("the reply took %v", d)
		}
	})
}

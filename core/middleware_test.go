package chanx_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/google/go-cmp/cmp"
)

type contextKey struct{}

func TestMiddleware(t *testing.T) {
	var seen journal
	named := func(name string) func(*client, context.Context, *chanx.Request, chanx.Next) error {
		return func(_ *client, ctx context.Context, req *chanx.Request, next chanx.Next) error {
			seen.add(fmt.Sprintf("%s: %s %q %v after %v", name, req.Action, req.Ref, req.Message, ctx.Value(contextKey{})))
			err := next(context.WithValue(ctx, contextKey{}, name))
			seen.add(fmt.Sprintf("%s ends: %v", name, err))
			return err
		}
	}
	bubble(t, labOptions{register: func(l *lab) {
		chanx.Use(l, named("outer"))
		chanx.Use(l, named("inner"))
		chanx.On(l, func(_ *client, ctx context.Context, m stepIn) error {
			seen.add(fmt.Sprintf("handler after %v", ctx.Value(contextKey{})))
			return failure(map[int]string{1: "", 2: "hidden"}[m.N])
		})
	}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		tests := []struct {
			name string
			send func()
			want []string
		}{
			{"in order", func() { c.SendRef("a\"b", stepIn{1}); c.ExpectNothing() }, []string{
				`outer: step "a\"b" {1} after <nil>`, `inner: step "a\"b" {1} after outer`, "handler after inner", "inner ends: <nil>", "outer ends: <nil>",
			}},
			{"with the handler's error", func() { c.Send(stepIn{2}); chanxtest.ExpectError(c, chanx.Internal) }, []string{
				`outer: step "" {2} after <nil>`, `inner: step "" {2} after outer`, "handler after inner", "inner ends: a secret", "outer ends: a secret",
			}},
			{"around a stream", func() { chanxtest.RequestStream[number](c, count{To: 1}) }, []string{
				`outer: count "test-1" {1 0 } after <nil>`, `inner: count "test-1" {1 0 } after outer`, "inner ends: <nil>", "outer ends: <nil>",
			}},
			{"around a concurrent handler", func() { chanxtest.Request[number](c, later{}) }, []string{
				`outer: later "test-2" {0} after <nil>`, `inner: later "test-2" {0} after outer`, "inner ends: <nil>", "outer ends: <nil>",
			}},
			{"not with an invalid message", func() { c.SendRaw(`{"action":"step","payload":{}}`); chanxtest.ExpectError(c, chanx.Invalid) }, nil},
			{"not with an unknown one", func() { c.SendRaw(`{"action":"unknown"}`); chanxtest.ExpectError(c, chanx.UnknownAction) }, nil},
			{"not around an event", func() {
				if err := l.Publish(t.Context(), alarm{}, "all"); err != nil {
					t.Error(err)
				}
				chanxtest.Expect[notice](c)
			}, nil},
		}
		for _, test := range tests {
			test.send()
			synctest.Wait() // a reply comes before its handler's middlewares end
			if diff := cmp.Diff(test.want, seen.take()); diff != "" {
				t.Errorf("%s: %s", test.name, diff)
			}
		}
	})
}

func TestMiddlewareRefuses(t *testing.T) {
	bubble(t, labOptions{register: func(l *lab) {
		chanx.Use(l, func(c *client, ctx context.Context, req *chanx.Request, next chanx.Next) error {
			switch m := req.Message.(type) {
			case echo:
				if strings.Contains(m.Text, "rude") {
					return chanx.Errorf(chanx.Forbidden, "be nice")
				}
			case count, later:
				return chanx.Errorf(chanx.Unavailable, "not now")
			case say:
				return nil // swallowed
			}
			return next(ctx)
		})
	}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		chanxtest.Request[echoed](c, echo{Text: "hello"})
		if e := chanxtest.RequestError(c, echo{Text: "rude"}, chanx.Forbidden); e.Detail != "be nice" {
			t.Errorf("got %v", e)
		}
		chanxtest.RequestError(c, count{To: 1}, chanx.Unavailable)
		chanxtest.RequestError(c, later{}, chanx.Unavailable)
		c.Send(say{Text: "hello"})
		c.ExpectNothing()
		if diff := cmp.Diff([]string{"echo hello"}, l.journal.take()); diff != "" {
			t.Error(diff)
		}
	})
}

// Connections of one consumer don't share anything of a request.
func TestMiddlewareOfManyConnections(t *testing.T) {
	bubble(t, labOptions{register: func(l *lab) {
		chanx.Use(l, func(_ *client, ctx context.Context, req *chanx.Request, next chanx.Next) error {
			before := *req
			err := next(ctx)
			if diff := cmp.Diff(before, *req); diff != "" {
				t.Error(diff)
			}
			return err
		})
	}}, func(t *testing.T, l *lab) {
		var clients []*chanxtest.Client
		for range 8 {
			clients = append(clients, connect(t, l))
		}
		for i := range 50 {
			for _, c := range clients {
				c.Send(later{i % 3})
				c.Send(echo{Text: fmt.Sprint(i)})
			}
		}
		for _, c := range clients {
			echoes := 0
			for range 100 {
				if f := c.Next(); f.Action == "echoed" {
					if want := fmt.Sprintf(`{"text":"%d"}`, echoes); string(f.Payload) != want {
						t.Errorf("got %s, want %s", f.Payload, want)
					}
					echoes++
				}
			}
		}
	})
}

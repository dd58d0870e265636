package chanx_test

import (
	"context"
	"iter"
	"log/slog"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// A handler that ends its goroutine, as t.Fatal does, leaves nothing behind that
// waits for it.
func TestHandlersThatEndTheirGoroutine(t *testing.T) {
	bubble(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{Concurrent: 1}}, register: func(l *lab) {
		chanx.On(l, func(*client, context.Context, inLane) error { runtime.Goexit(); return nil })
		chanx.On(l, func(*client, context.Context, besideLane) error { runtime.Goexit(); return nil }, chanx.Concurrent())
		chanx.Stream(l, func(*client, context.Context, streamed) iter.Seq2[number, error] { runtime.Goexit(); return nil })
		chanx.OnEvent(l, func(*client, context.Context, inLane) error { runtime.Goexit(); return nil })
	}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		for range 2 {
			chanxtest.RequestError(c, besideLane{}, chanx.Internal)
			synctest.Wait()
			chanxtest.RequestError(c, streamed{}, chanx.Internal)
			synctest.Wait()
			if err := l.Publish(t.Context(), inLane{}, "all"); err != nil {
				t.Error(err)
			}
			chanxtest.Request[pong](c, ping{})
		}
		raw := openRaw(t, l.mux, "/ws")
		raw.send(`{"action":"in_lane","payload":{"how":""}}`)
		if got, want := raw.take(), []string{"close 1011", "end"}; !slices.Equal(got, want) {
			t.Errorf("the client got %q, want %q", got, want)
		}
		<-time.After(time.Second)
		if n := l.hub.Connections(); n != 1 {
			t.Errorf("%d connections are left", n)
		}
		if got := l.journal.take(); len(got) != 1 || !strings.HasPrefix(got[0], "closed: connection closed with 1011") {
			t.Errorf("OnClose: %q", got)
		}
		if log := l.errors.String(); strings.Count(log, "runtime.Goexit") < 7 || !strings.Contains(log, "goexit_test.go") {
			t.Errorf("log: %s", log)
		}
	})
}

// An open that ends its goroutine, or something that it calls, leaves nothing
// behind either.
func TestOpenThatEndsItsGoroutine(t *testing.T) {
	exit := func(context.Context, string) (any, error) { runtime.Goexit(); return nil, nil }
	for name, c := range map[string]struct {
		open func(context.Context, *chanx.Conn) (*chanx.Conn, error)
		auth *chanx.Authenticator
	}{
		"open": {open: func(ctx context.Context, c *chanx.Conn) (*chanx.Conn, error) {
			if err := c.Join(ctx, "all"); err != nil {
				return nil, err
			}
			runtime.Goexit()
			return c, nil
		}},
		"Verify": {auth: &chanx.Authenticator{Verify: exit}},
	} {
		t.Run(name, func(t *testing.T) {
			var log syncBuffer
			hub := chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			endpoint := chanx.Mount(chanx.NewConsumer(hub, "c", c.open, &chanx.ConsumerOptions{Authenticator: c.auth}), "/")
			over := make(chan struct{})
			go func() {
				defer close(over)
				endpoint.ServeHTTP(httptest.NewRecorder(), upgradeRequest("/", "Authorization: Bearer token"))
				t.Error("open returned")
			}()
			<-over
			if n := hub.Connections(); n != 0 || !strings.Contains(log.String(), "runtime.Goexit") {
				t.Errorf("%d connections are left; log: %s", n, log.String())
			}
			if err := hub.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

package chanx_test

import (
	"context"
	"iter"
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

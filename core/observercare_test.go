package chanx_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// tellsMe is an observer.
type tellsMe func(o *chanx.Observation)

func (f tellsMe) Observe(_ context.Context, o *chanx.Observation) { f(o) }

// Who counts connections from what is observed comes back to zero, whether they
// were opened, refused with a status, or let in to be told.
func TestObserverCountsConnections(t *testing.T) {
	var open, seen atomic.Int64
	bubble(t, labOptions{
		consumer: chanx.ConsumerOptions{AnnounceAuthentication: true},
		open: func(_ context.Context, c *client) error {
			if how := c.Request().URL.RawQuery; how != "" {
				return failure(how)
			}
			return nil
		},
		hub: chanx.HubOptions{Observer: tellsMe(func(o *chanx.Observation) {
			switch o.Kind {
			case chanx.Connected:
				open.Add(1)
				seen.Add(1)
			case chanx.Disconnected:
				open.Add(-1)
			case chanx.Refused:
				seen.Add(1)
			}
		})},
	}, func(t *testing.T, l *lab) {
		openRaw(t, l.mux, "/ws?forbidden")
		chanxtest.Refused(t, l.mux, "/ws?conflict", 409, nil)
		c := openRaw(t, l.mux, "/ws")
		<-time.After(time.Minute)
		if open.Load() != 1 || seen.Load() != 3 {
			t.Errorf("%d connections are open of %d", open.Load(), seen.Load())
		}
		c.drop()
		<-time.After(time.Minute)
		if open.Load() != 0 {
			t.Errorf("%d connections are open", open.Load())
		}
	})
}

// An observer is an application's code too.
func TestObserverThatPanics(t *testing.T) {
	bubble(t, labOptions{hub: chanx.HubOptions{Observer: tellsMe(func(*chanx.Observation) { panic("a secret") })}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		if err := l.Publish(t.Context(), note{"x"}, "all"); err != nil {
			t.Error(err)
		}
		chanxtest.Expect[note](c)
		chanxtest.Request[pong](c, ping{})
		if log := l.errors.String(); !strings.Contains(log, "the observer failed") || !strings.Contains(log, "observercare_test.go") {
			t.Errorf("log: %s", log)
		}
	})
}

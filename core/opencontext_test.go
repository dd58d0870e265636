package chanx_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// The context of open ends with the handshake's deadline and with open, whether
// anybody has waited for it or not, and so do contexts made from it.
func TestContextOfOpen(t *testing.T) {
	var kept, child context.Context
	late := map[string]bool{"its end is awaited": true, "time passes": true}
	for name, open := range map[string]func(context.Context, *client) error{
		"nobody asks": func(context.Context, *client) error { return nil },
		"its end is awaited": func(ctx context.Context, _ *client) error {
			start := time.Now()
			<-ctx.Done()
			if d := time.Since(start); d != 15*time.Second || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				t.Errorf("it ended after %v with %v", d, ctx.Err())
			}
			return nil
		},
		"time passes": func(ctx context.Context, _ *client) error {
			if ctx.Err() != nil {
				t.Errorf("it begins with %v", ctx.Err())
			}
			<-time.After(15 * time.Second)
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				t.Errorf("after the deadline its error is %v", ctx.Err())
			}
			return nil
		},
		"a context is made from it": func(ctx context.Context, _ *client) error {
			var cancel context.CancelFunc
			child, cancel = context.WithCancel(ctx) //nolint:fatcontext // kept to look at it afterwards
			t.Cleanup(cancel)
			return nil
		},
	} {
		bubble(t, labOptions{open: func(ctx context.Context, c *client) error {
			kept, child = ctx, nil //nolint:fatcontext // the same
			if d, ok := ctx.Deadline(); !ok || time.Until(d) != 15*time.Second {
				t.Errorf("%s: its deadline is %v", name, d)
			}
			return open(ctx, c)
		}}, func(t *testing.T, l *lab) {
			opts := &chanxtest.DialOptions{Timeout: time.Minute}
			if late[name] { // whoever is in front may have answered already
				chanxtest.Refused(t, l.mux, "/ws", http.StatusServiceUnavailable, opts)
				if got := l.journal.take(); len(got) != 1 || !strings.HasPrefix(got[0], "closed: ") {
					t.Errorf("%s: what open has made is left with %q", name, got)
				}
			} else {
				chanxtest.Request[pong](chanxtest.Dial(t, l.mux, "/ws", opts), ping{})
			}
			synctest.Wait()
			if kept.Err() == nil {
				t.Errorf("%s: it goes on after open", name)
			}
			<-kept.Done()
			if child != nil && child.Err() == nil {
				t.Errorf("%s: a context made from it goes on", name)
			}
		})
	}
}

// A client that goes away while open runs is nothing to be alarmed about.
func TestClientGoneDuringOpen(t *testing.T) {
	bubble(t, labOptions{open: func(ctx context.Context, _ *client) error {
		<-ctx.Done()
		return ctx.Err()
	}}, func(t *testing.T, l *lab) {
		r := upgradeRequest("/ws")
		ctx, leave := context.WithCancel(r.Context())
		time.AfterFunc(time.Second, leave)
		_, err := l.hub.Endpoints()[0].Open(&chanx.Handshake{Request: r.WithContext(ctx)})
		if err == nil || l.hub.Connections() != 0 {
			t.Errorf("the error is %v, with %d connections", err, l.hub.Connections())
		}
		if log := l.errors.String(); log != "" {
			t.Errorf("the log has %s", log)
		}
	})
}

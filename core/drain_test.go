package chanx_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// watchful returns when its context ends, or after two seconds with a reply.
type watchful struct{}

func (watchful) Action() string { return "watchful" }

func watch(_ *client, ctx context.Context, _ watchful) (pong, error) {
	select {
	case <-ctx.Done():
		return pong{}, ctx.Err()
	case <-time.After(2 * time.Second):
		return pong{}, nil
	}
}

// While the hub shuts down concurrent handlers may end like others; streams are
// told to. Nothing of that is a failure that belongs in the log.
func TestDrainLetsConcurrentHandlersEnd(t *testing.T) {
	bubble(t, labOptions{register: func(l *lab) { chanx.Reply(l, watch, chanx.Concurrent()) }}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"ref":"w","action":"watchful"}`, `{"ref":"s","action":"count","payload":{"to":9,"every":1000}}`)
		synctest.Wait()
		if err := shutdown(t, l, time.Minute); err != nil {
			t.Fatal(err)
		}
		want := []string{
			`{"ref":"s","action":"error","payload":{"reason":"unavailable","detail":"the connection is closing"}}`,
			`{"ref":"w","action":"pong","payload":null}`,
		}
		if got := c.take(); len(got) != 4 || !slices.Equal(got[:2], want) || !strings.HasPrefix(got[2], "close 1012") {
			t.Errorf("the client got %q", got)
		}
		if log := l.errors.String(); log != "" {
			t.Errorf("log: %s", log)
		}
	})
}

// A client that goes away while its requests are handled is no failure.
func TestLostConnectionIsNoFailure(t *testing.T) {
	bubble(t, labOptions{register: func(l *lab) { chanx.Reply(l, watch, chanx.Concurrent()) }}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"ref":"w","action":"watchful"}`, `{"ref":"s","action":"count","payload":{"to":9,"every":1000}}`)
		synctest.Wait()
		c.drop()
		<-time.After(time.Minute)
		if log := l.errors.String(); log != "" {
			t.Errorf("log: %s", log)
		}
	})
}

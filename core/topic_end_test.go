package chanx_test

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
)

// What runs beside the lane may end when the hub does, and its answers go out before
// the close frame: for a topic like for the consumer itself.
func TestShutdownAwaitsWhatRunsForTopics(t *testing.T) {
	t.Parallel()
	for _, head := range []string{`{`, `{"topic":"room:1",`} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, labOptions{register: registerTopics})
			c := openRaw(t, l.mux, "/ws")
			c.send(`{"topic":"room:1","action":"subscribe"}`)
			c.take()
			c.send(head+`"ref":"later","action":"later","payload":{"after":1000}}`, head+`"ref":"count","action":"count","payload":{"to":9,"every":9000}}`)
			synctest.Wait()
			if err := l.hub.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			got := c.take()
			if len(got) != 4 || !strings.Contains(got[0], `"ref":"count","action":"error"`) || !strings.Contains(got[1], `"ref":"later","action":"number"`) || !strings.HasPrefix(got[2], "close 1012") {
				t.Errorf("came %q", got)
			}
		})
	}
}

// An OnClose handler that ends its goroutine takes nothing with it.
func TestOnCloseThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{register: func(l *lab) {
			topic := chanx.NewTopic(l.hub, "x", "x:{n}", letIn, nil)
			chanx.OnClose(topic, func(s *chanx.Subscription, _ context.Context, _ *chanx.CloseError) {
				l.journal.add("left " + s.Topic())
				runtime.Goexit()
			})
			chanx.Topics(l, topic)
		}})
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"topic":"x:1","action":"subscribe"}`, `{"topic":"x:2","action":"subscribe"}`)
		c.take()
		c.drop()
		synctest.Wait()
		if n := l.hub.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
		want := []string{"left x:1", "left x:2"}
		if got := l.journal.take(); len(got) != 3 || !slices.Equal(got[:2], want) || !strings.HasPrefix(got[2], "closed: ") {
			t.Errorf("happened %q", got)
		}
	})
}

// A frame beyond the rate limit is refused on the topic that it is to, also where
// that is the connection's own.
func TestRateLimitOfTopicAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{register: func(l *lab) {
			makeTopics(l)
			opts := &chanx.ConsumerOptions{RateLimit: &chanx.RateLimit{PerSecond: 0.1, Burst: 1}}
			l.mux.Handle("/room/{room}", chanx.Mount(l.topics.room.Alone(opts), "/room/{room}"))
		}})
		c := openRaw(t, l.mux, "/room/1")
		c.send(`{"action":"ping"}`, `{"ref":"2","action":"ping"}`)
		got := c.take()
		if len(got) != 3 || !strings.HasPrefix(got[2], `{"version":1,"topic":"room:1","ref":"2","action":"error","payload":{"reason":"rate_limited"`) {
			t.Errorf("came %q", got)
		}
	})
}

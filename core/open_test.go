package chanx_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// An event that comes while open runs is handled after it, with the state that
// it made.
func TestOpenComesBeforeEvents(t *testing.T) {
	var conn atomic.Pointer[chanx.Conn]
	bubble(t, labOptions{open: func(_ context.Context, c *client) error {
		conn.Store(c.Conn)
		<-time.After(time.Second)
		c.lab.journal.add("opened")
		return nil
	}}, func(t *testing.T, l *lab) {
		go func() {
			<-time.After(500 * time.Millisecond)
			if err := l.Publish(context.Background(), hush{}, "all"); err != nil {
				t.Error(err)
			}
			if err := l.PublishTo(context.Background(), conn.Load().ID(), alarm{Level: 2}); err != nil {
				t.Error(err)
			}
		}()
		c := openRaw(t, l.mux, "/ws")
		if got, want := c.take(), []string{`{"action":"notice","payload":{"text":"!!"}}`}; !slices.Equal(got, want) {
			t.Errorf("the client got %q, want %q", got, want)
		}
		if got, want := l.journal.take(), []string{"opened", "hush"}; !slices.Equal(got, want) {
			t.Errorf("%q happened, want %q", got, want)
		}
		if log := l.errors.String(); log != "" {
			t.Errorf("log: %s", log)
		}
	})
}

// Events of a connection that open refuses are nobody's.
func TestOpenRefusesWithEventsWaiting(t *testing.T) {
	bubble(t, labOptions{open: func(ctx context.Context, c *client) error {
		if err := c.lab.Publish(ctx, hush{}, "all"); err != nil {
			return err
		}
		synctest.Wait()
		return chanx.Errorf(chanx.Forbidden, "no")
	}, consumer: chanx.ConsumerOptions{AnnounceAuthentication: true}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		want := []string{`{"action":"authentication","payload":{"status_code":403,"status_text":"Forbidden","data":null}}`, "close 4503 no", "end"}
		if got := c.take(); !slices.Equal(got, want) {
			t.Errorf("the client got %q, want %q", got, want)
		}
		if got := l.journal.take(); len(got) > 0 {
			t.Errorf("%q happened", got)
		}
	})
}

// What comes through groups while the result of the authentication is announced
// comes after it; the race detector watches.
func TestOpenAnnouncesFirst(t *testing.T) {
	bubble(t, labOptions{consumer: chanx.ConsumerOptions{AnnounceAuthentication: true}}, func(t *testing.T, l *lab) {
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					if err := l.Publish(context.Background(), note{"x"}, "all"); err != nil {
						t.Error(err)
					}
				}
			}
		}()
		var clients []*rawClient
		for range 20 {
			clients = append(clients, openRaw(t, l.mux, "/ws"))
		}
		close(stop)
		<-stopped
		for _, c := range clients {
			if got := c.take(); len(got) == 0 || got[0] != `{"action":"authentication","payload":{"status_code":200,"status_text":"OK","data":null}}` {
				t.Fatalf("the client got %.200q", got)
			}
		}
	})
}

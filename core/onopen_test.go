package chanx_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/google/go-cmp/cmp"
)

// OnOpen runs once a connection is up: after what open sent, before the first
// message and before events, one after the other.
func TestOnOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{
			open: func(ctx context.Context, c *client) error { return c.Send(ctx, said{"from open"}) },
			register: func(l *lab) {
				chanx.OnOpen(l, func(c *client, ctx context.Context) error {
					c.lab.journal.add("first begins")
					if err := l.Publish(ctx, hush{}, "all"); err != nil { // which waits for its turn
						t.Error(err)
					}
					<-time.After(time.Second)
					c.lab.journal.add("first ends")
					return c.Broadcast(ctx, said{"somebody is here"})
				})
				chanx.OnOpen(l, func(c *client, ctx context.Context) error {
					c.lab.journal.add("second")
					return c.Send(ctx, said{"hello"})
				})
			},
		})
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"action":"echo","payload":{"text":"hi"}}`)
		<-time.After(2 * time.Second)
		want := []string{"first begins", "first ends", "second", "hush", "echo hi"}
		if diff := cmp.Diff(want, l.journal.take()); diff != "" {
			t.Errorf("happened (-want +got):\n%s", diff)
		}
		lines := c.take()
		order := ""
		for _, line := range lines {
			for _, text := range []string{"from open", "hello", "echoed"} { // the broadcast comes when it comes
				if strings.Contains(line, text) {
					order += text + "; "
				}
			}
		}
		if order != "from open; hello; echoed; " || len(lines) != 4 {
			t.Errorf("came %q", lines)
		}
	})
}

// An OnOpen that fails is logged, and the connection goes on with the next one.
func TestOnOpenFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{register: func(l *lab) {
			chanx.OnOpen(l, func(*client, context.Context) error { return errors.New("the first one's fault") })
			chanx.OnOpen(l, func(*client, context.Context) error { panic("the second one's") })
			chanx.OnOpen(l, func(c *client, ctx context.Context) error { return c.Send(ctx, said{"hello"}) })
		}})
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"action":"ping"}`)
		if got := c.take(); len(got) != 2 || !strings.Contains(got[0], "hello") || !strings.Contains(got[1], "pong") {
			t.Errorf("came %q", got)
		}
		for _, want := range []string{"the first one's fault", "the second one's"} {
			if log := l.errors.String(); !strings.Contains(log, want) || !strings.Contains(log, "OnOpen failed") {
				t.Errorf("the log lacks %q: %s", want, log)
			}
		}
	})
}

// OnOpen doesn't run for whom open refuses or closes, nor where the upgrade fails.
func TestOnOpenOfNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		how := ""
		l := newLab(t, labOptions{
			open: func(_ context.Context, c *client) error {
				switch how {
				case "refuse":
					return chanx.Errorf(chanx.Forbidden, "no")
				case "close":
					c.Close(4000, "full")
				}
				return nil
			},
			register: func(l *lab) {
				chanx.OnOpen(l, func(c *client, _ context.Context) error {
					c.lab.journal.add("opened")
					return nil
				})
			},
		})
		endpoint := l.hub.Endpoints()[0]
		open := func() (*chanx.Session, error) {
			return endpoint.Open(&chanx.Handshake{Request: upgradeRequest("/ws")})
		}
		how = "refuse"
		if _, err := open(); err == nil {
			t.Error("a refused handshake was opened")
		}
		how = "close"
		c := openRaw(t, l.mux, "/ws")
		if got := c.take(); len(got) == 0 || got[0] != "close 4000 full" {
			t.Errorf("came %q", got)
		}
		how = ""
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		s.Discard(errors.New("the upgrade failed"))
		synctest.Wait()
		for _, line := range l.journal.take() {
			if line == "opened" {
				t.Error("OnOpen ran")
			}
		}
	})
}

package chanx_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/google/go-cmp/cmp"
)

const expiredClose = "close 4410 credentials expired"

// gated runs a test with a gate in a bubble.
func gated(t *testing.T, o gateOptions, test func(t *testing.T, g *gate)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newGate(t, o)) })
}

// expires fails the test unless the connection is closed because its credentials
// expire, after that time and not before.
func (g *gate) expires(t *testing.T, c *rawClient, after time.Duration) {
	t.Helper()
	before := max(0, after-time.Millisecond)
	<-time.After(before)
	for _, got := range c.take() {
		if got != "ping" {
			t.Errorf("got %q %v before the end", got, after-before)
		}
	}
	<-time.After(after - before + slack)
	got := slices.DeleteFunc(c.take(), func(s string) bool { return s == "ping" })
	if !slices.Equal(got, []string{expiredClose, "end"}) || g.hub.Connections() != 0 {
		t.Errorf("got %q %v after the end, and there are %d connections", got, slack, g.hub.Connections())
	}
}

func TestExpiry(t *testing.T) {
	for _, life := range []time.Duration{
		time.Nanosecond, 100 * time.Millisecond, time.Second, 4999 * time.Millisecond, 5 * time.Second, 5001 * time.Millisecond,
		25 * time.Second, time.Hour, 49*time.Hour + 7*time.Millisecond,
	} {
		t.Run(life.String(), func(t *testing.T) {
			gated(t, gateOptions{}, func(t *testing.T, g *gate) {
				c := openRaw(t, g, "/", "Authorization: Bearer ann/"+life.String())
				g.expires(t, c, life)
				if got, want := g.journal.take(), []string{"closed: ann connection closed with 4410 (credentials expired)"}; !slices.Equal(got, want) {
					t.Errorf("%q happened, want %q", got, want)
				}
			})
		})
	}
}

// Times that durations can't reach are as good as any.
func TestFarAwayExpiry(t *testing.T) {
	at := func(when time.Time) func(*http.Request) (any, error) {
		return func(*http.Request) (any, error) { return chanx.Credential{Identity: bearer{"ann"}, Expires: when}, nil }
	}
	for _, when := range []time.Time{
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Unix(1<<62, 0), time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		gated(t, gateOptions{identify: at(when), consumer: chanx.ConsumerOptions{AnnounceAuthentication: true}}, func(t *testing.T, g *gate) {
			c := chanxtest.Dial(t, g, "/", nil)
			if f := c.Next(); !strings.Contains(f.Text, `"expires_in":`) || strings.Contains(f.Text, "-") {
				t.Errorf("got %s", f.Text)
			}
			<-time.After(time.Hour)
			is(t, c, "ann")
		})
	}
	for _, when := range []time.Time{time.Unix(0, 0), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Unix(-1<<62, 0)} {
		gated(t, gateOptions{identify: at(when)}, func(t *testing.T, g *gate) {
			if r := chanxtest.Refused(t, g, "/", 401, nil); r.Error.Detail != "the credentials have expired" {
				t.Errorf("%v: refused with %s", when, r)
			}
		})
	}
}

// The end comes while handlers run, too, and ends them.
func TestExpiryEndsHandlers(t *testing.T) {
	gated(t, gateOptions{}, func(t *testing.T, g *gate) {
		c := openRaw(t, g, "/", "Authorization: Bearer ann/1m")
		c.send(`{"action":"stay"}`)
		g.expires(t, c, time.Minute)
		want := []string{
			"stayed until: connection closed with 4410 (credentials expired)",
			"closed: ann connection closed with 4410 (credentials expired)",
		}
		if diff := cmp.Diff(want, g.journal.take()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A handler that minds no context holds nothing up: the client is told in time.
func TestExpiryWhileAHandlerIsStuck(t *testing.T) {
	bubble(t, labOptions{consumer: chanx.ConsumerOptions{Authenticator: &chanx.Authenticator{Verify: passes}}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws", "Authorization: Bearer ann/1m")
		c.send(`{"action":"hold","payload":{"after":120000}}`, `{"action":"ping"}`)
		<-time.After(time.Minute + slack)
		if got := c.take(); len(got) == 0 || got[0] != expiredClose {
			t.Errorf("got %q", got)
		}
		<-time.After(2 * time.Minute)
		if n := l.hub.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

// Subscriptions and streams end with the connection.
func TestExpiryEndsSubscriptions(t *testing.T) {
	o := labOptions{register: registerTopics, consumer: chanx.ConsumerOptions{Authenticator: &chanx.Authenticator{Verify: passes}}}
	bubble(t, o, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws?user=ann", "Authorization: Bearer ann/1m")
		c.send(`{"topic":"people:1","action":"subscribe"}`, `{"ref":"s","action":"count","payload":{"to":1000,"every":7000}}`)
		<-time.After(time.Minute + slack)
		got := c.take()
		if n := len(got); n < 2 || got[n-2] != expiredClose || got[n-1] != "end" {
			t.Errorf("got %q", got)
		}
		if got := l.journal.take(); !slices.Contains(got, "count ends: connection closed with 4410 (credentials expired)") {
			t.Errorf("%q happened", got)
		}
	})
}

// A client that doesn't answer is cut.
func TestExpiryOfTheSilent(t *testing.T) {
	o := gateOptions{hub: chanx.HubOptions{Limits: chanx.Limits{PingInterval: -1, CloseTimeout: 3 * time.Second}}}
	gated(t, o, func(t *testing.T, g *gate) {
		c := openRaw(t, g, "/", "Authorization: Bearer ann/1m")
		c.silent()
		<-time.After(time.Minute + slack)
		if got := c.take(); !slices.Equal(got, []string{expiredClose}) {
			t.Errorf("got %q", got)
		}
		<-time.After(3*time.Second + slack)
		if !c.ended() || g.hub.Connections() != 0 {
			t.Error("the connection is open")
		}
	})
}

// What the client is told of the time that is left is rounded down.
func TestAnnouncedExpiry(t *testing.T) {
	for token, want := range map[string]string{"ann": "}", "ann/1m": `,"expires_in":60}`, "ann/1999ms": `,"expires_in":1}`, "ann/10ms": `,"expires_in":0}`} {
		gated(t, gateOptions{consumer: chanx.ConsumerOptions{AnnounceAuthentication: true}}, func(t *testing.T, g *gate) {
			c := chanxtest.Dial(t, g, "/", with(token))
			want := `{"action":"authentication","payload":{"status_code":200,"status_text":"OK","data":null` + want + "}"
			if got := c.Next().Text; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// A connection whose socket comes late is closed as soon as it has one.
func TestExpiryBeforeTheSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := chanx.NewHub(&chanx.HubOptions{Logger: discard})
		endpoint := chanx.Mount(chanx.NewConsumer[*chanx.Conn](hub, "late", nil, nil), "/")
		s, err := endpoint.Open(&chanx.Handshake{Request: upgradeRequest("/"), Identify: func() (any, error) {
			return chanx.Credential{Subject: "ann", Expires: time.Now().Add(time.Second)}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		socket := newChatty()
		start := time.Now()
		s.Run(socket)
		if d := time.Since(start); d > 5*time.Second+2*slack {
			t.Errorf("the connection lived for %v", d)
		}
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// Who is told to come back anyway gets the answer to what is under way.
func TestExpiryWhileDraining(t *testing.T) {
	bubble(t, labOptions{consumer: chanx.ConsumerOptions{Authenticator: &chanx.Authenticator{Verify: passes}}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws", "Authorization: Bearer ann/5s")
		c.send(`{"action":"hold","payload":{"after":10000}}`)
		<-time.After(time.Second)
		if err := l.hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		got := c.take()
		if len(got) != 3 || got[0] != `{"action":"number","payload":{"n":10000}}` || !strings.HasPrefix(got[1], "close 1012 restart") {
			t.Errorf("got %q", got)
		}
	})
}

package chanx_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// The wheel's clock is coarse: what should happen at a time happens then or up to
// two ticks of half a second later.
const slack = time.Second

func TestPings(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.silent()
		<-time.After(25*time.Second - slack)
		if got := c.take(); len(got) > 0 {
			t.Errorf("got %q too early", got)
		}
		<-time.After(2 * slack)
		if got := c.take(); !slices.Equal(got, []string{"ping"}) {
			t.Errorf("got %q after 25 s", got)
		}
		<-time.After(10*time.Second - 2*slack)
		if got := c.take(); len(got) > 0 {
			t.Errorf("got %q too early", got)
		}
		<-time.After(2 * slack)
		if got := c.take(); !slices.Equal(got, []string{"close 4408 no pong"}) {
			t.Errorf("got %q after 10 s more", got)
		}
		<-time.After(2 * slack)
		if !c.ended() || l.hub.Connections() != 0 {
			t.Error("a dead client's connection is open")
		}
	})
}

// Whatever a client sends shows that it lives.
func TestTrafficKeepsAlive(t *testing.T) {
	traffic := map[string]func(c *rawClient){
		"messages":      func(c *rawClient) { c.send(`{"action":"ping"}`) },
		"nonsense":      func(c *rawClient) { c.send("nonsense") },
		"pings":         func(c *rawClient) { c.frame(fin|opPing, nil) },
		"unasked pongs": func(c *rawClient) { c.frame(fin|opPong, nil) },
	}
	for name, send := range traffic {
		t.Run(name, func(t *testing.T) {
			bubble(t, labOptions{}, func(t *testing.T, l *lab) {
				c := openRaw(t, l.mux, "/ws")
				c.silent()
				for range 100 {
					<-time.After(20 * time.Second)
					send(c)
				}
				for _, got := range c.take() {
					if got == "ping" || got == "end" {
						t.Fatalf("got %q", got)
					}
				}
				<-time.After(time.Minute)
				if !c.ended() {
					t.Error("the connection is open a minute after the last traffic")
				}
			})
		})
	}
}

// What the server sends doesn't.
func TestServersTrafficDoesNotKeepAlive(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.silent()
		for range 40 {
			<-time.After(time.Second)
			if err := l.Publish(t.Context(), note{"x"}, "all"); err != nil {
				t.Error(err)
			}
		}
		if !c.ended() {
			t.Error("the connection is open")
		}
	})
}

// While a handler runs nothing is read, so nobody can be taken for dead.
func TestLongHandlersAreNotKilled(t *testing.T) {
	for name, limits := range map[string]chanx.Limits{"ping": {}, "idle": {IdleTimeout: time.Minute}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, labOptions{hub: chanx.HubOptions{Limits: limits}}, func(t *testing.T, l *lab) {
				c := openRaw(t, l.mux, "/ws")
				c.send(`{"action":"hold","payload":{"after":600000}}`)
				<-time.After(10*time.Minute - time.Second)
				if got := c.take(); len(got) > 0 {
					t.Fatalf("got %q while the handler runs", got)
				}
				<-time.After(20 * time.Second)
				if got := c.take(); !slices.Equal(got, []string{`{"action":"number","payload":{"n":600000}}`}) {
					t.Fatalf("got %q after the handler", got)
				}
				<-time.After(30 * time.Second)
				if got := c.take(); len(got) == 0 || got[0] != "ping" || c.ended() {
					t.Errorf("got %q", got)
				}
			})
		})
	}
}

// A message that waits for an event's handler is not read behind either.
func TestLongEventHandlersAreNotKilled(t *testing.T) {
	bubble(t, labOptions{register: func(l *lab) {
		chanx.OnEvent(l, func(*client, context.Context, tick) error {
			<-time.After(10 * time.Minute)
			return nil
		})
	}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		if err := l.Publish(t.Context(), tick{}, "all"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.send(`{"action":"ping"}`)
		<-time.After(10*time.Minute + time.Second)
		if got := c.take(); !slices.Equal(got, []string{`{"action":"pong","payload":null}`}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestLivenessOff(t *testing.T) {
	bubble(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{PingInterval: -1}}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.silent()
		<-time.After(6 * time.Hour)
		if got := c.take(); len(got) > 0 {
			t.Errorf("got %q", got)
		}
	})
}

func TestIdleTimeout(t *testing.T) {
	bubble(t, labOptions{consumer: chanx.ConsumerOptions{Limits: chanx.Limits{IdleTimeout: time.Minute}}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		for range 5 {
			<-time.After(50 * time.Second)
			c.send(`{"action":"ping"}`)
		}
		<-time.After(time.Minute - slack)
		c.take()
		if c.ended() {
			t.Fatal("closed too early")
		}
		<-time.After(3 * slack)
		if got := c.take(); !slices.Contains(got, "close 4408 idle for too long") {
			t.Errorf("got %q", got)
		}
	})
}

// Limits of consumers on one hub stay apart, and short ones are kept precisely.
func TestShortLimits(t *testing.T) {
	bubble(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{PingInterval: 80 * time.Millisecond, PongTimeout: 40 * time.Millisecond}}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.silent()
		<-time.After(70 * time.Millisecond)
		if got := c.take(); len(got) > 0 {
			t.Errorf("got %q too early", got)
		}
		<-time.After(20 * time.Millisecond)
		if got := c.take(); !slices.Equal(got, []string{"ping"}) {
			t.Errorf("got %q", got)
		}
		<-time.After(50 * time.Millisecond)
		if got := c.take(); !slices.Equal(got, []string{"close 4408 no pong"}) {
			t.Errorf("got %q", got)
		}
	})
}

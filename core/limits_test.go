package chanx_test

import (
	"slices"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// A negative limit is none, whichever it is.
func TestNegativeLimits(t *testing.T) {
	none := chanx.Limits{
		MessageBytes: -1, QueueBytes: -1, Groups: -1, Topics: -1, Concurrent: -1, PingInterval: -1, PongTimeout: -1,
		IdleTimeout: -1, WriteTimeout: -1, HandshakeTimeout: -1, CloseTimeout: -1,
	}
	bubble(t, labOptions{hub: chanx.HubOptions{Limits: none}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"action":"ping"}`, `{"ref":"s","action":"count","payload":{"to":1}}`)
		want := []string{`{"action":"pong","payload":null}`, `{"ref":"s","action":"number","payload":{"n":1}}`, `{"ref":"s","action":"stream_end","payload":null}`}
		if got := c.take(); !slices.Equal(got, want) {
			t.Errorf("the client got %q, want %q", got, want)
		}
		<-time.After(24 * time.Hour)
		c.silent()
		c.send(`{"action":"bye","payload":{"code":4000,"reason":"enough"}}`)
		<-time.After(24 * time.Hour)
		if got, want := c.take(), []string{"close 4000 enough"}; !slices.Equal(got, want) {
			t.Errorf("the client got %q, want %q", got, want)
		}
		c.drop()
	})
}

// A client that is slow to answer a ping has all the time there is.
func TestNoPongTimeout(t *testing.T) {
	bubble(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{PongTimeout: -1}}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.silent()
		<-time.After(time.Hour)
		if c.ended() {
			t.Errorf("the client got %q", c.take())
		}
	})
}

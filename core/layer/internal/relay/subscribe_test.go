package relay_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// A channel is not listened to for nobody: who wanted it may have gone meanwhile.
func TestSubscribeGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &stuckBroker{listens: make(chan struct{})}
		c := relay.NewChannels(b, relay.NewStatus(nil, "nobody"), relay.Options{})
		defer c.Close()
		for _, stay := range []bool{false, true} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if stay { // for the same Listen
				go func() { _, _ = c.Subscribe(t.Context(), "room", func([]byte) {}) }()
			}
			if _, err := c.Subscribe(ctx, "room", func([]byte) {}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Subscribe: %v", err)
			}
			cancel()
			b.listens <- struct{}{}
			synctest.Wait()
			if got := b.listening.Load() == 1; got != stay {
				t.Errorf("it is listened to: %v, want %v", got, stay)
			}
		}
	})
}

// What was published before somebody subscribed is not for him, also where it came
// for others and still waits.
func TestSubscribeAnew(t *testing.T) {
	t.Parallel()
	s := newServer()
	far, near := s.start(t, relay.Options{}), s.start(t, relay.Options{})
	publish := func(channel, text string) {
		t.Helper()
		if err := near.Publish(t.Context(), channel, []byte(text)); err != nil {
			t.Error(err)
		}
	}
	// Handlers of so many channels that nothing is delivered until they leave.
	leave := make(chan struct{})
	for i := range 200 {
		far.subscribe(t, strconv.Itoa(i), func([]byte) { <-leave })
		publish(strconv.Itoa(i), "x")
	}
	early := far.subscribe(t, "room", func([]byte) { t.Error("nobody was to get it") })
	publish("room", "1")
	wait(t, "everything has come", func() bool {
		far.mu.Lock()
		defer far.mu.Unlock()
		return len(far.line) == 0
	})
	if err := early.Unsubscribe(); err != nil {
		t.Error(err)
	}
	in := far.collect(t, "room")
	close(leave)
	publish("room", "2")
	in.expect(t, "2")
}

// What the server refuses is an error, and its being away is none.
func TestRefused(t *testing.T) {
	t.Parallel()
	s := newServer()
	p := s.start(t, relay.Options{})
	var answer error
	p.call = func(string) error { return answer }
	answer = errors.New("not allowed")
	if _, err := p.Subscribe(t.Context(), "room", nil); !errors.Is(err, answer) {
		t.Errorf("Subscribe: %v, want %v", err, answer)
	}
	if err := p.Publish(t.Context(), "room", nil); !errors.Is(err, answer) {
		t.Errorf("Publish: %v, want %v", err, answer)
	}
	p.mu.Lock()
	if n := len(p.listening); n != 0 {
		t.Errorf("%d channels are listened to", n)
	}
	p.mu.Unlock()
	answer = fmt.Errorf("%w: for a reason", layer.ErrUnavailable)
	in := p.collect(t, "room")
	if err := p.Publish(t.Context(), "room", []byte("1")); !errors.Is(err, answer) {
		t.Errorf("Publish: %v, want %v", err, answer)
	}
	in.expect(t, "1")
}

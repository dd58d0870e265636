package layertest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// fixture is what one test of the suite works with. Its methods fail the test.
type fixture struct {
	*testing.T
	harness Harness
	backend Open
}

func newFixture(t *testing.T, h Harness) *fixture {
	return &fixture{T: t, harness: h, backend: h.Backend(t)}
}

// open opens a handle and closes it when the test ends.
func (f *fixture) open() layer.Layer {
	f.Helper()
	l := f.backend(f.T)
	f.Cleanup(func() {
		closed := make(chan error, 1)
		go func() { closed <- l.Close() }()
		select {
		case err := <-closed:
			if err != nil {
				f.Errorf("Close: %v", err)
			}
		case <-time.After(f.harness.Patience):
			f.Errorf("Close did not return within %v", f.harness.Patience)
		}
	})
	return l
}

func (f *fixture) publish(l layer.Layer, channel string, data string) {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), f.harness.Patience)
	defer cancel()
	if err := l.Publish(ctx, channel, []byte(data)); err != nil {
		f.Errorf("Publish to %q: %v", abbreviate(channel), err)
	}
}

func (f *fixture) subscribe(l layer.Layer, channel string, handler func(data []byte)) layer.Subscription {
	f.Helper()
	s, err := l.Subscribe(f.Context(), channel, handler)
	if err != nil {
		f.Fatalf("Subscribe to %q: %v", abbreviate(channel), err)
	}
	return s
}

// collect subscribes an inbox of its own.
func (f *fixture) collect(l layer.Layer, channel string) *inbox {
	f.Helper()
	in := f.inbox()
	in.subscription = f.subscribe(l, channel, in.receive)
	return in
}

// inbox returns an inbox whose receive is not subscribed yet.
func (f *fixture) inbox() *inbox {
	return &inbox{fixture: f, more: make(chan struct{}, 1)}
}

// unsubscribe ends a subscription.
func (f *fixture) unsubscribe(s layer.Subscription) {
	f.Helper()
	if err := s.Unsubscribe(); err != nil {
		f.Errorf("Unsubscribe: %v", err)
	}
}

// await waits until done is closed or has something, which it returns.
func await[T any](f *fixture, what string, done <-chan T) T {
	f.Helper()
	select {
	case v := <-done:
		return v
	case <-time.After(f.harness.Patience):
		f.Fatalf("%s: nothing after %v", what, f.harness.Patience)
		panic("unreachable")
	}
}

// inbox keeps copies of the messages of one subscription.
type inbox struct {
	fixture      *fixture
	subscription layer.Subscription

	mu       sync.Mutex
	messages []string
	more     chan struct{} // has something when messages were added
}

func (in *inbox) receive(data []byte) {
	in.mu.Lock()
	in.messages = append(in.messages, string(data))
	in.mu.Unlock()
	select {
	case in.more <- struct{}{}:
	default:
	}
}

func (in *inbox) received() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.messages)
}

// waitFor waits until enough says so, and returns all messages.
func (in *inbox) waitFor(what string, enough func(messages []string) bool) []string {
	in.fixture.Helper()
	deadline := time.After(in.fixture.harness.Patience)
	for {
		messages := in.received()
		if enough(messages) {
			return messages
		}
		select {
		case <-in.more:
		case <-deadline:
			in.fixture.Fatalf("%s: has %s after %v", what, summary(messages), in.fixture.harness.Patience)
		}
	}
}

// waitCount waits for n messages and returns all.
func (in *inbox) waitCount(n int) []string {
	in.fixture.Helper()
	return in.waitFor(fmt.Sprintf("waiting for %d messages", n), func(messages []string) bool {
		return len(messages) >= n
	})
}

// expect waits for the messages and fails if others or in another order came. The
// last should be one that is certain to come last.
func (in *inbox) expect(want ...string) {
	in.fixture.Helper()
	if got := in.waitCount(len(want)); !slices.Equal(got, want) {
		in.fixture.Errorf("received %s, want %s", summary(got), summary(want))
	}
}

// summary prints messages in a bounded length.
func summary(messages []string) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d [", len(messages))
	for i, m := range messages {
		if i == 20 {
			b.WriteString(" …")
			break
		}
		fmt.Fprintf(&b, " %q", abbreviate(m))
	}
	b.WriteString(" ]")
	return b.String()
}

func abbreviate(s string) string {
	if len(s) <= 40 {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", s[:40], len(s))
}

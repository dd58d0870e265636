package relay_test

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// posted is the outcome of a message.
type posted func(context.Context) error

func (p posted) Wait(ctx context.Context) error { return p(ctx) }

// done is the outcome of one that the server has.
var done = posted(func(context.Context) error { return nil })

// stuckBroker answers nothing.
type stuckBroker struct {
	listening atomic.Int32
	listens   chan struct{} // ends a Listen, if it isn't nil
}

func (*stuckBroker) Part(string) int { return 0 }

func (*stuckBroker) Post(string, []byte) (relay.Posted, error) {
	return posted(func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}), nil
}

func (b *stuckBroker) Listen(ctx context.Context, _ string) error {
	b.listening.Add(1)
	select {
	case <-b.listens:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *stuckBroker) Unlisten(string) { b.listening.Add(-1) }

// countingBroker notes what it is asked.
type countingBroker struct {
	mu    sync.Mutex
	calls string
}

func (b *countingBroker) note(call string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls += call
	return nil
}

func (b *countingBroker) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls
}

func (*countingBroker) Part(string) int                                  { return 0 }
func (*countingBroker) Post(string, []byte) (relay.Posted, error)        { return done, nil }
func (b *countingBroker) Listen(_ context.Context, channel string) error { return b.note("listen ") }
func (b *countingBroker) Unlisten(string)                                { _ = b.note("unlisten ") }

// echo is a broker that sends messages back, and says that it could not send them. A
// channel depends on the part that its length says.
type echo struct {
	countingBroker

	receive func(channel string, data []byte)
}

func (*echo) Part(channel string) int { return len(channel) }

func (e *echo) Post(channel string, data []byte) (relay.Posted, error) {
	e.receive(channel, data)
	return posted(func(context.Context) error { return errCut }), nil
}

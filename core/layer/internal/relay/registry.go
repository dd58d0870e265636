package relay

import (
	"context"
	"sync"

	"github.com/chanx-go/chanx/core/layer"
)

// listener is what Broker, Log and Roster have in common.
type listener interface {
	Listen(ctx context.Context, channel string) error
	Unlisten(channel string)
}

// registry is the channels that are listened to, each with what the process knows of
// it. A channel is listened to once however many need it, until none does any more.
type registry[T any] struct {
	listener listener
	options  Options
	crew     *crew
	create   func(channel string) T
	// begin is called once after Listen, with its error: an error that it returns
	// is that of all who wait for the channel, which is then forgotten.
	begin func(ctx context.Context, v T, listened error) error
	end   func(v T) // is called when the channel is forgotten; it must not wait

	mu       sync.Mutex
	closed   bool
	channels sync.Map // of *held[T] by name: read without the lock
}

// held is a channel of a registry.
type held[T any] struct {
	channel string
	value   T
	ready   chan struct{} // closed when it has begun

	refs  int // guarded by the registry's lock, like those below
	begun bool
	err   error // of begin; it may be read once it is ready
}

// known returns what is known of a channel, or false where it isn't listened to.
func (r *registry[T]) known(channel string) (v T, ok bool) {
	if h, ok := r.channels.Load(channel); ok {
		return h.(*held[T]).value, true
	}
	return v, false
}

// acquire returns a channel that is listened to until it is released, and whether it
// began with this call.
func (r *registry[T]) acquire(ctx context.Context, channel string) (h *held[T], fresh bool, err error) {
	h, fresh, err = r.refer(channel)
	if err != nil {
		return nil, false, err
	}
	select {
	case <-h.ready:
		err = h.err
	case <-ctx.Done():
		err = r.options.explain(ctx, ctx.Err())
	case <-r.crew.ctx.Done():
		err = layer.ErrClosed
	}
	if err != nil {
		r.release(h)
		return nil, false, err
	}
	return h, fresh, nil
}

func (r *registry[T]) refer(channel string) (h *held[T], fresh bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, false, layer.ErrClosed
	}
	if known, ok := r.channels.Load(channel); ok {
		h = known.(*held[T])
	} else {
		fresh = true
		h = &held[T]{channel: channel, value: r.create(channel), ready: make(chan struct{})}
		r.channels.Store(channel, h)
		r.crew.spawn(func() { r.start(h) })
	}
	h.refs++
	return h, fresh, nil
}

// start listens to a channel, on behalf of all who wait for it.
func (r *registry[T]) start(h *held[T]) {
	ctx, cancel := context.WithTimeout(r.crew.ctx, r.options.Timeout)
	defer cancel()
	err := r.listener.Listen(ctx, h.channel)
	if err = r.begin(ctx, h.value, err); err != nil && r.crew.ctx.Err() != nil {
		err = layer.ErrClosed
	}
	err = r.options.explain(context.Background(), err)
	r.mu.Lock()
	defer r.mu.Unlock()
	h.begun, h.err = true, err
	if err != nil || h.refs == 0 {
		r.forget(h)
	}
	close(h.ready)
}

func (r *registry[T]) release(h *held[T]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h.refs--
	if h.refs == 0 && h.begun && h.err == nil {
		r.forget(h)
	}
}

// forget has the lock, so that who listens to the channel anew comes after Unlisten.
func (r *registry[T]) forget(h *held[T]) {
	r.channels.Delete(h.channel)
	r.listener.Unlisten(h.channel)
	r.end(h.value)
}

// all calls f with every channel.
func (r *registry[T]) all(f func(channel string, v T)) {
	r.channels.Range(func(channel, h any) bool {
		f(channel.(string), h.(*held[T]).value)
		return true
	})
}

// names returns the names of all channels.
func (r *registry[T]) names() (names []string) {
	r.all(func(channel string, _ T) { names = append(names, channel) })
	return names
}

// close lets no further channel begin. It reports false where that was so already.
func (r *registry[T]) close() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.closed
	r.closed = true
	return !was
}

package local

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// ErrBacklog is layer.ErrBacklog.
var ErrBacklog = errors.New("layer: too many messages published by handlers are waiting")

// How much that handlers published may wait for one turn.
const (
	MaxPosted      = 1024
	MaxPostedBytes = 16 << 20
)

// Turn makes the deliveries of one channel happen one at a time. The zero Turn is
// ready for use.
//
// One publisher at a time has the turn to deliver. Others queue up: a publisher
// waits until it is given the turn, while one inside a handler must not wait (it
// might wait for itself) and posts its message for who has the turn.
type Turn[T Message[T]] struct {
	mu          sync.Mutex // never held while a handler runs
	busy        bool       // somebody has the turn
	queue       []*queued[T]
	posted      int
	postedBytes int
}

// Message is what a turn delivers.
type Message[T any] interface {
	Size() int // in bytes, about
	Own() T    // the message, without what belongs to its publisher
}

// queued is a publisher that waits, or a message that was posted.
type queued[T any] struct {
	turn    chan struct{} // closed to give the turn; nil for a posted message
	message T             // of a posted message
}

// Do calls deliver with m: at once, or after those who came before; inside a
// handler, where somebody has the turn, that one calls it later.
func (t *Turn[T]) Do(ctx context.Context, m T, deliver func(T)) error {
	if !t.Acquire() {
		if gate.Inside() {
			if done, err := t.Post(m); done {
				return err
			}
		} else if err := t.Wait(ctx); err != nil {
			return err
		}
	}
	t.Use(m, deliver)
	return nil
}

// Acquire takes the turn if nobody has it.
func (t *Turn[T]) Acquire() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	free := !t.busy
	t.busy = true
	return free
}

// Wait returns with the turn, or with the context's error.
func (t *Turn[T]) Wait(ctx context.Context) error {
	t.mu.Lock()
	if !t.busy {
		t.busy = true
		t.mu.Unlock()
		return nil
	}
	q := &queued[T]{turn: make(chan struct{})}
	t.queue = append(t.queue, q)
	t.mu.Unlock()

	select {
	case <-q.turn:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.queue, q)
	if i < 0 {
		return nil // the turn was given at the same moment, and must be used
	}
	t.queue = slices.Delete(t.queue, i, i+1)
	return ctx.Err()
}

// Post leaves the message with who has the turn. It reports false, and takes the
// turn, if nobody has it any more.
func (t *Turn[T]) Post(m T) (done bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.busy {
		t.busy = true
		return false, nil
	}
	if t.posted == MaxPosted || t.posted > 0 && t.postedBytes+m.Size() > MaxPostedBytes {
		return true, ErrBacklog
	}
	t.posted++
	t.postedBytes += m.Size()
	t.queue = append(t.queue, &queued[T]{message: m.Own()})
	return true, nil
}

// pass gives the turn away, or returns the posted message that is next.
func (t *Turn[T]) pass() (m T, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		t.busy = false
		t.queue = nil
		return m, false
	}
	q := t.queue[0]
	t.queue[0] = nil
	t.queue = t.queue[1:]
	if q.turn != nil {
		close(q.turn)
		return m, false
	}
	t.posted--
	t.postedBytes -= q.message.Size()
	return q.message, true
}

// Use has the turn: it uses it for m and what was posted meanwhile, and passes it
// on, even if a handler panics or ends its goroutine.
func (t *Turn[T]) Use(m T, deliver func(T)) {
	passed := false
	defer func() {
		if !passed {
			if m, more := t.pass(); more {
				t.Use(m, deliver)
			}
		}
	}()
	for more := true; more; m, more = t.pass() {
		deliver(m)
	}
	passed = true
}

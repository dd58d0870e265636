package layer

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// ErrBacklog is the error of [Memory.Publish] and [Memory.Append] inside a handler,
// when too many messages that handlers published wait on the channel. The message
// was not sent. Handlers that answer each message with several to the same channel
// come here.
var ErrBacklog = errors.New("layer: too many messages published by handlers are waiting")

const (
	maxPosted      = 1024
	maxPostedBytes = 16 << 20
)

// turn makes the deliveries of one channel of [Memory] happen one at a time.
//
// One publisher at a time has the turn to deliver. Others queue up: a publisher
// waits until it is given the turn, while one inside a handler must not wait (it
// might wait for itself) and posts its message for who has the turn.
type turn[T message[T]] struct {
	mu          sync.Mutex // never held while a handler runs
	busy        bool       // somebody has the turn
	queue       []*queued[T]
	posted      int
	postedBytes int
}

// message is what a turn delivers.
type message[T any] interface {
	size() int // in bytes, about
	own() T    // the message, without what belongs to its publisher
}

// queued is a publisher that waits, or a message that was posted.
type queued[T any] struct {
	turn    chan struct{} // closed to give the turn; nil for a posted message
	message T             // of a posted message
}

// do calls deliver with m: at once, or after those who came before; inside a
// handler, where somebody has the turn, that one calls it later.
func (t *turn[T]) do(ctx context.Context, m T, deliver func(T)) error {
	if !t.acquire() {
		if gate.Inside() {
			if done, err := t.post(m); done {
				return err
			}
		} else if err := t.wait(ctx); err != nil {
			return err
		}
	}
	t.use(m, deliver)
	return nil
}

// acquire takes the turn if nobody has it.
func (t *turn[T]) acquire() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	free := !t.busy
	t.busy = true
	return free
}

// wait returns with the turn, or with the context's error.
func (t *turn[T]) wait(ctx context.Context) error {
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

// post leaves the message with who has the turn. It reports false, and takes the
// turn, if nobody has it any more.
func (t *turn[T]) post(m T) (done bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.busy {
		t.busy = true
		return false, nil
	}
	if t.posted == maxPosted || t.posted > 0 && t.postedBytes+m.size() > maxPostedBytes {
		return true, ErrBacklog
	}
	t.posted++
	t.postedBytes += m.size()
	t.queue = append(t.queue, &queued[T]{message: m.own()})
	return true, nil
}

// pass gives the turn away, or returns the posted message that is next.
func (t *turn[T]) pass() (m T, more bool) {
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
	t.postedBytes -= q.message.size()
	return q.message, true
}

// use has the turn: it uses it for m and what was posted meanwhile, and passes it
// on, even if a handler panics or ends its goroutine.
func (t *turn[T]) use(m T, deliver func(T)) {
	passed := false
	defer func() {
		if !passed {
			if m, more := t.pass(); more {
				t.use(m, deliver)
			}
		}
	}()
	for more := true; more; m, more = t.pass() {
		deliver(m)
	}
	passed = true
}

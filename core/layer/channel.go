package layer

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// ErrBacklog is the error of [Memory.Publish] inside a handler, when too many
// messages that handlers published wait on the channel. The message was not sent.
// Handlers that answer each message with several to the same channel come here.
var ErrBacklog = errors.New("layer: too many messages published by handlers are waiting")

const (
	maxPosted      = 1024
	maxPostedBytes = 16 << 20
)

// memoryChannel is a channel of [Memory] with at least one subscription.
//
// One publisher at a time has the turn to deliver. Others queue up: a publisher
// waits until it is given the turn, while one inside a handler must not wait (it
// might wait for itself) and posts its message for who has the turn.
type memoryChannel struct {
	subscribers

	mu          sync.Mutex // never held while a handler runs
	busy        bool       // somebody has the turn
	queue       []*queued
	posted      int
	postedBytes int
}

// queued is a publisher that waits, or a message that was posted.
type queued struct {
	turn chan struct{} // closed to give the turn; nil for a posted message
	data []byte        // of a posted message
}

func (c *memoryChannel) publish(ctx context.Context, data []byte) error {
	if !c.acquire() {
		if gate.Inside() {
			if done, err := c.post(data); done {
				return err
			}
		} else if err := c.wait(ctx); err != nil {
			return err
		}
	}
	c.deliver(data)
	return nil
}

// acquire takes the turn if nobody has it.
func (c *memoryChannel) acquire() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	free := !c.busy
	c.busy = true
	return free
}

// wait returns with the turn, or with the context's error.
func (c *memoryChannel) wait(ctx context.Context) error {
	c.mu.Lock()
	if !c.busy {
		c.busy = true
		c.mu.Unlock()
		return nil
	}
	q := &queued{turn: make(chan struct{})}
	c.queue = append(c.queue, q)
	c.mu.Unlock()

	select {
	case <-q.turn:
		return nil
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.queue, q)
	if i < 0 {
		return nil // the turn was given at the same moment, and must be used
	}
	c.queue = slices.Delete(c.queue, i, i+1)
	return ctx.Err()
}

// post leaves a copy of the message with who has the turn. It reports false, and
// takes the turn, if nobody has it any more.
func (c *memoryChannel) post(data []byte) (done bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.busy {
		c.busy = true
		return false, nil
	}
	if c.posted == maxPosted || c.posted > 0 && c.postedBytes+len(data) > maxPostedBytes {
		return true, ErrBacklog
	}
	c.posted++
	c.postedBytes += len(data)
	c.queue = append(c.queue, &queued{data: bytes.Clone(data)})
	return true, nil
}

// pass gives the turn away, or returns the posted message that is next.
func (c *memoryChannel) pass() (data []byte, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		c.busy = false
		c.queue = nil
		return nil, false
	}
	q := c.queue[0]
	c.queue[0] = nil
	c.queue = c.queue[1:]
	if q.turn != nil {
		close(q.turn)
		return nil, false
	}
	c.posted--
	c.postedBytes -= len(q.data)
	return q.data, true
}

// deliver has the turn: it uses it for data and what was posted meanwhile, and
// passes it on, even if a handler panics or ends its goroutine.
func (c *memoryChannel) deliver(data []byte) {
	passed := false
	defer func() {
		if !passed {
			if data, more := c.pass(); more {
				c.deliver(data)
			}
		}
	}()
	for more := true; more; data, more = c.pass() {
		callAll(c.load(), data)
	}
	passed = true
}

// callAll calls every handler, also those after one that panics.
func callAll(subs []*memorySubscription, data []byte) {
	called := 0
	defer func() {
		if called < len(subs) {
			callAll(subs[called+1:], data)
		}
	}()
	for ; called < len(subs); called++ {
		subs[called].gate.Call(subs[called].handler, data)
	}
}

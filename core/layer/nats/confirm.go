package chanxnats

import (
	"context"
	"errors"
	"sync"

	"github.com/nats-io/nats.go"
)

var errConnectionLost = errors.New("the connection was lost")

// confirmer makes sure that the server has taken what was sent before, by a ping
// that it answers after that. Who waits at the same time shares one.
type confirmer struct {
	conn *nats.Conn

	mu      sync.Mutex
	next    *ping // not sent yet; nil where nobody waits for another
	sending bool
	running sync.WaitGroup
}

// ping is an answer that is waited for.
type ping struct {
	done chan struct{}
	err  error // set when done
}

// session tells the server's sessions apart: what was sent in another may be lost.
func (c *confirmer) session() uint64 { return c.conn.Stats().Reconnects }

// confirm waits until the server has taken what was sent in a session before the
// call, and returns an error where that is not certain.
func (c *confirmer) confirm(ctx context.Context, session uint64, bound func(context.Context) (context.Context, context.CancelFunc)) error {
	if !c.conn.IsConnected() {
		return errConnectionLost
	}
	c.mu.Lock()
	p := c.next
	if p == nil {
		p = &ping{done: make(chan struct{})}
		c.next = p
	}
	if !c.sending {
		c.sending = true
		c.running.Go(func() { c.send(bound) })
	}
	c.mu.Unlock()
	select {
	case <-p.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if p.err == nil && c.session() != session {
		return errConnectionLost
	}
	return p.err
}

// send sends pings until nobody waits for another.
func (c *confirmer) send(bound func(context.Context) (context.Context, context.CancelFunc)) {
	for {
		c.mu.Lock()
		p := c.next
		c.next = nil
		c.sending = p != nil
		c.mu.Unlock()
		if p == nil {
			return
		}
		ctx, cancel := bound(context.Background())
		p.err = c.conn.FlushWithContext(ctx)
		cancel()
		close(p.done)
	}
}

func (c *confirmer) wait() { c.running.Wait() }

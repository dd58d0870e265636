package chanxnats

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

var errConnectionLost = errors.New("the connection was lost")

// confirmer makes sure that the server has taken what was sent before, by a ping
// that it answers after that. One ping is on its way at a time; who comes meanwhile
// shares the next one.
type confirmer struct {
	conn    *nats.Conn
	timeout time.Duration // for each ping

	mu      sync.Mutex
	next    *ping // not sent yet; nil where nobody waits for it
	sending bool
	closed  bool
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
func (c *confirmer) confirm(ctx context.Context, session uint64) error {
	if !c.conn.IsConnected() {
		return errConnectionLost
	}
	err := c.wait(ctx)
	if err == nil && c.session() != session {
		return errConnectionLost
	}
	return err
}

func (c *confirmer) wait(ctx context.Context) error {
	c.mu.Lock()
	if !c.sending { // nobody has to be waited for, and nobody else does it
		c.sending = true
		c.mu.Unlock()
		defer c.pass()
		return c.flush(ctx)
	}
	if c.next == nil {
		c.next = &ping{done: make(chan struct{})}
	}
	p := c.next
	c.mu.Unlock()
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pass has pings sent for those who have come meanwhile, until nobody has.
func (c *confirmer) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed && c.next != nil {
		c.next.err = errConnectionLost
		close(c.next.done)
		c.next = nil
	}
	if c.next == nil {
		c.sending = false
		return
	}
	c.running.Go(func() {
		for p := c.take(); p != nil; p = c.take() {
			p.err = c.flush(context.Background())
			close(p.done)
		}
	})
}

func (c *confirmer) take() *ping {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.next
	c.next = nil
	c.sending = p != nil
	return p
}

// close waits for who is still sending, who fails once the connection is closed.
func (c *confirmer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.running.Wait()
}

func (c *confirmer) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.conn.FlushWithContext(ctx)
}

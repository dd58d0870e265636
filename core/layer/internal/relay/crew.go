package relay

import (
	"context"
	"sync"
)

// crew is the goroutines of one owner.
type crew struct {
	ctx    context.Context // ends with close
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

func newCrew() *crew {
	c := &crew{}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// spawn runs f on a goroutine; not after close.
func (c *crew) spawn(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.wg.Go(f)
	}
}

// close ends the context and waits for all goroutines.
func (c *crew) close() {
	c.cancel()
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.wg.Wait()
}

package chanx

import (
	"context"
	"sync/atomic"
)

// tasks are goroutines that can be waited for, for a time, and that may start
// others meanwhile.
type tasks struct {
	running atomic.Int64
	idle    chan struct{} // of one element: the last one has ended
}

func newTasks() tasks { return tasks{idle: make(chan struct{}, 1)} }

// Go runs f on a goroutine.
func (t *tasks) Go(f func()) {
	t.begin()
	go func() {
		defer t.done()
		f()
	}()
}

// begin counts a goroutine, which calls done when it ends.
func (t *tasks) begin() { t.running.Add(1) }

func (t *tasks) done() {
	if t.running.Add(-1) == 0 {
		t.wake()
	}
}

// wake wakes one of those who wait.
func (t *tasks) wake() {
	select {
	case t.idle <- struct{}{}:
	default:
	}
}

// Wait waits until nothing runs, or returns the error of the context.
func (t *tasks) Wait(ctx context.Context) error {
	for t.running.Load() != 0 {
		select {
		case <-t.idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.wake() // the next one
	return nil
}

package chanxredis

import (
	"context"
	"sync"
	"time"
)

// tender ends what has run out in partitions, in time for who watches there. Each
// process tends those in which it watches, and those in which it knows of something
// that is due soon, as what it has left itself; two that come at the same time do no
// harm.
//
// It knows when something is due from the partition's last reply, and looks again
// after longPause at the latest where it watches: for what a process has brought about
// that has died since.
type tender struct {
	tend   func(ctx context.Context, part int) (time.Duration, error)
	ctx    context.Context
	cancel context.CancelFunc
	calls  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	parts  []tended
}

// tended is a partition.
type tended struct {
	watched int // channels that this process watches
	timer   *time.Timer
	due     time.Time // when the timer rings; zero while it is not set
}

const (
	// longPause is how long the tender leaves a partition alone at the most that is
	// watched.
	longPause = 5 * time.Second
	// shortPause is how long it leaves one alone at the least, unless there was more
	// to do than goes into one call: many graces in a row are ended together.
	shortPause = 200 * time.Millisecond
)

func newTender(parts int, tend func(ctx context.Context, part int) (time.Duration, error)) *tender {
	t := &tender{tend: tend, parts: make([]tended, parts)}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// schedule has the partition tended after a time, or earlier.
func (t *tender) schedule(part int, after time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &t.parts[part]
	due := time.Now().Add(after)
	if t.closed || !p.due.IsZero() && !due.Before(p.due) {
		return
	}
	p.due = due
	if p.timer == nil {
		p.timer = time.AfterFunc(after, func() { t.ring(part) })
	} else {
		p.timer.Reset(after)
	}
}

// watch counts the channels of a partition that this process watches.
func (t *tender) watch(part, change int) {
	t.mu.Lock()
	t.parts[part].watched += change
	first := change > 0 && t.parts[part].watched == change
	t.mu.Unlock()
	if first {
		t.schedule(part, 0)
	}
}

// learn takes from a reply in what time there is something due: below 0 for never.
func (t *tender) learn(part int, due time.Duration) {
	if due == 0 {
		t.schedule(part, 0)
		return
	}
	t.mu.Lock()
	watched := t.parts[part].watched > 0
	t.mu.Unlock()
	switch {
	case due > 0 && due <= longPause:
		t.schedule(part, max(due, shortPause))
	case watched:
		t.schedule(part, longPause)
	}
}

// ring is called by the partition's timer.
func (t *tender) ring(part int) {
	t.mu.Lock()
	t.parts[part].due = time.Time{}
	closed := t.closed
	if !closed {
		t.calls.Add(1)
	}
	t.mu.Unlock()
	if closed {
		return
	}
	defer t.calls.Done()
	due, err := t.tend(t.ctx, part)
	if err != nil { // the server is away
		due = -1
	}
	t.learn(part, due)
}

// close ends it, and waits for what it does.
func (t *tender) close() {
	t.mu.Lock()
	t.closed = true
	for _, p := range t.parts {
		if p.timer != nil {
			p.timer.Stop()
		}
	}
	t.mu.Unlock()
	t.cancel()
	t.calls.Wait()
}

package chanxnats

import (
	"context"
	"sync"
	"time"
)

// timers are those that are to be stopped when the layer is closed.
type timers struct {
	mu     sync.Mutex
	closed bool
	set    map[*timer]struct{}
}

// timer calls a function once. A nil timer does nothing.
type timer struct {
	timers *timers
	timer  *time.Timer
}

// after calls f, which must not wait, after some time.
func (ts *timers) after(d time.Duration, f func()) *timer {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.closed {
		return nil
	}
	t := &timer{timers: ts}
	t.timer = time.AfterFunc(max(d, 0), func() {
		if t.stop() {
			f()
		}
	})
	if ts.set == nil {
		ts.set = make(map[*timer]struct{})
	}
	ts.set[t] = struct{}{}
	return t
}

// stop reports whether the timer was still to call its function, which it won't.
func (t *timer) stop() bool {
	if t == nil {
		return false
	}
	t.timers.mu.Lock()
	defer t.timers.mu.Unlock()
	_, waits := t.timers.set[t]
	if waits {
		delete(t.timers.set, t)
		t.timer.Stop()
	}
	return waits
}

func (ts *timers) close() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.closed = true
	for t := range ts.set {
		t.timer.Stop()
	}
	ts.set = nil
}

// spawn calls f on a goroutine that ends with the layer, with a context that does and
// that gives it time for many requests.
func (p *presence) spawn(f func(ctx context.Context)) {
	p.timers.mu.Lock()
	defer p.timers.mu.Unlock()
	if p.timers.closed {
		return
	}
	p.running.Go(func() {
		ctx, cancel := context.WithTimeout(p.life, timeouts*p.conn.opts.Timeout)
		defer cancel()
		f(ctx)
	})
}

// timeouts is how many timeouts what is done in the background may take.
const timeouts = 20

// again spawns f after a moment, as the server was away.
func (p *presence) again(f func(ctx context.Context)) {
	p.timers.after(time.Second, func() { p.spawn(f) })
}

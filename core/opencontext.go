package chanx

import (
	"context"
	"sync"
	"time"
)

// openContext is a request's context with a deadline. Most open functions never
// wait for its end, and what a deadline needs would stay in memory with the
// request's context for as long as the connection: it is made when somebody
// first asks for Done.
type openContext struct {
	context.Context // the request's
	deadline        time.Time

	mu     sync.Mutex
	timed  context.Context // with the deadline, or ended; nil as long as nobody needs it
	cancel context.CancelFunc
}

var endedContext = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func newOpenContext(request context.Context, timeout time.Duration) *openContext {
	return &openContext{Context: request, deadline: time.Now().Add(timeout)}
}

// Done implements [context.Context].
func (o *openContext) Done() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timed == nil {
		o.timed, o.cancel = context.WithDeadline(o.Context, o.deadline)
	}
	return o.timed.Done()
}

// Err implements [context.Context].
func (o *openContext) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timed != nil {
		return o.timed.Err()
	}
	if err := o.Context.Err(); err != nil {
		return err
	}
	if !time.Now().Before(o.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// Deadline implements [context.Context].
func (o *openContext) Deadline() (time.Time, bool) {
	if d, ok := o.Context.Deadline(); ok && d.Before(o.deadline) {
		return d, true
	}
	return o.deadline, true
}

// Value implements [context.Context]. The context with the deadline is asked
// where there is one, so that contexts made from this one end with it without a
// goroutine of their own.
func (o *openContext) Value(key any) any {
	o.mu.Lock()
	ctx := o.timed
	o.mu.Unlock()
	if ctx == nil || ctx == endedContext {
		ctx = o.Context
	}
	return ctx.Value(key)
}

// end cancels the context once open has returned.
func (o *openContext) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cancel != nil {
		o.cancel()
	} else {
		o.timed = endedContext
	}
}

package chanx

import (
	"bytes"
	"context"
	"errors"
	"sync"
)

// beside is what runs for a connection outside of its lane: streams, and
// handlers that are registered as [Concurrent].
type beside struct {
	mu      sync.Mutex
	running int
	streams map[string]context.CancelCauseFunc // by ref
	ctx     context.Context                    // of the streams, which end when the connection drains
	stop    context.CancelCauseFunc
	done    sync.WaitGroup
}

// work is what runs beside the lane for one subscription.
type work struct {
	ctx  context.Context // of the streams
	stop context.CancelCauseFunc
	done sync.WaitGroup
}

// errUnsubscribed is the cause of a stream's context after its topic was
// unsubscribed.
var errUnsubscribed = errors.New("the client is not subscribed any more")

// workOf returns the work of a subscription. The lane is held.
func (b *beside) workOf(s *Subscription) *work {
	if s.work == nil {
		s.work = &work{}
		s.work.ctx, s.work.stop = context.WithCancelCause(b.ctx)
	}
	return s.work
}

// finish ends the streams of a subscription and waits for all that runs for it.
// The lane is held, so nothing starts meanwhile.
func (w *work) finish(cause error) {
	if w != nil {
		w.stop(cause)
		w.done.Wait()
	}
}

// errStreamCancelled is the cause of a stream's context after stream_cancel.
var errStreamCancelled = errors.New("the client cancelled the stream")

// runBeside runs an exchange on a goroutine of its own. The exchange is copied,
// as the reader uses it and its bytes again. The lane is held.
func (c *Conn) runBeside(shared *exchange) {
	x := *shared
	x.ref, x.payload = bytes.Clone(x.ref), bytes.Clone(x.payload)
	if c.beside == nil {
		c.beside = &beside{}
		c.beside.ctx, c.beside.stop = context.WithCancelCause(c.ctx)
	}
	b := c.beside
	parent, streams, done := c.ctx, b.ctx, &b.done
	if x.sub != nil {
		w := b.workOf(x.sub)
		streams, done = w.ctx, &w.done
	}
	if x.route.stream {
		parent = streams
	}
	ctx, cancel := context.WithCancelCause(parent)
	if err := b.start(&x, c.consumer.limits.Concurrent, cancel); err != nil {
		cancel(nil)
		x.fail(err)
		return
	}
	done.Add(1)
	c.hub.tasks.Go(func() {
		defer done.Done()
		defer cancel(nil)
		returned := false
		defer func() {
			if !returned { // the handler has ended this goroutine
				_ = c.sendFrame(x.head(actionError), &Error{Reason: Internal, Detail: internalDetail})
				b.end(&x)
			}
		}()
		if x.route.stream {
			x.serveStream(ctx)
		} else {
			x.serve(ctx)
			b.end(&x)
		}
		returned = true
	})
}

// finish ends the streams and waits for all that runs. The lane is held, so
// nothing starts meanwhile.
func (b *beside) finish(cause error) {
	if b != nil {
		b.stop(cause)
		b.done.Wait()
	}
}

// start admits an exchange.
func (b *beside) start(x *exchange, limit int, cancel context.CancelCauseFunc) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if limit > 0 && b.running >= limit {
		return Errorf(RateLimited, "%d requests of this connection are under way already", b.running)
	}
	if x.route.stream && x.ref != nil {
		if b.streams[string(x.ref)] != nil {
			return Errorf(Conflict, "a stream with the ref %s is under way", x.ref)
		}
		if b.streams == nil {
			b.streams = map[string]context.CancelCauseFunc{}
		}
		b.streams[string(x.ref)] = cancel
	}
	b.running++
	return nil
}

func (b *beside) end(x *exchange) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running--
	if x.route.stream && x.ref != nil {
		delete(b.streams, string(x.ref))
	}
}

// serveStream runs a stream to its end, which stream_end or an error tells.
func (x *exchange) serveStream(ctx context.Context) {
	c := x.conn
	start := c.hub.clockIfObserved()
	err := x.guard(ctx)
	if cause := context.Cause(ctx); errors.Is(cause, errStreamCancelled) || errors.Is(cause, errUnsubscribed) {
		err = nil // however the handler put it
	}
	if _, ends := errors.AsType[*CloseError](context.Cause(ctx)); ends && err != nil {
		err = &Error{Reason: Unavailable, Detail: "the connection is closing", cause: err}
	}
	c.beside.end(x) // before the client can know, and use the ref again
	if err != nil {
		x.fail(err)
	} else {
		_ = c.sendFrame(x.head(actionStreamEnd), nil)
		x.complete(actionComplete)
	}
	c.handled(ctx, x, start, err)
}

// cancelStream serves stream_cancel. A ref that no stream has is not an error:
// the stream may just have ended.
func (c *Conn) cancelStream(x *exchange) {
	if x.ref == nil {
		x.fail(&Error{Reason: Malformed, Detail: `stream_cancel needs the "ref" of the stream`})
		return
	}
	if b := c.beside; b != nil {
		b.mu.Lock()
		if cancel := b.streams[string(x.ref)]; cancel != nil {
			cancel(errStreamCancelled)
		}
		b.mu.Unlock()
	}
	x.complete(actionComplete)
}

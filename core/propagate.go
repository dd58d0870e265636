package chanx

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/chanx-go/chanx/core/internal/envelope"
)

// Propagator lets what belongs to a context, such as the trace that it is part of,
// travel with events from who publishes them to the handlers, in whichever process
// these run. OpenTelemetry's propagators become one in a few lines.
//
// Both methods are called from many goroutines at once. Events that no handler
// sees, which are forwarded, and broadcasts carry nothing.
type Propagator interface {
	// Inject calls set for what is to travel with what is published with ctx, up to
	// 8 KiB in all; what goes beyond that is left out.
	Inject(ctx context.Context, set func(key, value string))
	// Extract returns a context made from ctx, that of a handler, with what has
	// travelled: get returns the value of a key, "" for none. It must not return nil.
	Extract(ctx context.Context, get func(key string) string) context.Context
}

// PublishedAt returns when the event was published that ctx, the context of its
// handler, belongs to, by the publisher's clock and to ten microseconds. It is false
// for other contexts. What is replayed from a topic's history has been published
// when it was, not when it is replayed.
func PublishedAt(ctx context.Context) (time.Time, bool) {
	e, ok := ctx.Value(eventKey{}).(*event)
	if !ok || e.published == 0 {
		return time.Time{}, false
	}
	return envelope.Time(e.published), true
}

// eventKey is the key of the event in the context of its handler.
type eventKey struct{}

// eventContext is the context of an event's handler: the connection's, and what
// came with the event.
type eventContext struct {
	context.Context

	event *event
}

// Value implements [context.Context].
func (c *eventContext) Value(key any) any {
	if _, ok := key.(eventKey); ok {
		return c.event
	}
	return c.Context.Value(key)
}

// eventContext makes the context of an event's handler.
func (c *Conn) eventContext(e *event) context.Context {
	ctx := &eventContext{c.ctx, e}
	if c.hub.options.Propagator == nil || len(e.trace) == 0 {
		return ctx
	}
	return c.hub.extract(ctx)
}

// extract is ctx with what has travelled with its event.
func (h *Hub) extract(ctx *eventContext) (extracted context.Context) {
	defer func() {
		if r := recover(); r != nil {
			h.propagatorFailed(&panicError{r, debug.Stack()})
			extracted = ctx
		}
	}()
	return h.options.Propagator.Extract(ctx, func(key string) string { return envelope.Pair(ctx.event.trace, key) })
}

// stamp notes on an envelope when it is published, and what else travels with it.
func (s *handlers) stamp(ctx context.Context, e *envelope.Envelope) {
	e.Published = envelope.Stamp(time.Now())
	if s.hub.options.Propagator == nil || e.Message || len(e.Text) > 0 {
		return
	}
	if r := s.events[string(e.Action)]; r != nil && !r.forward {
		e.Trace = s.hub.inject(ctx)
	}
}

// inject is what the propagator makes travel with an event.
func (h *Hub) inject(ctx context.Context) (pairs []byte) {
	err := contain(func() error {
		h.options.Propagator.Inject(ctx, func(key, value string) { pairs = envelope.AppendPair(pairs, key, value) })
		return nil
	})
	if err != nil {
		h.propagatorFailed(err)
		return nil
	}
	return pairs
}

func (h *Hub) propagatorFailed(err error) {
	if h.told.first(toldPropagator) {
		h.logPanic("chanx: the propagator failed", err)
	}
}

// age is how long ago something was published: 0 where that isn't known, or where
// the publisher's clock is ahead.
func age(published uint64, now time.Time) time.Duration {
	if published == 0 {
		return 0
	}
	return max(0, now.Sub(envelope.Time(published)))
}

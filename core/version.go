package chanx

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"

	"github.com/chanx-go/chanx/core/internal/envelope"
)

// Two versions of an application may run at once, as they do while the new one is
// rolled out. What one of them publishes and the other does not know is logged once
// and skipped there; the rest goes on.

// shape tells the schema of a message type from others, by a few bytes that travel
// with events: where publisher and receiver have the same one, the publisher has
// checked the payload for both.
func (mt *messageType) shape() uint32 {
	mt.shapeOnce.Do(func() {
		sum := fnv.New32a()
		if mt.empty {
			_, _ = sum.Write([]byte("null"))
		} else {
			_, _ = sum.Write(mt.schema.JSON())
		}
		mt.shapeSum = max(1, sum.Sum32())
	})
	return mt.shapeSum
}

// eventRoute finds the handler of an event that came through the layer, nil for one
// that this version of the application can't do anything with.
func (s *handlers) eventRoute(e *envelope.Envelope) *route {
	r := s.events[string(e.Action)]
	switch {
	case r == nil:
		s.skip(string(e.Action), errUndeclared)
		return nil
	case e.Shape == r.in.shape():
		return r
	}
	if err := r.in.check(e.Payload); err != nil {
		s.skip(string(e.Action), err)
		return nil
	}
	s.noteUnknown(r, e.Payload)
	return r
}

var (
	errUndeclared    = errors.New("the event is not declared")
	errOtherConsumer = errors.New("the connection is another consumer's")
)

// noteUnknown logs once that events of another version have fields that this one
// does not know, and which handlers therefore don't see.
func (s *handlers) noteUnknown(r *route, payload []byte) {
	if r.in.empty || r.unknown.Load() {
		return
	}
	if err := r.in.schema.Unknown(payload); err != nil && !r.unknown.Swap(true) {
		s.hub.log.Warn("chanx: events of another version of the application have fields that this one does not know",
			s.kind(), s.name, "event", r.in.action, "error", err)
	}
}

// skip counts something that came through the layer and that this process can do
// nothing with, and logs the first of its kind. what is the action of an event, or ""
// for what can't be read at all.
func (s *handlers) skip(what string, why error) {
	o := Observation{Kind: Skipped, Action: what, Err: why}
	if s.topic != nil {
		o.Topic = s.name
	} else {
		o.Consumer = s.name
	}
	s.hub.skip(&o, &s.told, s.kind(), s.name)
}

// skip is that of handlers, also for what can't be told to be any consumer's.
func (h *Hub) skip(o *Observation, told *told, args ...any) {
	h.skipped.Add(1)
	h.observe(context.Background(), o)
	kind, level, text := o.Action, slog.LevelWarn, "chanx: skipping what this version of the application does not understand"
	if kind == "" && !errors.Is(o.Err, envelope.ErrVersion) {
		kind, level, text = toldUnreadable, slog.LevelError, "chanx: skipping what is unreadable from the layer"
	}
	if told.first(kind) {
		h.log.Log(context.Background(), level, text, append(args, "event", o.Action, "error", o.Err)...)
	}
}

// undecodable is the error of an event that its handler never saw, because it could
// not be decoded.
type undecodable struct{ err error }

func (e *undecodable) Error() string { return fmt.Sprintf("the event can't be decoded: %v", e.err) }

func (e *undecodable) Unwrap() error { return e.err }

// What is told once that no event is the reason for: no action begins with a zero.
const (
	toldUnreadable = "\x00unreadable"
	toldIdentity   = "\x00identity"
	toldPropagator = "\x00propagator"
)

// maxTold bounds what is remembered of what was logged: it is named by others.
const maxTold = 256

// told is what was logged already, and is not logged again.
type told struct {
	mu   sync.Mutex
	what map[string]bool
}

// first reports whether something is to be logged, because it is the first of its
// kind. Of more kinds than can be remembered none is.
func (t *told) first(what string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.what[what] || len(t.what) >= maxTold {
		return false
	}
	if t.what == nil {
		t.what = map[string]bool{}
	}
	t.what[what] = true
	return true
}

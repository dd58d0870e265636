package layertest_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// network is a layer that delivers later, on goroutines of its own, to handles
// that stand for processes. It can be told to break a rule.
type network struct {
	fault fault
	mu    sync.Mutex
	subs  []*networkSub

	stored    map[channel]*stored
	forgotten int    // sequences so far
	buffer    []byte // for one fault

	present present
}

type fault string

const (
	none           fault = ""
	loses          fault = "loses every hundredth message"
	repeats        fault = "delivers every hundredth message twice"
	reorders       fault = "delivers the newest first"
	concurrent     fault = "calls handlers concurrently"
	aliases        fault = "keeps the publisher's buffer"
	foldsCase      fault = "takes names for the same that differ in case"
	cutsNames      fault = "cuts names at 255 bytes"
	truncates      fault = "cuts messages at 64 KiB"
	dropsEmpty     fault = "drops empty messages"
	ownProcessOnly fault = "does not reach other processes"
	keepsCalling   fault = "calls the handler after Unsubscribe"
	doesNotWait    fault = "does not wait in Unsubscribe"
	ignoresContext fault = "ignores the context"
	tiesContext    fault = "ends the subscription with the context"
	ignoresClose   fault = "works on after Close"
	closesTwice    fault = "fails to close twice"
	closesAll      fault = "closes other processes"
	leaks          fault = "leaves goroutines"
	waitsForSelf   fault = "waits for delivery in Publish inside a handler"
	nearFirst      fault = "reaches its own process first"
	farFirst       fault = "reaches other processes first"
)

type networkSub struct {
	handle  *handle
	ctx     context.Context // of the call that subscribed
	channel channel
	handler func(message any)
	gate    gate.Gate
	running sync.Mutex // in place of the gate, for one fault

	mu      sync.Mutex
	changed *sync.Cond
	queue   []any // of messages, which are bytes for those of Publish
	count   int
	ended   bool
}

// channel is the name of one, and what it carries: nothing for those of Publish.
type channel struct{ carries, name string }

type handle struct {
	network *network
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup

	appended uint64 // for one fault
}

func (n *network) open() *handle { return &handle{network: n} }

func (h *handle) channel(carries, name string) channel {
	switch h.network.fault {
	case foldsCase:
		name = strings.ToLower(name)
	case cutsNames:
		name = name[:min(len(name), 255)]
	}
	return channel{carries, name}
}

func (h *handle) check(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed && h.network.fault != ignoresClose {
		return layer.ErrClosed
	}
	if h.network.fault == ignoresContext {
		return nil
	}
	return ctx.Err()
}

func (h *handle) Publish(ctx context.Context, name string, data []byte) error {
	if err := h.check(ctx); err != nil {
		return err
	}
	fault := h.network.fault
	switch {
	case fault == dropsEmpty && len(data) == 0:
		return nil
	case fault == truncates:
		data = data[:min(len(data), 64<<10)]
	}
	if fault != aliases {
		data = bytes.Clone(data)
	}
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	for _, s := range h.network.subs {
		if s.channel != h.channel("", name) || fault == ownProcessOnly && s.handle != h {
			continue
		}
		h.give(s, data)
	}
	if fault == keepsPublished {
		s := h.stored(h.channel(history, name))
		s.last++
	}
	return nil
}

// give gives a message of this process to a subscription.
func (h *handle) give(s *networkSub, message any) {
	fault := h.network.fault
	late := fault == nearFirst && s.handle != h || fault == farFirst && s.handle == h
	if late && !gate.Inside() {
		time.AfterFunc(time.Millisecond, func() { s.push(message) })
		return
	}
	s.push(message)
}

func (h *handle) Subscribe(ctx context.Context, name string, handler func([]byte)) (layer.Subscription, error) {
	return h.subscribe(ctx, h.channel("", name), func(message any) { handler(message.([]byte)) }, func(*networkSub) {})
}

// subscribe calls start with the new subscription before anything else is pushed.
func (h *handle) subscribe(
	ctx context.Context, c channel, handler func(message any), start func(*networkSub),
) (layer.Subscription, error) {
	if err := h.check(ctx); err != nil {
		return nil, err
	}
	s := &networkSub{handle: h, ctx: ctx, channel: c, handler: handler}
	s.changed = sync.NewCond(&s.mu)
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if err := h.check(ctx); err != nil { // again, now that Close must wait
		return nil, err
	}
	h.network.subs = append(h.network.subs, s)
	start(s)
	h.running.Go(s.run)
	return s, nil
}

func (h *handle) Close() error {
	h.mu.Lock()
	was := h.closed
	h.closed = true
	h.mu.Unlock()
	if was {
		if h.network.fault == closesTwice {
			return layer.ErrClosed
		}
		return nil
	}
	h.network.mu.Lock()
	subs := slices.Clone(h.network.subs)
	if h.network.fault == closeForgets {
		for _, s := range h.network.stored {
			s.entries = nil
		}
	}
	h.network.mu.Unlock()
	if h.network.fault == closesAtOnce {
		return nil
	}
	for _, s := range subs {
		if s.handle == h || h.network.fault == closesAll {
			_ = s.Unsubscribe()
		}
	}
	if h.network.fault != leaks {
		h.running.Wait()
	}
	return nil
}

func (s *networkSub) push(message any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fault := s.handle.network.fault
	s.count++
	if fault == loses && s.count%100 == 0 || fault == tiesContext && s.ctx.Err() != nil {
		return
	}
	s.queue = append(s.queue, message)
	if fault == repeats && s.count%100 == 0 {
		s.queue = append(s.queue, message)
	}
	s.changed.Signal()
	if fault == waitsForSelf && gate.Inside() {
		for len(s.queue) > 0 && !s.ended {
			s.changed.Wait()
		}
	}
}

func (s *networkSub) run() {
	fault := s.handle.network.fault
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && !s.ended {
			s.changed.Wait()
		}
		if s.ended && (fault != keepsCalling || len(s.queue) == 0) {
			s.mu.Unlock()
			return
		}
		at := 0
		if fault == reorders {
			at = len(s.queue) - 1
		}
		message := s.queue[at]
		s.queue = slices.Delete(s.queue, at, at+1)
		s.mu.Unlock()
		switch fault {
		case concurrent:
			s.handle.running.Go(func() { s.handler(message) })
		case doesNotWait:
			s.handler(message)
		case keepsCalling:
			s.running.Lock()
			s.handler(message)
			s.running.Unlock()
		default:
			s.gate.Run(func() { s.handler(message) })
		}
	}
}

func (s *networkSub) Unsubscribe() error {
	n := s.handle.network
	n.mu.Lock()
	n.subs = slices.DeleteFunc(n.subs, func(other *networkSub) bool { return other == s })
	n.mu.Unlock()
	if n.fault != leaks {
		s.mu.Lock()
		s.ended = true
		s.mu.Unlock()
		s.changed.Broadcast()
	}
	if n.fault == keepsCalling && !gate.Inside() {
		s.running.Lock()
		defer s.running.Unlock()
	}
	s.gate.Shut()
	return nil
}

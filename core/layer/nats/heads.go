package chanxnats

import (
	"context"
	"sync"
)

// maxHeads is how many channels are remembered in each of two generations.
const maxHeads = 1 << 14

// heads remembers the last messages of channels, for who appends the next ones, and
// lets those of this process append one at a time, who would only be in each other's
// way.
type heads struct {
	mu         sync.Mutex
	young, old map[string]*stored // by channel
	turns      map[string]*turn   // of channels that somebody appends to
}

// turn is the right to append to a channel.
type turn struct {
	free  chan struct{} // has something where nobody has it
	users int           // who has it, or waits for it
}

// take waits for the turn of a channel. It is given in the order of asking.
func (h *heads) take(ctx context.Context, channel string) (*turn, error) {
	h.mu.Lock()
	if h.turns == nil {
		h.turns = make(map[string]*turn)
	}
	t := h.turns[channel]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		t.free <- struct{}{}
		h.turns[channel] = t
	}
	t.users++
	h.mu.Unlock()
	select {
	case <-t.free:
		return t, nil
	case <-ctx.Done():
		h.leave(channel, t)
		return nil, ctx.Err()
	}
}

// give gives the turn to who is next.
func (h *heads) give(channel string, t *turn) {
	t.free <- struct{}{}
	h.leave(channel, t)
}

func (h *heads) leave(channel string, t *turn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(h.turns, channel)
	}
}

// get returns the last message of a channel as far as it is known, or nil.
func (h *heads) get(channel string) *stored {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s, ok := h.young[channel]; ok {
		return s
	}
	s := h.old[channel]
	if s != nil {
		h.set(channel, s)
	}
	return s
}

// put remembers a message unless a later one is known.
func (h *heads) put(channel string, s *stored) {
	s = &stored{record: s.record, seq: s.seq, time: s.time} // without the data
	h.mu.Lock()
	defer h.mu.Unlock()
	if known := h.young[channel]; known == nil || known.seq < s.seq {
		h.set(channel, s)
	}
}

func (h *heads) set(channel string, s *stored) {
	if h.young == nil || len(h.young) >= maxHeads {
		h.old, h.young = h.young, make(map[string]*stored)
	}
	h.young[channel] = s
}

// drop forgets a channel.
func (h *heads) drop(channel string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.young, channel)
	delete(h.old, channel)
}

// clear forgets all channels.
func (h *heads) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.young, h.old = nil, nil
}

package chanxnats

import (
	"context"
	"sync"
)

// maxHeads is how many channels are remembered in each of two generations.
const maxHeads = 1 << 14

// heads remembers the last messages of channels: for who appends the next ones, and
// to see where a server has lost some. It also lets those of this process append one
// at a time to a channel, who would only be in each other's way.
type heads struct {
	mu         sync.Mutex
	young, old map[string]head  // by channel
	outages    int              // a head of before one is not sure
	turns      map[string]*turn // of channels that somebody appends to
}

// head is the last message of a channel that this process knows of.
type head struct {
	*stored
	outages int
	doubted bool // an append found another, or doesn't know what became of it
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

// get returns the last known message of a channel, or nil, and whether it can be
// taken for the last one.
func (h *heads) get(channel string) (last *stored, sure bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.known(channel)
	return k.stored, k.stored != nil && !k.doubted && k.outages == h.outages
}

func (h *heads) known(channel string) head {
	if k, ok := h.young[channel]; ok {
		return k
	}
	k, ok := h.old[channel]
	if ok {
		h.set(channel, k)
	}
	return k
}

// learn takes a message that has come after the known one, if it fits that: else
// which is right will have to be asked.
func (h *heads) learn(channel string, s *stored) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.known(channel)
	switch {
	case k.stored == nil || k.before(s):
		h.set(channel, head{stored: s.bare(), outages: h.outages})
	case k.seq < s.seq:
		k.doubted = true
		h.set(channel, k)
	}
}

// put takes what the stream's leader says is the last message.
func (h *heads) put(channel string, s *stored) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(channel, head{stored: s.bare(), outages: h.outages})
}

func (h *heads) set(channel string, k head) {
	if h.young == nil || len(h.young) >= maxHeads {
		h.old, h.young = h.young, make(map[string]head)
	}
	h.young[channel] = k
}

// doubt says that the known message may not be the last one.
func (h *heads) doubt(channel string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k := h.known(channel); k.stored != nil {
		k.doubted = true
		h.set(channel, k)
	}
}

// doubtAll does so for all channels.
func (h *heads) doubtAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.outages++
}

// drop forgets a channel that has no message.
func (h *heads) drop(channel string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.young, channel)
	delete(h.old, channel)
}

// bare returns the message without its data.
func (s *stored) bare() *stored { return &stored{record: s.record, seq: s.seq, time: s.time} }

// before reports whether, by their numbers, the message may be earlier in the stream
// than another of its channel. Where it isn't though it was stored before, the servers
// have lost it, and perhaps others.
func (s *stored) before(o *stored) bool {
	if s.seq >= o.seq {
		return false
	}
	if s.epoch != o.epoch {
		return true
	}
	if s.number == o.number {
		return o.marker
	}
	fits := s.number < o.number
	if !s.marker {
		o.links.each(o.after(), func(number, seq uint64) {
			if number == s.number && seq != s.seq {
				fits = false
			}
		})
	}
	return fits
}

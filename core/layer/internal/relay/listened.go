package relay

import (
	"sync"
	"sync/atomic"
	"time"
)

// silence is after how long a publisher that says nothing is forgotten.
const silence = 15 * time.Minute

// listened is a channel with subscriptions, as [Channels] knows it.
type listened struct {
	name   string
	worker *worker
	live   atomic.Bool // somebody has subscribed, and the last has not left

	mu      sync.Mutex
	streams map[uint64]*heard // by publisher
	many    int               // with that many those are forgotten that were silent
	holed   bool              // is among those with holes
}

type heard struct {
	stream
	at time.Time
}

// take is that of the stream that the message belongs to. It reports as holes whether
// messages are missing that are not lost yet.
func (c *listened) take(s stamp, now time.Time) (isNew bool, lost int, holes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.streams[s.publisher]
	if h == nil {
		c.forgetSilent(now)
		c.streams[s.publisher] = &heard{stream: begin(s.number), at: now}
		return true, 0, false
	}
	h.at = now
	isNew, lost = h.take(s.number)
	holes = !c.holed && h.missing() != 0
	c.holed = c.holed || holes
	return isNew, lost, holes
}

// forgetSilent makes room for another publisher.
func (c *listened) forgetSilent(now time.Time) {
	if c.streams == nil {
		c.streams = make(map[uint64]*heard)
	}
	if len(c.streams) < max(c.many, 16) {
		return
	}
	for p, h := range c.streams {
		if now.Sub(h.at) > silence {
			delete(c.streams, p)
		}
	}
	c.many = 2 * len(c.streams)
}

// settle takes what is missing for lost, and returns how many messages that are.
func (c *listened) settle() (lost int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holed = false
	for _, h := range c.streams {
		lost += h.settle()
	}
	return lost
}

// settleAfter is how long a message may be overtaken by others before it is counted
// as lost; it may be twice as long.
const settleAfter = 500 * time.Millisecond

// holes are the channels on which messages are missing that may come yet.
type holes struct {
	status *Status

	mu     sync.Mutex
	young  []*listened // since the last tick
	old    []*listened
	timer  *time.Timer
	closed bool
}

func (h *holes) add(c *listened) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.young = append(h.young, c)
	if len(h.young)+len(h.old) == 1 {
		h.arm()
	}
}

func (h *holes) arm() {
	if h.timer == nil {
		h.timer = time.AfterFunc(settleAfter, h.tick)
	} else {
		h.timer.Reset(settleAfter)
	}
}

// tick is called by the timer.
func (h *holes) tick() {
	h.mu.Lock()
	settled := h.old
	h.young, h.old = nil, h.young
	if len(h.old) > 0 && !h.closed {
		h.arm()
	}
	h.mu.Unlock()
	lost := 0
	for _, c := range settled {
		lost += c.settle()
	}
	h.status.Lost(uint64(lost))
}

func (h *holes) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.young, h.old = nil, nil
	if h.timer != nil {
		h.timer.Stop()
	}
}

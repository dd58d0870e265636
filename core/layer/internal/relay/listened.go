package relay

import (
	"sync"
	"sync/atomic"
	"time"
)

// silence is after how long a publisher that says nothing is forgotten.
const silence = 15 * time.Minute

// maxStreams is how many publishers of a channel are known at the most. Of one that
// was forgotten early it isn't known what was lost until it is heard again.
const maxStreams = 4096

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

// take is that of the stream that the message belongs to. It reports as holed that
// messages are missing since now.
func (c *listened) take(s stamp, now time.Time) (isNew, holed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.streams[s.publisher]
	if h == nil {
		c.forgetSilent(now)
		c.streams[s.publisher] = &heard{stream: begin(s.number), at: now}
		return true, false
	}
	h.at = now
	isNew = h.take(s.number)
	holed = !c.holed && !h.isWhole()
	c.holed = c.holed || holed
	return isNew, holed
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
	if len(c.streams) >= maxStreams {
		for p := range c.streams { // any of them, down to half
			if len(c.streams) <= maxStreams/2 {
				break
			}
			delete(c.streams, p)
		}
	}
	c.many = min(2*len(c.streams), maxStreams)
}

// tick is that of all streams. It reports as holed that messages are still missing.
func (c *listened) tick() (lost uint64, holed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holed = false
	for _, h := range c.streams {
		lost += h.tick()
		c.holed = c.holed || !h.isWhole()
	}
	return lost, c.holed
}

// settleAfter is how long a message may be overtaken by others before it is counted
// as lost; it may be up to three times as long.
const settleAfter = 500 * time.Millisecond

// holes are the channels on which messages are missing that may come yet.
type holes struct {
	status *Status

	mu       sync.Mutex
	channels []*listened
	timer    *time.Timer
	closed   bool
}

func (h *holes) add(channels ...*listened) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(channels) == 0 {
		return
	}
	if len(h.channels) == 0 {
		if h.timer == nil {
			h.timer = time.AfterFunc(settleAfter, h.tick)
		} else {
			h.timer.Reset(settleAfter)
		}
	}
	h.channels = append(h.channels, channels...)
}

// tick is called by the timer.
func (h *holes) tick() {
	h.mu.Lock()
	channels := h.channels
	h.channels = nil
	h.mu.Unlock()
	var total uint64
	var left []*listened
	for _, c := range channels {
		lost, holed := c.tick()
		total += lost
		if holed {
			left = append(left, c)
		}
	}
	h.status.Lost(total)
	h.add(left...)
}

func (h *holes) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.channels = nil
	if h.timer != nil {
		h.timer.Stop()
	}
}

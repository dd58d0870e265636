package layer

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer/internal/local"
)

// historyChannel is a channel with history of [Memory].
//
// Who has the turn appends, and gives the entry to those who followed at that
// moment. One timer looks after a channel that has entries, or that waits to be
// forgotten.
type historyChannel struct {
	histories *histories
	name      string
	epoch     string
	pins      atomic.Int64 // calls that append, or unpinnable
	turn      local.Turn[appended]

	mu        sync.Mutex // never held while a handler runs
	closed    bool
	last      uint64 // number of the last entry
	keep      Retention
	entries   ring
	followers local.Subscribers[Entry]
	idle      time.Duration // since when there are neither entries nor followers
	timer     *time.Timer
	armed     bool
}

// appended is an entry that has no number yet.
type appended struct {
	data []byte
	keep Retention
}

func (a appended) Size() int { return len(a.data) }

func (a appended) Own() appended { return a }

// unpinnable are the pins of a channel that is being forgotten.
const unpinnable = -1

// pin keeps the channel from being forgotten until unpin. It reports false where
// that has begun.
func (c *historyChannel) pin() bool {
	for {
		n := c.pins.Load()
		if n == unpinnable {
			return false
		}
		if c.pins.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (c *historyChannel) unpin() { c.pins.Add(-1) }

// append has the turn.
func (c *historyChannel) append(a appended) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	now := c.histories.now()
	c.expire(now) // as was said so far: what is forgotten doesn't come back
	rearm := a.keep.Age != c.keep.Age
	c.keep = a.keep
	c.entries.drop(c.entries.count - (c.keep.Entries - 1))
	c.entries.push(kept{data: a.data, at: now})
	c.last++
	if rearm || !c.armed {
		c.arm(now)
	}
	e := Entry{Position: Position{Epoch: c.epoch, Seq: c.last}, Data: a.data}
	followers := c.followers.Load()
	c.mu.Unlock()
	local.CallAll(followers, e)
}

func (c *historyChannel) read(after Position, limit int) ([]Entry, Position, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, Position{}, ErrClosed
	}
	c.expire(c.histories.now())
	head := Position{Epoch: c.epoch, Seq: c.last}
	gone := c.last - uint64(c.entries.count) // number of the last entry that isn't kept
	if after.Epoch != c.epoch || after.Seq > c.last || after.Seq < gone {
		return nil, head, gap(after, head)
	}
	n := int(min(uint64(limit), c.last-after.Seq))
	if n == 0 {
		return nil, head, nil
	}
	entries := make([]Entry, n)
	for i := range entries {
		seq := after.Seq + uint64(i) + 1
		entries[i] = Entry{
			Position: Position{Epoch: c.epoch, Seq: seq},
			Data:     c.entries.at(int(seq - gone - 1)).data,
		}
	}
	return entries, head, nil
}

func gap(after, head Position) error {
	return fmt.Errorf("%w: after %d of %q, the last one is %d of %q", ErrGap, after.Seq, after.Epoch, head.Seq, head.Epoch)
}

func (c *historyChannel) follow(sub *local.Subscription[Entry]) Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.followers.Add(sub)
	return Position{Epoch: c.epoch, Seq: c.last}
}

// unfollow reports whether the channel may be forgotten.
func (c *historyChannel) unfollow(sub *local.Subscription[Entry]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.followers.Remove(sub) > 0 {
		return false
	}
	if c.last == 0 {
		return true
	}
	now := c.histories.now()
	c.idle = now
	if !c.armed {
		c.arm(now)
	}
	return false
}

// expire forgets entries that are too old.
func (c *historyChannel) expire(now time.Duration) {
	n := 0
	for n < c.entries.count && now-c.entries.at(n).at >= c.keep.Age {
		n++
	}
	if n == 0 {
		return
	}
	c.entries.drop(n)
	if c.entries.count == 0 {
		c.entries = ring{}
		c.idle = now
	}
}

// arm sets the timer to when the oldest entry is too old, or else to when the
// channel is to be forgotten. It wakes up often enough that memory is freed soon,
// and not for each entry of a channel in use.
func (c *historyChannel) arm(now time.Duration) {
	since := c.idle
	if c.entries.count > 0 {
		since = c.entries.at(0).at
	}
	wait := max(c.keep.Age-(now-since), c.keep.Age/8, time.Millisecond)
	c.armed = true
	if c.timer == nil {
		c.timer = time.AfterFunc(wait, c.wake)
	} else {
		c.timer.Reset(wait)
	}
}

// wake is called by the timer.
func (c *historyChannel) wake() {
	c.mu.Lock()
	c.armed = false
	now := c.histories.now()
	c.expire(now)
	over := false
	switch {
	case c.closed:
	case c.entries.count > 0:
		c.arm(now)
	case len(c.followers.Load()) > 0: // the last one to leave sets it again
	case now-c.idle < c.keep.Age || c.pins.Load() > 0:
		c.arm(now)
	default:
		over = true
	}
	c.mu.Unlock()
	if over {
		c.histories.forget(c)
	}
}

// state reports whether the channel is still needed, and whether its sequence has
// begun.
func (c *historyChannel) state() (needed, begun bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	begun = c.last > 0
	recent := begun && c.histories.now()-c.idle < c.keep.Age
	return recent || c.entries.count > 0 || len(c.followers.Load()) > 0, begun
}

// close returns the followers, which it has removed.
func (c *historyChannel) close() []*local.Subscription[Entry] {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.entries = ring{}
	if c.timer != nil {
		c.timer.Stop()
	}
	return c.followers.Clear()
}

package relay

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// How many live entries of a channel wait for its handlers, and how many bytes. What
// comes beyond is read later.
const (
	maxWaiting      = 256
	maxWaitingBytes = 1 << 20
)

// follower is one handler of a followed channel.
type follower struct {
	handler func(layer.Entry)
	gate    gate.Gate
	after   layer.Position // it doesn't get entries of this epoch up to there
}

// followed is a channel with followers.
//
// One goroutine at a time gives entries to the handlers. It is there while there are
// entries, or while some must be read.
type followed struct {
	followers *Followers
	name      string
	ctx       context.Context // ends with close
	cancel    context.CancelFunc
	wake      chan struct{} // has something when it should try again to read

	mu      sync.Mutex
	subs    []*follower    // whoever has a copy may keep it
	at      layer.Position // of the last entry that the handlers got, or get just now
	begun   bool           // at is known
	closed  bool
	running bool
	behind  bool // there may be entries to read
	waiting []layer.Entry
	bytes   int // of those that wait
}

func newFollowed(f *Followers, channel string) *followed {
	c := &followed{followers: f, name: channel, wake: make(chan struct{}, 1)}
	c.ctx, c.cancel = context.WithCancel(f.crew.ctx)
	return c
}

// begin says after which position entries are to be followed.
func (c *followed) begin(at layer.Position) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.begun = at, true
	if len(c.waiting) > 0 || c.behind {
		c.run()
	}
}

// add adds a follower, and returns the position after which it gets entries: the
// head, which the server has just told, if it is further on than the others are. It
// reports false where the channel was closed.
func (c *followed) add(sub *follower, head layer.Position) (layer.Position, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return layer.Position{}, false
	}
	sub.after = c.at
	if head.Epoch == c.at.Epoch && head.Seq > c.at.Seq {
		sub.after = head
	}
	c.subs = append(slices.Clip(c.subs), sub)
	return sub.after, true
}

func (c *followed) remove(sub *follower) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subs = slices.DeleteFunc(slices.Clone(c.subs), func(other *follower) bool { return other == sub })
}

// close returns the followers that were left.
func (c *followed) close() []*follower {
	c.mu.Lock()
	defer c.mu.Unlock()
	subs := c.subs
	c.closed = true
	c.subs, c.waiting, c.bytes = nil, nil, 0
	c.cancel()
	return subs
}

func (c *followed) position() layer.Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// receive takes a live entry.
func (c *followed) receive(e layer.Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed || c.begun && e.Epoch == c.at.Epoch && e.Seq <= c.at.Seq:
		return
	case len(c.waiting) >= maxWaiting || len(c.waiting) > 0 && c.bytes+len(e.Data) > maxWaitingBytes:
		c.behind = true
	default:
		e.Data = bytes.Clone(e.Data)
		c.waiting = append(c.waiting, e)
		c.bytes += len(e.Data)
	}
	if c.begun {
		c.run()
	}
}

// compare has entries read if the server is somewhere else: its head was asked for
// when the followers were at before.
func (c *followed) compare(before, head layer.Position) {
	c.mu.Lock()
	defer c.mu.Unlock()
	same := head.Epoch == c.at.Epoch && head.Seq <= c.at.Seq
	wentBack := head.Epoch == before.Epoch && head.Seq < before.Seq
	if c.closed || !c.begun || same && !wentBack {
		return
	}
	c.behind = true
	select {
	case c.wake <- struct{}{}:
	default:
	}
	c.run()
}

// run has the lock.
func (c *followed) run() {
	if !c.running {
		c.running = true
		c.followers.crew.spawn(c.catchUp)
	}
}

// catchUp gives entries to handlers until there are no more.
func (c *followed) catchUp() {
	r := reader{c: c}
	for {
		switch e, subs, what := c.next(); what {
		case nextEntry:
			tell(subs, e)
			r.wait, r.stuck = 0, 0
		case nextRead:
			r.read()
		case nextNothing:
			return
		}
	}
}

type next int

const (
	nextNothing next = iota
	nextEntry
	nextRead
)

// next returns what to do next: give an entry to followers, read, or end.
func (c *followed) next() (layer.Entry, []*follower, next) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.waiting) > 0 && !c.closed {
		e := c.waiting[0]
		if e.Epoch != c.at.Epoch || e.Seq > c.at.Seq+1 {
			c.behind = true // it waits until those before it were read
			break
		}
		c.drop()
		if e.Seq == c.at.Seq+1 {
			c.at = e.Position
			return e, c.subs, nextEntry
		}
	}
	switch {
	case c.closed:
	case c.behind:
		c.behind = false
		return layer.Entry{}, nil, nextRead
	default:
		c.waiting = nil
	}
	c.running = false
	return layer.Entry{}, nil, nextNothing
}

// drop drops the first entry that waits. It has the lock.
func (c *followed) drop() {
	c.bytes -= len(c.waiting[0].Data)
	c.waiting[0] = layer.Entry{}
	c.waiting = c.waiting[1:]
}

// move goes on to a position, that of an entry that was read or one to read from, and
// returns who follows.
func (c *followed) move(at layer.Position) []*follower {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
	return c.subs
}

// moveBack goes on from a position that the server has gone back to. Followers then
// get whatever follows it, whatever they asked for.
func (c *followed) moveBack(at layer.Position) {
	for _, s := range c.move(at) {
		s.after = at // nobody else reads it now
	}
}

// first returns the first entry that waits.
func (c *followed) first() (layer.Entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		return layer.Entry{}, false
	}
	return c.waiting[0], true
}

// discard drops the first entry that waits.
func (c *followed) discard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) > 0 {
		c.drop()
	}
}

// tell calls the followers' handlers.
func tell(subs []*follower, e layer.Entry) {
	for _, s := range subs {
		if e.Epoch != s.after.Epoch || e.Seq > s.after.Seq {
			s.gate.Run(func() { s.handler(e) })
		}
	}
}

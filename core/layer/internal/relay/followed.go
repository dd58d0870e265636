package relay

import (
	"bytes"
	"context"
	"slices"
	"strings"
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

// maxKept is room for how many entries a channel keeps while none wait.
const maxKept = 4

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
	told    int // of them, at the front
	bytes   int // of the others
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
	if c.more() > 0 || c.behind {
		c.run()
	}
}

// more returns how many entries wait. It has the lock.
func (c *followed) more() int { return len(c.waiting) - c.told }

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
	c.subs, c.waiting, c.told, c.bytes = nil, nil, 0, 0
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
	case c.more() >= maxWaiting || c.more() > 0 && c.bytes+len(e.Data) > maxWaitingBytes:
		c.behind = true
	default:
		c.put(e)
	}
	if c.begun {
		c.run()
	}
}

// put copies an entry to those that wait. It has the lock.
func (c *followed) put(e layer.Entry) {
	if len(c.waiting) == cap(c.waiting) && 2*c.told >= len(c.waiting) {
		n := copy(c.waiting, c.waiting[c.told:])
		clear(c.waiting[n:])
		c.waiting, c.told = c.waiting[:n], 0
	}
	if e.Epoch == c.at.Epoch {
		e.Epoch = c.at.Epoch // one copy does
	} else {
		e.Epoch = strings.Clone(e.Epoch)
	}
	e.Data = bytes.Clone(e.Data)
	c.waiting = append(c.waiting, e)
	c.bytes += len(e.Data)
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
		c.followers.run(c)
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
	for c.more() > 0 && !c.closed {
		e := c.waiting[c.told]
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
	case cap(c.waiting) > maxKept:
		c.waiting, c.told = nil, 0
	}
	c.running = false
	return layer.Entry{}, nil, nextNothing
}

// drop drops the first entry that waits. It has the lock.
func (c *followed) drop() {
	c.bytes -= len(c.waiting[c.told].Data)
	c.waiting[c.told] = layer.Entry{}
	c.told++
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
	if c.more() == 0 {
		return layer.Entry{}, false
	}
	return c.waiting[c.told], true
}

// discard drops the first entry that waits.
func (c *followed) discard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.more() > 0 {
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

package relay

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// How many changes wait for the handlers of a channel, and about how many bytes. If
// there are more, handlers are told everyone anew instead. As many wait while the
// members are listed; others are listed, too.
const (
	maxPending      = 1024
	maxPendingBytes = 16 << 20
)

// watcher is one handler of a watched channel.
type watcher struct {
	handler func(layer.PresenceChange)
	gate    gate.Gate
}

// watched is a channel with watchers, and the mirror of who is there.
//
// What comes from the server changes the mirror at once, and one goroutine at a time
// tells the handlers, while there is something to tell. So nobody who only needs the
// mirror waits for a handler.
type watched struct {
	watches *Watches
	name    string
	ctx     context.Context // ends with close
	cancel  context.CancelFunc
	wake    chan struct{} // has something when it should try again to list the members

	mu      sync.Mutex
	subs    []*watcher // whoever has a copy may keep it
	closed  bool
	begun   bool // the members are known
	members map[string][]byte
	version uint64
	changed chan struct{} // closed when the version changes; nil if nobody waits

	stale   bool // the members are being listed
	missing bool // something came that did not get into coming
	coming  []versioned

	telling      bool
	anew         bool // everyone is told before what is pending
	pending      []pendingChange
	pendingBytes int
}

// versioned is a change and the version that the channel has with it.
type versioned struct {
	version uint64
	change  layer.PresenceChange
}

// pendingChange is a change and who watched when it came.
type pendingChange struct {
	layer.PresenceChange
	subs []*watcher
	size int // in bytes, about
}

func newWatched(w *Watches, channel string) *watched {
	c := &watched{watches: w, name: channel, members: map[string][]byte{}, wake: make(chan struct{}, 1)}
	c.ctx, c.cancel = context.WithCancel(w.crew.ctx)
	return c
}

// start tells the handler who is present, and adds it. What changes meanwhile waits
// at its gate.
func (c *watched) start(sub *watcher) error {
	err := layer.ErrClosed
	returned := false
	defer func() {
		if !returned { // it panicked, and nobody will have the subscription
			c.remove(sub)
		}
	}()
	sub.gate.Run(func() {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return
		}
		c.subs = append(slices.Clip(c.subs), sub)
		all := c.everyone()
		c.mu.Unlock()
		err = nil
		sub.handler(all)
	})
	returned = true
	return err
}

// everyone has the lock.
func (c *watched) everyone() layer.PresenceChange {
	all := layer.PresenceChange{All: true, Joined: make([]layer.Member, 0, len(c.members))}
	for key, info := range c.members {
		all.Joined = append(all.Joined, layer.Member{Key: key, Info: info})
	}
	sortMembers(all.Joined)
	return all
}

func sortMembers(members []layer.Member) {
	slices.SortFunc(members, func(a, b layer.Member) int { return cmp.Compare(a.Key, b.Key) })
}

func (c *watched) remove(sub *watcher) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subs = slices.DeleteFunc(slices.Clone(c.subs), func(other *watcher) bool { return other == sub })
}

// close returns the watchers that were left.
func (c *watched) close() []*watcher {
	c.mu.Lock()
	defer c.mu.Unlock()
	subs := c.subs
	c.closed = true
	c.subs, c.members, c.coming, c.pending = nil, nil, nil, nil
	c.cancel()
	return subs
}

// present returns the version of the mirror, and whether it is being listed.
func (c *watched) present() (version uint64, stale bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version, c.stale
}

// await waits until the mirror has a version.
func (c *watched) await(ctx context.Context, version uint64) error {
	timer := time.NewTimer(overdue)
	defer timer.Stop()
	for {
		c.mu.Lock()
		if c.closed || !c.stale && c.version >= version {
			c.mu.Unlock()
			return nil
		}
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-timer.C:
			c.relist()
		case <-c.ctx.Done():
			return layer.ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// receive takes a change from the server.
func (c *watched) receive(version uint64, change layer.PresenceChange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
	case version == 0:
		c.missing = true
		c.list()
	case !c.begun || c.stale:
		c.hold(version, change)
	case version == c.version+1:
		c.apply(version, change)
	case version > c.version:
		c.hold(version, change)
		c.list()
	}
}

// hold keeps a change until the members are known. It has the lock.
func (c *watched) hold(version uint64, change layer.PresenceChange) {
	if len(c.coming) >= maxPending {
		c.coming, c.missing = nil, true
		return
	}
	c.coming = append(c.coming, versioned{version, change})
}

// apply changes the mirror. It has the lock.
func (c *watched) apply(version uint64, change layer.PresenceChange) {
	c.version = version
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
	if change.All {
		change = c.difference(change.Joined)
	}
	var told layer.PresenceChange
	size := 0
	for _, m := range change.Joined {
		if info, ok := c.members[m.Key]; ok && bytes.Equal(info, m.Info) {
			continue
		}
		c.members[m.Key] = m.Info
		told.Joined = append(told.Joined, m)
		size += len(m.Key) + len(m.Info)
	}
	for _, key := range change.Left {
		if _, ok := c.members[key]; ok {
			delete(c.members, key)
			told.Left = append(told.Left, key)
			size += len(key)
		}
	}
	if len(told.Joined)+len(told.Left) > 0 && len(c.subs) > 0 {
		c.post(told, size)
	}
}

// difference returns what changes if those are all who are present. It has the lock.
func (c *watched) difference(members []layer.Member) layer.PresenceChange {
	change := layer.PresenceChange{Joined: members}
	there := make(map[string]bool, len(members))
	for _, m := range members {
		there[m.Key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(c.members)) {
		if !there[key] {
			change.Left = append(change.Left, key)
		}
	}
	return change
}

// post has a change told. It has the lock.
func (c *watched) post(change layer.PresenceChange, size int) {
	if len(c.pending) >= maxPending || len(c.pending) > 0 && c.pendingBytes+size > maxPendingBytes {
		c.pending, c.pendingBytes, c.anew = nil, 0, true
	} else {
		c.pending = append(c.pending, pendingChange{change, c.subs, size})
		c.pendingBytes += size
	}
	if !c.telling {
		c.telling = true
		c.watches.crew.spawn(c.tell)
	}
}

// tell tells handlers of what is pending.
func (c *watched) tell() {
	for change, ok := c.next(); ok; change, ok = c.next() {
		for _, s := range change.subs {
			s.gate.Run(func() { s.handler(change.PresenceChange) })
		}
	}
}

// next returns what is to be told next, or ends the telling.
func (c *watched) next() (pendingChange, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed || !c.anew && len(c.pending) == 0:
		c.telling, c.pending, c.pendingBytes = false, nil, 0
		return pendingChange{}, false
	case c.anew:
		// What is pending is part of it.
		c.anew, c.pending, c.pendingBytes = false, nil, 0
		return pendingChange{PresenceChange: c.everyone(), subs: c.subs}, true
	}
	change := c.pending[0]
	c.pending[0] = pendingChange{}
	c.pending = c.pending[1:]
	c.pendingBytes -= change.size
	return change, true
}

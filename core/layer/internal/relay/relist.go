package relay

import "github.com/chanx-go/chanx/core/layer"

// relist has the members of the channel listed anew; now, if that waits for its next
// try.
func (c *watched) relist() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.begun || c.closed:
	case c.stale:
		select {
		case c.wake <- struct{}{}:
		default:
		}
	default:
		c.list()
	}
}

// list begins to list the members, unless that has begun. It has the lock.
func (c *watched) list() {
	if c.stale || !c.begun {
		return
	}
	c.stale = true
	c.watches.crew.spawn(c.keepListing)
}

// keepListing lists the members until what came meanwhile follows what was listed.
func (c *watched) keepListing() {
	var wait backoff
	w := c.watches
	for c.ctx.Err() == nil {
		ctx, cancel := w.options.bound(c.ctx)
		c.beginList()
		members, version, err := w.roster.List(ctx, c.name)
		cancel()
		if err == nil && c.replace(members, version) {
			return
		}
		if !wait.pause(c.ctx, c.wake) {
			return
		}
	}
}

// beginList is called before the members are listed: what came or was left out before
// is part of that.
func (c *watched) beginList() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.missing = false
	c.coming = nil
}

// replace makes the mirror what was listed, and goes on with what came since. It
// reports whether that was possible without a gap.
func (c *watched) replace(members []layer.Member, version uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return true
	}
	sortMembers(members)
	c.apply(version, layer.PresenceChange{All: true, Joined: members})
	coming := c.coming
	c.coming = nil
	for i, v := range coming {
		if v.version > c.version+1 {
			c.coming, c.missing = coming[i:], true
			break
		}
		if v.version == c.version+1 {
			c.apply(v.version, v.change)
		}
	}
	if c.begun {
		c.stale = c.missing
		return !c.stale
	}
	c.begun = true
	if c.missing {
		c.list()
	}
	return true
}

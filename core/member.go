package chanx

import (
	"context"
	"fmt"
)

// member is a connection in a group.
type member struct {
	conn  *Conn
	group *group
	index int           // in the group's members
	since uint64        // the first entry that the connection gets
	gone  bool          // guarded by the connection's outbox
	sub   *Subscription // nil for a member of a group
}

// deliverEach gives a member the entries of a batch that are for it: in as few
// pieces as its overflow policy allows, which may want to drop single messages.
func (m *member) deliverEach(b *batch) (retained bool) {
	var piece span
	key, start, mark := "", 0, uint64(0)
	single := m.conn.consumer.overflow != CloseSlow || m.sub.catchesUp(b.low)
	flush := func() {
		if piece.end == piece.start {
			return
		}
		frames := m.conn.form(b.bytes[piece.start:piece.end])
		retained = m.put(frames, key, mark) == sentRetained || retained
	}
	for i := range b.entries {
		e := &b.entries[i]
		frames := span{start, e.end}
		start = e.end
		switch {
		case b.start+uint64(i) < m.since, e.except == m.conn.serial:
		case e.event != nil:
			flush()
			piece = span{}
			if !m.hasLeft() {
				m.conn.pushEvent(e.event, m)
			}
		case piece.end == frames.start && !single && piece.end > 0:
			piece.end, mark = frames.end, max(mark, e.mark)
		default:
			flush()
			piece, key, mark = frames, e.key, e.mark
		}
	}
	flush()
	return retained
}

// span is a range of a batch's bytes.
type span struct{ start, end int }

// put gives frames to the member unless it has left, or has had them already: mark
// is the last one's.
func (m *member) put(frames []byte, key string, mark uint64) sent {
	c := m.conn
	c.out.mu.Lock()
	result := sentOK
	switch {
	case m.gone:
		result = sentClosed
	case m.sub.has(mark):
	case m.sub != nil && m.sub.hold != nil && !m.sub.hold.inPlace:
		result = m.sub.hold.add(c, held{frames, key, mark})
	default:
		// A keyed message may outlast the others of its batch by far, and would keep
		// the memory of them all: it is copied.
		result = c.put(frames, key, key == "")
		m.sub.got(mark)
	}
	c.out.mu.Unlock()
	_ = c.after(result)
	return result
}

func (m *member) hasLeft() bool {
	m.conn.out.mu.Lock()
	defer m.conn.out.mu.Unlock()
	return m.gone
}

// pushEvent gives an event to the connection's lane. from is the membership
// through which it came, nil for none.
func (c *Conn) pushEvent(e *event, from *member) {
	ok, start := c.lane.push(e, from, c.consumer.limits.QueueBytes)
	if !ok {
		c.overflow()
	}
	if start {
		c.workLater()
	}
}

// add makes a connection a member from the next entry on. The group is locked.
func (g *group) add(m *member) {
	m.index, m.since = len(g.members), g.seq
	g.members = append(g.members, m)
	g.stale = true
}

// remove ends a membership: once it has returned, nothing of the group reaches
// the connection any more.
func (g *group) remove(m *member) {
	m.conn.out.mu.Lock()
	m.gone = true
	m.conn.out.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if m.index >= len(g.members) || g.members[m.index] != m {
		return // it was about to join
	}
	last := len(g.members) - 1
	g.members[m.index] = g.members[last]
	g.members[m.index].index = m.index
	g.members[last] = nil
	g.members = g.members[:last]
	g.stale = true
	g.dropSnapshot()
}

// Join adds the connection to groups of its consumer, on every process. What is
// broadcast to a group after Join has returned reaches the connection. To join
// a group twice is to join it once.
func (c *Conn) Join(ctx context.Context, groups ...string) error {
	for _, name := range groups {
		if err := c.join(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (c *Conn) join(ctx context.Context, name string) error {
	c.groupsMu.Lock()
	_, in := c.groups[name]
	left := c.left
	full := c.consumer.limits.Groups > 0 && len(c.groups) >= c.consumer.limits.Groups
	c.groupsMu.Unlock()
	if in {
		return nil
	}
	if left {
		return ErrClosed
	}
	if full {
		return Errorf(TooLarge, "a connection may be in %d groups at most", c.consumer.limits.Groups)
	}
	g, err := c.consumer.registry.acquire(ctx, c.consumer, groupKey{name: name})
	if err != nil {
		return &Error{Reason: Unavailable, Detail: "the group can't be joined now", cause: fmt.Errorf("joining group %q: %w", name, err)}
	}
	c.groupsMu.Lock()
	defer c.groupsMu.Unlock()
	if _, in := c.groups[name]; in || c.left {
		c.consumer.registry.release(g)
		if c.left {
			return ErrClosed
		}
		return nil
	}
	if c.groups == nil {
		c.groups = make(map[string]*member, 1)
	}
	m := &member{conn: c, group: g}
	c.groups[name] = m
	g.mu.Lock()
	g.add(m)
	g.mu.Unlock()
	return nil
}

// Leave takes the connection out of groups; one that it isn't in is ignored.
// Once Leave has returned, nothing more of the group is sent to the client or
// handled, beside an event's handler that is running; what was sent before may
// still wait to be written.
func (c *Conn) Leave(groups ...string) {
	for _, name := range groups {
		c.groupsMu.Lock()
		m := c.groups[name]
		delete(c.groups, name)
		c.groupsMu.Unlock()
		if m != nil {
			m.group.remove(m)
			c.consumer.registry.release(m.group)
		}
	}
}

// leaveAll leaves every group and topic for good. What is left to do for the
// subscriptions that it returns is to finish them.
func (c *Conn) leaveAll() []*Subscription {
	c.groupsMu.Lock()
	groups, topics := c.groups, c.topics
	c.groups, c.topics, c.left = nil, nil, true
	c.groupsMu.Unlock()
	for _, m := range groups {
		m.group.remove(m)
		c.consumer.registry.release(m.group)
	}
	return detachAll(topics)
}

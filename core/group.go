package chanx

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/chanx-go/chanx/core/internal/wire"
	"github.com/chanx-go/chanx/core/layer"
)

// A group's messages wait in one log for the whole group. One goroutine, which
// exists only while the log isn't empty, gives the same bytes to every member
// without waiting for any, while more is appended.
const (
	logBytes   = 64 << 10 // beyond this a publisher waits for the goroutine
	logEntries = 4096
)

// group is the members of a group in this process, with the process's
// subscription to the group's channel.
type group struct {
	consumer *consumer
	name     string

	ready        chan struct{} // closed once the subscription stands, or failed
	err          error
	subscription layer.Subscription
	users        int // members and joins under way; guarded by the registry's shard

	mu       sync.Mutex
	space    sync.Cond
	members  []*member
	snapshot []*member // what the goroutine walks; members may change meanwhile
	stale    bool      // snapshot is not members any more
	seq      uint64    // of the next entry
	pending  batch
	spare    batch
	busy     bool // the goroutine runs
}

// member is a connection in a group.
type member struct {
	conn  *Conn
	group *group
	index int    // in the group's members
	since uint64 // the first entry that the connection gets
	gone  bool   // guarded by the connection's outbox
}

// batch is what was appended to a group's log between two rounds.
type batch struct {
	start   uint64 // sequence of the first entry
	bytes   []byte // whole frames
	entries []entry
	uneven  bool // not everybody gets the same bytes: an entry is an event or leaves somebody out
	deflate []byte
}

// entry is one message or event of a batch.
type entry struct {
	end    int    // where its frames end in the batch's bytes
	except uint64 // serial of the connection here that doesn't get it, or 0
	key    string
	event  *event
}

// event is an event on its way to the connections of a group.
type event struct {
	route   *route
	payload []byte
}

func newGroup(c *consumer, name string) *group {
	g := &group{consumer: c, name: name, ready: make(chan struct{}), stale: true}
	g.space.L = &g.mu
	return g
}

// receive takes what the layer carries for the group. It holds the layer back
// while the log is full.
func (g *group) receive(data []byte) {
	var e envelope.Envelope
	if err := e.Parse(data); err != nil {
		g.consumer.hub.log.Error("chanx: unreadable message from the layer", "consumer", g.consumer.name, "group", g.name, "error", err)
		return
	}
	var ev *event
	forward := false
	if len(e.Text) == 0 {
		route := g.consumer.eventRoute(&e)
		if route == nil {
			return
		}
		if forward = route.forward; !forward {
			ev = &event{route, append([]byte(nil), e.Payload...)}
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.busy && (len(g.pending.bytes) > logBytes || len(g.pending.entries) >= logEntries) {
		g.space.Wait()
	}
	g.append(&e, ev, forward)
	if !g.busy && len(g.members) > 0 {
		g.busy = true
		g.consumer.hub.tasks.Go(g.flush)
	}
}

// append adds an entry to the log.
func (g *group) append(e *envelope.Envelope, ev *event, forward bool) {
	if len(g.members) == 0 {
		return
	}
	p := &g.pending
	if len(p.entries) == 0 {
		p.start = g.seq
	}
	g.seq++
	switch {
	case ev != nil:
	case forward:
		p.bytes = g.consumer.appendForward(p.bytes, e)
		p.bytes = g.consumer.appendCompletion(p.bytes, actionEventComplete)
	default:
		p.bytes = append(wire.AppendHeader(p.bytes, wire.OpText, len(e.Text)), e.Text...)
		p.bytes = g.consumer.appendCompletion(p.bytes, actionGroupComplete)
	}
	p.uneven = p.uneven || ev != nil || len(e.Except) > 0
	p.entries = append(p.entries, entry{end: len(p.bytes), except: g.consumer.hub.serialOf(e.Except), key: string(e.Key), event: ev})
}

// flush empties the log and ends.
func (g *group) flush() {
	g.mu.Lock()
	for len(g.pending.entries) > 0 {
		g.mu.Unlock()
		runtime.Gosched() // publishers that are ready to run get into this round
		g.mu.Lock()
		b := g.pending
		g.pending = g.spare
		g.spare = batch{}
		if g.stale {
			g.snapshot, g.stale = append(g.snapshot[:0], g.members...), false
		}
		members := g.snapshot
		g.space.Broadcast()
		g.mu.Unlock()
		retained := g.deliver(&b, members)
		g.mu.Lock()
		g.spare = b.reset(retained)
	}
	g.busy = false
	g.dropSnapshot()
	g.mu.Unlock()
}

// dropSnapshot makes an idle group hold on to nobody who left. The group is
// locked.
func (g *group) dropSnapshot() {
	if g.stale && !g.busy {
		g.snapshot = nil
	}
}

// reset returns the batch's memory for another use. Bytes that a queue holds on
// to are left to it.
func (b *batch) reset(retained bool) batch {
	clear(b.entries)
	var r batch
	if cap(b.entries) <= logEntries {
		r.entries = b.entries[:0]
	}
	if !retained && cap(b.bytes) <= 2*logBytes {
		r.bytes = b.bytes[:0]
	}
	return r
}

// deliver gives a batch to members. It reports whether a queue holds on to the
// batch's bytes.
func (g *group) deliver(b *batch, members []*member) (retained bool) {
	each := b.uneven || g.consumer.overflow != CloseSlow
	for _, m := range members {
		if each || m.since > b.start {
			retained = m.deliverEach(b) || retained
		} else {
			retained = m.put(b.form(m.conn), "") || retained
		}
	}
	g.consumer.hub.observeDelivery(g, b, len(members))
	return retained
}

// form is the batch's bytes as the connection reads them.
func (b *batch) form(c *Conn) []byte {
	if !c.out.compressed.Load() {
		return b.bytes
	}
	if b.deflate == nil {
		b.deflate = compressFrames(b.bytes)
	}
	return b.deflate
}

// deliverEach gives a member the entries of a batch that are for it: in as few
// pieces as its overflow policy allows, which may want to drop single messages.
func (m *member) deliverEach(b *batch) (retained bool) {
	var piece span
	key, start := "", 0
	flush := func() {
		if piece.end == piece.start {
			return
		}
		frames := b.bytes[piece.start:piece.end]
		if m.conn.out.compressed.Load() {
			frames = compressFrames(frames)
		}
		retained = m.put(frames, key) || retained
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
		case piece.end == frames.start && m.conn.consumer.overflow == CloseSlow && piece.end > 0:
			piece.end = frames.end
		default:
			flush()
			piece, key = frames, e.key
		}
	}
	flush()
	return retained
}

// span is a range of a batch's bytes.
type span struct{ start, end int }

// put gives frames to the member unless it has left.
func (m *member) put(frames []byte, key string) (retained bool) {
	c := m.conn
	c.out.mu.Lock()
	result := sentOK
	if !m.gone {
		// A keyed message may outlast the others of its batch by far, and would keep
		// the memory of them all: it is copied.
		result = c.put(frames, key, key == "")
	}
	c.out.mu.Unlock()
	_ = c.after(result)
	return result == sentRetained
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

// add makes a connection a member from the next entry on.
func (g *group) add(c *Conn) *member {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := &member{conn: c, group: g, index: len(g.members), since: g.seq}
	g.members = append(g.members, m)
	g.stale = true
	return m
}

// remove ends a membership: once it has returned, nothing of the group reaches
// the connection any more.
func (g *group) remove(m *member) {
	m.conn.out.mu.Lock()
	m.gone = true
	m.conn.out.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
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
	g, err := c.consumer.registry.acquire(ctx, c.consumer, name)
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
	c.groups[name] = g.add(c)
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

// leaveAll leaves every group for good.
func (c *Conn) leaveAll() {
	c.groupsMu.Lock()
	groups := c.groups
	c.groups, c.left = nil, true
	c.groupsMu.Unlock()
	for _, m := range groups {
		m.group.remove(m)
		c.consumer.registry.release(m.group)
	}
}

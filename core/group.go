package chanx

import (
	"cmp"
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

// group is the members of a group, or the subscribers of a topic, in this process,
// with the process's subscriptions to its channel.
type group struct {
	consumer *consumer
	key      groupKey

	ready         chan struct{} // closed once the subscriptions stand, or failed
	err           error
	subscriptions [2]layer.Subscription // the second one to a topic's presence
	users         int                   // members and joins under way; guarded by the registry's shard

	mu       sync.Mutex
	space    sync.Cond
	members  []*member
	snapshot []*member // what the goroutine walks; members may change meanwhile
	stale    bool      // snapshot is not members any more
	seq      uint64    // of the next entry
	pending  *batch    // nil while there is nothing
	busy     bool      // the goroutine runs

	trail   *trail  // where a topic keeps history
	present *roster // who is there, where a topic tracks it
}

// batches are those that no group needs now. An idle group has none.
var batches = sync.Pool{New: func() any { return new(batch) }}

// batch is what was appended to a group's log between two rounds.
type batch struct {
	start   uint64 // sequence of the first entry
	low     uint64 // the first mark of an entry, 0 where none has one
	high    uint64 // the last one
	bytes   []byte // whole frames
	beside  int    // bytes of events and of what else has to wait for its turn
	entries []entry
	oldest  uint64 // when the first one of those was published of which that is known
	uneven  bool   // not everybody gets the same bytes: an entry is an event or leaves somebody out
	deflate []byte
}

// entry is one message or event of a batch. Its mark is its place in a topic's
// history as this process sees it: unlike the positions of the layer marks grow from
// one epoch to the next.
type entry struct {
	end    int    // where its frames end in the batch's bytes
	except uint64 // serial of the connection here that doesn't get it, or 0
	mark   uint64 // 0 where there is no history
	key    string
	event  *event
}

// event is an event on its way to the connections of a group, or something else
// that has to wait for its turn there.
type event struct {
	route   *route
	payload []byte
	seq     uint64 // place in the topic that clients are told, or 0
	mark    uint64 // as an entry has it
	frames  []byte // to be sent as they are, in place of a handler
	leave   bool   // ends the subscription

	published uint64 // as an envelope has it
	trace     []byte // the same
}

func newGroup(c *consumer, key groupKey) *group {
	g := &group{consumer: c, key: key, ready: make(chan struct{}), stale: true}
	g.space.L = &g.mu
	return g
}

// handlers are those of the group's events.
func (g *group) handlers() *handlers {
	if g.key.topic != nil {
		return g.key.topic.handlers
	}
	return g.consumer.handlers
}

// receive takes what the layer carries for the group. It holds the layer back
// while the log is full.
func (g *group) receive(data []byte) {
	var e envelope.Envelope
	if g.parse(&e, data) {
		g.accept(&e, e.Seq, 0)
	}
}

func (g *group) parse(e *envelope.Envelope, data []byte) bool {
	err := e.Parse(data)
	if err != nil {
		g.handlers().skip("", err)
	}
	return err == nil
}

// accept adds a message or an event to the log, with its place in the topic.
func (g *group) accept(e *envelope.Envelope, seq, mark uint64) {
	ev, ok := g.eventOf(e, seq)
	if !ok {
		return
	}
	if ev == nil && g.inOrder() {
		ev = &event{frames: g.consumer.appendFrames(nil, e, g.topicName(), seq)}
	}
	if ev != nil {
		ev.mark = mark
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.awaitSpace()
	g.append(e, ev, seq, mark)
}

// eventOf returns the event that handlers here have to see, nil for what clients
// get as it is, and false for what this process doesn't know.
func (g *group) eventOf(e *envelope.Envelope, seq uint64) (*event, bool) {
	if e.Message || len(e.Text) > 0 {
		return nil, true
	}
	route := g.handlers().eventRoute(e)
	if route == nil || route.forward {
		return nil, route != nil
	}
	return newEvent(route, e, seq), true
}

// newEvent makes an event for a handler of what came through the layer, whose bytes
// are the layer's.
func newEvent(r *route, e *envelope.Envelope, seq uint64) *event {
	return &event{
		route: r, payload: append([]byte(nil), e.Payload...), seq: seq,
		published: e.Published, trace: append([]byte(nil), e.Trace...),
	}
}

// inOrder reports whether everything has to take its turn on the lane, so that a
// handler's frames keep their place among the others of a history.
func (g *group) inOrder() bool { return g.key.topic != nil && g.key.topic.inOrder }

// topicName is the topic's name, "" for a group.
func (g *group) topicName() string {
	if g.key.topic == nil {
		return ""
	}
	return g.key.name
}

// groupName is the group's name, "" for a topic.
func (g *group) groupName() string {
	if g.key.topic != nil {
		return ""
	}
	return g.key.name
}

// awaitSpace waits while the log is full. The group is locked.
func (g *group) awaitSpace() {
	for g.busy && g.pending.full() {
		g.space.Wait()
	}
}

func (b *batch) full() bool {
	return b != nil && (len(b.bytes)+b.beside > logBytes || len(b.entries) >= logEntries)
}

// append adds an envelope to the log, as an event that is not nil or as frames. The
// group is locked.
func (g *group) append(e *envelope.Envelope, ev *event, seq, mark uint64) {
	if len(g.members) == 0 {
		return
	}
	p := g.open(mark)
	if ev == nil {
		p.bytes = g.consumer.appendFrames(p.bytes, e, g.topicName(), seq)
	} else {
		p.beside += ev.size()
	}
	if e.Published != 0 && (p.oldest == 0 || e.Published < p.oldest) {
		p.oldest = e.Published
	}
	p.uneven = p.uneven || ev != nil || len(e.Except) > 0
	p.entries = append(p.entries, entry{
		end: len(p.bytes), except: g.consumer.hub.serialOf(e.Except), mark: mark,
		key: g.consumer.keyOn(g.topicName(), string(e.Key)), event: ev,
	})
	g.wake()
}

// appendOwn adds a frame of the framework's to the log, which has a mark if it has
// to do with a topic's history. The group is locked.
func (g *group) appendOwn(action string, payload []byte, mark uint64) {
	if len(g.members) == 0 {
		return
	}
	p, head := g.open(mark), wire.Head{Action: action, Topic: g.topicName()}
	var ev *event
	if g.inOrder() {
		ev = &event{frames: g.consumer.appendFrame(nil, head, payload), mark: mark}
		p.uneven, p.beside = true, p.beside+ev.size()
	} else {
		p.bytes = g.consumer.appendFrame(p.bytes, head, payload)
	}
	p.entries = append(p.entries, entry{end: len(p.bytes), mark: mark, event: ev})
	g.wake()
}

// open returns the log for another entry. The group is locked.
func (g *group) open(mark uint64) *batch {
	if g.pending == nil {
		g.pending = batches.Get().(*batch)
		g.pending.start = g.seq
	}
	p := g.pending
	if mark != 0 {
		p.low, p.high = cmp.Or(p.low, mark), mark
	}
	g.seq++
	return p
}

// wake makes somebody empty the log. The group is locked.
func (g *group) wake() {
	if !g.busy {
		g.busy = true
		g.consumer.hub.tasks.Go(g.flush)
	}
}

// flush empties the log and ends.
func (g *group) flush() {
	g.mu.Lock()
	for g.pending != nil {
		g.mu.Unlock()
		runtime.Gosched() // publishers that are ready to run get into this round
		g.mu.Lock()
		b := g.pending
		g.pending = nil
		if g.stale {
			g.snapshot, g.stale = append(g.snapshot[:0], g.members...), false
		}
		members := g.snapshot
		g.space.Broadcast()
		g.mu.Unlock()
		b.recycle(g.deliver(b, members))
		g.mu.Lock()
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

// recycle gives the batch's memory to whoever needs one. Bytes that a queue holds
// on to are left to it.
func (b *batch) recycle(retained bool) {
	clear(b.entries)
	var r batch
	if cap(b.entries) <= logEntries {
		r.entries = b.entries[:0]
	}
	if !retained && cap(b.bytes) <= 2*logBytes {
		r.bytes = b.bytes[:0]
	}
	*b = r
	batches.Put(b)
}

// deliver gives a batch to members. It reports whether a queue holds on to the
// batch's bytes.
func (g *group) deliver(b *batch, members []*member) (retained bool) {
	each := b.uneven || g.consumer.overflow != CloseSlow
	for _, m := range members {
		if each || m.since > b.start || m.sub.catchesUp(b.low) {
			retained = m.deliverEach(b) || retained
		} else {
			retained = m.put(b.form(m.conn), "", b.high) == sentRetained || retained
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

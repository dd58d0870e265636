package chanx

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/chanx-go/chanx/core/internal/wire"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/go-json-experiment/json"
)

// replayPage is how many entries of a history are read at once.
const replayPage = 256

// place is the payload of "subscribed" where a topic keeps history.
type place struct {
	Recovered bool   `json:"recovered"`
	Seq       uint64 `json:"seq"`
	Epoch     string `json:"epoch"`
}

func placeAt(p layer.Position, recovered bool) *place { return &place{recovered, p.Seq, p.Epoch} }

// recoverFrom reads the payload of "subscribe": the position after which the
// client wants what it has missed, nil if it doesn't ask.
func recoverFrom(payload []byte) (*layer.Position, error) {
	if payload == nil || string(payload) == "null" {
		return nil, nil
	}
	var p struct {
		Recover *struct {
			Seq   *uint64 `json:"seq"`
			Epoch *string `json:"epoch"`
		} `json:"recover"`
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return nil, invalid("the payload of subscribe is not valid", []Violation{{
			Path: "/recover", Code: "type", Message: `must be {"seq": a position, "epoch": text}, as subscribed told them`,
		}}, payloadPath)
	}
	switch r := p.Recover; {
	case r == nil:
		return nil, nil
	case r.Seq == nil:
		return nil, invalid("the payload of subscribe is not valid", []Violation{{Path: "/recover/seq", Code: "required", Message: "is required"}}, payloadPath)
	case r.Epoch == nil:
		return nil, invalid("the payload of subscribe is not valid", []Violation{{Path: "/recover/epoch", Code: "required", Message: "is required"}}, payloadPath)
	default:
		return &layer.Position{Epoch: *r.Epoch, Seq: *r.Seq}, nil
	}
}

// trail is how far a group has followed its topic's history. The group's lock guards
// it.
type trail struct {
	at      layer.Position // of the last entry
	base    uint64         // what makes marks of the positions of its epoch
	past    string         // the epoch before
	pastBy  uint64         // what made marks there
	started bool           // at is known
}

// start tells the group where the history stood when it began to follow it. Some
// entries may have come already.
func (g *group) start(at layer.Position) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.trail; !t.started {
		t.at, t.started = at, true
	}
}

// follow takes an entry of the history from the layer. One that isn't the next one
// says that entries are lost, which the subscribers are told.
func (g *group) follow(entry layer.Entry) {
	g.mu.Lock()
	t := g.trail
	lost := t.started && (entry.Epoch != t.at.Epoch || entry.Seq != t.at.Seq+1)
	if lost && entry.Epoch == t.at.Epoch && entry.Seq <= t.at.Seq {
		g.mu.Unlock()
		return // a second time
	}
	if lost {
		g.awaitSpace()
	}
	base := t.base
	if t.started && entry.Epoch != t.at.Epoch {
		t.past, t.pastBy = t.at.Epoch, t.base
		base += t.at.Seq + 1 // so that the place before the first entry has a mark of its own
	}
	mark := base + entry.Seq
	if lost {
		before := layer.Position{Epoch: entry.Epoch, Seq: entry.Seq - 1}
		g.consumer.hub.logGap(g.key.name, t.at, entry.Position)
		payload, _ := json.Marshal(placeAt(before, false))
		g.appendOwn(actionSubscribed, payload, mark-1) // not to who has read as far
	}
	t.at, t.base, t.started = entry.Position, base, true // who joins before the entry is in the log takes it for one of before
	g.mu.Unlock()
	var e envelope.Envelope
	if g.parse(&e, entry.Data) {
		g.accept(&e, entry.Seq, mark)
	}
}

// gapPause is how long after a line on lost entries further ones are for debugging
// only: a server that lost its memory brings them for every topic.
const gapPause = 10 * time.Second

// logGap logs that entries of a topic are lost, or may be.
func (h *Hub) logGap(topic string, after, before layer.Position) {
	level, last, now := slog.LevelDebug, h.gapLogged.Load(), time.Now().UnixNano()
	if (last == 0 || now-last >= int64(gapPause)) && h.gapLogged.CompareAndSwap(last, now) {
		level = slog.LevelError
	}
	h.log.Log(context.Background(), level, "chanx: the layer may have lost entries of a topic's history (more within 10 s at debug level)",
		"topic", topic, "after", after, "before", before)
}

// replay is what a subscription does to catch up with the history.
type replay struct {
	*Subscription
	at layer.Position // up to there the client has had it
}

// begin confirms a subscription that was prepared, sends what the client has
// missed, lets what is published reach it, and runs the OnOpen handlers. Where it
// can't be known what the client has missed there is no subscription, and the
// client may try again. The lane is held.
func (s *Subscription) begin(ref []byte) error {
	leaves := s.hold.leaves
	if s.topic.history == nil {
		s.join()
		s.confirm(ref, nil)
		s.live(0)
	} else if err := s.beginAt(ref); err != nil {
		s.giveUp()
		return &Error{Reason: Unavailable, Detail: "what was missed can't be read now", cause: err}
	}
	s.conn.runOnOpen(s.topic.handlers, s.state)
	if leaves {
		s.leave()
	}
	return nil
}

// beginAt is begin where the topic keeps history.
func (s *Subscription) beginAt(ref []byte) error {
	from := s.from
	s.from = nil
	if from != nil {
		r := &replay{s, *from}
		entries, head, err := r.read()
		if err == nil {
			s.confirm(ref, placeAt(head, true))
			r.run(entries)
			return nil
		}
		if !errors.Is(err, layer.ErrGap) {
			s.conn.hub.log.Log(s.conn.ctx, levelOf(err, slog.LevelError), "chanx: reading a topic's history failed", "topic", s.name, "error", err)
			return err
		}
	}
	at, base := s.join()
	s.confirm(ref, placeAt(at, false))
	s.live(base + at.Seq)
	return nil
}

// run sends what the client has missed and then lets it have what comes.
func (r *replay) run(entries []layer.Entry) {
	err := r.send(entries)
	for err == nil && len(entries) == replayPage {
		if entries, _, err = r.read(); err == nil {
			err = r.send(entries)
		}
	}
	// From here on nothing is missed; what came since the last reading is read
	// while new entries wait.
	at, base := r.join()
	for err == nil && r.at.Epoch == at.Epoch && r.at.Seq < at.Seq {
		if entries, err = r.readOn(); err == nil {
			err = r.send(entries)
		}
	}
	missed := r.at.Epoch != at.Epoch || r.at.Seq < at.Seq
	if missed && r.conn.ctx.Err() == nil { // it was trimmed meanwhile, or can't be read
		r.conn.hub.log.Warn("chanx: a client could not be given all that it had missed", "topic", r.name, "error", err)
		r.confirm(nil, placeAt(at, false))
		r.at = at
	}
	r.live(base + r.at.Seq)
}

// read returns the entries that the client has to get next.
func (r *replay) read() ([]layer.Entry, layer.Position, error) {
	t, c := r.topic, r.conn
	ctx, cancel := context.WithTimeout(c.ctx, c.consumer.limits.HandshakeTimeout)
	defer cancel()
	return t.history.Read(ctx, t.channel(r.name), r.at, replayPage)
}

// readOn is read where there have to be entries.
func (r *replay) readOn() ([]layer.Entry, error) {
	entries, _, err := r.read()
	if err == nil && len(entries) == 0 {
		err = layer.ErrGap
	}
	return entries, err
}

// send gives entries to the client, in time with its reading.
func (r *replay) send(entries []layer.Entry) error {
	c := r.conn
	for _, entry := range entries {
		for wait := c.room(); wait != nil; wait = c.room() {
			select {
			case <-wait:
			case <-c.ctx.Done():
				return c.ctx.Err()
			}
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		r.resend(entry)
		r.at = entry.Position
	}
	return nil
}

// resend does with an entry what was done with it for those who were there.
func (r *replay) resend(entry layer.Entry) {
	var e envelope.Envelope
	c, g := r.conn, r.group
	if !g.parse(&e, entry.Data) {
		return
	}
	ev, ok := g.eventOf(&e, entry.Seq)
	switch {
	case !ok:
	case ev != nil:
		r.sendInPlace(true)
		c.runEvent(ev, r.Subscription)
		r.sendInPlace(false)
	default:
		frames := c.consumer.appendFrames(nil, &e, r.name, entry.Seq)
		_ = c.send(c.form(frames), "")
	}
}

// join makes the subscription get what is published from now on, which is held
// back until it is released. It returns where the history stands, and what makes a
// mark of a position there.
func (s *Subscription) join() (at layer.Position, base uint64) {
	g := s.group
	g.mu.Lock()
	defer g.mu.Unlock()
	g.add(&s.member)
	s.present(g)
	if g.trail != nil {
		at, base = g.trail.at, g.trail.base
	}
	return at, base
}

// confirmAgain tells the client that it is subscribed already, and up to where it
// has had the history. The lane is held.
func (s *Subscription) confirmAgain(ref []byte) {
	if s.topic.history == nil {
		s.confirm(ref, nil)
		return
	}
	c, g := s.conn, s.group
	g.mu.Lock()
	c.out.mu.Lock() // nothing may come between what it has had and the frame that says so
	p, base := place{Epoch: g.trail.at.Epoch}, g.trail.base
	if s.had < base { // it has yet to be told of this epoch
		p.Epoch, base = g.trail.past, g.trail.pastBy
	}
	if s.had > base {
		p.Seq = s.had - base
	}
	g.mu.Unlock()
	frame, err := c.ownFrame(wire.Head{Action: actionSubscribed, Topic: s.name, Ref: ref}, &p)
	result := sentClosed
	if err == nil {
		result = c.put(frame, "", true)
	}
	c.out.mu.Unlock()
	_ = c.after(result)
}

// confirm tells the client that it is subscribed, before anything that is held.
func (s *Subscription) confirm(ref []byte, p *place) {
	var payload any
	if p != nil {
		payload = p
	}
	_ = s.conn.sendFrame(wire.Head{Action: actionSubscribed, Topic: s.name, Ref: ref}, payload)
}

// live lets the client have what comes, after who is there.
func (s *Subscription) live(after uint64) {
	s.tellPresent()
	s.release(after)
}

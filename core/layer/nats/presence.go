package chanxnats

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// presence is a [layer.Presence] without Watch, on a stream.
//
// NATS runs no scripts, so who is present follows from messages that are stored one
// at a time. A session has a subject of its own, and the last message there says that
// it entered, or has left, with or without a grace. Each message is stored only if
// the one before is still the last, so that what happens to a session happens once;
// and as all stand in one stream, every process sees them in one order. A key is
// present while one of its sessions is there; else it is the last end that counts,
// and its grace. An owner has a subject too, for its lease, so that to renew it is one
// message however many sessions there are.
//
// What time brings about is a message as well, of whoever notices first: that a lease
// has ended and with it each session that entered under it, and that a grace has. Ends
// are kept for as long as the longest grace that is in use and a minute, so that no
// grace outlives the end that came after it, and who has missed an end finds it. Then
// they are deleted: by the process that wrote them, or, where that has died, by one
// that cleans up after the owner.
//
// How old a grace is when a process comes to a channel, or a lease when it first hears
// of any, is what the server's clock says; in a cluster, where that may be two servers'
// clocks, it ends earlier or later by as much as these differ.
//
// Entering and leaving are two round trips each. A session takes about 1 KiB at the
// server, in memory as in a file with what is remembered of it, and a member that is
// watched about 450 bytes in each process that does. To list members is work for the
// server that grows with all sessions of the prefix, 20,000 of which take about 10 ms;
// before 2.10 that goes for comparing a watch with the server as well.
type presence struct {
	conn    *conn
	shelf   *shelf
	inlet   *inlet
	watches *relay.Watches

	owners  owners
	longest atomic.Int64 // the longest grace that is in use, as far as is known

	life    context.Context // ends with close
	quit    context.CancelFunc
	forget  time.Duration // for how long the end of a session is kept, at least
	timers  timers
	running sync.WaitGroup
	places  chan struct{} // has something for each grace that is just being ended

	starting chan struct{} // has something while somebody starts
	started  atomic.Bool

	mu        sync.Mutex
	rosters   map[string]*roster // by channel
	finishing map[string]int     // owners whose sessions are being ended, and how often that was asked for
	doubts    map[string]bool    // owners that are to be looked after in a moment
	bin       bin
	created   time.Time // tells the stream from one of the same name

	inspected time.Time // when it was seen which server leads the stream
	leader    string    // or "" for a server that is alone
}

var _ relay.Roster = (*presence)(nil)

// newPresence returns who is present as the servers know it.
func newPresence(c *conn) *presence {
	p := &presence{
		conn:      c,
		shelf:     newShelf(c),
		owners:    owners{byToken: make(map[string]*owned)},
		forget:    time.Minute,
		places:    make(chan struct{}, endAtOnce),
		starting:  make(chan struct{}, 1),
		rosters:   make(map[string]*roster),
		finishing: make(map[string]int),
		doubts:    make(map[string]bool),
	}
	p.life, p.quit = context.WithCancel(context.Background())
	p.inlet = c.newInlet(p.receive)
	p.watches = relay.NewWatches(p, c.status, c.relayOptions())
	c.onRestored(p.restored)
	return p
}

// close ends what goes on. The leases, and graces, go on at the servers.
func (p *presence) close() error {
	err := p.watches.Close()
	p.timers.close()
	p.quit()
	p.running.Wait()
	return err
}

// call does what a method of [layer.Presence] does, within the layer's time.
func (p *presence) call(ctx context.Context, what string, f func(ctx context.Context) error) error {
	if err := p.conn.begin(ctx); err != nil {
		return err
	}
	bounded, cancel := p.conn.bound(ctx)
	defer cancel()
	err := p.start(bounded)
	if err == nil {
		err = f(bounded)
	}
	if errors.Is(err, layer.ErrNoLease) {
		return err
	}
	return p.conn.failure(ctx, what, err)
}

// start begins to listen to leases, once.
func (p *presence) start(ctx context.Context) error {
	if p.started.Load() {
		return nil
	}
	select {
	case p.starting <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.starting }()
	if p.started.Load() {
		return nil
	}
	created, err := p.shelf.open(ctx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.created = created
	p.mu.Unlock()
	subject := p.shelf.owner(presenceLiveKind, "*")
	p.inlet.unlisten(subject) // where this is another try
	if err := p.inlet.listen(ctx, subject, ""); err != nil {
		return err
	}
	if err := p.learnOwners(ctx, false); err != nil {
		return err
	}
	p.started.Store(true)
	return nil
}

// restored is called after an outage.
func (p *presence) restored() {
	if !p.started.Load() {
		return
	}
	p.forgive()
	p.doubtAll(func(*roster) bool { return true })
	p.spawn(p.relearn)
}

func (p *presence) relearn(ctx context.Context) {
	created, err := p.shelf.open(ctx)
	if err == nil {
		p.notice(created)
		err = p.learnOwners(ctx, true)
	}
	if err != nil {
		p.again(p.relearn)
		return
	}
	p.watches.Restored(nil)
}

// notice notes which stream is there. In another one sequences mean other messages.
func (p *presence) notice(created time.Time) (same bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	same = p.created.Equal(created)
	if !same {
		p.bin.clear()
		p.longest.Store(0)
	}
	p.created = created
	return same
}

// receive takes a message that was stored.
func (p *presence) receive(channel string, m *nats.Msg) {
	seq, err := sequenceOf(m)
	if err != nil {
		return
	}
	if place, ok := p.shelf.place(presenceLiveKind, m.Subject); ok {
		if st, err := parseStay(place, seq, m.Data); err == nil {
			p.happened(channel, st)
		}
		return
	}
	if token, ok := strings.CutPrefix(m.Subject, p.shelf.owner(presenceLiveKind, "")); ok {
		if l, err := parseLease(seq, m.Data); err == nil {
			p.heard(token, l, false)
		}
	}
}

// Enter is that of [layer.Presence].
func (p *presence) Enter(ctx context.Context, channel string, s layer.Session) error {
	return p.call(ctx, "entering", func(ctx context.Context) error {
		return p.enter(ctx, place(channel, s), s)
	})
}

func (p *presence) enter(ctx context.Context, place string, s layer.Session) error {
	owner := ownerOf(place)
	known := p.owners.get(owner)
	if !known.runs() {
		var err error
		if known, err = p.look(ctx, owner); err != nil {
			return err
		}
		if !known.runs() {
			return layer.ErrNoLease
		}
	}
	st := stay{place: place, state: stayEntered, lease: known.id, key: s.Key, info: s.Info}
	for expected := uint64(0); ; {
		err := p.shelf.write(ctx, &st, expected)
		if err == nil {
			break
		}
		if !errors.Is(err, errConflict) {
			return err
		}
		before, err := p.shelf.stay(ctx, place)
		switch {
		case errors.Is(err, errNone):
		case err != nil:
			return err
		case before.state == stayEntered && before.lease == st.lease && string(before.info) == string(st.info):
			return p.verify(ctx, owner, st.lease)
		}
		expected = before.seq
	}
	// Who ends a lease says so first, and looks for its sessions then. So either the
	// session was found there, or the end is seen here.
	err := p.verify(ctx, owner, st.lease)
	if errors.Is(err, layer.ErrNoLease) {
		e := st.ended(0)
		if err := p.shelf.write(ctx, &e, st.seq); err != nil && !errors.Is(err, errConflict) {
			return err
		}
		p.throw(e.seq)
	}
	return err
}

// verify returns an error where a lease has ended.
func (p *presence) verify(ctx context.Context, owner string, id leaseID) error {
	known, err := p.look(ctx, owner)
	if err != nil {
		return err
	}
	if known == nil || known.ended || known.id != id {
		return layer.ErrNoLease
	}
	return nil
}

// Leave is that of [layer.Presence].
func (p *presence) Leave(ctx context.Context, channel string, s layer.Session, grace time.Duration) error {
	return p.call(ctx, "leaving", func(ctx context.Context) error {
		return p.leave(ctx, place(channel, s), grace)
	})
}

func (p *presence) leave(ctx context.Context, place string, grace time.Duration) error {
	for {
		st, err := p.shelf.stay(ctx, place)
		if errors.Is(err, errNone) || err == nil && st.state != stayEntered {
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.coverGrace(ctx, grace); err != nil {
			return err
		}
		e := st.ended(grace)
		switch err := p.shelf.write(ctx, &e, st.seq); {
		case errors.Is(err, errConflict):
			continue
		case err != nil:
			return err
		}
		if grace > 0 {
			p.endGraceAfter(e, grace)
		} else {
			p.throw(e.seq)
		}
		return nil
	}
}

// Members is that of [layer.Presence].
func (p *presence) Members(ctx context.Context, channel string) (members []layer.Member, err error) {
	err = p.call(ctx, "listing members", func(ctx context.Context) error {
		stays, err := p.shelf.stays(ctx, p.shelf.ofChannel(presenceKind, channel))
		if err != nil {
			return err
		}
		gone, err := p.confirm(ctx, stays)
		if err != nil {
			return err
		}
		members = assemble(stays, gone).members()
		return nil
	})
	slices.SortFunc(members, func(a, b layer.Member) int { return strings.Compare(a.Key, b.Key) })
	return members, err
}

// Watch is that of [layer.Presence].
func (p *presence) Watch(ctx context.Context, channel string, handler func(layer.PresenceChange)) (layer.Subscription, error) {
	if err := p.conn.begin(ctx); err != nil {
		return nil, err
	}
	return p.watches.Watch(ctx, channel, handler)
}

package chanxnats

import (
	"context"
	"errors"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// roster is a channel that this process watches.
type roster struct {
	subject string // that is listened to

	listing sync.Mutex // held by who lists the members

	mu      sync.Mutex
	version uint64 // of the changes that were given to the watches
	all     attendance
	newest  uint64 // the greatest sequence that is known of the channel's messages
	// While the members are listed, what happens meanwhile.
	lists   bool
	recent  []stay
	timers  map[string]*timer // of graces, by place
	dropped int               // messages that the client is known to have dropped
	stale   bool              // something may have been missed since the members were listed
	listed  time.Time
}

func (p *presence) roster(channel string) *roster {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rosters[channel]
}

// Listen implements [relay.Roster].
func (p *presence) Listen(ctx context.Context, channel string) error {
	return p.call(ctx, "watching", func(ctx context.Context) error {
		r := &roster{
			subject: p.shelf.ofChannel(presenceLiveKind, channel),
			version: 1, all: make(attendance), timers: make(map[string]*timer),
		}
		p.mu.Lock()
		p.rosters[channel] = r
		p.mu.Unlock()
		return p.inlet.listen(ctx, r.subject, channel)
	})
}

// Unlisten implements [relay.Roster].
func (p *presence) Unlisten(channel string) {
	p.mu.Lock()
	r := p.rosters[channel]
	delete(p.rosters, channel)
	p.mu.Unlock()
	if r == nil {
		return
	}
	p.inlet.unlisten(r.subject)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.timers {
		t.stop()
	}
	r.timers = nil
}

// happened takes what has happened to a session.
func (p *presence) happened(channel string, st stay) {
	r := p.roster(channel)
	if r == nil {
		return
	}
	r.mu.Lock()
	if r.lists {
		r.recent = append(r.recent, st)
	}
	r.newest = max(r.newest, st.seq)
	joined, left := r.all.apply(st)
	var change layer.PresenceChange
	if joined != nil {
		change.Joined = []layer.Member{*joined}
	}
	if left {
		change.Left = []string{st.key}
	}
	changed := joined != nil || left
	if changed {
		r.version++
	}
	version := r.version
	p.await(r, st)
	r.mu.Unlock()
	if changed {
		p.watches.Receive(channel, version, change)
	}
	if st.state == stayEntered && !p.owners.run(st.ownerToken(), st.lease) {
		p.doubt(st.ownerToken(), st.lease)
	}
}

// await sets or stops the timer of a grace. The roster is locked.
func (p *presence) await(r *roster, st stay) {
	if r.timers == nil {
		return // it is not watched any more
	}
	r.timers[st.place].stop()
	delete(r.timers, st.place)
	if st.state == stayLeft && st.grace > st.age {
		// Who has written it ends it, if it is still there.
		late := time.Second/2 + mathrand.N(time.Second)
		r.timers[st.place] = p.endGraceAfter(st, st.grace-st.age+late)
	}
}

// List implements [relay.Roster]. What time has ended, and nobody has said so, ends
// here, so that whoever watches is told.
func (p *presence) List(ctx context.Context, channel string) (members []layer.Member, version uint64, err error) {
	r := p.roster(channel)
	if r == nil {
		members, err = p.Members(ctx, channel)
		return members, 0, err
	}
	err = p.call(ctx, "listing members", func(ctx context.Context) error {
		r.listing.Lock()
		defer r.listing.Unlock()
		r.begin()
		for {
			stays, err := p.shelf.stays(ctx, p.shelf.ofChannel(presenceKind, channel))
			var gone map[string]bool
			settled := false
			if err == nil {
				gone, settled, err = p.settle(ctx, stays)
			}
			if err != nil {
				r.abandon()
				return err
			}
			if settled {
				members, version = p.install(r, stays, gone)
				return nil
			}
		}
	})
	return members, version, err
}

// begin notes from then on what happens.
func (r *roster) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lists, r.recent, r.stale = true, nil, false
}

func (r *roster) abandon() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lists, r.recent, r.stale = false, nil, true
}

// install puts a list in the place of what is known, with what has happened after.
// Sessions that are gone are not there, though their last message doesn't say so yet.
func (p *presence) install(r *roster, stays []stay, gone map[string]bool) ([]layer.Member, uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	latest := make(map[string]stay, len(stays))
	for _, st := range stays {
		latest[st.place] = st
	}
	for _, st := range r.recent {
		if known, ok := latest[st.place]; !ok || known.seq < st.seq {
			latest[st.place] = st
			delete(gone, st.place)
		}
	}
	r.lists, r.recent = false, nil
	stays = stays[:0]
	r.newest = 0
	for place, t := range r.timers {
		t.stop()
		delete(r.timers, place)
	}
	for _, st := range latest {
		r.newest = max(r.newest, st.seq)
		stays = append(stays, st)
		p.await(r, st)
	}
	r.all, r.listed = assemble(stays, gone), time.Now()
	r.version++
	return r.all.members(), r.version
}

// settle ends leases and graces that are over. It returns the sessions that are gone
// with their leases, and reports false where something else has happened meanwhile;
// else the stays are as they are now.
func (p *presence) settle(ctx context.Context, stays []stay) (gone map[string]bool, settled bool, err error) {
	if gone, err = p.confirm(ctx, stays); err != nil {
		return nil, false, err
	}
	ended := make(map[string]bool)
	for i := range stays {
		st := &stays[i]
		switch owner := st.ownerToken(); {
		case gone[st.place]:
			if !ended[owner] {
				ended[owner] = true
				err = p.endLease(ctx, owner)
			}
		case st.state == stayLeft && st.grace > 0 && st.grace <= st.age:
			over := st.over()
			if err = p.shelf.write(ctx, &over, st.seq); err == nil {
				p.throw(over.seq)
				*st = over
			}
		}
		if errors.Is(err, errConflict) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
	return gone, true, nil
}

// Versions implements [relay.Roster].
func (p *presence) Versions(ctx context.Context, channels []string) ([]uint64, error) {
	versions := make([]uint64, len(channels))
	err := p.call(ctx, "comparing members", func(ctx context.Context) error {
		if err := p.inspect(ctx); err != nil {
			return err
		}
		return each(ctx, endAtOnce, channels, func(ctx context.Context, i int, channel string) (err error) {
			versions[i], err = p.compare(ctx, channel)
			return err
		})
	})
	return versions, err
}

// onTheWay is how long what has happened may take to come by itself.
const onTheWay = 300 * time.Millisecond

// compare returns the version of a channel once what is stored now has come. Where it
// doesn't come, that is a version which nobody has, so that the members are listed.
func (p *presence) compare(ctx context.Context, channel string) (uint64, error) {
	r := p.roster(channel)
	if r == nil {
		return 0, nil
	}
	before := r.newestIn()
	k, err := p.shelf.last(ctx, p.shelf.ofChannel(presenceKind, channel))
	if err != nil && !errors.Is(err, errNone) {
		return 0, err
	}
	if k.seq < before { // ends that were deleted may have come last, but a session that is there was not
		return r.skip(), nil
	}
	dropped := p.inlet.dropped(r.subject)
	for start := time.Now(); !r.isAt(k.seq, dropped); {
		if time.Since(start) > onTheWay {
			return r.skip(), nil
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
	if version, stale := r.present(); !stale {
		return version, nil
	}
	return r.skip(), nil
}

// isAt reports whether the message at a sequence, which was the last of the channel,
// has come; or it does not matter, as something else was missed.
func (r *roster) isAt(seq uint64, dropped int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if dropped > r.dropped {
		r.dropped, r.stale = dropped, true
	}
	return r.stale || seq <= r.newest
}

// newestIn returns the sequence of the session that entered or changed last.
func (r *roster) newestIn() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all.newest()
}

func (r *roster) present() (version uint64, stale bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.version, r.stale
}

// skip leaves out a version.
func (r *roster) skip() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version++
	return r.version
}

// inspected is how often the stream is looked at while channels are compared.
const inspected = 20 * time.Second

// relisted is how often the members of a channel are listed anew in a cluster.
const relisted = 5 * time.Minute

// inspect finds out whether something may have been missed though the connection
// stood. With one server that can't be, and it is enough to see whether the last
// message of a channel has come. In a cluster the leader of the stream may fail
// before it has published again what is stored, and what it published may be lost on
// its way between servers: so the members are listed anew after another server has
// become the leader, and from time to time.
func (p *presence) inspect(ctx context.Context) error {
	p.mu.Lock()
	due := time.Since(p.inspected) > inspected
	p.mu.Unlock()
	if !due {
		return nil
	}
	s, err := p.conn.js.Stream(ctx, p.shelf.api.stream)
	if err != nil {
		return err
	}
	leader := ""
	if c := s.CachedInfo().Cluster; c != nil {
		leader = c.Leader
	}
	p.mu.Lock()
	another := !p.inspected.IsZero() && leader != p.leader
	p.inspected, p.leader = time.Now(), leader
	p.mu.Unlock()
	oldest := time.Time{}
	if leader != "" {
		oldest = time.Now().Add(-relisted)
	}
	p.doubtAll(func(r *roster) bool { return another || r.listed.Before(oldest) })
	return nil
}

// doubtAll has the members of some channels listed anew.
func (p *presence) doubtAll(which func(r *roster) bool) {
	p.mu.Lock()
	rosters := slices.Collect(maps.Values(p.rosters))
	p.mu.Unlock()
	for _, r := range rosters {
		r.mu.Lock()
		r.stale = r.stale || which(r)
		r.mu.Unlock()
	}
}

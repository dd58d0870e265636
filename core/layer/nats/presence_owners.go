package chanxnats

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"
)

// owners is what this process knows of leases: of all that there are, as every
// process that has to do with presence hears of every renewal, and sees to it that
// the sessions of an owner end with its lease.
//
// How long a lease still runs is measured from when its renewal was heard of, by this
// process's own clock, so that no two clocks are compared. Only of those that were
// renewed before the process came it is the server's clock that says how old they
// are. Where it is set forward meanwhile, such a lease ends early.
type owners struct {
	mu      sync.Mutex
	byToken map[string]*owned
}

// owned is an owner that has a lease, or had one.
type owned struct {
	lease

	deadline time.Time // by this process's clock
	timer    *timer    // for what is to be done at the deadline, or some time after the end
}

// runs reports whether a lease is known that has not run out.
func (o *owned) runs() bool { return o != nil && !o.ended && time.Now().Before(o.deadline) }

// get returns what is known of an owner, or nil.
func (o *owners) get(token string) *owned {
	o.mu.Lock()
	defer o.mu.Unlock()
	if known := o.byToken[token]; known != nil {
		copied := *known
		return &copied
	}
	return nil
}

// run reports whether a lease is known to run.
func (o *owners) run(token string, id leaseID) bool {
	known := o.get(token)
	return known.runs() && known.id == id
}

// heard notes a lease that was heard of. Where the leader has said so it is noted
// also where a later one is known, as the stream may be another one.
func (p *presence) heard(token string, l lease, fromLeader bool) {
	o := &p.owners
	o.mu.Lock()
	defer o.mu.Unlock()
	known := o.byToken[token]
	if known != nil && (known.seq == l.seq || known.seq > l.seq && !fromLeader) {
		return
	}
	if known != nil {
		known.timer.stop()
	}
	now := &owned{lease: l, deadline: time.Now().Add(l.length - l.age)}
	o.byToken[token] = now
	p.wait(token, now)
}

// wait sets the timer of an owner. The owners are locked.
func (p *presence) wait(token string, o *owned) {
	if o.ended {
		// By then who has ended it has come to the end, or has died.
		o.timer = p.timers.after(p.forget/6+mathrand.N(2*p.forget), func() { p.spawn(func(ctx context.Context) { p.clean(ctx, token) }) })
		return
	}
	// Every process waits for it, and one is enough: so each waits somewhat longer.
	late := mathrand.N(min(o.length/4, time.Second) + 1)
	o.timer = p.timers.after(time.Until(o.deadline)+late, func() { p.spawn(func(ctx context.Context) { p.expire(ctx, token) }) })
}

// forgotten notes that there is nothing of an owner.
func (p *presence) forgotten(token string) {
	o := &p.owners
	o.mu.Lock()
	defer o.mu.Unlock()
	if known := o.byToken[token]; known != nil {
		known.timer.stop()
		delete(o.byToken, token)
	}
}

// returning is how long a process may take to come back from an outage later than
// another one.
const returning = 5 * time.Second

// forgive begins all leases anew: in an outage nobody could renew one.
func (p *presence) forgive() {
	o := &p.owners
	o.mu.Lock()
	defer o.mu.Unlock()
	for token, known := range o.byToken {
		if !known.ended {
			known.timer.stop()
			known.deadline = time.Now().Add(known.length + returning)
			p.wait(token, known)
		}
	}
}

// look asks the leader for an owner's lease. It returns nil where there is none.
func (p *presence) look(ctx context.Context, token string) (*owned, error) {
	k, err := p.shelf.last(ctx, p.shelf.owner(presenceKind, token))
	if errors.Is(err, errNone) {
		p.forgotten(token)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l, err := parseLease(k.seq, k.body)
	if err != nil {
		return nil, err
	}
	p.heard(token, l, true)
	return p.owners.get(token), nil
}

// putLease stores what has become of a lease.
func (p *presence) putLease(ctx context.Context, token string, l lease, expected uint64) error {
	seq, err := p.shelf.put(ctx, p.shelf.owner(presenceKind, token), l.encode(), expected)
	if err != nil {
		return err
	}
	l.seq = seq
	p.heard(token, l, true)
	return nil
}

// Renew is that of [layer.Presence].
func (p *presence) Renew(ctx context.Context, owner string, length time.Duration) (fresh bool, err error) {
	if err := p.conn.begin(ctx); err != nil {
		return false, err
	}
	if length <= 0 {
		return false, fmt.Errorf("chanxnats: a lease of %v", length)
	}
	err = p.call(ctx, "renewing a lease", func(ctx context.Context) error {
		fresh, err = p.renew(ctx, token(owner), length)
		return err
	})
	return fresh, err
}

func (p *presence) renew(ctx context.Context, token string, length time.Duration) (fresh bool, err error) {
	known := p.owners.get(token)
	for {
		if known == nil {
			if known, err = p.look(ctx, token); err != nil {
				return false, err
			}
		}
		if known != nil && !known.runs() { // what entered under it ends before another begins
			if known, err = p.endFirst(ctx, token, known); err != nil {
				return false, err
			}
		}
		l, expected := lease{length: length}, uint64(0)
		if fresh = !known.runs(); fresh {
			_, _ = rand.Read(l.id[:])
		} else {
			l.id = known.id
		}
		if known != nil {
			expected = known.seq
		}
		if err = p.putLease(ctx, token, l, expected); !errors.Is(err, errConflict) {
			return fresh && err == nil, err
		}
		if known, err = p.look(ctx, token); err != nil {
			return false, err
		}
	}
}

// endFirst ends a lease that has run out, unless it is found renewed, and what entered
// under it, and returns what has become of it.
func (p *presence) endFirst(ctx context.Context, token string, known *owned) (*owned, error) {
	for known != nil && !known.runs() {
		if known.ended { // who has ended it may not have come to the end
			return known, p.endStays(ctx, token)
		}
		err := p.end(ctx, token, known)
		if err == nil {
			return p.owners.get(token), nil
		}
		if !errors.Is(err, errConflict) {
			return nil, err
		}
		if known, err = p.look(ctx, token); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// Release is that of [layer.Presence].
func (p *presence) Release(ctx context.Context, owner string) error {
	return p.call(ctx, "releasing a lease", func(ctx context.Context) error {
		token := token(owner)
		for {
			known, err := p.look(ctx, token)
			switch {
			case err != nil || known == nil:
				return err
			case known.ended:
				return p.endStays(ctx, token)
			}
			if err = p.end(ctx, token, known); !errors.Is(err, errConflict) {
				return err
			}
		}
	})
}

// end ends a lease and what entered under it. The error is errConflict where it was
// renewed or ended meanwhile.
func (p *presence) end(ctx context.Context, token string, known *owned) error {
	l := lease{ended: true, id: known.id}
	if err := p.putLease(ctx, token, l, known.seq); err != nil {
		return err
	}
	err := p.endStays(ctx, token)
	if err != nil {
		p.finish(token)
	}
	return err
}

// endLease ends a lease that has run out, so that nothing can renew it, and leaves
// what entered under it to be ended in the background. The error is errConflict where
// it was renewed meanwhile.
func (p *presence) endLease(ctx context.Context, token string) error {
	known := p.owners.get(token)
	if known != nil && !known.ended && !known.runs() {
		l := lease{ended: true, id: known.id}
		if err := p.putLease(ctx, token, l, known.seq); err != nil {
			_, _ = p.look(ctx, token)
			return err
		}
	}
	p.finish(token)
	return nil
}

// expire ends a lease that seems to have run out.
func (p *presence) expire(ctx context.Context, token string) {
	before := p.owners.get(token)
	if before == nil || before.ended || before.runs() {
		return
	}
	// In an outage, until leases have begun anew, nothing is known of renewals.
	err := p.conn.status.Err()
	var known *owned
	if err == nil {
		known, err = p.look(ctx, token)
	}
	if err == nil && known != nil && !known.ended && !known.runs() {
		err = p.end(ctx, token, known)
	}
	if err != nil && !errors.Is(err, errConflict) { // the server is away
		p.again(func(ctx context.Context) { p.expire(ctx, token) })
	}
}

// finish ends in the background what has entered under a lease that has ended.
func (p *presence) finish(token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.finishing[token]++; p.finishing[token] == 1 {
		p.spawn(func(ctx context.Context) { p.finishNow(ctx, token, 1) })
	}
}

// finishNow does so for as many calls of finish as have come.
func (p *presence) finishNow(ctx context.Context, token string, calls int) {
	for {
		if err := p.endStays(ctx, token); err != nil {
			p.again(func(ctx context.Context) { p.finishNow(ctx, token, calls) })
			return
		}
		p.mu.Lock()
		if p.finishing[token] == calls {
			delete(p.finishing, token)
			p.mu.Unlock()
			return
		}
		calls = p.finishing[token]
		p.mu.Unlock()
	}
}

// doubt looks after an owner one of whose sessions has entered under a lease that
// isn't known to run. Mostly it has only just become known, or who entered notices
// itself.
func (p *presence) doubt(token string, id leaseID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doubts[token] {
		return
	}
	p.doubts[token] = true
	p.timers.after(time.Second, func() {
		p.mu.Lock()
		delete(p.doubts, token)
		p.mu.Unlock()
		if !p.owners.run(token, id) {
			p.finish(token)
		}
	})
}

// endAtOnce is how many sessions are ended at once.
const endAtOnce = 32

// endStays ends the sessions of an owner that entered under another lease than the
// one that it has now, if it has one. It returns once they are gone, whoever did it.
func (p *presence) endStays(ctx context.Context, token string) error {
	stays, err := p.shelf.stays(ctx, p.shelf.ofOwner(token))
	if err != nil || len(stays) == 0 {
		return err
	}
	known, err := p.look(ctx, token)
	if err != nil {
		return err
	}
	stays = slices.DeleteFunc(stays, func(st stay) bool {
		return st.state != stayEntered || known != nil && !known.ended && known.id == st.lease
	})
	return each(ctx, endAtOnce, stays, func(ctx context.Context, _ int, st stay) error {
		e := st.ended(0)
		if err := p.shelf.write(ctx, &e, st.seq); !errors.Is(err, errConflict) {
			return err
		}
		return nil
	})
}

// confirm returns which of the sessions that seem to be there are not, as they
// entered under a lease that has ended. It asks for those leases that aren't known to
// run.
func (p *presence) confirm(ctx context.Context, stays []stay) (gone map[string]bool, err error) {
	asked := make(map[string]*owned)
	for i := range stays {
		st := &stays[i]
		token := st.ownerToken()
		if st.state != stayEntered || p.owners.run(token, st.lease) {
			continue
		}
		known, ok := asked[token]
		if !ok {
			if known, err = p.look(ctx, token); err != nil {
				return nil, err
			}
			asked[token] = known
		}
		if known.runs() && known.id == st.lease {
			continue
		}
		if gone == nil {
			gone = make(map[string]bool)
		}
		gone[st.place] = true
	}
	return gone, nil
}

// learnOwners asks for all leases. Those that have been running for a while are as old
// as the server says, unless they are to begin anew.
func (p *presence) learnOwners(ctx context.Context, anew bool) error {
	all, err := p.shelf.list(ctx, p.shelf.owner(presenceKind, "*"))
	if err != nil {
		return err
	}
	prefix := len(p.shelf.owner(presenceKind, ""))
	there := make(map[string]bool, len(all))
	for _, k := range all {
		token := k.subject[prefix:]
		there[token] = true
		if l, err := parseLease(k.seq, k.body); err == nil {
			if !anew {
				l.age = k.age
			}
			p.heard(token, l, false)
		}
	}
	for _, token := range p.owners.without(there) {
		if _, err := p.look(ctx, token); err != nil {
			return err
		}
	}
	return nil
}

// without returns the owners that are known, but for some.
func (o *owners) without(some map[string]bool) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var others []string
	for token := range o.byToken {
		if !some[token] {
			others = append(others, token)
		}
	}
	return others
}

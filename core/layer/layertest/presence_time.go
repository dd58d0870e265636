package layertest

import (
	"errors"
	"fmt"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

const (
	// soon is a lease or a grace whose end a test waits for.
	soon = 400 * time.Millisecond
	// late is one that no test sees the end of.
	late = time.Hour
)

// inTime calls test, with another channel each time, until it says that it came to
// its end before time was up, whatever else the machine had to do.
func (f *fixture) inTime(test func(channel string) bool) {
	f.Helper()
	for n := range 20 {
		if test(fmt.Sprintf("try %d", n)) {
			return
		}
	}
	f.Fatalf("calls take longer than %v", soon)
}

// testPresenceGrace: who enters again in grace has never been away.
func testPresenceGrace(f *fixture) {
	a, b := f.process("a"), f.process("b")
	w := b.watch("room")
	a.enter("room", "ann", "1", "x")
	w.expect("+ann=x")
	a.leave("room", "ann", "1", late)
	a.leave("room", "ann", "1", 0) // it isn't there any more
	a.leave("room", "ann", "2", 0)
	a.quiet("room", w)
	b.expectMembers("room", "ann=x")
	b.watch("room", "ann=x").end()

	b.enter("room", "ann", "9", "x")
	a.quiet("room", w)
	b.leave("room", "ann", "9", late)
	a.enter("room", "ann", "1", "x")
	a.leave("room", "ann", "1", late)
	a.quiet("room", w)

	a.enter("room", "ann", "1", "y") // with another info
	w.expect("+ann=y")
	a.leave("room", "ann", "1", 0)
	w.expect("-ann")
	a.enter("room", "ann", "1", "y") // after the end it is a joining again
	w.expect("+ann=y")
	a.expectMembers("room", "ann=y")
}

// testPresenceGraceEnds: after the grace, and not before, everybody learns that it
// was a farewell.
func testPresenceGraceEnds(f *fixture) {
	a, b := f.process("a"), f.process("b")
	watches := []*watch{a.watch("room"), b.watch("room"), b.watch("room")}
	a.enter("room", "ann", "1", "x")
	a.enter("room", "bob", "1", "x")
	for _, w := range watches {
		w.expect("+ann=x", "+bob=x")
	}
	start := time.Now()
	a.leave("room", "ann", "1", soon)
	b.leave("room", "bob", "2", soon) // a session that isn't there
	if got := b.members("room"); !has(got, "ann") && isEarly(start, time.Now()) {
		f.Errorf("Members in grace: %s", summary(got))
	}
	for _, w := range watches {
		if at := w.expectAnyOrder("-ann"); isEarly(start, at) {
			f.Errorf("told after %v, in a grace of %v", at.Sub(start), soon)
		}
	}
	a.expectMembers("room", "bob=x")
	b.expectMembers("room", "bob=x")
	a.quiet("room", watches...)
}

// testPresenceGraceOfLastSession: it is the Leave of the last session whose grace
// counts.
func testPresenceGraceOfLastSession(f *fixture) {
	a, b := f.process("a"), f.process("b")
	w := b.watch("room")
	a.enter("room", "ann", "1", "x")
	b.enter("room", "ann", "2", "x")
	a.leave("room", "ann", "1", late)
	b.leave("room", "ann", "2", 0)
	w.expect("+ann=x", "-ann")

	a.enter("room", "bob", "1", "x")
	b.enter("room", "bob", "2", "x")
	b.enter("room", "bob", "3", "x")
	a.leave("room", "bob", "1", soon)
	b.leave("room", "bob", "2", 0)
	w.expect("+bob=x")
	<-time.After(2 * soon)
	a.quiet("room", w)
	b.leave("room", "bob", "3", late)
	a.quiet("room", w)
	b.expectMembers("room", "bob=x")
}

// testPresenceGraceWithoutWatch: graces end where nobody watches, too.
func testPresenceGraceWithoutWatch(f *fixture) {
	a, b := f.process("a"), f.process("b")
	a.enter("room", "ann", "1", "x")
	a.enter("other", "bob", "1", "x")
	start := time.Now()
	a.leave("room", "ann", "1", soon)
	a.leave("other", "bob", "1", soon)
	b.waitMembers("room")
	if now := time.Now(); isEarly(start, now) {
		f.Errorf("gone after %v, in a grace of %v", now.Sub(start), soon)
	}
	<-time.After(soon)
	b.watch("other").end()
	b.enter("other", "bob", "1", "x")
	b.watch("other", "bob=x").end()
}

// testPresenceGraceEndedByEnter: a grace whose key has entered again ends nothing,
// be it with a session or in another grace.
func testPresenceGraceEndedByEnter(f *fixture) {
	a, b := f.process("a"), f.process("b")
	for _, leavesAgain := range []bool{false, true} {
		f.inTime(func(channel string) bool {
			channel = fmt.Sprint(channel, leavesAgain)
			w := b.watch(channel)
			a.enter(channel, "ann", "1", "x")
			w.expect("+ann=x")
			start := time.Now()
			a.leave(channel, "ann", "1", soon)
			b.enter(channel, "ann", "2", "x")
			if !isEarly(start, time.Now()) {
				return false
			}
			if leavesAgain {
				b.leave(channel, "ann", "2", late)
			}
			<-time.After(2 * soon)
			a.quiet(channel, w)
			a.expectMembers(channel, "ann=x")
			return true
		})
	}
}

// testPresenceGraceOutlivesOwner: a process that ends in an orderly way leaves
// graces, so that its members may come back elsewhere.
func testPresenceGraceOutlivesOwner(f *fixture) {
	a, b, c := f.process("a"), f.process("b"), f.process("c")
	w := b.watch("room")
	for _, p := range []*process{a, c} {
		p.enter("room", p.owner+" in grace", "1", "x")
		p.enter("room", p.owner+" is there", "1", "x")
		p.leave("room", p.owner+" in grace", "1", late)
	}
	w.expect("+a in grace=x", "+a is there=x", "+c in grace=x", "+c is there=x")
	a.release()
	w.expect("-a is there")
	c.renew(soon)
	w.expect("-c is there")
	b.quiet("room", w)
	b.expectMembers("room", "a in grace=x", "c in grace=x")
	b.enter("room", "a in grace", "1", "x")
	b.enter("room", "c in grace", "1", "x")
	b.quiet("room", w)
	b.leave("room", "a in grace", "1", 0)
	w.expect("-a in grace")
}

// testPresenceNoLease: nobody enters through an owner without a lease.
func testPresenceNoLease(f *fixture) {
	a, b := f.processWithoutLease("a"), f.process("b")
	w := b.watch("room")
	a.enterRefused("room")
	a.leave("room", "ann", "1", soon)
	for _, lease := range []time.Duration{0, -1} {
		if _, err := a.presence.Renew(f.Context(), "a", lease); err == nil {
			f.Errorf("Renew with a lease of %v: no error", lease)
		}
	}
	a.enterRefused("room")
	b.enter("room", "ann", "1", "x") // which doesn't help a
	a.enterRefused("room")
	b.leave("room", "ann", "1", 0)
	w.expect("+ann=x", "-ann")
	a.renew(late)
	a.enter("room", "ann", "1", "y")
	w.expect("+ann=y")
}

// testPresenceRenew: Renew tells whether the owner had a lease, in whatever process.
func testPresenceRenew(f *fixture) {
	a, b := f.processWithoutLease("owner"), f.processWithoutLease("owner")
	c := f.processWithoutLease("Owner")
	expect := func(p *process, want bool) {
		f.Helper()
		if fresh := p.renew(late); fresh != want {
			f.Errorf("Renew of %q: %t, want %t", p.owner, fresh, want)
		}
	}
	expect(a, true)
	expect(a, false)
	expect(b, false)
	expect(c, true)
	b.enter("room", "ann", "1", "x") // through the lease that a gave
	b.release()
	expect(a, true)
	expect(b, false)
	expect(c, false)
}

// testPresenceLeaseEnds: when a lease runs out, and not before, the owner's sessions
// end on every channel, and it is fresh again.
func testPresenceLeaseEnds(f *fixture) {
	a, b, c := f.process("a"), f.process("b"), f.process("c")
	one, near, two := b.watch("one"), c.watch("one"), b.watch("two")
	a.enter("one", "ann", "1", "x")
	a.enter("one", "ann", "2", "x")
	a.enter("one", "bob", "1", "x")
	a.enter("two", "ann", "1", "x")
	b.enter("one", "eve", "1", "x")
	for _, w := range []*watch{one, near} {
		w.expect("+ann=x", "+bob=x", "+eve=x")
	}
	two.expect("+ann=x")

	start := time.Now()
	if a.renew(soon) {
		f.Error("Renew of an owner that had a lease: fresh")
	}
	for _, w := range []*watch{one, near} {
		if at := w.expectAnyOrder("-ann", "-bob"); isEarly(start, at) {
			f.Errorf("told after %v, in a lease of %v", at.Sub(start), soon)
		}
	}
	two.expect("-ann")
	for _, p := range []*process{a, b, c} {
		p.expectMembers("one", "eve=x")
		p.expectMembers("two")
	}
	a.enterRefused("one")
	a.leave("one", "ann", "1", late)
	b.quiet("one", one, near)
	if !a.renew(late) {
		f.Error("Renew after the lease has run out: not fresh")
	}
	b.quiet("one", one, near)
	a.enter("one", "ann", "1", "x")
	one.expect("+ann=x")
	b.expectMembers("one", "ann=x", "eve=x")
}

// testPresenceLeaseEndsWithoutWatch: leases run out where nobody watches, too; and
// nothing comes back with the next lease.
func testPresenceLeaseEndsWithoutWatch(f *fixture) {
	a, b, c := f.process("a"), f.process("b"), f.process("c")
	a.enter("room", "ann", "1", "x")
	b.enter("other", "bob", "1", "x")
	b.enter("third", "bob", "1", "x")
	start := time.Now()
	a.renew(soon)
	b.renew(soon)
	c.waitMembers("room")
	if now := time.Now(); isEarly(start, now) {
		f.Errorf("gone after %v, in a lease of %v", now.Sub(start), soon)
	}
	<-time.After(soon)
	if !b.renew(late) { // which is the first to look at what b had
		f.Error("Renew after the lease has run out: not fresh")
	}
	c.expectMembers("other")
	w := c.watch("third")
	b.enter("third", "bob", "1", "x")
	w.expect("+bob=x")
}

// testPresenceLeaseEndsForOneOwner: who has sessions of another owner stays, and
// shows what the last of these shows.
func testPresenceLeaseEndsForOneOwner(f *fixture) {
	a, b := f.process("a"), f.process("b")
	w := b.watch("room")
	b.enter("room", "ann", "1", "of b")
	a.enter("room", "ann", "2", "of a")
	a.enter("room", "bob", "2", "of a")
	b.enter("room", "bob", "1", "of b")
	a.enter("room", "eve", "1", "x")
	b.enter("room", "eve", "1", "x")
	w.expect("+ann=of b", "+ann=of a", "+bob=of a", "+bob=of b", "+eve=x")
	a.renew(soon)
	w.expect("+ann=of b")
	b.quiet("room", w)
	b.expectMembers("room", "ann=of b", "bob=of b", "eve=x")
	b.release()
	w.expectAnyOrder("-ann", "-bob", "-eve")
}

// testPresenceLeaseProlonged: a lease ends that long after the latest Renew.
func testPresenceLeaseProlonged(f *fixture) {
	b := f.process("b")
	f.inTime(func(channel string) bool {
		a := &process{f: f, layer: b.layer, presence: b.presence, owner: channel}
		w := b.watch(channel)
		start := time.Now()
		a.renew(soon)
		s := a.session("ann", "1", "x")
		if err := a.presence.Enter(f.Context(), channel, s); err != nil && !errors.Is(err, layer.ErrNoLease) {
			f.Errorf("Enter: %v", err)
		}
		fresh := a.renew(late)
		if !isEarly(start, time.Now()) {
			return false
		}
		if fresh {
			f.Error("Renew before the lease has run out: fresh")
		}
		w.expect("+ann=x")
		<-time.After(2 * soon)
		b.quiet(channel, w)
		b.expectMembers(channel, "ann=x")
		if a.renew(late) {
			f.Error("Renew of a lease that was prolonged: fresh")
		}
		return true
	})
}

// testPresenceRelease: an owner that is released is gone at once, on every channel.
func testPresenceRelease(f *fixture) {
	a, b := f.process("a"), f.process("b")
	one, two := b.watch("one"), b.watch("two")
	a.release()
	a.release()
	a.enterRefused("one")
	a.renew(late)
	a.enter("one", "ann", "1", "x")
	a.enter("one", "bob", "1", "x")
	a.enter("two", "ann", "1", "x")
	b.enter("two", "ann", "1", "x")
	one.expect("+ann=x", "+bob=x")
	two.expect("+ann=x")
	a.release()
	one.expectAnyOrder("-ann", "-bob")
	b.quiet("two", two)
	b.expectMembers("one")
	b.expectMembers("two", "ann=x")
	a.enterRefused("two")
	if err := b.presence.Release(f.Context(), "nobody"); err != nil {
		f.Errorf("Release of an owner that never was: %v", err)
	}
	if !a.renew(late) {
		f.Error("Renew after Release: not fresh")
	}
	a.enter("one", "ann", "1", "x")
	one.expect("+ann=x")
}

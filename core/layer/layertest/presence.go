package layertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

var presenceTests = []test{
	{"EnterAndLeave", testPresenceEnterAndLeave},
	{"Snapshot", testPresenceSnapshot},
	{"SessionsOfOneKey", testPresenceSessionsOfOneKey},
	{"SameNames", testPresenceSameNames},
	{"Info", testPresenceInfo},
	{"InfoBytes", testPresenceInfoBytes},
	{"InfoBufferReused", testPresenceInfoBufferReused},
	{"Names", testPresenceNames},
	{"ApartFromPublish", testPresenceApartFromPublish},
	{"LeaveOfNobody", testPresenceLeaveOfNobody},
	{"NothingLost", testPresenceNothingLost},
	{"WatchAmidChanges", testPresenceWatchAmidChanges},

	{"Grace", testPresenceGrace},
	{"GraceEnds", testPresenceGraceEnds},
	{"GraceOfLastSession", testPresenceGraceOfLastSession},
	{"GraceWithoutWatch", testPresenceGraceWithoutWatch},
	{"GraceEndedByEnter", testPresenceGraceEndedByEnter},
	{"GraceOutlivesOwner", testPresenceGraceOutlivesOwner},

	{"NoLease", testPresenceNoLease},
	{"Renew", testPresenceRenew},
	{"LeaseEnds", testPresenceLeaseEnds},
	{"LeaseEndsWithoutWatch", testPresenceLeaseEndsWithoutWatch},
	{"LeaseEndsForOneOwner", testPresenceLeaseEndsForOneOwner},
	{"LeaseProlonged", testPresenceLeaseProlonged},
	{"Release", testPresenceRelease},

	{"Unsubscribe", testPresenceUnsubscribe},
	{"UnsubscribeWaits", testPresenceUnsubscribeWaits},
	{"UnsubscribeRace", testPresenceUnsubscribeRace},
	{"ContextEnded", testPresenceContextEnded},
	{"Close", testPresenceClose},
	{"CloseWaits", testPresenceCloseWaits},
	{"CloseRace", testPresenceCloseRace},
	{"CloseLeavesNoGoroutine", testPresenceCloseLeavesNoGoroutine},
	{"ChangeInHandler", testPresenceChangeInHandler},
	{"ChangeInHandlersCrossing", testPresenceChangeInHandlersCrossing},
	{"ChangeInFirstCall", testPresenceChangeInFirstCall},
	{"WatchInHandler", testPresenceWatchInHandler},
	{"UnsubscribeInHandler", testPresenceUnsubscribeInHandler},
}

func runPresence(t *testing.T, h Harness) {
	run(t, h, presenceTests)
	if !h.OneProcess {
		run(t, h, []test{{"CloseLeavesOthers", testPresenceCloseLeavesOthers}})
	}
}

// process is a handle on a backend, with an owner of its own.
type process struct {
	f        *fixture
	layer    layer.Layer
	presence layer.Presence
	owner    string
}

// process opens a handle whose owner has a lease for longer than any test.
func (f *fixture) process(owner string) *process {
	f.Helper()
	p := f.processWithoutLease(owner)
	p.renew(late)
	return p
}

func (f *fixture) processWithoutLease(owner string) *process {
	f.Helper()
	l := f.open()
	return &process{f: f, layer: l, presence: l.(layer.Presence), owner: owner}
}

// patient returns a context that ends when the suite's patience does.
func (f *fixture) patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(f.Context(), f.harness.Patience)
}

func (p *process) session(key, id, info string) layer.Session {
	return layer.Session{Key: key, ID: id, Owner: p.owner, Info: []byte(info)}
}

func (p *process) renew(lease time.Duration) (fresh bool) {
	p.f.Helper()
	ctx, cancel := p.f.patient()
	defer cancel()
	fresh, err := p.presence.Renew(ctx, p.owner, lease)
	if err != nil {
		p.f.Errorf("Renew of %q: %v", abbreviate(p.owner), err)
	}
	return fresh
}

func (p *process) release() {
	p.f.Helper()
	ctx, cancel := p.f.patient()
	defer cancel()
	if err := p.presence.Release(ctx, p.owner); err != nil {
		p.f.Errorf("Release of %q: %v", abbreviate(p.owner), err)
	}
}

func (p *process) enter(channel, key, id, info string) {
	p.f.Helper()
	ctx, cancel := p.f.patient()
	defer cancel()
	if err := p.presence.Enter(ctx, channel, p.session(key, id, info)); err != nil {
		p.f.Errorf("%q enters %q: %v", abbreviate(key), abbreviate(channel), err)
	}
}

// enterRefused enters where that must fail for want of a lease.
func (p *process) enterRefused(channel string) {
	p.f.Helper()
	ctx, cancel := p.f.patient()
	defer cancel()
	err := p.presence.Enter(ctx, channel, p.session("nobody", "1", ""))
	if !errors.Is(err, layer.ErrNoLease) {
		p.f.Errorf("Enter without a lease: %v, want %v", err, layer.ErrNoLease)
	}
}

func (p *process) leave(channel, key, id string, grace time.Duration) {
	p.f.Helper()
	ctx, cancel := p.f.patient()
	defer cancel()
	if err := p.presence.Leave(ctx, channel, p.session(key, id, "Leave does not look at it"), grace); err != nil {
		p.f.Errorf("%q leaves %q: %v", abbreviate(key), abbreviate(channel), err)
	}
}

// members returns who is present, as texts like "ann=info".
func (p *process) members(channel string) []string {
	p.f.Helper()
	ctx, cancel := p.f.patient()
	defer cancel()
	members, err := p.presence.Members(ctx, channel)
	if err != nil {
		p.f.Errorf("Members of %q: %v", abbreviate(channel), err)
	}
	texts := make([]string, len(members))
	for i, m := range members {
		texts[i] = memberText(m)
		if i > 0 && members[i-1].Key >= m.Key {
			p.f.Errorf("Members of %q: not sorted by key, or one twice", abbreviate(channel))
		}
	}
	return texts
}

// expectMembers fails if others are present, or have other infos.
func (p *process) expectMembers(channel string, want ...string) {
	p.f.Helper()
	if got := p.members(channel); !slices.Equal(got, want) {
		p.f.Errorf("Members of %q: %s, want %s", abbreviate(channel), summary(got), summary(want))
	}
}

// waitMembers waits until those are present, for what time alone changes.
func (p *process) waitMembers(channel string, want ...string) {
	p.f.Helper()
	deadline := time.Now().Add(p.f.harness.Patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		got := p.members(channel)
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			p.f.Fatalf("Members of %q: %s after %v, want %s",
				abbreviate(channel), summary(got), p.f.harness.Patience, summary(want))
		}
		<-tick.C
	}
}

// quiet makes a change, and fails if watches were told of anything else before.
func (p *process) quiet(channel string, watches ...*watch) {
	p.f.Helper()
	p.enter(channel, "quiet", "quiet", "")
	p.leave(channel, "quiet", "quiet", 0)
	for _, w := range watches {
		w.expect("+quiet=", "-quiet")
	}
}

func memberText(m layer.Member) string { return fmt.Sprintf("%s=%s", m.Key, m.Info) }

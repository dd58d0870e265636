package layertest_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

const presence = "presence"

// present is who is present on a network. It is simple rather than quick: what has
// changed on a channel is the difference between who was present and who is.
type present struct {
	leases   map[string]time.Time // when those of the owners end
	sessions []presentSession     // in the order in which they entered or changed
	graces   []presentGrace
}

type presentSession struct {
	channel channel
	layer.Session
}

type presentGrace struct {
	channel channel
	layer.Member
	end time.Time
}

// members returns who is present on a channel, with the infos that others see.
func (p *present) members(f fault, c channel) map[string]string {
	members := make(map[string]string)
	for _, g := range p.graces {
		if g.channel == c {
			members[g.Key] = string(g.Info)
			if f == graceHidesInfo {
				members[g.Key] = ""
			}
		}
	}
	for _, s := range p.sessions {
		if s.channel != c || f == revives && !time.Now().Before(p.leases[s.Owner]) {
			continue
		}
		if _, known := members[s.Key]; !known || f != showsFirst {
			members[s.Key] = string(s.Info)
		}
	}
	return members
}

func sorted(f fault, members map[string]string) []layer.Member {
	var list []layer.Member
	for _, key := range slices.Sorted(maps.Keys(members)) {
		list = append(list, layer.Member{Key: key, Info: []byte(members[key])})
	}
	if f == sortsBackwards {
		slices.Reverse(list)
	}
	return list
}

// changed calls change and tells what is different on the channel after it. It has
// the network's lock, like everything below that has no handle.
func (n *network) changed(by *handle, c channel, change func()) {
	before := n.present.members(n.fault, c)
	change()
	after := n.present.members(n.fault, c)
	var told layer.PresenceChange
	for _, m := range sorted(none, after) {
		info, present := before[m.Key]
		if !present || info != string(m.Info) && n.fault != infoNotTold {
			told.Joined = append(told.Joined, m)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, present := after[key]; !present {
			told.Left = append(told.Left, key)
		}
	}
	if len(told.Joined)+len(told.Left) > 0 {
		n.tell(by, c, told)
	}
}

func (n *network) tell(by *handle, c channel, told layer.PresenceChange) {
	for _, s := range n.subs {
		switch {
		case s.channel == c && (n.fault != ownProcessOnly || s.handle == by):
			s.push(told)
		case n.fault == publishesPresence && s.channel == channel{"", c.name}:
			s.push([]byte("somebody has come or gone"))
		}
	}
}

// sweep ends the leases and graces that have run out.
func (n *network) sweep() {
	now := time.Now()
	if n.fault == revives || n.fault == sweepsForWatchers && !slices.ContainsFunc(n.subs, func(s *networkSub) bool {
		return s.channel.carries == presence
	}) {
		return
	}
	for owner, end := range n.present.leases {
		if !now.Before(end) && n.fault != endlessLease {
			n.endOwner(owner)
		}
	}
	for _, g := range slices.Clone(n.present.graces) {
		if !now.Before(g.end) && n.fault != endlessGrace {
			n.changed(nil, g.channel, func() { n.endGraces(g.channel, g.Key) })
		}
	}
}

// sweepAfter sweeps when d is over.
func (n *network) sweepAfter(d time.Duration) {
	time.AfterFunc(d, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.sweep()
	})
}

func (n *network) endGraces(c channel, key string) {
	n.present.graces = slices.DeleteFunc(n.present.graces, func(g presentGrace) bool {
		return g.channel == c && g.Key == key
	})
	if n.fault == graceEndsSessions {
		n.present.sessions = slices.DeleteFunc(n.present.sessions, func(s presentSession) bool {
			return s.channel == c && s.Key == key
		})
	}
}

// endOwner ends a lease, and the sessions that came with it.
func (n *network) endOwner(owner string) {
	p := &n.present
	if n.fault != endedButAlive {
		delete(p.leases, owner)
	}
	keys := make(map[channel][]string)
	for _, s := range p.sessions {
		if s.Owner == owner {
			keys[s.channel] = append(keys[s.channel], s.Key)
		}
	}
	if n.fault == ownerEndsGraces {
		for _, g := range p.graces {
			keys[g.channel] = append(keys[g.channel], g.Key)
		}
	}
	for c, keys := range keys {
		n.changed(nil, c, func() {
			p.sessions = slices.DeleteFunc(p.sessions, func(s presentSession) bool {
				return s.channel == c && (s.Owner == owner || n.fault == ownerEndsKeys && slices.Contains(keys, s.Key))
			})
			if n.fault == ownerEndsGraces {
				p.graces = nil
			}
		})
		if n.fault == endsOneChannel {
			break
		}
	}
}

// usable begins a call: with the network's lock, and who has run out swept.
func (h *handle) usable(ctx context.Context) (unlock func(), err error) {
	if err := h.check(ctx); err != nil {
		return nil, err
	}
	n := h.network
	if n.fault == blocksInHandlers && gate.Inside() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	n.mu.Lock()
	n.sweep()
	return n.mu.Unlock, nil
}

func (h *handle) Renew(ctx context.Context, owner string, lease time.Duration) (bool, error) {
	unlock, err := h.usable(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	n := h.network
	if lease <= 0 && n.fault != endsWithRenew {
		return false, errors.New("a lease of nothing")
	}
	if n.present.leases == nil {
		n.present.leases = make(map[string]time.Time)
	}
	owner = h.owner(owner)
	end, had := n.present.leases[owner]
	had = had && (time.Now().Before(end) || n.fault != revives)
	if had && n.fault == neverProlongs {
		return false, nil
	}
	if n.fault == halvesTimes {
		lease /= 2
	}
	n.present.leases[owner] = time.Now().Add(lease)
	n.sweepAfter(lease)
	switch n.fault {
	case alwaysFresh:
		had = false
	case neverFresh:
		had = true
	}
	return !had, nil
}

func (h *handle) owner(name string) string {
	if h.network.fault == ownersFoldCase {
		return strings.ToLower(name)
	}
	return name
}

func (h *handle) Release(ctx context.Context, owner string) error {
	unlock, err := h.usable(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	n := h.network
	switch _, had := n.present.leases[h.owner(owner)]; {
	case n.fault == releasesLater:
		delete(n.present.leases, h.owner(owner))
		return nil
	case n.fault == releasesOnce && !had:
		return errors.New("nobody to release")
	}
	n.endOwner(h.owner(owner))
	return nil
}

func (h *handle) Enter(ctx context.Context, name string, s layer.Session) error {
	unlock, err := h.usable(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	n, f := h.network, h.network.fault
	s = h.session(s)
	if _, ok := n.present.leases[s.Owner]; !ok && f != needsNoLease {
		return layer.ErrNoLease
	}
	switch {
	case f == truncates:
		s.Info = s.Info[:min(len(s.Info), 1<<10)]
	case f != aliases:
		s.Info = bytes.Clone(s.Info)
	}
	c := h.channel(presence, name)
	entry := presentSession{channel: c, Session: s}
	at := slices.IndexFunc(n.present.sessions, entry.same(f))
	if at >= 0 && bytes.Equal(n.present.sessions[at].Info, s.Info) && f != againIsLast {
		if f == tellsEachSession {
			n.tell(h, c, layer.PresenceChange{Joined: []layer.Member{{Key: s.Key, Info: s.Info}}})
		}
		return nil
	}
	n.changed(h, c, func() {
		if at >= 0 {
			n.present.sessions = slices.Delete(n.present.sessions, at, at+1)
		}
		n.present.sessions = append(n.present.sessions, entry)
		if f != graceEndsSessions && f != graceTold {
			n.endGraces(c, s.Key)
		}
	})
	if f == graceTold && slices.ContainsFunc(n.present.graces, func(g presentGrace) bool {
		return g.channel == c && g.Key == s.Key
	}) {
		n.endGraces(c, s.Key)
		n.tell(h, c, layer.PresenceChange{Joined: []layer.Member{{Key: s.Key, Info: s.Info}}})
	}
	return nil
}

// session is the session as this network knows it.
func (h *handle) session(s layer.Session) layer.Session {
	s.Owner = h.owner(s.Owner)
	switch h.network.fault {
	case keysFoldCase:
		s.Key = strings.ToLower(s.Key)
	case idsFoldCase:
		s.ID = strings.ToLower(s.ID)
	}
	return s
}

// same returns whether another session is this one.
func (s presentSession) same(f fault) func(presentSession) bool {
	return func(other presentSession) bool {
		return s.channel == other.channel && (s.Key == other.Key || f == ignoresKeys) &&
			(s.ID == other.ID || f == ignoresIDs) && (s.Owner == other.Owner || f == ignoresOwners)
	}
}

func (h *handle) Leave(ctx context.Context, name string, s layer.Session, grace time.Duration) error {
	unlock, err := h.usable(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	n, f := h.network, h.network.fault
	c := h.channel(presence, name)
	s = h.session(s)
	at := slices.IndexFunc(n.present.sessions, presentSession{channel: c, Session: s}.same(f))
	if at < 0 {
		if f == leavesOnce {
			return errors.New("nobody to leave")
		}
		if f != leaveEndsGrace {
			return nil
		}
	}
	n.changed(h, c, func() {
		if at < 0 {
			n.endGraces(c, s.Key)
			return
		}
		s.Info = n.present.sessions[at].Info
		n.present.sessions = slices.Delete(n.present.sessions, at, at+1)
		n.beginGrace(c, s, grace)
	})
	return nil
}

// beginGrace keeps a key whose session has left, if it was the last.
func (n *network) beginGrace(c channel, s layer.Session, grace time.Duration) {
	last := !slices.ContainsFunc(n.present.sessions, func(other presentSession) bool {
		return other.channel == c && other.Key == s.Key
	})
	switch n.fault {
	case noGrace:
		return
	case halvesTimes:
		grace /= 2
	case graceOfAny:
		last = true
	}
	if grace <= 0 && n.fault != oldGraceEnds || !last {
		return
	}
	n.present.graces = append(n.present.graces, presentGrace{
		channel: c, Member: layer.Member{Key: s.Key, Info: s.Info}, end: time.Now().Add(grace),
	})
	n.sweepAfter(grace)
	if n.fault == oldGraceEnds { // whatever comes between
		time.AfterFunc(grace, func() {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.changed(nil, c, func() { n.endGraces(c, s.Key) })
		})
	}
}

func (h *handle) Members(ctx context.Context, name string) ([]layer.Member, error) {
	unlock, err := h.usable(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return sorted(h.network.fault, h.network.present.members(h.network.fault, h.channel(presence, name))), nil
}

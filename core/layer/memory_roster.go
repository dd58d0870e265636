package layer

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer/internal/gate"
	"github.com/chanx-go/chanx/core/layer/internal/local"
)

// roster is who is on a channel of [Memory]: it exists while there are members or
// watches. Everything but the turn is guarded by the lock of its shard.
//
// Who changes it while others watch takes turns with others, like publishers to a
// memoryChannel. What has changed is pending until who has the turn has told of it.
type roster struct {
	memory  *Memory
	shard   *rosterShard
	channel string
	turn    local.Turn[posted]
	// starting is how many watches are in their first call, which has no turn: a
	// watch may start inside a handler, where it must not wait for one.
	starting atomic.Int32
	watches  local.Subscribers[PresenceChange]

	members  map[string]*memoryMember
	sessions map[sessionName]*memorySession
	pins     int // of calls that use it just now

	pending      []pendingChange
	pendingBytes int
}

// posted asks who has the turn to tell of what is pending.
type posted struct{}

func (posted) Size() int     { return 0 }
func (p posted) Own() posted { return p }

// memoryMember is who is present, through sessions or in grace.
type memoryMember struct {
	key   string
	last  *memorySession // the one that entered or changed last
	told  bool           // others see it already
	info  []byte         // that they see
	grace *memoryGrace
}

type memoryGrace struct{ timer *time.Timer }

type sessionName struct{ key, id, owner string }

type memorySession struct {
	name   sessionName
	info   []byte
	owner  *memoryOwner
	roster *roster
	member *memoryMember
	// Neighbours in the order in which the member's sessions entered or changed.
	before, after *memorySession
}

// pendingChange is a change and who watched when it happened.
type pendingChange struct {
	PresenceChange
	watches []*local.Subscription[PresenceChange]
}

func nameOf(s Session) sessionName { return sessionName{key: s.Key, id: s.ID, owner: s.Owner} }

// enter adds a session, or changes its info.
func (r *roster) enter(o *memoryOwner, s Session) {
	name := nameOf(s)
	session := r.sessions[name]
	switch {
	case session == nil:
		session = r.add(o, name)
	case bytes.Equal(session.info, s.Info):
		return
	default:
		session.unlink()
	}
	session.info = bytes.Clone(s.Info)
	session.link()
	r.settle(session.member)
}

func (r *roster) add(o *memoryOwner, name sessionName) *memorySession {
	if r.members == nil {
		r.members = make(map[string]*memoryMember)
		r.sessions = make(map[sessionName]*memorySession)
	}
	member := r.members[name.key]
	if member == nil {
		member = &memoryMember{key: name.key}
		r.members[name.key] = member
	}
	session := &memorySession{name: name, owner: o, roster: r, member: member}
	r.sessions[name] = session
	owned := r.shard.owned[o]
	if owned == nil {
		if r.shard.owned == nil {
			r.shard.owned = make(map[*memoryOwner]map[*memorySession]struct{})
		}
		owned = make(map[*memorySession]struct{})
		r.shard.owned[o] = owned
	}
	owned[session] = struct{}{}
	member.endGrace()
	return session
}

func (r *roster) leave(s Session, grace time.Duration) {
	session := r.sessions[nameOf(s)]
	if session == nil {
		return
	}
	member := session.member
	r.end(session)
	if member.last == nil && grace > 0 {
		g := &memoryGrace{}
		g.timer = time.AfterFunc(grace, func() { r.memory.graceOver(r.channel, member.key, g) })
		member.grace = g
	}
	r.settle(member)
}

// end takes a session out; what that means for its member is settled after.
func (r *roster) end(session *memorySession) {
	session.unlink()
	delete(r.sessions, session.name)
	owned := r.shard.owned[session.owner]
	delete(owned, session)
	if len(owned) == 0 {
		delete(r.shard.owned, session.owner)
	}
}

// settle makes one change of what is different now with members from what others
// see of them.
func (r *roster) settle(members ...*memoryMember) {
	var change PresenceChange
	size := 0
	watches := r.watches.Load()
	for _, m := range members {
		switch {
		case m.last != nil:
			if m.told && bytes.Equal(m.info, m.last.info) {
				continue
			}
			m.told, m.info = true, m.last.info
			if len(watches) > 0 {
				change.Joined = append(change.Joined, Member{Key: m.key, Info: m.info})
				size += len(m.info)
			}
		case m.grace == nil && m.told:
			m.told = false
			delete(r.members, m.key)
			if len(watches) > 0 {
				change.Left = append(change.Left, m.key)
			}
		}
	}
	if len(members) > 1 { // not promised, but what is the same each time is easier to test
		sortMembers(change.Joined)
		slices.Sort(change.Left)
	}
	if len(change.Joined)+len(change.Left) > 0 {
		r.pending = append(r.pending, pendingChange{PresenceChange: change, watches: watches})
		r.pendingBytes += size
	}
}

// isFull reports whether handlers have made as many changes as may wait.
func (r *roster) isFull(size int) bool {
	return len(r.pending) >= local.MaxPosted || len(r.pending) > 0 && r.pendingBytes+size > local.MaxPostedBytes
}

// list returns the members, in no order. A nil roster has none.
func (r *roster) list() []Member {
	if r == nil {
		return nil
	}
	members := make([]Member, 0, len(r.members))
	for _, m := range r.members {
		members = append(members, Member{Key: m.key, Info: m.info})
	}
	return members
}

func sortMembers(members []Member) {
	slices.SortFunc(members, func(a, b Member) int { return cmp.Compare(a.Key, b.Key) })
}

// watch adds a watch, and returns the members that it has no changes of.
func (r *roster) watch(w *local.Subscription[PresenceChange]) ([]Member, error) {
	r.shard.mu.Lock()
	defer r.shard.mu.Unlock()
	if r.memory.closed.Load() {
		return nil, ErrClosed
	}
	r.watches.Add(w)
	return r.list(), nil
}

// startWatch tells the handler who is there. Who has changes for it meanwhile waits
// at its gate, or, inside a handler, which may be this one, leaves them to be told
// of here.
func (r *roster) startWatch(w *local.Subscription[PresenceChange]) (err error) {
	r.starting.Add(1)
	returned := false
	defer func() {
		if !returned { // it panicked, and nobody will have the subscription
			_ = w.Unsubscribe()
		}
		r.starting.Add(-1)
		r.post()
	}()
	w.Gate.Run(func() {
		var members []Member
		if members, err = r.watch(w); err == nil {
			sortMembers(members)
			w.Handler(PresenceChange{All: true, Joined: members})
		}
	})
	returned = true
	return err
}

// Remove ends a watch. Roster is the registry of its subscriptions.
func (r *roster) Remove(w *local.Subscription[PresenceChange]) {
	r.shard.mu.Lock()
	defer r.shard.mu.Unlock()
	r.watches.Remove(w)
	r.forgetIdle()
}

func (r *roster) unpin() {
	r.shard.mu.Lock()
	defer r.shard.mu.Unlock()
	r.pins--
	r.forgetIdle()
}

func (r *roster) forgetIdle() {
	if r.pins == 0 && len(r.members) == 0 && len(r.watches.Load()) == 0 && r.shard.rosters[r.channel] == r {
		delete(r.shard.rosters, r.channel)
	}
}

// close returns the watches that it has removed.
func (r *roster) close() []*local.Subscription[PresenceChange] {
	for _, m := range r.members {
		m.endGrace()
	}
	r.members, r.sessions = nil, nil
	return r.watches.Clear()
}

// change calls f with the roster's lock, and tells of what it has changed: it waits
// for its turn before, or, inside a handler, leaves the telling to who has it.
func (r *roster) change(ctx context.Context, f func(posts bool) error) error {
	posts := false
	switch {
	case r.leavesToStarting():
		posts = true
	case r.turn.Acquire():
	case gate.Inside():
		posts = true
	default:
		if err := r.turn.Wait(ctx); err != nil {
			return err
		}
	}
	r.shard.mu.Lock()
	err := ErrClosed
	if !r.memory.closed.Load() {
		err = f(posts)
	}
	r.shard.mu.Unlock()
	if posts {
		r.post()
	} else {
		r.turn.Use(posted{}, r.tell)
	}
	return err
}

// leavesToStarting reports whether what is pending is to be told of by who starts a
// watch, after its first call. Only the goroutine of that call would have to leave
// it, but any handler may, and none of them then waits for another's first call.
func (r *roster) leavesToStarting() bool { return r.starting.Load() > 0 && gate.Inside() }

// post leaves what is pending to who starts a watch or has the turn, or tells of it
// if nobody does.
func (r *roster) post() {
	if r.leavesToStarting() {
		return
	}
	// If so much is posted that this is refused, then there is something posted,
	// and whoever comes to it tells of all that is pending.
	if done, _ := r.turn.Post(posted{}); !done {
		r.turn.Use(posted{}, r.tell)
	}
}

// tell has the turn and tells of all that is pending, even if a handler panics or
// ends its goroutine.
func (r *roster) tell(posted) {
	told := false
	defer func() {
		if !told {
			r.tell(posted{})
		}
	}()
	for c, ok := r.next(); ok; c, ok = r.next() {
		local.CallAll(c.watches, c.PresenceChange)
	}
	told = true
}

func (r *roster) next() (pendingChange, bool) {
	r.shard.mu.Lock()
	defer r.shard.mu.Unlock()
	if len(r.pending) == 0 {
		r.pending = nil
		return pendingChange{}, false
	}
	c := r.pending[0]
	r.pending[0] = pendingChange{}
	r.pending = r.pending[1:]
	for _, m := range c.Joined {
		r.pendingBytes -= len(m.Info)
	}
	return c, true
}

// tellAll tells of rosters that are pinned, and unpins them, also those after one
// whose handler panics.
func tellAll(rosters []*roster) {
	told := 0
	defer func() {
		if told < len(rosters) {
			tellAll(rosters[told+1:])
		}
	}()
	for ; told < len(rosters); told++ {
		rosters[told].tellPinned()
	}
}

func (r *roster) tellPinned() {
	defer r.unpin()
	r.post()
}

// graceOver is called by the grace's timer.
func (m *Memory) graceOver(channel, key string, g *memoryGrace) {
	s := m.rosterShard(channel)
	s.mu.Lock()
	r := s.rosters[channel]
	if r == nil || r.members[key] == nil || r.members[key].grace != g {
		s.mu.Unlock()
		return
	}
	r.members[key].grace = nil
	r.settle(r.members[key])
	r.pins++
	s.mu.Unlock()
	tellAll([]*roster{r})
}

func (m *memoryMember) endGrace() {
	if m.grace != nil {
		m.grace.timer.Stop()
		m.grace = nil
	}
}

func (s *memorySession) link() {
	s.before, s.after = s.member.last, nil
	if s.before != nil {
		s.before.after = s
	}
	s.member.last = s
}

func (s *memorySession) unlink() {
	if s.before != nil {
		s.before.after = s.after
	}
	if s.after != nil {
		s.after.before = s.before
	} else {
		s.member.last = s.before
	}
	s.before, s.after = nil, nil
}

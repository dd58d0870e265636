package layer

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer/internal/local"
)

var _ Presence = (*Memory)(nil)

// memoryPresence is what [Memory] knows of who is there.
//
// Of its locks, owners' is taken before a shard's. None is held while a handler
// runs.
type memoryPresence struct {
	seed   maphash.Seed
	mu     sync.RWMutex
	owners map[string]*memoryOwner
	shards [shards]rosterShard
}

type rosterShard struct {
	mu      sync.RWMutex
	rosters map[string]*roster
	// owned has the sessions of each owner on the channels of this shard.
	owned map[*memoryOwner]map[*memorySession]struct{}
	_     [24]byte // keeps the locks of two shards off one cache line
}

// memoryOwner is an owner from the Renew that gave it a lease until that has ended.
type memoryOwner struct {
	name     string
	deadline time.Time // guarded by memoryPresence.mu, like timer
	timer    *time.Timer
	ended    atomic.Bool // set before its sessions are ended
}

func (m *Memory) rosterShard(channel string) *rosterShard {
	return &m.presence.shards[maphash.String(m.presence.seed, channel)%shards]
}

// usable returns the error of a call that comes after Close or the context's end.
func (m *Memory) usable(ctx context.Context) error {
	if m.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

// Renew implements [Presence]. A lease of 0 or less is an error.
func (m *Memory) Renew(ctx context.Context, owner string, lease time.Duration) (fresh bool, err error) {
	if err := m.usable(ctx); err != nil {
		return false, err
	}
	if lease <= 0 {
		return false, fmt.Errorf("layer: a lease of %v", lease)
	}
	fresh, ended, err := m.renew(owner, lease)
	tellAll(ended)
	return fresh, err
}

func (m *Memory) renew(owner string, lease time.Duration) (fresh bool, ended []*roster, err error) {
	p := &m.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.closed.Load() {
		return false, nil, ErrClosed
	}
	now := time.Now()
	o := p.owners[owner]
	if o != nil && now.Before(o.deadline) {
		o.deadline = now.Add(lease)
		o.timer.Reset(lease)
		return false, nil, nil
	}
	if o != nil { // the timer is late
		ended = p.end(o)
	}
	o = &memoryOwner{name: owner, deadline: now.Add(lease)}
	o.timer = time.AfterFunc(lease, func() { m.expire(o) })
	if p.owners == nil {
		p.owners = make(map[string]*memoryOwner)
	}
	p.owners[owner] = o
	return true, ended, nil
}

// Release implements [Presence].
func (m *Memory) Release(ctx context.Context, owner string) error {
	if err := m.usable(ctx); err != nil {
		return err
	}
	var ended []*roster
	p := &m.presence
	p.mu.Lock()
	if o := p.owners[owner]; o != nil {
		ended = p.end(o)
	}
	p.mu.Unlock()
	tellAll(ended)
	return nil
}

// expire is called by the lease's timer.
func (m *Memory) expire(o *memoryOwner) {
	var ended []*roster
	p := &m.presence
	p.mu.Lock()
	if p.owners[o.name] == o && !time.Now().Before(o.deadline) {
		ended = p.end(o)
	}
	p.mu.Unlock()
	tellAll(ended)
}

// end forgets an owner and its sessions. The caller holds the lock, so that nobody
// gets the owner's next lease before; and then tells of the rosters, which are
// pinned.
func (p *memoryPresence) end(o *memoryOwner) []*roster {
	o.ended.Store(true)
	o.timer.Stop()
	delete(p.owners, o.name)
	var changed []*roster
	for i := range p.shards {
		changed = append(changed, p.shards[i].end(o)...)
	}
	return changed
}

func (s *rosterShard) end(o *memoryOwner) []*roster {
	s.mu.Lock()
	defer s.mu.Unlock()
	touched := make(map[*roster][]*memoryMember)
	for session := range s.owned[o] {
		touched[session.roster] = append(touched[session.roster], session.member)
		session.roster.end(session)
	}
	changed := make([]*roster, 0, len(touched))
	for r, members := range touched {
		r.settle(members...)
		r.pins++
		changed = append(changed, r)
	}
	return changed
}

// Enter implements [Presence]. It returns once every watcher has been told, or, like
// [Memory.Publish] inside a handler, leaves that to who is telling, and may return
// [ErrBacklog]. While it waits for its turn to tell, nobody has entered yet.
func (m *Memory) Enter(ctx context.Context, channel string, s Session) error {
	if err := m.usable(ctx); err != nil {
		return err
	}
	p := &m.presence
	p.mu.RLock()
	o := p.owners[s.Owner]
	p.mu.RUnlock()
	if o == nil {
		return ErrNoLease
	}
	r := m.pin(channel, true)
	if r == nil {
		return ErrClosed
	}
	defer r.unpin()
	return r.change(ctx, func(posts bool) error {
		switch {
		case o.ended.Load():
			return ErrNoLease
		case posts && r.isFull(len(s.Info)):
			return ErrBacklog
		}
		r.enter(o, s)
		return nil
	})
}

// Leave implements [Presence]. It tells like [Memory.Enter], but is never refused
// because of what waits.
func (m *Memory) Leave(ctx context.Context, channel string, s Session, grace time.Duration) error {
	if err := m.usable(ctx); err != nil {
		return err
	}
	r := m.pin(channel, false)
	if r == nil {
		return nil
	}
	defer r.unpin()
	return r.change(ctx, func(bool) error {
		r.leave(s, grace)
		return nil
	})
}

// Members implements [Presence].
func (m *Memory) Members(ctx context.Context, channel string) ([]Member, error) {
	if err := m.usable(ctx); err != nil {
		return nil, err
	}
	s := m.rosterShard(channel)
	s.mu.RLock()
	members := s.rosters[channel].list()
	s.mu.RUnlock()
	sortMembers(members)
	return members, nil
}

// Watch implements [Presence].
func (m *Memory) Watch(
	ctx context.Context, channel string, handler func(PresenceChange),
) (Subscription, error) {
	if err := m.usable(ctx); err != nil {
		return nil, err
	}
	r := m.pin(channel, true)
	if r == nil {
		return nil, ErrClosed
	}
	defer r.unpin()
	w := &local.Subscription[PresenceChange]{Registry: r, Channel: channel, Handler: handler}
	if err := r.startWatch(w); err != nil {
		return nil, err
	}
	return w, nil
}

// pin returns the channel's roster and keeps it in the shard until it is unpinned.
// It returns nil if there is none and it is not to be made, or after Close.
func (m *Memory) pin(channel string, create bool) *roster {
	s := m.rosterShard(channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rosters[channel]
	if r == nil {
		if !create || m.closed.Load() {
			return nil
		}
		r = &roster{memory: m, shard: s, channel: channel}
		if s.rosters == nil {
			s.rosters = make(map[string]*roster)
		}
		s.rosters[channel] = r
	}
	r.pins++
	return r
}

// close ends all watches, leases and graces. The layer is marked as closed already.
func (p *memoryPresence) close() {
	p.mu.Lock()
	for _, o := range p.owners {
		o.ended.Store(true)
		o.timer.Stop()
	}
	p.owners = nil
	p.mu.Unlock()
	for i := range p.shards {
		s := &p.shards[i]
		s.mu.Lock()
		rosters := s.rosters
		s.rosters, s.owned = nil, nil
		var watches []*local.Subscription[PresenceChange]
		for _, r := range rosters {
			watches = append(watches, r.close()...)
		}
		s.mu.Unlock()
		for _, w := range watches {
			w.Gate.Shut()
		}
	}
}

package chanx

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/chanx-go/chanx/core/layer"
)

const groupShards = 32

// groups are the groups and topics of a consumer that have members in this
// process. They are spread over shards, and no message passes through here.
type groups struct {
	seed   maphash.Seed
	shards [groupShards]groupShard
}

type groupShard struct {
	mu sync.Mutex
	m  map[groupKey]*group
}

// groupKey is a group of the consumer, or one of a topic's.
type groupKey struct {
	topic *topic // nil for a group of the consumer
	name  string
}

func newGroups() *groups {
	g := &groups{seed: maphash.MakeSeed()}
	for i := range g.shards {
		g.shards[i].m = map[groupKey]*group{}
	}
	return g
}

func (gs *groups) shard(key groupKey) *groupShard {
	return &gs.shards[maphash.String(gs.seed, key.name)%groupShards]
}

// get returns a group that has members in this process, or nil.
func (gs *groups) get(key groupKey) *group {
	s := gs.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[key]
}

// acquire returns a group whose subscription stands, and counts the caller as a
// user of it until release.
func (gs *groups) acquire(ctx context.Context, c *consumer, key groupKey) (*group, error) {
	s := gs.shard(key)
	s.mu.Lock()
	g := s.m[key]
	first := g == nil
	if first {
		g = newGroup(c, key)
		s.m[key] = g
	}
	g.users++
	s.mu.Unlock()
	if first {
		// The others wait for this subscription, so it must not end with the
		// context of the one that happened to come first.
		alone, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.limits.HandshakeTimeout)
		g.err = g.subscribe(alone)
		cancel()
		if g.err != nil {
			gs.drop(g) // who comes next tries again
		}
		close(g.ready)
	}
	if !first {
		select {
		case <-g.ready:
		case <-ctx.Done():
			gs.release(g)
			return nil, ctx.Err()
		}
	}
	if g.err != nil {
		gs.release(g)
		return nil, g.err
	}
	return g, nil
}

// release counts a user less. With the last one the subscription goes.
func (gs *groups) release(g *group) {
	s := gs.shard(g.key)
	s.mu.Lock()
	g.users--
	last := g.users == 0
	if last && s.m[g.key] == g {
		delete(s.m, g.key)
	}
	s.mu.Unlock()
	if last {
		g.consumer.hub.tasks.Go(g.unsubscribe)
	}
}

// drop forgets a group whose subscription failed.
func (gs *groups) drop(g *group) {
	s := gs.shard(g.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m[g.key] == g {
		delete(s.m, g.key)
	}
}

// subscribe makes the layer give the group what it is about.
func (g *group) subscribe(ctx context.Context) (err error) {
	l, channel := g.consumer.hub.layer, g.handlers().channel(g.key.name)
	t := g.key.topic
	if t == nil || t.history == nil {
		g.subscriptions[0], err = l.Subscribe(ctx, channel, g.receive)
	} else {
		var at layer.Position
		g.trail = &trail{}
		if at, g.subscriptions[0], err = t.history.Follow(ctx, channel, g.follow); err == nil {
			g.start(at)
		}
	}
	if err == nil && t != nil && t.presence != nil {
		if g.subscriptions[1], err = t.presence.layer.Watch(ctx, channel, g.watch); err != nil {
			_ = g.subscriptions[0].Unsubscribe()
		}
	}
	return err
}

func (g *group) unsubscribe() {
	<-g.ready
	if g.err != nil {
		return
	}
	for _, s := range g.subscriptions {
		if s == nil {
			continue
		}
		if err := s.Unsubscribe(); err != nil {
			g.consumer.hub.log.Warn("chanx: unsubscribing failed", "consumer", g.consumer.name, "group", g.key.name, "error", err)
		}
	}
}

// connChannel is the layer's name for the connections of one hub.
func connChannel(hubID string) string { return "conn:" + hubID }

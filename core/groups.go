package chanx

import (
	"context"
	"hash/maphash"
	"strings"
	"sync"
)

const groupShards = 32

// groups are the groups of a consumer that have members in this process. They
// are spread over shards, and no message passes through here.
type groups struct {
	seed   maphash.Seed
	shards [groupShards]groupShard
}

type groupShard struct {
	mu sync.Mutex
	m  map[string]*group
}

func newGroups() *groups {
	g := &groups{seed: maphash.MakeSeed()}
	for i := range g.shards {
		g.shards[i].m = map[string]*group{}
	}
	return g
}

func (gs *groups) shard(name string) *groupShard {
	return &gs.shards[maphash.String(gs.seed, name)%groupShards]
}

// acquire returns a group whose subscription stands, and counts the caller as a
// user of it until release.
func (gs *groups) acquire(ctx context.Context, c *consumer, name string) (*group, error) {
	s := gs.shard(name)
	s.mu.Lock()
	g := s.m[name]
	first := g == nil
	if first {
		g = newGroup(c, name)
		s.m[name] = g
	}
	g.users++
	s.mu.Unlock()
	if first {
		// The others wait for this subscription, so it must not end with the
		// context of the one that happened to come first.
		alone, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.limits.HandshakeTimeout)
		g.subscription, g.err = c.hub.layer.Subscribe(alone, c.channel(name), g.receive)
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
	s := gs.shard(g.name)
	s.mu.Lock()
	g.users--
	last := g.users == 0
	if last && s.m[g.name] == g {
		delete(s.m, g.name)
	}
	s.mu.Unlock()
	if last {
		g.consumer.hub.tasks.Go(g.unsubscribe)
	}
}

// drop forgets a group whose subscription failed.
func (gs *groups) drop(g *group) {
	s := gs.shard(g.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m[g.name] == g {
		delete(s.m, g.name)
	}
}

func (g *group) unsubscribe() {
	<-g.ready
	if g.err != nil {
		return
	}
	if err := g.subscription.Unsubscribe(); err != nil {
		g.consumer.hub.log.Warn("chanx: unsubscribing failed", "consumer", g.consumer.name, "group", g.name, "error", err)
	}
}

// channel is the layer's name for a group of the consumer. No two of them are
// equal for different consumers or groups, whatever their names contain.
func (c *consumer) channel(group string) string {
	return "group:" + strings.ReplaceAll(strings.ReplaceAll(c.name, "%", "%25"), ":", "%3A") + ":" + group
}

// connChannel is the layer's name for the connections of one hub.
func connChannel(hubID string) string { return "conn:" + hubID }

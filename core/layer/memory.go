package layer

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// shards is over how many locks those are spread who make channels and remove
// them. Who publishes takes none of them.
const shards = 64

// Memory is the [Layer] of an application that runs as one process, with [History]
// and [Presence]. Hubs on the same Memory see each other's messages.
//
// Delivery is synchronous: Publish calls the channel's handlers, one after the
// other, before it returns. So nothing is lost and nothing piles up; the slowest
// handler holds back the publisher. Publishers to one channel take turns in the
// order in which they came, and all its subscriptions see the same order. One
// whose ctx ends while it waits withdraws its message. Different channels do not
// wait for each other.
//
// A message that a handler publishes to a channel in delivery is copied and
// delivered after those that wait already, by whoever is delivering. A channel
// keeps 1,024 such messages and 16 MiB at the most, see [ErrBacklog].
//
// If a handler panics, the other handlers still get the message, and the panic
// goes on to the publisher on whose goroutine the handler ran.
//
// All this holds for the handlers of [Presence.Watch] too, and for who enters and
// leaves. What a lease or a grace brings about that has run out is told on a
// goroutine that lasts as long as the telling; a panic there ends the program.
//
// Make one with [NewMemory].
type Memory struct {
	seed     maphash.Seed
	closed   atomic.Bool
	channels sync.Map // of *memoryChannel, by name: read without a lock, changed under the shard's
	shards   [shards]shard

	history  histories
	presence memoryPresence
}

var _ Layer = (*Memory)(nil)

type shard struct {
	mu sync.Mutex
	_  [56]byte // keeps the locks of two shards off one cache line
}

// NewMemory returns an empty memory layer. It has no goroutines, and a channel
// costs nothing once its last subscriber has left.
func NewMemory() *Memory {
	m := &Memory{seed: maphash.MakeSeed()}
	m.history.init()
	return m
}

func (m *Memory) shard(channel string) *shard {
	return &m.shards[maphash.String(m.seed, channel)%shards]
}

// Publish implements [Layer]. Besides the errors stated there it returns
// [ErrBacklog].
func (m *Memory) Publish(ctx context.Context, channel string, data []byte) error {
	if m.closed.Load() {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c, ok := m.channels.Load(channel)
	if !ok {
		return nil
	}
	return c.(*memoryChannel).publish(ctx, data)
}

// Subscribe implements [Layer].
func (m *Memory) Subscribe(ctx context.Context, channel string, handler func(data []byte)) (Subscription, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sub := &subscription[[]byte]{registry: m, channel: channel, handler: handler}
	s := m.shard(channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	// Under the lock, so that Close either ends this subscription or is seen here.
	if m.closed.Load() {
		return nil, ErrClosed
	}
	c, ok := m.channels.Load(channel)
	if !ok {
		c, _ = m.channels.LoadOrStore(channel, &memoryChannel{})
	}
	c.(*memoryChannel).add(sub)
	return sub, nil
}

// Close implements [Layer].
func (m *Memory) Close() error {
	if m.closed.Swap(true) {
		return nil
	}
	for i := range m.shards { // who has its lock has not seen that it is closed
		m.shards[i].mu.Lock()
		m.shards[i].mu.Unlock() //nolint:staticcheck // it was waited for
	}
	m.channels.Range(func(name, c any) bool {
		m.channels.Delete(name)
		for _, sub := range c.(*memoryChannel).clear() {
			sub.gate.Shut()
		}
		return true
	})
	m.history.close()
	m.presence.close()
	return nil
}

func (m *Memory) remove(sub *subscription[[]byte]) {
	s := m.shard(sub.channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := m.channels.Load(sub.channel); ok && c.(*memoryChannel).remove(sub) == 0 {
		m.channels.Delete(sub.channel)
	}
}

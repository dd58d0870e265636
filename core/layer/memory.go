package layer

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// shards is how many parts the registry of channels has: enough that publishers
// on all the cores of a large machine seldom meet.
const shards = 64

// Memory is the [Layer] of an application that runs as one process. Hubs on the
// same Memory see each other's messages.
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
// Make one with [NewMemory].
type Memory struct {
	seed   maphash.Seed
	closed atomic.Bool
	shards [shards]shard
}

var _ Layer = (*Memory)(nil)

type shard struct {
	mu       sync.RWMutex
	channels map[string]*memoryChannel
	_        [32]byte // keeps the locks of two shards off one cache line
}

// NewMemory returns an empty memory layer. It has no goroutines, and a channel
// costs nothing once its last subscriber has left.
func NewMemory() *Memory {
	return &Memory{seed: maphash.MakeSeed()}
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
	s := m.shard(channel)
	s.mu.RLock()
	c := s.channels[channel]
	s.mu.RUnlock()
	if c == nil {
		return nil
	}
	return c.publish(ctx, data)
}

// Subscribe implements [Layer].
func (m *Memory) Subscribe(ctx context.Context, channel string, handler func(data []byte)) (Subscription, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sub := &memorySubscription{memory: m, channel: channel, handler: handler}
	s := m.shard(channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	// Under the lock, so that Close either ends this subscription or is seen here.
	if m.closed.Load() {
		return nil, ErrClosed
	}
	c := s.channels[channel]
	if c == nil {
		c = &memoryChannel{}
		if s.channels == nil {
			s.channels = make(map[string]*memoryChannel)
		}
		s.channels[channel] = c
	}
	c.add(sub)
	return sub, nil
}

// Close implements [Layer].
func (m *Memory) Close() error {
	if m.closed.Swap(true) {
		return nil
	}
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		channels := s.channels
		s.channels = nil
		s.mu.Unlock()
		for _, c := range channels {
			for _, sub := range c.clear() {
				sub.gate.Shut()
			}
		}
	}
	return nil
}

func (m *Memory) remove(sub *memorySubscription) {
	s := m.shard(sub.channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[sub.channel]; c != nil && c.remove(sub) == 0 {
		delete(s.channels, sub.channel)
	}
}

// memorySubscription is one handler on a memoryChannel.
type memorySubscription struct {
	memory  *Memory
	channel string
	handler func(data []byte)
	gate    gate.Gate
}

// Unsubscribe implements [Subscription].
func (s *memorySubscription) Unsubscribe() error {
	s.memory.remove(s)
	s.gate.Shut()
	return nil
}

// subscribers is a channel's list of subscriptions. Who reads it takes no lock;
// who changes it holds the lock of the channel's shard, or has taken the channel
// out of the shard.
type subscribers struct {
	list atomic.Pointer[[]*memorySubscription]
}

func (s *subscribers) load() []*memorySubscription {
	if list := s.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (s *subscribers) add(sub *memorySubscription) {
	// Readers have shorter slices of the same array, so there is no need to copy.
	list := append(s.load(), sub)
	s.list.Store(&list)
}

// remove returns how many are left.
func (s *subscribers) remove(sub *memorySubscription) int {
	old := s.load()
	i := slices.Index(old, sub)
	if i < 0 {
		return len(old)
	}
	list := slices.Concat(old[:i], old[i+1:])
	s.list.Store(&list)
	return len(list)
}

// clear returns those that were removed.
func (s *subscribers) clear() []*memorySubscription {
	if old := s.list.Swap(nil); old != nil {
		return *old
	}
	return nil
}

// Package local carries messages within a process: what layer.Memory, and layers over
// a network for the handlers of their own process, have in common.
package local

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// ErrClosed is layer.ErrClosed.
var ErrClosed = errors.New("layer: closed")

// shards is over how many locks those are spread who make channels and remove
// them. Who publishes takes none of them.
const shards = 64

// Channels is publishing and subscribing within one process, as it stands at
// layer.Memory.
type Channels struct {
	seed     maphash.Seed
	closed   atomic.Bool
	channels sync.Map // of *channel, by name: read without a lock, changed under the shard's
	shards   [shards]shard
}

type shard struct {
	mu sync.Mutex
	_  [56]byte // keeps the locks of two shards off one cache line
}

// NewChannels returns channels without subscriptions.
func NewChannels() *Channels { return &Channels{seed: maphash.MakeSeed()} }

func (m *Channels) shard(channel string) *shard {
	return &m.shards[maphash.String(m.seed, channel)%shards]
}

// Sending is the way of a message to other processes.
type Sending interface {
	// Send brings the message on its way. It may be called from several goroutines at
	// once, and each time returns when that has been done, by the first.
	Send()

	// Keep says that Send may be called after Publish has returned, too. It is called
	// before that, on the publisher's goroutine.
	Keep()
}

// Publish delivers data to the channel's handlers. Sending, which may be nil, is sent
// before they get the message and before Publish returns, and not if that returns an
// error. By then the message has its place among what is delivered here: an answer to
// it, from here or from anywhere, is delivered here after it, and sent after it.
func (m *Channels) Publish(ctx context.Context, name string, data []byte, sending Sending) error {
	if m.closed.Load() {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if c, ok := m.channels.Load(name); ok {
		c := c.(*channel)
		if err := c.turn.Do(ctx, published{data, sending}, c.deliver); err != nil {
			return err
		}
	}
	// Unless it is delivered already: nobody is here, or a handler has published it,
	// and who has the turn comes to it later.
	if sending != nil {
		sending.Send()
	}
	return nil
}

// Subscribe adds a subscription.
func (m *Channels) Subscribe(ctx context.Context, name string, handler func(data []byte)) (*Subscription[[]byte], error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sub := &Subscription[[]byte]{Registry: m, Channel: name, Handler: handler}
	s := m.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	// Under the lock, so that Close either ends this subscription or is seen here.
	if m.closed.Load() {
		return nil, ErrClosed
	}
	c, ok := m.channels.Load(name)
	if !ok {
		c, _ = m.channels.LoadOrStore(name, &channel{})
	}
	c.(*channel).subscribers.Add(sub)
	return sub, nil
}

// Close ends all subscriptions and waits for handlers that run. It may be called again.
func (m *Channels) Close() {
	m.closed.Store(true)
	for i := range m.shards { // who has its lock has not seen that it is closed
		m.shards[i].mu.Lock()
		m.shards[i].mu.Unlock() //nolint:staticcheck // it was waited for
	}
	m.channels.Range(func(name, c any) bool {
		m.channels.Delete(name)
		for _, sub := range c.(*channel).subscribers.Clear() {
			sub.Gate.Shut()
		}
		return true
	})
}

// Remove implements [Registry].
func (m *Channels) Remove(sub *Subscription[[]byte]) {
	s := m.shard(sub.Channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := m.channels.Load(sub.Channel); ok && c.(*channel).subscribers.Remove(sub) == 0 {
		m.channels.Delete(sub.Channel)
	}
}

// Len returns how many channels there are.
func (m *Channels) Len() (n int) {
	m.channels.Range(func(any, any) bool { n++; return true })
	return n
}

// channel is one with at least one subscription.
type channel struct {
	subscribers Subscribers[[]byte] // changed under the lock of the shard
	turn        Turn[published]
}

// deliver has the turn.
func (c *channel) deliver(p published) {
	if p.sending != nil {
		p.sending.Send()
	}
	CallAll(c.subscribers.Load(), p.data)
}

// published is a message that has its place on a channel.
type published struct {
	data    []byte
	sending Sending
}

// Size implements [Message].
func (p published) Size() int { return len(p.data) }

// Own implements [Message].
func (p published) Own() published {
	if p.sending != nil {
		p.sending.Keep()
	}
	return published{bytes.Clone(p.data), p.sending}
}

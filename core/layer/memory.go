package layer

import (
	"context"
	"hash/maphash"
	"sync/atomic"

	"github.com/chanx-go/chanx/core/layer/internal/local"
)

// ErrBacklog is the error of [Memory.Publish] and [Memory.Append] inside a handler,
// when too many messages that handlers published wait on the channel. The message
// was not sent. Handlers that answer each message with several to the same channel
// come here.
var ErrBacklog = local.ErrBacklog

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
	closed   atomic.Bool
	channels *local.Channels
	history  histories
	presence memoryPresence
}

var _ Layer = (*Memory)(nil)

// shards is over how many locks the channels with history, and those with presence,
// are spread.
const shards = 64

// NewMemory returns an empty memory layer. It has no goroutines, and a channel
// costs nothing once its last subscriber has left.
func NewMemory() *Memory {
	m := &Memory{channels: local.NewChannels()}
	m.history.init()
	m.presence.seed = maphash.MakeSeed()
	return m
}

// Publish implements [Layer]. Besides the errors stated there it returns
// [ErrBacklog].
func (m *Memory) Publish(ctx context.Context, channel string, data []byte) error {
	return m.channels.Publish(ctx, channel, data, nil)
}

// Subscribe implements [Layer].
func (m *Memory) Subscribe(ctx context.Context, channel string, handler func(data []byte)) (Subscription, error) {
	sub, err := m.channels.Subscribe(ctx, channel, handler)
	if err != nil {
		return nil, err
	}
	return sub, nil
}

// Close implements [Layer].
func (m *Memory) Close() error {
	if m.closed.Swap(true) {
		return nil
	}
	m.channels.Close()
	m.history.close()
	m.presence.close()
	return nil
}

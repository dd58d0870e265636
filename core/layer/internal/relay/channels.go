package relay

import (
	"context"
	"errors"

	"github.com/chanx-go/chanx/core/layer"
)

// Broker carries messages between processes: the server's side of [Channels].
type Broker interface {
	// Part returns which part of the connection, as [Status] counts them, a channel
	// depends on; 0 where there is one.
	Part(channel string) int

	// Publish sends data to who listens to the channel. Data may be kept until it
	// returns only. The context has a deadline. Where the server is away the error
	// wraps layer.ErrUnavailable. Messages that one goroutine publishes to one
	// channel arrive in that order.
	Publish(ctx context.Context, channel string, data []byte) error

	// Listen begins to give the channel's messages, also those of this process, to
	// [Channels.Receive]: those that are published after it has returned. It
	// remembers the channel until Unlisten, also where it returns an error, and
	// listens again by itself after an outage, before it calls [Status.Up]. Where
	// the server is known to be away it returns at once. It is called once until
	// Unlisten, and the context has a deadline.
	Listen(ctx context.Context, channel string) error

	// Unlisten ends that. It does not wait. A Listen of the same channel may come
	// right after, and is then what counts.
	Unlisten(channel string)
}

// Channels is a layer.Layer over a [Broker]. A message reaches the subscriptions of
// this process directly, whether the server is there or not, and those of others by
// way of the server.
type Channels struct{}

// NewChannels returns channels over a broker whose connection the status describes.
func NewChannels(b Broker, s *Status, o Options) *Channels { return &Channels{} }

var errUnfinished = errors.New("relay: unfinished")

// Publish implements layer.Layer.
func (c *Channels) Publish(ctx context.Context, channel string, data []byte) error {
	return errUnfinished
}

// Subscribe implements layer.Layer.
func (c *Channels) Subscribe(ctx context.Context, channel string, handler func(data []byte)) (layer.Subscription, error) {
	return nil, errUnfinished
}

// Receive takes a message from the server, in the order in which they come. It
// copies data. It waits while too much waits for handlers, so who calls it must not
// be who reads the answers to Publish. While a handler waits for a Listen, of any
// channel, it does not wait, so that who calls it may read the answers to Listen.
func (c *Channels) Receive(channel string, data []byte) {}

// Close implements layer.Layer. It calls Unlisten for no channel: the connection is
// to be closed after it.
func (c *Channels) Close() error { return nil }

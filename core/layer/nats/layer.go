// Package chanxnats is a layer on NATS, which connects the processes of an
// application.
package chanxnats

import (
	"context"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// Core is a [layer.Layer] on core NATS: without history and presence, for servers
// without JetStream. Make one with [OpenCore].
type Core struct {
	conn     *conn
	channels *relay.Channels
}

var _ layer.Reporter = (*Core)(nil)

// OpenCore connects to the servers at a URL; see [Open], but JetStream is not
// needed.
func OpenCore(ctx context.Context, url string, opts *Options) (*Core, error) {
	t, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	full, err := opts.withDefaults(t)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := connect(t, full)
	if err != nil {
		return nil, err
	}
	core := &Core{conn: c}
	b := newBroker(c, func(channel string, data []byte) { core.channels.Receive(channel, data) })
	core.channels = relay.NewChannels(b, c.status, c.relayOptions())
	return core, nil
}

func (c *conn) relayOptions() relay.Options {
	return relay.Options{Timeout: c.opts.Timeout, Logger: c.opts.Logger}
}

// Publish implements [layer.Layer].
func (c *Core) Publish(ctx context.Context, channel string, data []byte) error {
	return c.channels.Publish(ctx, channel, data)
}

// Subscribe implements [layer.Layer].
func (c *Core) Subscribe(ctx context.Context, channel string, handler func(data []byte)) (layer.Subscription, error) {
	return c.channels.Subscribe(ctx, channel, handler)
}

// Health implements [layer.Reporter].
func (c *Core) Health() layer.Health { return c.conn.status.Health() }

// Close implements [layer.Layer].
func (c *Core) Close() error {
	err := c.channels.Close()
	c.conn.close()
	return err
}

// Package chanxnats is a layer on NATS, which connects the processes of an
// application.
//
//	l, err := chanxnats.Open(ctx, "nats://localhost:4222", nil)
//	if err != nil {
//		return err
//	}
//	defer l.Close()
//	hub := chanx.NewHub(&chanx.HubOptions{Layer: l})
//
// [Open] needs JetStream, where history and presence are kept. [OpenCore] does without
// it, and has neither.
//
// While the server is away, messages reach the process in which they are published,
// and the calls that need the server fail within [Options.Timeout], at once where it
// is known to be away. The layer finds the server again by itself: see
// [layer.Reporter].
package chanxnats

import (
	"context"
	"errors"
	"fmt"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
	"github.com/nats-io/nats.go/jetstream"
)

// Core is a [layer.Layer] on core NATS: without history and presence, for servers
// without JetStream. Make one with [OpenCore].
type Core struct {
	conn     *conn
	channels *relay.Channels
}

// Layer is a [layer.Layer] on NATS with JetStream, which keeps history and knows who is
// present. Make one with [Open].
type Layer struct {
	*Core
	history   *history
	followers *relay.Followers
	presence  *presence
}

var (
	_ layer.Reporter = (*Core)(nil)
	_ layer.Reporter = (*Layer)(nil)
	_ layer.History  = (*Layer)(nil)
)

// Open connects to the servers at a URL, as
//
//	nats://user:password@host:4222,host2:4222?prefix=chat
//	tls://token@host
//
// User, password and token are escaped as in any URL. A port is 4222 where there is
// none, and prefix is [Options.Prefix], unless that is set.
//
// Open fails where none of the servers can be reached, or they refuse the user, or have
// no JetStream for the account. After that the layer connects again whenever it has to,
// and never gives up. ctx bounds the call. Where JetStream doesn't answer, as while
// servers of a cluster that begin together elect who is to, Open asks again, for five
// times Options.Timeout. A nil opts is a zero one.
func Open(ctx context.Context, url string, opts *Options) (*Layer, error) {
	core, err := OpenCore(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	c := core.conn
	err = c.insist(ctx, func(ctx context.Context) error {
		_, err := c.js.AccountInfo(ctx)
		return err
	})
	if err != nil {
		_ = core.Close()
		if errors.Is(err, jetstream.ErrJetStreamNotEnabled) {
			err = fmt.Errorf("start nats-server with -js, or use OpenCore: %w", err)
		}
		return nil, fmt.Errorf("chanxnats: no JetStream at %s: %w", c.target, err)
	}
	l := &Layer{Core: core}
	bounded, cancel := c.bound(ctx)
	defer cancel()
	l.history, err = newHistory(bounded, c, func(channel string, e layer.Entry) { l.followers.Receive(channel, e) })
	if err != nil {
		_ = core.Close()
		return nil, err
	}
	l.followers = relay.NewFollowers(l.history, c.status, c.relayOptions())
	l.presence = newPresence(c)
	c.onRestored(func() {
		l.history.heads.doubtAll()
		l.followers.Restored(nil)
	})
	if err := c.insist(ctx, l.prepare); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("chanxnats: the streams at %s: %w", c.target, err)
	}
	return l, nil
}

// prepare makes the streams where they are not there yet: before anybody needs them, as
// a server before 2.10 may crash when it is asked for a message of a stream that is
// being made.
func (l *Layer) prepare(ctx context.Context) error {
	if err := l.history.stream.cover(ctx, layer.Retention{}); err != nil {
		return err
	}
	_, err := l.presence.shelf.open(ctx)
	return err
}

// Append implements [layer.History]. Where it returns an error that wraps
// [layer.ErrUnavailable] the entry may be there even so, or come to be there, but
// never twice.
func (l *Layer) Append(ctx context.Context, channel string, data []byte, keep layer.Retention) error {
	return l.history.Append(ctx, channel, data, keep)
}

// Read implements [layer.History].
func (l *Layer) Read(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	return l.history.Read(ctx, channel, after, limit)
}

// Follow implements [layer.History].
func (l *Layer) Follow(ctx context.Context, channel string, handler func(layer.Entry)) (layer.Position, layer.Subscription, error) {
	return l.followers.Follow(ctx, channel, handler)
}

// Close implements [layer.Layer].
func (l *Layer) Close() error {
	return errors.Join(l.followers.Close(), l.presence.close(), l.Core.Close())
}

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

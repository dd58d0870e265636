// Package chanxredis is a layer on Redis or Valkey, 7 or later, which connects the
// processes of an application.
//
//	l, err := chanxredis.Open(ctx, "redis://localhost:6379", nil)
//	if err != nil {
//		return err
//	}
//	defer l.Close()
//	hub := chanx.NewHub(&chanx.HubOptions{Layer: l})
//
// Messages go by the server's publish and subscribe, sharded where the server is a
// cluster. A server alone, or one with sentinels, gains nothing from sharding. The
// order of what a goroutine publishes to a channel is kept.
//
// While the server is away, messages reach the process in which they are published,
// and the calls that need the server fail within [Options.Timeout], at once where it
// is known to be away. The layer finds the server again by itself: see
// [layer.Reporter].
package chanxredis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// Layer is a layer on a server, or several that are one cluster. It is a
// [layer.Reporter].
type Layer struct {
	client   *client
	status   *relay.Status
	closed   atomic.Bool
	channels *relay.Channels

	history   *history
	followers *relay.Followers

	presence *presence
	watches  *relay.Watches
}

var (
	_ layer.Reporter = (*Layer)(nil)
	_ layer.History  = (*Layer)(nil)
	_ layer.Presence = (*Layer)(nil)
)

// Open connects to the server that a URL names:
//
//	redis://[user[:password]@]host[:port][/database]
//	redis-cluster://[user[:password]@]host[:port][,host[:port]...]
//	redis-sentinel://[user[:password]@]host[:port][,host[:port]...]/master
//
// and rediss://, rediss-cluster:// and rediss-sentinel:// with TLS. User and password
// are escaped as in any URL. A port is 6379, or a sentinel's 26379, where there is
// none. The hosts of a cluster are some of its nodes, which know the others; those of
// redis-sentinel:// are the sentinels, which know where the master is. After a "?",
// prefix is [Options.Prefix], unless that is set, and for sentinels db is the
// database, and sentinel_username and sentinel_password are for the sentinels, which
// get no other.
//
// ctx bounds the opening, not the layer; so does [Options.Timeout]. Where the server
// can't be reached, or does not let the user in, that is an error; once open, the
// layer never gives up. opts may be nil. An error does not quote the URL.
func Open(ctx context.Context, url string, opts *Options) (*Layer, error) {
	t, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	o, err := opts.withDefaults(t)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("chanxredis: %w", err)
	}
	bounded, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()

	l := &Layer{status: relay.NewStatus(o.Logger, t.String())}
	if l.client, err = connect(bounded, t, o, l.status); err != nil {
		switch {
		case ctx.Err() != nil:
			err = ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			err = errNoAnswer
		}
		return nil, fmt.Errorf("chanxredis: %s: %w%s", t, err, t.hint(err))
	}
	ro := relay.Options{Timeout: o.Timeout, Logger: o.Logger}
	b := &broker{c: l.client}
	messages := ro
	messages.Bounded = true
	l.channels = relay.NewChannels(b, l.status, messages)
	b.receive = l.channels.Receive
	l.history = newHistory(l.client)
	l.followers = relay.NewFollowers(l.history, l.status, ro)
	l.history.receive = l.followers.Receive
	l.presence = newPresence(l.client)
	l.watches = relay.NewWatches(l.presence, l.status, ro)
	l.presence.receive = l.watches.Receive

	restored := l.restored
	l.client.restored.Store(&restored)
	return l, nil
}

// hint asks what may be wrong where a connection could not be made, "" where that is
// plain.
func (t *target) hint(err error) string {
	switch {
	case strings.Contains(err.Error(), "unknown message type"):
		return " (is that a Redis server?)"
	case t.tls && errors.Is(err, errNoAnswer):
		return " (does the server speak TLS?)"
	case !t.tls && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)):
		return " (does the server want TLS, and so rediss://?)"
	}
	return ""
}

// restored has those who missed something in an outage of a partition catch up.
func (l *Layer) restored(part int) {
	affected := func(channel string) bool { return l.client.part(channel) == part }
	l.followers.Restored(affected)
	l.watches.Restored(affected)
}

// Publish implements [layer.Layer].
func (l *Layer) Publish(ctx context.Context, channel string, data []byte) error {
	return l.channels.Publish(ctx, channel, data)
}

// Subscribe implements [layer.Layer].
func (l *Layer) Subscribe(ctx context.Context, channel string, handler func(data []byte)) (layer.Subscription, error) {
	return l.channels.Subscribe(ctx, channel, handler)
}

// Append implements [layer.History].
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

// Renew implements [layer.Presence].
func (l *Layer) Renew(ctx context.Context, owner string, lease time.Duration) (fresh bool, err error) {
	return l.presence.Renew(ctx, owner, lease)
}

// Release implements [layer.Presence].
func (l *Layer) Release(ctx context.Context, owner string) error {
	return l.presence.Release(ctx, owner)
}

// Enter implements [layer.Presence].
func (l *Layer) Enter(ctx context.Context, channel string, s layer.Session) error {
	return l.presence.Enter(ctx, channel, s)
}

// Leave implements [layer.Presence].
func (l *Layer) Leave(ctx context.Context, channel string, s layer.Session, grace time.Duration) error {
	return l.presence.Leave(ctx, channel, s, grace)
}

// Members implements [layer.Presence].
func (l *Layer) Members(ctx context.Context, channel string) ([]layer.Member, error) {
	return l.presence.Members(ctx, channel)
}

// Watch implements [layer.Presence].
func (l *Layer) Watch(ctx context.Context, channel string, handler func(layer.PresenceChange)) (layer.Subscription, error) {
	return l.watches.Watch(ctx, channel, handler)
}

// Health implements [layer.Reporter].
func (l *Layer) Health() layer.Health { return l.status.Health() }

// Close implements [layer.Layer]. Calls that are under way end with
// [layer.ErrClosed].
func (l *Layer) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	l.status.Close()
	l.presence.close()
	err := errors.Join(l.channels.Close(), l.followers.Close(), l.watches.Close())
	l.client.close()
	return err
}

package chanxnats

import (
	"context"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

var _ layer.Presence = (*Layer)(nil)

// Renew implements [layer.Presence]. All processes hear of it, so that an owner's
// lease should not be much shorter than the 30 s that a hub takes.
func (l *Layer) Renew(ctx context.Context, owner string, lease time.Duration) (fresh bool, err error) {
	return l.presence.Renew(ctx, owner, lease)
}

// Release implements [layer.Presence].
func (l *Layer) Release(ctx context.Context, owner string) error {
	return l.presence.Release(ctx, owner)
}

// Enter implements [layer.Presence]. Where it returns an error that wraps
// [layer.ErrUnavailable] the session may be there even so.
func (l *Layer) Enter(ctx context.Context, channel string, s layer.Session) error {
	return l.presence.Enter(ctx, channel, s)
}

// Leave implements [layer.Presence]. The end of a session is kept at the server for a
// minute longer than the longest grace that was ever asked for.
func (l *Layer) Leave(ctx context.Context, channel string, s layer.Session, grace time.Duration) error {
	return l.presence.Leave(ctx, channel, s, grace)
}

// Members implements [layer.Presence].
func (l *Layer) Members(ctx context.Context, channel string) ([]layer.Member, error) {
	return l.presence.Members(ctx, channel)
}

// Watch implements [layer.Presence].
func (l *Layer) Watch(ctx context.Context, channel string, handler func(layer.PresenceChange)) (layer.Subscription, error) {
	return l.presence.Watch(ctx, channel, handler)
}

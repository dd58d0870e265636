package chanxtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/chanx-go/chanx/core/layer"
)

var (
	_ layer.History  = (*Capture)(nil)
	_ layer.Presence = (*Capture)(nil)
	_ layer.Reporter = (*Capture)(nil)
)

// Publish records data and passes it on, unless the capture swallows it.
func (c *Capture) Publish(ctx context.Context, channel string, data []byte) error {
	if isOfHub(data) {
		return c.layer.Publish(ctx, channel, data)
	}
	if err := c.record(ctx, channel, data, false); err != nil || c.swallow {
		return err
	}
	return c.layer.Publish(ctx, channel, data)
}

// isOfHub reports whether data is what hubs say to each other, which is nobody's
// event and always passed on.
func isOfHub(data []byte) bool {
	var e envelope.Envelope
	return e.Parse(data) == nil && e.Hub
}

// Health returns how the layer behind the capture is. One that needs no server is
// always connected.
func (c *Capture) Health() layer.Health {
	if r, ok := c.layer.(layer.Reporter); ok {
		return r.Health()
	}
	return layer.Health{Connected: true}
}

// Subscribe subscribes to the layer behind the capture.
func (c *Capture) Subscribe(ctx context.Context, channel string, handler func(data []byte)) (layer.Subscription, error) {
	return c.layer.Subscribe(ctx, channel, handler)
}

// Close closes the layer behind the capture. What was recorded stays.
func (c *Capture) Close() error { return c.layer.Close() }

// Append records data and passes it on, unless the capture swallows it.
func (c *Capture) Append(ctx context.Context, channel string, data []byte, keep layer.Retention) error {
	h, err := c.history()
	if err != nil {
		return err
	}
	if err := c.record(ctx, channel, data, true); err != nil || c.swallow {
		return err
	}
	return h.Append(ctx, channel, data, keep)
}

// Read reads from the layer behind the capture.
func (c *Capture) Read(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	h, err := c.history()
	if err != nil {
		return nil, layer.Position{}, err
	}
	return h.Read(ctx, channel, after, limit)
}

// Follow follows a channel of the layer behind the capture.
func (c *Capture) Follow(ctx context.Context, channel string, handler func(layer.Entry)) (layer.Position, layer.Subscription, error) {
	h, err := c.history()
	if err != nil {
		return layer.Position{}, nil, err
	}
	return h.Follow(ctx, channel, handler)
}

func (c *Capture) history() (layer.History, error) {
	if h, ok := c.layer.(layer.History); ok {
		return h, nil
	}
	return nil, fmt.Errorf("chanxtest: capture: the layer behind it, a %T, keeps no history: %w", c.layer, errors.ErrUnsupported)
}

// Renew renews a lease of the layer behind the capture.
func (c *Capture) Renew(ctx context.Context, owner string, lease time.Duration) (fresh bool, err error) {
	p, err := c.presence()
	if err != nil {
		return false, err
	}
	return p.Renew(ctx, owner, lease)
}

// Release ends a lease of the layer behind the capture.
func (c *Capture) Release(ctx context.Context, owner string) error {
	p, err := c.presence()
	if err != nil {
		return err
	}
	return p.Release(ctx, owner)
}

// Enter makes a member present on the layer behind the capture.
func (c *Capture) Enter(ctx context.Context, channel string, s layer.Session) error {
	p, err := c.presence()
	if err != nil {
		return err
	}
	return p.Enter(ctx, channel, s)
}

// Leave ends the presence of a member on the layer behind the capture.
func (c *Capture) Leave(ctx context.Context, channel string, s layer.Session, grace time.Duration) error {
	p, err := c.presence()
	if err != nil {
		return err
	}
	return p.Leave(ctx, channel, s, grace)
}

// Members returns who is present on the layer behind the capture.
func (c *Capture) Members(ctx context.Context, channel string) ([]layer.Member, error) {
	p, err := c.presence()
	if err != nil {
		return nil, err
	}
	return p.Members(ctx, channel)
}

// Watch watches a channel of the layer behind the capture.
func (c *Capture) Watch(ctx context.Context, channel string, handler func(layer.PresenceChange)) (layer.Subscription, error) {
	p, err := c.presence()
	if err != nil {
		return nil, err
	}
	return p.Watch(ctx, channel, handler)
}

func (c *Capture) presence() (layer.Presence, error) {
	if p, ok := c.layer.(layer.Presence); ok {
		return p, nil
	}
	return nil, fmt.Errorf("chanxtest: capture: the layer behind it, a %T, knows of no presence: %w", c.layer, errors.ErrUnsupported)
}

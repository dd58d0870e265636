package relay_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
	"github.com/chanx-go/chanx/core/layer/layertest"
)

// A layer made of what the package has passes the suite.
func TestLayer(t *testing.T) {
	t.Parallel()
	layertest.Run(t, layertest.Harness{
		Age: time.Second / 10,
		Backend: func(*testing.T) layertest.Open {
			s := newServer()
			return func(*testing.T) layer.Layer { return s.open(relay.Options{}) }
		},
	})
}

var (
	_ layer.History  = (*process)(nil)
	_ layer.Presence = (*process)(nil)
	_ layer.Reporter = (*process)(nil)
)

func (p *process) Publish(ctx context.Context, channel string, data []byte) error {
	return p.channels.Publish(ctx, channel, data)
}

func (p *process) Subscribe(ctx context.Context, channel string, handler func([]byte)) (layer.Subscription, error) {
	return p.channels.Subscribe(ctx, channel, handler)
}

func (p *process) Health() layer.Health { return p.status.Health() }

func (p *process) Close() error {
	p.status.Close()
	_ = p.followers.Close()
	_ = p.watches.Close()
	err := p.channels.Close()
	p.mu.Lock()
	p.closed = true
	ends := p.listening
	p.listening = map[string]*listening{}
	p.mu.Unlock()
	p.changed.Broadcast()
	p.reading.Wait()
	for _, l := range ends {
		if l.end != nil {
			l.end()
		}
	}
	return err
}

// open returns the error of a call of the layer.
func (p *process) open(ctx context.Context) error {
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if closed {
		return layer.ErrClosed
	}
	return p.usable(ctx, "call")
}

func (p *process) Append(ctx context.Context, channel string, data []byte, keep layer.Retention) error {
	err := p.open(ctx)
	if err == nil {
		data = bytes.Clone(data)
		outside(func() { err = p.server.memory.Append(ctx, channel, data, keep) })
	}
	return err
}

func (p *process) Read(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	if err := p.open(ctx); err != nil {
		return nil, layer.Position{}, err
	}
	return p.server.memory.Read(ctx, channel, after, limit)
}

func (p *process) Follow(ctx context.Context, channel string, handler func(layer.Entry)) (layer.Position, layer.Subscription, error) {
	return p.followers.Follow(ctx, channel, handler)
}

func (p *process) Renew(ctx context.Context, owner string, lease time.Duration) (fresh bool, err error) {
	if err := p.open(ctx); err != nil {
		return false, err
	}
	outside(func() { fresh, err = p.server.memory.Renew(ctx, owner, lease) })
	return fresh, err
}

func (p *process) Release(ctx context.Context, owner string) error {
	err := p.open(ctx)
	if err == nil {
		outside(func() { err = p.server.memory.Release(ctx, owner) })
	}
	return err
}

func (p *process) Enter(ctx context.Context, channel string, s layer.Session) error {
	err := p.open(ctx)
	if err == nil {
		p.server.roster(channel)
		outside(func() { err = p.server.memory.Enter(ctx, channel, s) })
	}
	return err
}

func (p *process) Leave(ctx context.Context, channel string, s layer.Session, grace time.Duration) error {
	err := p.open(ctx)
	if err == nil {
		outside(func() { err = p.server.memory.Leave(ctx, channel, s, grace) })
	}
	return err
}

func (p *process) Members(ctx context.Context, channel string) ([]layer.Member, error) {
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	return p.server.memory.Members(ctx, channel)
}

func (p *process) Watch(ctx context.Context, channel string, handler func(layer.PresenceChange)) (layer.Subscription, error) {
	return p.watches.Watch(ctx, channel, handler)
}

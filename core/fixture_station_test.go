package chanx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

// station is one process's view of a server, which is a memory layer: it delivers to
// its own subscriptions first, what other processes publish comes later on a
// goroutine, and it may lose the server.
type station struct {
	*layer.Memory // the server: its history and presence

	id    string
	local *layer.Memory
	lost  atomic.Uint64
	calls atomic.Int64 // of Publish
	deaf  atomic.Bool  // nothing of other processes gets in, as in a process that hangs
	dead  atomic.Bool  // nothing gets in or out

	mu       sync.Mutex
	server   map[string]layer.Subscription // by channel
	queue    []parcel
	working  bool
	health   layer.Health
	failures uint64
}

type parcel struct {
	channel string
	data    []byte
}

var _ layer.Reporter = (*station)(nil)

// newStation makes a process's view of a server.
func newStation(t testing.TB, id string, server *layer.Memory) *station {
	s := &station{Memory: server, id: id, local: layer.NewMemory(), server: map[string]layer.Subscription{}}
	s.health = layer.Health{Connected: true, Since: time.Now()}
	t.Cleanup(func() {
		for _, sub := range s.server {
			_ = sub.Unsubscribe()
		}
	})
	return s
}

// away takes the server away, or gives it back.
func (s *station) away(gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health.Connected, s.health.Since = !gone, time.Now()
	if gone {
		s.health.Err = errors.New("the cable was pulled")
		s.health.Outages++
	}
}

func (s *station) Health() layer.Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.health
	h.Lost, h.Failed = s.lost.Load(), s.failures
	return h
}

func (s *station) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.health.Connected {
		return nil
	}
	s.failures++
	return fmt.Errorf("station %s: %w", s.id, layer.ErrUnavailable)
}

func (s *station) Publish(ctx context.Context, channel string, data []byte) error {
	s.calls.Add(1)
	if s.dead.Load() {
		return nil
	}
	if err := s.local.Publish(ctx, channel, data); err != nil {
		return err
	}
	if err := s.err(); err != nil {
		return err
	}
	return s.Memory.Publish(ctx, channel, slices.Concat([]byte(s.id+"\n"), data))
}

func (s *station) Subscribe(ctx context.Context, channel string, handler func([]byte)) (layer.Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server[channel] == nil {
		sub, err := s.Memory.Subscribe(ctx, channel, func(data []byte) { s.receive(channel, data) })
		if err != nil {
			return nil, err
		}
		s.server[channel] = sub
	}
	return s.local.Subscribe(ctx, channel, handler)
}

// receive takes what somebody has published.
func (s *station) receive(channel string, data []byte) {
	from, data, _ := bytes.Cut(data, []byte("\n"))
	if string(from) == s.id || s.deaf.Load() || s.dead.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.health.Connected {
		s.lost.Add(1)
		return
	}
	s.queue = append(s.queue, parcel{strings.Clone(channel), bytes.Clone(data)})
	if !s.working {
		s.working = true
		go s.work()
	}
}

// work delivers what has been received, and ends.
func (s *station) work() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 {
			s.working = false
			s.mu.Unlock()
			return
		}
		p := s.queue[0]
		s.queue = s.queue[1:]
		s.mu.Unlock()
		_ = s.local.Publish(context.Background(), p.channel, p.data)
	}
}

func (s *station) Append(ctx context.Context, channel string, data []byte, keep layer.Retention) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.Memory.Append(ctx, channel, data, keep)
}

func (s *station) Read(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	if err := s.err(); err != nil {
		return nil, layer.Position{}, err
	}
	return s.Memory.Read(ctx, channel, after, limit)
}

func (s *station) Follow(ctx context.Context, channel string, handler func(layer.Entry)) (layer.Position, layer.Subscription, error) {
	if err := s.err(); err != nil {
		return layer.Position{}, nil, err
	}
	return s.Memory.Follow(ctx, channel, handler)
}

func (s *station) Renew(ctx context.Context, owner string, lease time.Duration) (bool, error) {
	if err := s.err(); err != nil {
		return false, err
	}
	return s.Memory.Renew(ctx, owner, lease)
}

func (s *station) Enter(ctx context.Context, channel string, session layer.Session) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.Memory.Enter(ctx, channel, session)
}

func (s *station) Leave(ctx context.Context, channel string, session layer.Session, grace time.Duration) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.Memory.Leave(ctx, channel, session, grace)
}

// cluster is labs on stations of one server.
type cluster struct {
	labs     []*lab
	stations []*station
}

// newCluster makes labs that stand for processes. A client's token is its identity.
func newCluster(t testing.TB, n int, o func(i int, o *labOptions)) *cluster {
	t.Helper()
	c, server := &cluster{}, layer.NewMemory()
	for i := range n {
		s := newStation(t, fmt.Sprint("station ", i), server)
		opts := labOptions{hub: chanx.HubOptions{Layer: s, Limits: chanx.Limits{PingInterval: -1}}, register: registerTopics}
		opts.consumer.Authenticator = &chanx.Authenticator{
			Verify:   func(_ context.Context, token string) (any, error) { return token, nil },
			Query:    "token",
			Optional: true,
		}
		if o != nil {
			o(i, &opts)
		}
		c.labs, c.stations = append(c.labs, newLab(t, opts)), append(c.stations, s)
	}
	return c
}

// ids are the ids of some of the hubs, sorted.
func (c *cluster) ids(labs ...int) (ids []string) {
	for _, i := range labs {
		ids = append(ids, c.labs[i].hub.ID())
	}
	slices.Sort(ids)
	return ids
}

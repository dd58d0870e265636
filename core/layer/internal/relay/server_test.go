package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// server stands for one that processes share.
type server struct {
	memory *layer.Memory

	mu      sync.Mutex
	rosters map[string]*roster
}

func newServer() *server {
	return &server{memory: layer.NewMemory(), rosters: map[string]*roster{}}
}

// roster is who is on a channel as the server tells it, and who listens.
type roster struct {
	mu        sync.Mutex
	version   uint64
	members   map[string][]byte
	listeners map[*process]struct{}
}

// roster returns that of a channel, which counts its changes from now on.
func (s *server) roster(channel string) *roster {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rosters[channel]
	if r == nil {
		r = &roster{members: map[string][]byte{}, listeners: map[*process]struct{}{}}
		s.rosters[channel] = r
		outside(func() {
			_, err := s.memory.Watch(context.Background(), channel, func(c layer.PresenceChange) { r.change(channel, c) })
			if err != nil {
				panic(err)
			}
		})
	}
	return r
}

func (r *roster) change(channel string, c layer.PresenceChange) {
	if c.All {
		return // nobody is there yet
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version++
	for _, m := range c.Joined {
		r.members[m.Key] = m.Info
	}
	for _, key := range c.Left {
		delete(r.members, key)
	}
	c.Joined, c.Left = slices.Clone(c.Joined), slices.Clone(c.Left)
	version := r.version
	for p := range r.listeners {
		p.push("presence", channel, func() { p.watches.Receive(channel, version, c) })
	}
}

// outside calls f on another goroutine, as a server would: it is not inside a handler.
func outside(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// process is a handle on the server: a layer made of what package relay has. What
// comes from the server, messages and answers to Listen, comes in one line.
type process struct {
	server    *server
	status    *relay.Status
	channels  *relay.Channels
	followers *relay.Followers
	watches   *relay.Watches
	reading   sync.WaitGroup

	mu        sync.Mutex
	changed   *sync.Cond
	line      []func()
	closed    bool
	down      error // why it is cut off
	listening map[string]*listening
	// times says how often something arrives, once if it is nil.
	times func(kind, channel string) int
	// call is called with each call of the server, and may return an error.
	call func(what string) error
}

// listening is a channel that is listened to, and how.
type listening struct {
	start func() (end func())
	end   func() // nil while the process is cut off
}

func (s *server) open(o relay.Options) *process {
	p := &process{server: s, status: relay.NewStatus(o.Logger, "a server in memory"), listening: map[string]*listening{}}
	p.changed = sync.NewCond(&p.mu)
	p.channels = relay.NewChannels(broker{p}, p.status, o)
	p.followers = relay.NewFollowers(log{p}, p.status, o)
	p.watches = relay.NewWatches(presence{p}, p.status, o)
	p.reading.Go(p.read)
	return p
}

func (p *process) read() {
	for {
		p.mu.Lock()
		for len(p.line) == 0 && !p.closed {
			p.changed.Wait()
		}
		if p.closed {
			p.mu.Unlock()
			return
		}
		f := p.line[0]
		p.line = p.line[1:]
		p.mu.Unlock()
		f()
	}
}

// push puts something into the line.
func (p *process) push(kind, channel string, f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	times := 1
	if p.times != nil {
		times = p.times(kind, channel)
	}
	for range times {
		p.line = append(p.line, f)
	}
	p.changed.Signal()
}

var errCut = errors.New("the cable was cut")

// cut cuts the process off: nothing that comes from now on arrives.
func (p *process) cut() {
	p.mu.Lock()
	p.down = errCut
	var ends []func()
	for _, l := range p.listening {
		if l.end != nil {
			ends = append(ends, l.end)
			l.end = nil
		}
	}
	p.mu.Unlock()
	for _, end := range ends {
		end()
	}
	p.status.Down(0, errCut)
}

// restore ends that.
func (p *process) restore() {
	p.mu.Lock()
	p.down = nil
	lines := slices.Collect(maps.Values(p.listening))
	p.mu.Unlock()
	for _, l := range lines {
		p.begin(l)
	}
	p.status.Up(0)
	p.followers.Restored(nil)
	p.watches.Restored(nil)
}

// usable returns the error of a call of the server.
func (p *process) usable(ctx context.Context, what string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	call, down := p.call, p.down
	p.mu.Unlock()
	if down != nil {
		return fmt.Errorf("%w: %w", layer.ErrUnavailable, down)
	}
	if call != nil {
		return call(what)
	}
	return nil
}

// listen listens to a channel; the answer comes in the line.
func (p *process) listen(ctx context.Context, kind, channel string, start func() (end func())) error {
	l := &listening{start: start}
	p.mu.Lock()
	p.listening[kind+channel] = l
	p.mu.Unlock()
	if err := p.usable(ctx, "listen "+kind); err != nil {
		return err
	}
	p.begin(l)
	answered := make(chan struct{})
	p.push("answer", "", sync.OnceFunc(func() { close(answered) }))
	select {
	case <-answered:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *process) begin(l *listening) {
	var end func()
	outside(func() { end = l.start() })
	p.mu.Lock()
	down := p.down != nil
	if !down {
		l.end = end
	}
	p.mu.Unlock()
	if down {
		end()
	}
}

func (p *process) unlisten(kind, channel string) {
	p.mu.Lock()
	l := p.listening[kind+channel]
	delete(p.listening, kind+channel)
	var end func()
	if l != nil {
		end = l.end
	}
	p.mu.Unlock()
	if end != nil {
		end()
	}
}

// broker implements relay.Broker.
type broker struct{ *process }

func (b broker) Part(string) int { return 0 }

func (b broker) Post(channel string, data []byte) (relay.Posted, error) {
	if err := b.usable(context.Background(), "publish"); err != nil {
		return nil, err
	}
	data = bytes.Clone(data)
	var err error
	outside(func() { err = b.server.memory.Publish(context.Background(), channel, data) })
	return done, err
}

func (b broker) Listen(ctx context.Context, channel string) error {
	p := b.process
	return p.listen(ctx, "message", channel, func() func() {
		return must(p.server.memory.Subscribe(context.Background(), channel, func(data []byte) {
			data = bytes.Clone(data)
			p.push("message", channel, func() { p.channels.Receive(channel, data) })
		}))
	})
}

func (b broker) Unlisten(channel string) { b.unlisten("message", channel) }

// must returns what ends a subscription.
func must(s layer.Subscription, err error) func() {
	if err != nil {
		panic(err)
	}
	return func() { outside(func() { _ = s.Unsubscribe() }) }
}

// log implements relay.Log.
type log struct{ *process }

func (l log) Read(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	if err := l.usable(ctx, "read"); err != nil {
		return nil, layer.Position{}, err
	}
	return l.server.memory.Read(ctx, channel, after, limit)
}

func (l log) Listen(ctx context.Context, channel string) error {
	p := l.process
	return p.listen(ctx, "entry", channel, func() func() {
		_, s, err := p.server.memory.Follow(context.Background(), channel, func(e layer.Entry) {
			p.push("entry", channel, func() { p.followers.Receive(channel, e) })
		})
		return must(s, err)
	})
}

func (l log) Unlisten(channel string) { l.unlisten("entry", channel) }

func (l log) Heads(ctx context.Context, channels []string) ([]layer.Position, error) {
	if err := l.usable(ctx, "heads"); err != nil {
		return nil, err
	}
	heads := make([]layer.Position, len(channels))
	for i, c := range channels {
		var err error
		if _, heads[i], err = l.server.memory.Read(ctx, c, layer.Position{}, 1); err != nil && !errors.Is(err, layer.ErrGap) {
			return nil, err
		}
	}
	return heads, nil
}

// presence implements relay.Roster.
type presence struct{ *process }

func (r presence) List(ctx context.Context, channel string) ([]layer.Member, uint64, error) {
	if err := r.usable(ctx, "list"); err != nil {
		return nil, 0, err
	}
	roster := r.server.roster(channel)
	roster.mu.Lock()
	defer roster.mu.Unlock()
	var members []layer.Member
	for key, info := range roster.members {
		members = append(members, layer.Member{Key: key, Info: info})
	}
	return members, roster.version, nil
}

func (r presence) Listen(ctx context.Context, channel string) error {
	p := r.process
	return p.listen(ctx, "presence", channel, func() func() {
		roster := p.server.roster(channel)
		roster.mu.Lock()
		defer roster.mu.Unlock()
		roster.listeners[p] = struct{}{}
		return func() {
			roster.mu.Lock()
			defer roster.mu.Unlock()
			delete(roster.listeners, p)
		}
	})
}

func (r presence) Unlisten(channel string) { r.unlisten("presence", channel) }

func (r presence) Versions(ctx context.Context, channels []string) ([]uint64, error) {
	if err := r.usable(ctx, "versions"); err != nil {
		return nil, err
	}
	versions := make([]uint64, len(channels))
	for i, c := range channels {
		roster := r.server.roster(c)
		roster.mu.Lock()
		versions[i] = roster.version
		roster.mu.Unlock()
	}
	return versions, nil
}

// wait waits until something is so.
func wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

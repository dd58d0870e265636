package layer

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"hash/maphash"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer/internal/local"
)

var _ History = (*Memory)(nil)

// Append implements [History]. Besides the errors stated there it returns
// [ErrBacklog].
//
// Delivery is like that of Publish, and an entry gets its number when it is
// delivered: one that waits for its turn, or that a handler appends to a channel
// in delivery, can't be read yet.
//
// A channel is forgotten once nobody has followed it, and nothing of it was kept,
// for the Age of its last retention. One that never had an entry costs nothing
// after its last follower has left.
func (m *Memory) Append(ctx context.Context, channel string, data []byte, keep Retention) error {
	if m.closed.Load() {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if keep.Entries <= 0 || keep.Age <= 0 {
		return fmt.Errorf("layer: a retention of %d entries and %v: both must be above 0", keep.Entries, keep.Age)
	}
	return m.history.append(ctx, channel, appended{data: bytes.Clone(data), keep: keep})
}

// Read implements [History].
func (m *Memory) Read(ctx context.Context, channel string, after Position, limit int) ([]Entry, Position, error) {
	if m.closed.Load() {
		return nil, Position{}, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, Position{}, err
	}
	if limit <= 0 {
		return nil, Position{}, fmt.Errorf("layer: a limit of %d entries: it must be above 0", limit)
	}
	return m.history.read(channel, after, limit)
}

// Follow implements [History].
func (m *Memory) Follow(ctx context.Context, channel string, handler func(Entry)) (Position, Subscription, error) {
	if err := ctx.Err(); err != nil {
		return Position{}, nil, err
	}
	sub := &local.Subscription[Entry]{Registry: &m.history, Channel: channel, Handler: handler}
	at, err := m.history.follow(sub)
	if err != nil {
		return Position{}, nil, err
	}
	return at, sub, nil
}

// histories is the registry of channels with history.
type histories struct {
	id     string // told apart from all others, also those of other processes
	start  time.Time
	seed   maphash.Seed
	closed atomic.Bool

	channels sync.Map // of *historyChannel, by name: read without a lock, changed under the shard's
	shards   [shards]historyShard
}

type historyShard struct {
	mu sync.Mutex

	// epoch is that of channels without a sequence: those that aren't here, and
	// those that begin now. It changes when a sequence is forgotten, so that no
	// channel has the same one twice; meanwhile a channel that never had an entry
	// keeps its epoch without costing anything.
	epoch     string
	forgotten int64
}

func (h *histories) init() {
	h.id = rand.Text()[:13] // 65 bits
	h.start = time.Now()
	h.seed = maphash.MakeSeed()
	for i := range h.shards {
		h.shards[i].epoch = h.id
	}
}

func (h *histories) shard(channel string) *historyShard {
	return &h.shards[maphash.String(h.seed, channel)%shards]
}

// now is the time since the registry was made.
func (h *histories) now() time.Duration { return time.Since(h.start) }

// channel returns a channel, which it makes if need be. It has the shard's lock.
func (h *histories) channel(s *historyShard, name string) (*historyChannel, error) {
	// Under the lock, so that close either finds this channel or is seen here.
	if h.closed.Load() {
		return nil, ErrClosed
	}
	c := h.known(name)
	if c == nil {
		c = &historyChannel{histories: h, name: name, epoch: s.epoch}
		h.channels.Store(name, c)
	}
	return c, nil
}

// known returns a channel, or nil where there is none.
func (h *histories) known(name string) *historyChannel {
	if c, ok := h.channels.Load(name); ok {
		return c.(*historyChannel)
	}
	return nil
}

// pin returns a channel that is not forgotten before it is unpinned.
func (h *histories) pin(channel string) (*historyChannel, error) {
	if c := h.known(channel); c != nil && c.pin() {
		return c, nil
	}
	s := h.shard(channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := h.channel(s, channel)
	if err != nil {
		return nil, err
	}
	c.pin() // it is not forgotten meanwhile
	return c, nil
}

func (h *histories) append(ctx context.Context, channel string, a appended) error {
	c, err := h.pin(channel)
	if err != nil {
		return err
	}
	defer c.unpin()
	return c.turn.Do(ctx, a, c.append)
}

func (h *histories) read(channel string, after Position, limit int) ([]Entry, Position, error) {
	s := h.shard(channel)
	s.mu.Lock()
	c, epoch := h.known(channel), s.epoch
	s.mu.Unlock()
	if c != nil {
		return c.read(after, limit)
	}
	head := Position{Epoch: epoch}
	if after != head {
		return nil, head, gap(after, head)
	}
	return nil, head, nil
}

func (h *histories) follow(sub *local.Subscription[Entry]) (Position, error) {
	s := h.shard(sub.Channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := h.channel(s, sub.Channel)
	if err != nil {
		return Position{}, err
	}
	return c.follow(sub), nil
}

// Remove ends the subscription of a follower.
func (h *histories) Remove(sub *local.Subscription[Entry]) {
	if c := h.known(sub.Channel); c != nil && c.unfollow(sub) {
		h.forget(c)
	}
}

// forget removes a channel that nobody needs any more.
func (h *histories) forget(c *historyChannel) {
	s := h.shard(c.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.known(c.name) != c || !c.pins.CompareAndSwap(0, unpinnable) {
		return
	}
	switch needed, begun := c.state(); {
	case needed:
		c.pins.Store(0)
		return
	case begun:
		s.forgotten++
		s.epoch = h.id + "-" + strconv.FormatInt(s.forgotten, 36)
	}
	h.channels.Delete(c.name)
}

func (h *histories) close() {
	h.closed.Store(true)
	for i := range h.shards {
		h.shards[i].mu.Lock()   // who has it has not seen that it is closed
		h.shards[i].mu.Unlock() //nolint:staticcheck // it was waited for
	}
	h.channels.Range(func(name, c any) bool {
		h.channels.Delete(name)
		for _, sub := range c.(*historyChannel).close() {
			sub.Gate.Shut()
		}
		return true
	})
}

package relay

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// Broker carries messages between processes: the server's side of [Channels].
type Broker interface {
	// Part returns which part of the connection, as [Status] counts them, a channel
	// depends on; 0 where there is one.
	Part(channel string) int

	// Publish sends data to who listens to the channel. Data may be kept until it
	// returns only, but longer where it returns an error. The context has a
	// deadline, unless the options say Bounded. Where the server is away the error wraps layer.ErrUnavailable.
	// Messages that one goroutine publishes to one channel arrive in that order.
	Publish(ctx context.Context, channel string, data []byte) error

	// Listen begins to give the channel's messages, also those of this process, to
	// [Channels.Receive]: those that are published after it has returned. It
	// remembers the channel until Unlisten, also where it returns an error, and
	// listens again by itself after an outage, before it calls [Status.Up]. Where
	// the server is known to be away it returns at once, with an error that wraps
	// layer.ErrUnavailable; any other error is that of Subscribe. It is called once
	// until Unlisten, and the context has a deadline.
	Listen(ctx context.Context, channel string) error

	// Unlisten ends that. It does not wait. A Listen of the same channel may come
	// right after, and is then what counts.
	Unlisten(channel string)
}

// Channels is a layer.Layer over a [Broker]. A message reaches the subscriptions of
// this process directly, whether the server is there or not, and those of others by
// way of the server.
type Channels struct {
	broker  Broker
	status  *Status
	options Options
	id      uint64        // tells this handle's messages from others'
	local   *layer.Memory // has the subscriptions
	numbers numbers
	buffers sync.Pool // of *[]byte

	crew     *crew
	registry *registry[*listened]
	workers  []*worker
	holes    holes
	strange  sync.Once // a message that was not understood is logged once
	closed   atomic.Bool
}

// workers is over how many goroutines the channels are spread whose messages come
// from the server.
const workers = 8

// NewChannels returns channels over a broker whose connection the status describes.
func NewChannels(b Broker, s *Status, o Options) *Channels {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	c := &Channels{
		broker: b, status: s, options: o.withDefaults(),
		id:      binary.LittleEndian.Uint64(id[:]),
		local:   layer.NewMemory(),
		numbers: numbers{seed: maphash.MakeSeed()},
		crew:    newCrew(),
		holes:   holes{status: s},
	}
	c.buffers.New = func() any { return new([]byte) }
	c.registry = &registry[*listened]{
		listener: b, options: c.options, crew: c.crew,
		create: func(channel string) *listened {
			return &listened{name: channel, worker: c.workers[maphash.String(c.numbers.seed, channel)%workers]}
		},
		begin: func(_ context.Context, l *listened, err error) error {
			err = c.options.explain(context.Background(), err)
			if err != nil && !errors.Is(err, layer.ErrUnavailable) {
				return err
			}
			// Without the server the subscriptions stand, and get what others
			// publish when it is back: the broker has not forgotten the channel.
			l.live.Store(true)
			return nil
		},
		end: func(l *listened) { l.live.Store(false) },
	}
	for range workers {
		w := newWorker(s, c.deliver)
		c.workers = append(c.workers, w)
		s.onHandlerWaits(w.wake)
		c.crew.spawn(w.run)
	}
	return c
}

// Publish implements layer.Layer. What stands at layer.Memory holds for the handlers
// of this process: it calls them itself, and may return layer.ErrBacklog. The message
// is then not sent. Where the server does not take it the error wraps
// layer.ErrUnavailable, and handlers of this process have got it.
func (c *Channels) Publish(ctx context.Context, channel string, data []byte) error {
	if err := c.local.Publish(ctx, channel, data); err != nil {
		return err
	}
	// Those that fail have numbers too, so that others learn what they have missed.
	number := c.numbers.next(channel)
	err := c.status.PartErr(c.broker.Part(channel))
	if err == nil {
		err = c.send(ctx, channel, stamp{publisher: c.id, number: number}, data)
	}
	if err != nil {
		c.status.Failed(err)
	}
	return err
}

func (c *Channels) send(ctx context.Context, channel string, s stamp, data []byte) error {
	bounded := ctx
	if !c.options.Bounded {
		var cancel context.CancelFunc
		bounded, cancel = c.options.bound(ctx)
		defer cancel()
	}
	b := c.buffers.Get().(*[]byte)
	*b = append(s.append((*b)[:0]), data...)
	err := c.broker.Publish(bounded, channel, *b)
	switch {
	case err == nil:
		if cap(*b) <= 64<<10 {
			c.buffers.Put(b)
		}
		return nil
	case c.closed.Load():
		return layer.ErrClosed
	default:
		return c.options.explain(ctx, err)
	}
}

// Subscribe implements layer.Layer. Where the server is away that is no error: what
// other processes publish comes once it is back.
func (c *Channels) Subscribe(ctx context.Context, channel string, handler func(data []byte)) (layer.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	defer c.status.waitInHandler()()
	h, _, err := c.registry.acquire(ctx, channel)
	if err != nil {
		return nil, err
	}
	sub, err := c.local.Subscribe(ctx, channel, handler)
	if err != nil {
		c.registry.release(h)
		return nil, err
	}
	return &subscription{end: sub.Unsubscribe, release: func() { c.registry.release(h) }}, nil
}

// subscription is what users of this package get.
type subscription struct {
	end     func() error
	once    sync.Once
	release func()
}

// Unsubscribe implements layer.Subscription.
func (s *subscription) Unsubscribe() error {
	err := s.end()
	s.once.Do(s.release)
	return err
}

// Receive takes a message from the server, in the order in which they come. It
// copies data. It waits while too much waits for handlers, so who calls it must not
// be who reads the answers to Publish. While a handler waits for a Listen, of any
// channel, it does not wait, so that who calls it may read the answers to Listen.
func (c *Channels) Receive(channel string, data []byte) {
	l, ok := c.registry.known(channel)
	if !ok || !l.live.Load() {
		return
	}
	s, data, ok := parseStamp(data)
	switch {
	case !ok:
		c.strange.Do(func() {
			c.options.Logger.Error("chanx: a message of another process is not understood, as others may be that are not logged", "channel", channel)
		})
	case s.publisher != c.id:
		l.worker.push(l, s, data)
	}
}

// deliver is what the workers do.
func (c *Channels) deliver(m received, now time.Time) {
	if !m.channel.live.Load() {
		return
	}
	isNew, holed := m.channel.take(m.stamp, now)
	if holed {
		c.holes.add(m.channel)
	}
	if isNew {
		_ = c.local.Publish(context.Background(), m.channel.name, m.data) // fails after Close only
	}
}

// Close implements layer.Layer. It calls Unlisten for no channel: the connection is
// to be closed after it.
func (c *Channels) Close() error {
	c.closed.Store(true)
	if !c.registry.close() {
		return nil
	}
	err := c.local.Close()
	c.holes.close()
	for _, w := range c.workers {
		w.close()
	}
	c.crew.close()
	return err
}

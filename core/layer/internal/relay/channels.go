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
	"github.com/chanx-go/chanx/core/layer/internal/local"
)

// Broker carries messages between processes: the server's side of [Channels].
type Broker interface {
	// Part returns which part of the connection, as [Status] counts them, a channel
	// depends on; 0 where there is one.
	Part(channel string) int

	// Post gives data its place in the order in which messages to who listens to the
	// channel reach the server. The handlers of this process wait for it, so it does
	// not wait for the server's answer; where the server has long taken nothing it may
	// wait for room, for as long as the options' timeout. Data may be kept until Wait
	// has returned, and longer where that, or Post, returns an error. Where the server
	// is away the error wraps layer.ErrUnavailable.
	Post(channel string, data []byte) (Posted, error)

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

// Posted is a message on its way.
type Posted interface {
	// Wait waits until the server has the message. It is called once, or never where
	// a handler has panicked or ended the publisher's goroutine. The context has a
	// deadline, unless the options say Bounded. Where the server is away the error
	// wraps layer.ErrUnavailable.
	Wait(ctx context.Context) error
}

// Channels is a layer.Layer over a [Broker]. A message reaches the subscriptions of
// this process directly, whether the server is there or not, and those of others by
// way of the server.
type Channels struct {
	broker  Broker
	status  *Status
	options Options
	id      uint64          // tells this handle's messages from others'
	local   *local.Channels // has the subscriptions
	numbers numbers
	letters sync.Pool // of *outgoing

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
		local:   local.NewChannels(),
		numbers: numbers{seed: maphash.MakeSeed()},
		crew:    newCrew(),
		holes:   holes{status: s},
	}
	c.letters.New = func() any { return &outgoing{channels: c} }
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
	o := c.letters.Get().(*outgoing)
	o.channel, o.data = channel, data
	if err := c.local.Publish(ctx, channel, data, o); err != nil {
		return err
	}
	if err := o.wait(ctx); err != nil {
		c.status.Failed(err)
		return err
	}
	o.release()
	return nil
}

// outgoing is a message on its way to other processes.
type outgoing struct {
	channels *Channels
	channel  string
	data     []byte // the publisher's
	kept     bool   // others may still have it when Publish returns

	sent   sync.Once
	buffer []byte // what is sent; the broker may keep it where there is an error
	posted Posted
	err    error
}

// Send implements [local.Sending].
func (o *outgoing) Send() { o.sent.Do(o.send) }

// Keep implements [local.Sending].
func (o *outgoing) Keep() { o.kept = true }

func (o *outgoing) send() {
	c := o.channels
	// Those that fail have numbers too, so that others learn what they have missed.
	number := c.numbers.next(o.channel)
	if o.err = c.status.PartErr(c.broker.Part(o.channel)); o.err != nil {
		return
	}
	o.buffer = stamp{publisher: c.id, number: number}.append(o.buffer[:0])
	o.buffer = append(o.buffer, o.data...)
	o.posted, o.err = c.broker.Post(o.channel, o.buffer)
}

// wait waits for what becomes of a message that was sent.
func (o *outgoing) wait(ctx context.Context) error {
	c, err := o.channels, o.err
	if err == nil {
		bounded := ctx
		if !c.options.Bounded {
			var cancel context.CancelFunc
			bounded, cancel = c.options.bound(ctx)
			defer cancel()
		}
		err = o.posted.Wait(bounded)
	}
	switch {
	case err == nil:
		return nil
	case c.closed.Load():
		return layer.ErrClosed
	default:
		return c.options.explain(ctx, err)
	}
}

// release has it used for another message, unless somebody still has this one.
func (o *outgoing) release() {
	if o.kept || cap(o.buffer) > 64<<10 {
		return
	}
	*o = outgoing{channels: o.channels, buffer: o.buffer}
	o.channels.letters.Put(o)
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
		_ = c.local.Publish(context.Background(), m.channel.name, m.data, nil) // fails after Close only
	}
}

// Close implements layer.Layer. It calls Unlisten for no channel: the connection is
// to be closed after it.
func (c *Channels) Close() error {
	c.closed.Store(true)
	if !c.registry.close() {
		return nil
	}
	c.local.Close()
	c.holes.close()
	for _, w := range c.workers {
		w.close()
	}
	c.crew.close()
	return nil
}

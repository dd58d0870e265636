package relay

import (
	"context"
	"sync/atomic"

	"github.com/chanx-go/chanx/core/layer"
)

// Log is a history: the server's side of [Followers].
type Log interface {
	// Read is that of layer.History. The context has a deadline.
	Read(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error)

	// Listen begins to give the channel's entries to [Followers.Receive]: those that
	// are appended after it has returned, in the order of their numbers. What stands
	// at Broker's holds here too, but where it returns an error the channel is
	// forgotten with an Unlisten, and Follow returns the error. While a channel is
	// listened to, its epoch stays.
	Listen(ctx context.Context, channel string) error

	// Unlisten ends that. It does not wait.
	Unlisten(channel string)

	// Heads returns the positions of the last entries of channels, in the same order
	// and in few round trips. It keeps the epochs of those alive that have none yet.
	Heads(ctx context.Context, channels []string) ([]layer.Position, error)
}

// Followers gives the entries of a [Log] to handlers: each once, in order, and those
// that did not come by themselves read from the log.
type Followers struct {
	log      Log
	status   *Status
	options  Options
	crew     *crew
	registry *registry[*followed]
	sweeper  *sweeper

	idle    chan *followed // to goroutines that have nothing to do
	resting atomic.Int64   // how many there are of these
}

// maxResting is how many goroutines stay when they have told all entries of a channel:
// one that is there already is cheaper than another.
const maxResting = 8

// NewFollowers returns followers of a log whose connection the status describes.
func NewFollowers(l Log, s *Status, o Options) *Followers {
	f := &Followers{log: l, status: s, options: o.withDefaults(), crew: newCrew(), idle: make(chan *followed)}
	f.registry = &registry[*followed]{
		listener: l, options: f.options, crew: f.crew,
		create: func(channel string) *followed { return newFollowed(f, channel) },
		begin: func(ctx context.Context, c *followed, err error) error {
			if err != nil {
				return err
			}
			heads, err := l.Heads(ctx, []string{c.name})
			if err != nil {
				return err
			}
			c.begin(heads[0])
			return nil
		},
		end: func(c *followed) { c.close() },
	}
	f.sweeper = newSweeper(f.registry, s, f.check)
	return f
}

// run has a goroutine give the entries of a channel to its handlers. It does not wait.
func (f *Followers) run(c *followed) {
	select {
	case f.idle <- c:
	default:
		f.crew.spawn(func() { f.work(c) })
	}
}

func (f *Followers) work(c *followed) {
	for {
		c.catchUp()
		if f.resting.Add(1) > maxResting {
			f.resting.Add(-1)
			return
		}
		select {
		case c = <-f.idle:
			f.resting.Add(-1)
		case <-f.crew.ctx.Done():
			return
		}
	}
}

// Follow is that of layer.History. The first to follow a channel gets an error where
// the server is away; a further one follows from where the others are.
func (f *Followers) Follow(ctx context.Context, channel string, handler func(layer.Entry)) (layer.Position, layer.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return layer.Position{}, nil, err
	}
	defer f.status.waitInHandler()()
	h, fresh, err := f.registry.acquire(ctx, channel)
	if err != nil {
		return layer.Position{}, nil, err
	}
	f.sweeper.start()
	var head layer.Position
	if !fresh {
		head = f.head(ctx, channel)
	}
	sub := &follower{handler: handler}
	at, ok := h.value.add(sub, head)
	if !ok {
		f.registry.release(h)
		return layer.Position{}, nil, layer.ErrClosed
	}
	end := func() error {
		h.value.remove(sub)
		sub.gate.Shut()
		return nil
	}
	return at, &subscription{end: end, release: func() { f.registry.release(h) }}, nil
}

// head returns the position of the last entry, or none where the server doesn't tell.
func (f *Followers) head(ctx context.Context, channel string) layer.Position {
	ctx, cancel := f.options.bound(ctx)
	defer cancel()
	heads, err := f.log.Heads(ctx, []string{channel})
	if err != nil {
		return layer.Position{}
	}
	return heads[0]
}

// Receive takes an entry from the server. It copies data and epoch, and never waits:
// entries that come faster than handlers take them are dropped, and read later.
func (f *Followers) Receive(channel string, e layer.Entry) {
	if c, ok := f.registry.known(channel); ok {
		c.receive(e)
	}
}

// Restored says that after an outage channels are listened to again, those that
// affected says; nil means all. What their followers have missed is then read. It
// does not wait.
func (f *Followers) Restored(affected func(channel string) bool) { f.sweeper.restored(affected) }

// check has channels read that are not where the server is.
func (f *Followers) check(ctx context.Context, channels []string) error {
	before := make([]layer.Position, len(channels))
	for i, name := range channels {
		if c, ok := f.registry.known(name); ok {
			before[i] = c.position()
		}
	}
	ctx, cancel := f.options.bound(ctx)
	defer cancel()
	heads, err := f.log.Heads(ctx, channels)
	if err != nil {
		return err
	}
	for i, name := range channels {
		if c, ok := f.registry.known(name); ok {
			c.compare(before[i], heads[i])
		}
	}
	return nil
}

// Close ends all following and waits for handlers that are running. It calls Unlisten
// for no channel: the connection is to be closed after it.
func (f *Followers) Close() error {
	if !f.registry.close() {
		return nil
	}
	f.sweeper.close()
	f.registry.all(func(_ string, c *followed) {
		for _, sub := range c.close() {
			sub.gate.Shut()
		}
	})
	f.crew.close()
	return nil
}

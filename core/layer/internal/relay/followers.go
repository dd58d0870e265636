package relay

import (
	"context"

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
type Followers struct{}

// NewFollowers returns followers of a log whose connection the status describes.
func NewFollowers(l Log, s *Status, o Options) *Followers { return &Followers{} }

// Follow is that of layer.History. The first to follow a channel gets an error where
// the server is away; a further one follows from where the others are.
func (f *Followers) Follow(ctx context.Context, channel string, handler func(layer.Entry)) (layer.Position, layer.Subscription, error) {
	return layer.Position{}, nil, errUnfinished
}

// Receive takes an entry from the server. It copies the data, and never waits:
// entries that come faster than handlers take them are dropped, and read later.
func (f *Followers) Receive(channel string, e layer.Entry) {}

// Restored says that after an outage channels are listened to again, those that
// affected says; nil means all. What their followers have missed is then read. It
// does not wait.
func (f *Followers) Restored(affected func(channel string) bool) {}

// Close ends all following and waits for handlers that are running. It calls Unlisten
// for no channel: the connection is to be closed after it.
func (f *Followers) Close() error { return nil }

package relay

import (
	"context"

	"github.com/chanx-go/chanx/core/layer"
)

// Roster is who is present: the server's side of [Watches].
//
// Every change of a channel gives it the next version: a number that grows by one.
type Roster interface {
	// List returns who is present on a channel, in any order, and the version of
	// that.
	List(ctx context.Context, channel string) (members []layer.Member, version uint64, err error)

	// Listen begins to give the channel's changes to [Watches.Receive]: those that
	// happen after it has returned. What stands at Log's Listen holds here too.
	Listen(ctx context.Context, channel string) error

	// Unlisten ends that. It does not wait.
	Unlisten(channel string)

	// Versions returns the versions of channels, in the same order and in few round
	// trips.
	Versions(ctx context.Context, channels []string) ([]uint64, error)
}

// Watches tells handlers who is present on the channels of a [Roster]. For channels
// that are watched it keeps a mirror of who is there.
type Watches struct{}

// NewWatches returns watches of a roster whose connection the status describes.
func NewWatches(r Roster, s *Status, o Options) *Watches { return &Watches{} }

// Watch is that of layer.Presence. It returns an error where the server is away.
func (w *Watches) Watch(ctx context.Context, channel string, handler func(layer.PresenceChange)) (layer.Subscription, error) {
	return nil, errUnfinished
}

// Receive takes a change from the server, and the version that the channel has with
// it. It may keep the change, which must not be changed after. It never waits. Where a version is not
// the next one, or 0 because it isn't known, the members are listed anew; one that
// was there already is dropped. Of a change with All, Joined is everyone.
func (w *Watches) Receive(channel string, version uint64, change layer.PresenceChange) {}

// Restored says that after an outage channels are listened to again, those that
// affected says; nil means all. Where somebody's coming or going was missed it is
// told then. It does not wait.
func (w *Watches) Restored(affected func(channel string) bool) {}

// Close ends all watching and waits for handlers that are running. It calls Unlisten
// for no channel: the connection is to be closed after it.
func (w *Watches) Close() error { return nil }

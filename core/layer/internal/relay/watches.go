package relay

import (
	"context"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// Roster is who is present: the server's side of [Watches].
//
// Every change of a channel gives it the next version: a number that grows by one.
type Roster interface {
	// List returns who is present on a channel, in any order, and the version of
	// that. Whose answer it is keeps the members.
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
type Watches struct {
	roster   Roster
	status   *Status
	options  Options
	crew     *crew
	registry *registry[*watched]
	sweeper  *sweeper
}

// overdue is how long a change that has happened may take to come by itself.
const overdue = 500 * time.Millisecond

// NewWatches returns watches of a roster whose connection the status describes.
func NewWatches(r Roster, s *Status, o Options) *Watches {
	w := &Watches{roster: r, status: s, options: o.withDefaults(), crew: newCrew()}
	w.registry = &registry[*watched]{
		listener: r, options: w.options, crew: w.crew,
		create: func(channel string) *watched { return newWatched(w, channel) },
		begin: func(ctx context.Context, c *watched, err error) error {
			if err != nil {
				return err
			}
			members, version, err := r.List(ctx, c.name)
			if err != nil {
				return err
			}
			c.replace(members, version)
			return nil
		},
		end: func(c *watched) { c.close() },
	}
	w.sweeper = newSweeper(w.registry, s, w.check)
	return w
}

// Watch is that of layer.Presence. It returns an error where the server is away.
func (w *Watches) Watch(ctx context.Context, channel string, handler func(layer.PresenceChange)) (layer.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	defer w.status.waitInHandler()()
	h, fresh, err := w.registry.acquire(ctx, channel)
	if err != nil {
		return nil, err
	}
	watches := false
	defer func() {
		if !watches { // also where the handler has panicked
			w.registry.release(h)
		}
	}()
	w.sweeper.start()
	if !fresh {
		if err := w.awaitPresent(ctx, h.value); err != nil {
			return nil, err
		}
	}
	sub := &watcher{handler: handler}
	if err := h.value.start(sub); err != nil {
		return nil, err
	}
	watches = true
	end := func() error {
		h.value.remove(sub)
		sub.gate.Shut()
		return nil
	}
	return &subscription{end: end, release: func() { w.registry.release(h) }}, nil
}

// awaitPresent waits until the mirror shows what the server knows now.
func (w *Watches) awaitPresent(caller context.Context, c *watched) error {
	ctx, cancel := w.options.bound(caller)
	defer cancel()
	versions, err := w.roster.Versions(ctx, []string{c.name})
	if err == nil {
		err = c.await(ctx, versions[0])
	}
	return w.options.explain(caller, err)
}

// Receive takes a change from the server, and the version that the channel has with
// it. It may keep the change, which must not be changed after, and never waits. Where
// a version is not the next one, or 0 because it isn't known, the members are listed
// anew; one that was there already is dropped. Of a change with All, Joined is
// everyone.
func (w *Watches) Receive(channel string, version uint64, change layer.PresenceChange) {
	if c, ok := w.registry.known(channel); ok {
		c.receive(version, change)
	}
}

// Restored says that after an outage channels are listened to again, those that
// affected says; nil means all. Where somebody's coming or going was missed it is
// told then. It does not wait.
func (w *Watches) Restored(affected func(channel string) bool) { w.sweeper.restored(affected) }

// check has channels listed anew whose mirror is not where the server is.
func (w *Watches) check(ctx context.Context, channels []string) error {
	before := make([]uint64, len(channels))
	for i, name := range channels {
		if c, ok := w.registry.known(name); ok {
			before[i], _ = c.present()
		}
	}
	bounded, cancel := w.options.bound(ctx)
	defer cancel()
	versions, err := w.roster.Versions(bounded, channels)
	if err != nil {
		return err
	}
	late := map[*watched]uint64{}
	for i, name := range channels {
		c, ok := w.registry.known(name)
		if !ok {
			continue
		}
		switch version, stale := c.present(); {
		case versions[i] < before[i] || stale: // the server has gone back, or answers again
			c.relist()
		case versions[i] > version:
			late[c] = versions[i]
		}
	}
	return w.relistLate(ctx, late)
}

// relistLate lists the members of channels which have not come to a version soon.
func (w *Watches) relistLate(ctx context.Context, late map[*watched]uint64) error {
	if len(late) == 0 {
		return nil
	}
	timer := time.NewTimer(overdue)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	for c, wanted := range late {
		if version, _ := c.present(); version < wanted {
			c.relist()
		}
	}
	return nil
}

// Close ends all watching and waits for handlers that are running. It calls Unlisten
// for no channel: the connection is to be closed after it.
func (w *Watches) Close() error {
	if !w.registry.close() {
		return nil
	}
	w.sweeper.close()
	w.registry.all(func(_ string, c *watched) {
		for _, sub := range c.close() {
			sub.gate.Shut()
		}
	})
	w.crew.close()
	return nil
}

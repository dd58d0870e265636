package app

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

const (
	// onlineLease is how long users stay online whose process has died.
	onlineLease   = 15 * time.Second
	onlineChannel = "showcase:online:" // of the layer, with the user behind it
)

// online tells the layer which users have a connection in this process, so that
// whoever watches one hears, in any process, when its first connection comes and
// when its last one goes.
type online struct {
	layer layer.Presence
	owner string // this process
	log   *slog.Logger

	mu    sync.Mutex // held while the layer is told, so that the last word is the true one
	stays map[string]*stay
}

// stay is a connection of a user, as far as the layer was told of it.
type stay struct {
	layer.Session

	in, gone bool
}

func newOnline(l layer.Presence, log *slog.Logger) *online {
	return &online{layer: l, owner: "online-" + rand.Text(), log: log, stays: map[string]*stay{}}
}

func (o *online) came(ctx context.Context, user, connID string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := &stay{Session: layer.Session{Key: user, ID: connID, Owner: o.owner}}
	o.stays[connID] = s
	err := o.settle(ctx, s)
	if errors.Is(err, layer.ErrNoLease) {
		err = o.renew(ctx)
	}
	o.complain(ctx, err)
}

func (o *online) left(ctx context.Context, connID string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.stays[connID]; s != nil {
		s.gone = true
		o.complain(ctx, o.settle(ctx, s))
	}
}

// complain logs what the layer has not taken yet.
func (o *online) complain(ctx context.Context, err error) {
	if err != nil {
		o.log.WarnContext(ctx, "showcase: who is online will be told later", "error", err)
	}
}

// settle tells the layer what it does not know yet. What it didn't take is for the
// next renewal to try again.
func (o *online) settle(ctx context.Context, s *stay) error {
	switch {
	case s.gone:
		if err := o.layer.Leave(ctx, onlineChannel+s.Key, s.Session, 0); err != nil {
			return err
		}
		delete(o.stays, s.ID)
	case !s.in:
		if err := o.layer.Enter(ctx, onlineChannel+s.Key, s.Session); err != nil {
			return err
		}
		s.in = true
	}
	return nil
}

// renew prolongs the lease, and settles what is left to be.
func (o *online) renew(ctx context.Context) error {
	fresh, err := o.layer.Renew(ctx, o.owner, onlineLease)
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range o.stays {
		if fresh {
			s.in = false
		}
		errs = append(errs, o.settle(ctx, s))
	}
	return errors.Join(errs...)
}

// run keeps the users of this process online until the context ends.
func (o *online) run(ctx context.Context) {
	tick := time.NewTicker(onlineLease / 3)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			o.again(ctx)
		case <-ctx.Done():
			if err := o.layer.Release(context.WithoutCancel(ctx), o.owner); err != nil {
				o.log.WarnContext(ctx, "showcase: who was online is so for a while", "error", err)
			}
			return
		}
	}
}

func (o *online) again(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.stays) > 0 {
		o.complain(ctx, o.renew(ctx))
	}
}

// Watch is a client that wants to know whether a user is online.
type Watch struct {
	*chanx.Subscription

	user string
	sub  layer.Subscription

	began, seen bool // the user is online, as far as the client was told; for the layer's handler alone
}

// watch is how subscriptions to a user begin.
func (o *online) watch(ctx context.Context, sub *chanx.Subscription) (*Watch, error) {
	w := &Watch{Subscription: sub, user: sub.Param("user")}
	var err error
	w.sub, err = o.layer.Watch(ctx, onlineChannel+w.user, w.changed)
	if err != nil {
		return nil, err
	}
	// The subscription may yet be refused, of which nobody hears.
	context.AfterFunc(sub.Conn().Context(), w.end)
	return w, nil
}

// changed takes from the layer who is there: the user, or nobody. How it is to begin
// with is no change.
func (w *Watch) changed(c layer.PresenceChange) {
	now := len(c.Joined) > 0
	if w.began && now != w.seen {
		_ = w.Send(context.Background(), PresenceChanged{User: w.user, Online: now}) // else the client is gone
	}
	w.began, w.seen = true, now
}

func (w *Watch) end() { _ = w.sub.Unsubscribe() }

func (w *Watch) left(context.Context, *chanx.CloseError) { w.end() }

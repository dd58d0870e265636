package chanx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// guest is how one subscription is present.
type guest struct {
	layer   layer.Presence
	channel string
	session layer.Session
	members []layer.Member // who was there when the subscription joined, until the client is told

	mu    sync.Mutex // held while the layer is told
	told  bool       // the layer knows what is so
	left  bool
	when  time.Time     // of the leaving
	grace time.Duration // of the leaving
}

// tell tells the layer what it does not know yet, and reports whether that was all
// that there will ever be to tell.
func (g *guest) tell(ctx context.Context) (over bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.told:
	case g.left:
		err = g.layer.Leave(ctx, g.channel, g.session, g.grace)
	default:
		err = g.layer.Enter(ctx, g.channel, g.session)
	}
	g.told = err == nil
	return g.left && g.told, err
}

// doubt makes the layer be told again.
func (g *guest) doubt() {
	g.mu.Lock()
	g.told = false
	g.mu.Unlock()
}

func (g *guest) untold() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.told
}

func (g *guest) leave(grace time.Duration) {
	g.mu.Lock()
	g.told, g.left, g.when, g.grace = false, true, time.Now(), grace
	g.mu.Unlock()
}

func (g *guest) leftBefore(t time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.left && g.when.Before(t)
}

// keeper keeps the lease of a hub on those who are present through it, and sees to
// it that the layer learns who they are. It has a goroutine while there are any.
type keeper struct {
	hub      *Hub
	lease    time.Duration
	sessions atomic.Uint64
	doubt    atomic.Bool // the lease may be another one than that of those who are present

	mu     chan struct{}   // has a token while somebody holds it
	guests map[*guest]bool // those of whose leaving the layer could not be told included
	stop   chan struct{}   // ends the goroutine, nil while there is none
	used   layer.Presence
}

func newKeeper(h *Hub, lease time.Duration) *keeper {
	return &keeper{hub: h, lease: cmp.Or(max(0, lease), 30*time.Second), mu: make(chan struct{}, 1), guests: map[*guest]bool{}}
}

// session returns another id for a session of the hub's. Two subscriptions never
// have the same one, so that the end of the first, if it is told late, isn't that
// of the second.
func (k *keeper) session() string { return strconv.FormatUint(k.sessions.Add(1), 36) }

func (k *keeper) lock(ctx context.Context) error {
	select {
	case k.mu <- struct{}{}:
		return nil
	default:
	}
	select {
	case k.mu <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *keeper) unlock() { <-k.mu }

// enter makes a guest present, under the hub's lease.
func (k *keeper) enter(ctx context.Context, g *guest) error {
	if err := k.admit(ctx, g); err != nil {
		return err
	}
	_, err := g.tell(ctx)
	if errors.Is(err, layer.ErrNoLease) { // it has run out, and the next renewal is not due
		if _, err = k.renew(ctx, g.layer); err == nil {
			_, err = g.tell(ctx)
		}
	}
	if err != nil {
		k.leave(ctx, g, 0)
	}
	return err
}

// renew takes the lease anew where it has run out. Who was present under the old
// one is entered again with the next renewal.
func (k *keeper) renew(ctx context.Context, l layer.Presence) (fresh bool, err error) {
	fresh, err = l.Renew(ctx, k.hub.id, k.lease)
	if fresh || err != nil {
		k.doubt.Store(true)
	}
	return fresh, err
}

// admit notes a guest, and takes the lease where there is none.
func (k *keeper) admit(ctx context.Context, g *guest) error {
	if err := k.lock(ctx); err != nil {
		return err
	}
	defer k.unlock()
	if k.stop == nil {
		if _, err := g.layer.Renew(ctx, k.hub.id, k.lease); err != nil {
			return err
		}
		stop := make(chan struct{})
		k.stop, k.used = stop, g.layer
		k.hub.tasks.Go(func() { k.keep(g.layer, stop) })
	}
	k.guests[g] = true
	return nil
}

// leave ends the presence of a guest. Where the layer can't be told it is told
// later.
func (k *keeper) leave(ctx context.Context, g *guest, grace time.Duration) {
	g.leave(grace)
	if err := k.tell(ctx, g); err != nil {
		k.hub.log.Log(ctx, levelOf(err, slog.LevelWarn), "chanx: a member could not leave yet", "channel", g.channel, "key", g.session.Key, "error", err)
	}
}

// tell tells the layer of a guest, and forgets one that has left.
func (k *keeper) tell(ctx context.Context, g *guest) error {
	over, err := g.tell(ctx)
	if over {
		k.forget(g)
	}
	return err
}

// forget ends the keeping of guests of whom there is nothing to tell any more.
func (k *keeper) forget(gone ...*guest) {
	_ = k.lock(context.Background())
	defer k.unlock()
	for _, g := range gone {
		delete(k.guests, g)
	}
	if len(k.guests) == 0 {
		k.end()
	}
}

// end ends the goroutine. The keeper is locked.
func (k *keeper) end() {
	if k.stop != nil {
		close(k.stop)
		k.stop = nil
	}
}

// keep renews the lease, and tells the layer what it could not be told before,
// until there is nobody to keep it for.
func (k *keeper) keep(l layer.Presence, stop <-chan struct{}) {
	every := max(k.lease/3, time.Millisecond)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ticker.C:
		case <-stop:
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), every)
		err := k.renewAll(ctx, l)
		cancel()
		if err != nil && !failing { // and not again until it has succeeded
			k.hub.log.Error("chanx: the layer can't be told who is present", "error", err)
		}
		failing = err != nil
	}
}

// renewAll renews the lease, and tells the layer what it doesn't know.
func (k *keeper) renewAll(ctx context.Context, l layer.Presence) error {
	began := time.Now()
	fresh, err := k.renew(ctx, l)
	if err != nil {
		return fmt.Errorf("renewing the lease: %w", err)
	}
	forgotten := k.doubt.Swap(false)
	if forgotten {
		k.hub.log.Warn("chanx: the lease of those who are present may have run out")
	}
	if !fresh {
		began = time.Time{}
	}
	return k.catchUp(ctx, forgotten, began)
}

// telling is how many calls tell the layer of guests at once.
const telling = 32

// catchUp tells the layer what it doesn't know, for as long as the context says:
// of everybody where it may have forgotten them, because this process or the layer
// stood still for too long. Who has left before a time when there was no lease any
// more is gone with the old one.
func (k *keeper) catchUp(ctx context.Context, forgotten bool, noLease time.Time) error {
	_ = k.lock(context.Background())
	guests := slices.Collect(maps.Keys(k.guests))
	k.unlock()
	var gone, untold []*guest
	for _, g := range guests {
		if forgotten {
			g.doubt()
		}
		switch {
		case g.leftBefore(noLease):
			gone = append(gone, g)
		case g.untold():
			untold = append(untold, g)
		}
	}
	if len(gone) > 0 {
		k.forget(gone...)
	}
	return k.tellAll(ctx, untold)
}

// tellAll tells the layer of guests, several at once, and returns the first error.
func (k *keeper) tellAll(ctx context.Context, guests []*guest) error {
	var (
		workers sync.WaitGroup
		next    atomic.Int64
		once    sync.Once
		first   error
	)
	for range min(telling, len(guests)) {
		workers.Go(func() {
			for ctx.Err() == nil { // the others next time
				i := int(next.Add(1)) - 1
				if i >= len(guests) {
					return
				}
				if err := k.tell(ctx, guests[i]); err != nil {
					once.Do(func() {
						first = fmt.Errorf("member %q of %q: %w", guests[i].session.Key, guests[i].channel, err)
					})
				}
			}
		})
	}
	workers.Wait()
	return first
}

// release ends the lease when the hub ends.
func (k *keeper) release(ctx context.Context) {
	if k.lock(ctx) != nil {
		return
	}
	k.end()
	l := k.used
	k.unlock()
	if l == nil {
		return
	}
	if err := l.Release(ctx, k.hub.id); err != nil {
		k.hub.log.Warn("chanx: the lease of those who were present could not be ended", "error", err)
	}
}

package relay_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// guests is a relay.Roster of one channel on which a test decides everything.
type guests struct {
	mu      sync.Mutex
	there   map[string]string
	version uint64
	err     error // of every call
	lists   int
	listens int
	onList  func() // is called before List answers
}

func (g *guests) List(context.Context, string) ([]layer.Member, uint64, error) {
	g.mu.Lock()
	g.lists++
	var members []layer.Member
	for key, info := range g.there {
		members = append(members, layer.Member{Key: key, Info: []byte(info)})
	}
	version, err, onList := g.version, g.err, g.onList
	g.mu.Unlock()
	if onList != nil {
		onList()
	}
	return members, version, err
}

func (g *guests) Listen(context.Context, string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.listens++
	return g.err
}

func (g *guests) Unlisten(string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.listens--
}

func (g *guests) Versions(_ context.Context, channels []string) ([]uint64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	versions := make([]uint64, len(channels))
	for i := range versions {
		versions[i] = g.version
	}
	return versions, g.err
}

// change is a change as it is sent.
type change struct {
	version uint64
	change  layer.PresenceChange
}

// enter makes somebody come, or show other info.
func (g *guests) enter(key, info string) change {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.there[key] = info
	g.version++
	return change{g.version, layer.PresenceChange{Joined: []layer.Member{{Key: key, Info: []byte(info)}}}}
}

// leave makes somebody go.
func (g *guests) leave(key string) change {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.there, key)
	g.version++
	return change{g.version, layer.PresenceChange{Left: []string{key}}}
}

// restart makes the server forget everything.
func (g *guests) restart() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.there, g.version = map[string]string{}, 0
}

func (g *guests) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
}

func (g *guests) count(n *int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return *n
}

// guestBook is what a watcher was told.
type guestBook struct {
	mu      sync.Mutex
	entries []string
	there   map[string]string
	onTell  func(layer.PresenceChange)
}

func (b *guestBook) tell(c layer.PresenceChange) {
	b.mu.Lock()
	var words []string
	if c.All || b.there == nil {
		b.there = map[string]string{}
	}
	if c.All {
		words = append(words, "all")
	}
	for _, m := range c.Joined {
		words = append(words, "+"+m.Key+"="+string(m.Info))
		b.there[m.Key] = string(m.Info)
	}
	for _, key := range c.Left {
		words = append(words, "-"+key)
		delete(b.there, key)
	}
	b.entries = append(b.entries, strings.Join(words, " "))
	b.mu.Unlock()
	if b.onTell != nil {
		b.onTell(c)
	}
}

func (b *guestBook) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.entries, want) {
		t.Errorf("told %q, want %q", b.entries, want)
	}
	b.entries = nil
}

// isUpToDate fails if the watcher believes somebody else to be there.
func (b *guestBook) isUpToDate(t *testing.T, g *guests) {
	t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !maps.Equal(b.there, g.there) {
		t.Errorf("told that %v are there, who are %v", b.there, g.there)
	}
}

// watching is watches of a roster in a bubble of time.
type watching struct {
	*testing.T
	*guests
	*relay.Watches
	status *relay.Status
}

// watches runs a test with watches of a roster on which ann is.
func watches(t *testing.T, test func(w *watching)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		_, logger := newBook()
		w := &watching{T: t, guests: &guests{there: map[string]string{}}, status: relay.NewStatus(logger, "a roster")}
		w.Watches = relay.NewWatches(w.guests, w.status, relay.Options{Logger: logger})
		w.enter("ann", "1")
		test(w)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (w *watching) watch() *guestBook {
	w.Helper()
	b := &guestBook{}
	if _, err := w.Watch(w.Context(), "room", b.tell); err != nil {
		w.Fatal(err)
	}
	return b
}

// deliver gives changes to the watches as the server does.
func (w *watching) deliver(changes ...change) {
	for _, c := range changes {
		w.Receive("room", c.version, c.change)
	}
}

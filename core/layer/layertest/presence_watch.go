package layertest

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// watch is a handler of Watch that keeps in step with the channel, and checks that
// each change fits what it knows.
type watch struct {
	f            *fixture
	subscription layer.Subscription
	inside       atomic.Bool
	ended        atomic.Bool // after which it must not be called

	mu      sync.Mutex
	started bool
	members map[string]string
	told    []told
	read    int           // how many of told were expected already
	more    chan struct{} // has something when told has grown
}

// told is a member that has come or gone, such as "+ann=info" or "-ann".
type told struct {
	text string
	at   time.Time
}

// watch watches a channel and fails if others are present.
func (p *process) watch(channel string, want ...string) *watch {
	p.f.Helper()
	w := p.startWatch(channel)
	if got := w.state(); !slices.Equal(got, want) {
		p.f.Errorf("Watch of %q: told of %s first, want %s", abbreviate(channel), summary(got), summary(want))
	}
	return w
}

// startWatch watches a channel, whoever is present.
func (p *process) startWatch(channel string) *watch {
	p.f.Helper()
	w := p.f.watch()
	w.subscription = p.start(channel, w.receive)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.started {
		p.f.Errorf("Watch of %q: returned before it told who is present", abbreviate(channel))
	}
	return w
}

// start calls Watch. It may be called inside a handler.
func (p *process) start(channel string, handler func(layer.PresenceChange)) layer.Subscription {
	p.f.Helper()
	ctx, cancel := p.f.patient()
	defer cancel()
	s, err := p.presence.Watch(ctx, channel, handler)
	if err != nil {
		p.f.Errorf("Watch of %q: %v", abbreviate(channel), err)
		return noSubscription{}
	}
	return s
}

// noSubscription stands for one that a layer refused.
type noSubscription struct{}

func (noSubscription) Unsubscribe() error { return nil }

// watch returns one whose receive no layer knows yet.
func (f *fixture) watch() *watch {
	return &watch{f: f, members: make(map[string]string), more: make(chan struct{}, 1)}
}

func (w *watch) receive(c layer.PresenceChange) {
	if w.inside.Swap(true) {
		w.f.Error("two calls of a handler at once")
	}
	defer w.inside.Store(false)
	if w.ended.Load() {
		w.f.Error("a handler was called after Unsubscribe or Close returned")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.check(c)
	after := w.after(c)
	if w.started {
		now := time.Now()
		for _, text := range difference(w.members, after) {
			w.told = append(w.told, told{text: text, at: now})
		}
	}
	w.started = true
	w.members = after
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// after returns who is present after a change.
func (w *watch) after(c layer.PresenceChange) map[string]string {
	after := make(map[string]string)
	if !c.All {
		maps.Copy(after, w.members)
	}
	for _, m := range c.Joined {
		after[m.Key] = string(m.Info)
	}
	for _, key := range c.Left {
		delete(after, key)
	}
	return after
}

// check fails if a change doesn't fit who is present.
func (w *watch) check(c layer.PresenceChange) {
	seen := make(map[string]bool)
	for i, m := range c.Joined {
		info, present := w.members[m.Key]
		switch {
		case seen[m.Key]:
			w.f.Errorf("a change has %q twice", abbreviate(m.Key))
		case c.All && i > 0 && c.Joined[i-1].Key > m.Key:
			w.f.Error("everyone who is present: not sorted by key")
		case !c.All && present && info == string(m.Info):
			w.f.Errorf("%q joined, who was present with the same info", abbreviate(m.Key))
		}
		seen[m.Key] = true
	}
	for _, key := range c.Left {
		if _, present := w.members[key]; !present {
			w.f.Errorf("%q left, who was not present", abbreviate(key))
		}
		if seen[key] {
			w.f.Errorf("a change has %q twice", abbreviate(key))
		}
		seen[key] = true
	}
	switch {
	case !w.started && !c.All:
		w.f.Error("the first call doesn't tell who is present")
	case c.All && len(c.Left) > 0:
		w.f.Error("a change with All has somebody who left")
	case !c.All && len(seen) == 0:
		w.f.Error("a change in which nothing has changed")
	}
}

// difference returns what has changed, sorted.
func difference(before, after map[string]string) []string {
	var texts []string
	for key, info := range after {
		if old, present := before[key]; !present || old != info {
			texts = append(texts, "+"+key+"="+info)
		}
	}
	for key := range before {
		if _, present := after[key]; !present {
			texts = append(texts, "-"+key)
		}
	}
	slices.Sort(texts)
	return texts
}

// state returns who is present, like process.members.
func (w *watch) state() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var texts []string
	for _, key := range slices.Sorted(maps.Keys(w.members)) {
		texts = append(texts, key+"="+w.members[key])
	}
	return texts
}

// next waits for n changes after those that were expected before.
func (w *watch) next(n int) []told {
	w.f.Helper()
	deadline := time.After(w.f.harness.Patience)
	for {
		w.mu.Lock()
		next := w.told[w.read:]
		if len(next) >= n {
			w.read += n
			w.mu.Unlock()
			return next[:n]
		}
		w.mu.Unlock()
		select {
		case <-w.more:
		case <-deadline:
			w.f.Fatalf("told of %s after %v, want %d changes", summary(textsOf(next)), w.f.harness.Patience, n)
		}
	}
}

// expect waits for changes that come one after the other, and fails if others do.
func (w *watch) expect(want ...string) {
	w.f.Helper()
	if got := textsOf(w.next(len(want))); !slices.Equal(got, want) {
		w.f.Errorf("told of %s, want %s", summary(got), summary(want))
	}
}

// expectAnyOrder waits for changes that may come at once or in any order, and
// returns when the first came.
func (w *watch) expectAnyOrder(want ...string) time.Time {
	w.f.Helper()
	next := w.next(len(want))
	got := textsOf(next)
	slices.Sort(got)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		w.f.Errorf("told of %s in any order, want %s", summary(got), summary(want))
	}
	return next[0].at
}

// waitState waits until those are present.
func (w *watch) waitState(want []string) {
	w.f.Helper()
	deadline := time.After(w.f.harness.Patience)
	for {
		got := w.state()
		if slices.Equal(got, want) {
			return
		}
		select {
		case <-w.more:
		case <-deadline:
			w.f.Fatalf("told of %s, after %v, want %s", summary(got), w.f.harness.Patience, summary(want))
		}
	}
}

// end unsubscribes; a call after that is an error.
func (w *watch) end() {
	w.f.Helper()
	w.f.unsubscribe(w.subscription)
	w.ended.Store(true)
}

func textsOf(changes []told) []string {
	texts := make([]string, len(changes))
	for i, c := range changes {
		texts[i] = c.text
	}
	return texts
}

// isEarly reports whether a time is too early for what is to happen soon after
// start. It leaves some room for clocks that differ.
func isEarly(start, at time.Time) bool { return at.Sub(start) < soon-soon/10 }

// has reports whether a text of a member with that key is among texts.
func has(texts []string, key string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.HasPrefix(text, key+"=") })
}

package layertest

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// runHistory tests Append and Follow by what stands at [layer.Layer], and then
// what stands at [layer.History].
func runHistory(t *testing.T, h Harness) {
	runLayer(t, h.following())
	run(t, h, []test{
		{"Numbers", testHistoryNumbers},
		{"OneOrder", testHistoryOneOrder},
		{"Paging", testHistoryPaging},
		{"Gaps", testHistoryGaps},
		{"NobodyFollows", testHistoryNobodyFollows},
		{"FollowAmidAppends", testHistoryFollowAmidAppends},
		{"Replay", testHistoryReplay},
		{"KeptEntries", testHistoryKeptEntries},
		{"KeptAge", testHistoryKeptAge},
		{"KeptChanges", testHistoryKeptChanges},
		{"KeptAgeChanges", testHistoryKeptAgeChanges},
		{"ComesBack", testHistoryComesBack},
		{"Forgotten", testHistoryForgotten},
		{"NotForgotten", testHistoryNotForgotten},
		{"ReadNames", testHistoryReadNames},
		{"ReadData", testHistoryReadData},
		{"EntriesStay", testHistoryEntriesStay},
		{"ApartFromPublish", testHistoryApartFromPublish},
		{"Refuses", testHistoryRefuses},
		{"ReadContextEnded", testHistoryReadContextEnded},
		{"ReadClosed", testHistoryReadClosed},
		{"ReadInHandler", testHistoryReadInHandler},
	})
	if !h.OneProcess {
		run(t, h, []test{{"CloseLeavesEntries", testHistoryCloseLeavesEntries}})
	}
}

// historian is a layer with history.
type historian interface {
	layer.Layer
	layer.History
}

// following returns a harness whose layers append and follow in place of
// publishing and subscribing.
func (h Harness) following() Harness {
	backend := h.Backend
	h.Backend = func(t *testing.T) Open {
		open := backend(t)
		return func(t *testing.T) layer.Layer { return following{open(t).(historian)} }
	}
	return h
}

type following struct{ historian }

func (l following) Publish(ctx context.Context, channel string, data []byte) error {
	return l.Append(ctx, channel, data, plenty())
}

func (l following) Subscribe(ctx context.Context, channel string, handler func(data []byte)) (layer.Subscription, error) {
	_, s, err := l.Follow(ctx, channel, func(e layer.Entry) { handler(e.Data) })
	return s, err
}

// plenty keeps whatever a test appends.
func plenty() layer.Retention { return layer.Retention{Entries: 100_000, Age: time.Hour} }

// history opens a handle like open.
func (f *fixture) history() historian {
	f.Helper()
	return f.open().(historian)
}

func (f *fixture) append(h layer.History, channel, data string, keep layer.Retention) {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), f.harness.Patience)
	defer cancel()
	if err := h.Append(ctx, channel, []byte(data), keep); err != nil {
		f.Errorf("Append to %q: %v", abbreviate(channel), err)
	}
}

// appendNumbers appends the numbers from first to last, which are those of the
// entries where nobody else appends.
func (f *fixture) appendNumbers(h layer.History, channel string, first, last int, keep layer.Retention) {
	f.Helper()
	for i := first; i <= last; i++ {
		f.append(h, channel, strconv.Itoa(i), keep)
	}
}

// read fails the test unless there is no gap.
func (f *fixture) read(h layer.History, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position) {
	f.Helper()
	entries, head, err := h.Read(f.Context(), channel, after, limit)
	if err != nil {
		f.Errorf("Read of %q after %v: %v", abbreviate(channel), after, err)
	}
	return entries, head
}

// head returns the position of the channel's last entry, as a reader learns it
// who has none.
func (f *fixture) head(h layer.History, channel string) layer.Position {
	f.Helper()
	_, head, err := h.Read(f.Context(), channel, layer.Position{}, 1)
	f.expectGap(layer.Position{}, err)
	if head.Epoch == "" {
		f.Errorf("the last entry of %q has no epoch", abbreviate(channel))
	}
	return head
}

// expectEntries checks entries that follow a position.
func (f *fixture) expectEntries(what string, got []layer.Entry, after layer.Position, want ...string) {
	f.Helper()
	data := make([]string, len(got))
	for i, e := range got {
		data[i] = string(e.Data)
		if due := (layer.Position{Epoch: after.Epoch, Seq: after.Seq + uint64(i) + 1}); e.Position != due {
			f.Fatalf("%s: entry %v in place of %v", what, e.Position, due)
		}
	}
	if !slices.Equal(data, want) {
		f.Fatalf("%s: %s, want %s", what, summary(data), summary(want))
	}
}

// trail keeps copies of the entries of one subscription.
type trail struct {
	*inbox // of their data

	start   layer.Position // that Follow returned
	mu      sync.Mutex
	entries []layer.Entry
}

// follow makes a trail.
func (f *fixture) follow(h layer.History, channel string) *trail {
	f.Helper()
	t := &trail{inbox: f.inbox()}
	start, s, err := h.Follow(f.Context(), channel, t.receive)
	if err != nil {
		f.Fatalf("Follow %q: %v", abbreviate(channel), err)
	}
	t.start, t.subscription = start, s
	return t
}

func (t *trail) receive(e layer.Entry) {
	e.Data = slices.Clone(e.Data)
	t.mu.Lock()
	t.entries = append(t.entries, e)
	t.mu.Unlock()
	t.inbox.receive(e.Data)
}

// waitEntries waits for n entries and returns all.
func (t *trail) waitEntries(n int) []layer.Entry {
	t.fixture.Helper()
	t.waitCount(n)
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.entries)
}

// expect waits for entries that follow the start.
func (t *trail) expect(want ...string) {
	t.fixture.Helper()
	t.fixture.expectEntries("followed", t.waitEntries(len(want)), t.start, want...)
}

// numbers returns the numbers from first to last as text.
func numbers(first, last int) []string {
	var list []string
	for i := first; i <= last; i++ {
		list = append(list, strconv.Itoa(i))
	}
	return list
}

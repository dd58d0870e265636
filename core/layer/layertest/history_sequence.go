package layertest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/chanx-go/chanx/core/layer"
)

// testHistoryNumbers: entries are numbered from 1 without a gap, whoever appends
// them, and for everyone who follows or reads.
func testHistoryNumbers(f *fixture) {
	const n = 250
	a, b := f.history(), f.history()
	near, far := f.follow(a, "room"), f.follow(b, "room")
	start := near.start
	if start.Epoch == "" || start.Seq != 0 {
		f.Errorf("Follow of an empty channel returned %+v", start)
	}
	if far.start != start {
		f.Errorf("Follow in another process returned %v, want %v", far.start, start)
	}
	want := numbers(1, n)
	for i, data := range want {
		f.append([]layer.History{a, b}[i%2], "room", data, plenty())
	}
	near.expect(want...)
	far.expect(want...)
	for _, h := range []layer.History{a, b, f.history()} {
		entries, head := f.read(h, "room", start, n)
		f.expectEntries("read", entries, start, want...)
		if end := (layer.Position{Epoch: start.Epoch, Seq: n}); head != end {
			f.Errorf("the last entry is %v, want %v", head, end)
		}
	}
	late := f.follow(f.history(), "room")
	f.append(a, "room", "end", plenty())
	if late.start.Seq != n {
		f.Errorf("who came later follows from %v, want %d", late.start, n)
	}
	late.expect("end")
}

// testHistoryOneOrder: however many append in two processes, there is one order,
// in which those of one publisher come in theirs.
func testHistoryOneOrder(f *fixture) {
	const publishers, messages = 4, 150
	layers := []historian{f.history(), f.history()}
	trails := []*trail{f.follow(layers[0], "room"), f.follow(layers[1], "room"), f.follow(layers[1], "room")}
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range messages {
				f.append(layers[p%2], "room", fmt.Sprintf("%d %d", p, i), plenty())
			}
		})
	}
	wg.Wait()
	start := trails[0].start
	var order []string
	next := make(map[string]int)
	entries, _ := f.read(layers[0], "room", start, math.MaxInt)
	for _, e := range entries {
		order = append(order, string(e.Data))
		p, number, _ := strings.Cut(string(e.Data), " ")
		if number != fmt.Sprint(next[p]) {
			f.Fatalf("message %s of publisher %s came in place of %d", number, p, next[p])
		}
		next[p]++
	}
	if len(order) != publishers*messages {
		f.Fatalf("read %d entries, want %d", len(order), publishers*messages)
	}
	f.expectEntries("read", entries, start, order...)
	for _, t := range trails {
		t.expect(order...)
	}
}

// testHistoryPaging: a reader gets the oldest entries after its position, as many
// as it wants, and learns how far the channel goes.
func testHistoryPaging(f *fixture) {
	a, b := f.history(), f.history()
	start := f.follow(a, "room").start
	f.appendNumbers(a, "room", 1, 25, plenty())
	end := layer.Position{Epoch: start.Epoch, Seq: 25}
	tests := []struct {
		after uint64
		limit int
		want  []string
	}{
		{0, 10, numbers(1, 10)},
		{10, 10, numbers(11, 20)},
		{20, 10, numbers(21, 25)},
		{25, 10, nil},
		{0, 1, numbers(1, 1)},
		{24, 1, numbers(25, 25)},
		{0, 25, numbers(1, 25)},
		{7, 1000, numbers(8, 25)},
		{3, math.MaxInt, numbers(4, 25)},
	}
	for _, h := range []layer.History{a, b} {
		for _, tt := range tests {
			after := layer.Position{Epoch: start.Epoch, Seq: tt.after}
			entries, head := f.read(h, "room", after, tt.limit)
			f.expectEntries(fmt.Sprintf("Read after %d, limit %d", tt.after, tt.limit), entries, after, tt.want...)
			if head != end {
				f.Errorf("Read after %d, limit %d: the last entry is %v, want %v", tt.after, tt.limit, head, end)
			}
		}
	}
	empty := f.follow(b, "empty").start
	if entries, head := f.read(a, "empty", empty, 10); len(entries) != 0 || head != empty {
		f.Errorf("Read of an empty channel: %d entries, up to %v, want %v", len(entries), head, empty)
	}
}

// testHistoryGaps: who was away for too long, or comes with a position of
// something else, learns that, and where the channel is now.
func testHistoryGaps(f *fixture) {
	a, b := f.history(), f.history()
	start := f.follow(a, "room").start
	f.appendNumbers(a, "room", 1, 5, layer.Retention{Entries: 3, Age: plenty().Age})
	end := layer.Position{Epoch: start.Epoch, Seq: 5}
	gaps := []layer.Position{
		{},
		{Seq: 5},
		{Epoch: start.Epoch, Seq: 0},
		{Epoch: start.Epoch, Seq: 1},
		{Epoch: start.Epoch, Seq: 6},
		{Epoch: start.Epoch, Seq: math.MaxInt64},
		{Epoch: start.Epoch, Seq: math.MaxUint64},
		{Epoch: start.Epoch + "x", Seq: 2},
		{Epoch: start.Epoch + "x", Seq: 5},
		{Epoch: "x\x00\xff", Seq: 0},
		{Epoch: strings.Repeat("x", 4096), Seq: 4},
	}
	for _, h := range []layer.History{a, b} {
		for _, after := range gaps {
			entries, head, err := h.Read(f.Context(), "room", after, 10)
			f.expectGap(after, err)
			if len(entries) > 0 || head != end {
				f.Errorf("Read after %v: %d entries, up to %v, want none, up to %v", after, len(entries), head, end)
			}
		}
		after := layer.Position{Epoch: start.Epoch, Seq: 2}
		entries, _ := f.read(h, "room", after, 10)
		f.expectEntries("all that are kept", entries, after, numbers(3, 5)...)
		if head := f.head(h, "never used"); head.Seq != 0 {
			f.Errorf("the last entry of a channel that was never used is %v", head)
		}
	}
}

func (f *fixture) expectGap(after layer.Position, err error) {
	f.Helper()
	if !errors.Is(err, layer.ErrGap) {
		f.Errorf("Read after %v: %v, want %v", after, err, layer.ErrGap)
	}
}

// testHistoryNobodyFollows: entries are kept whether somebody follows or not, and
// who follows later gets the new ones only.
func testHistoryNobodyFollows(f *fixture) {
	a, b := f.history(), f.history()
	f.appendNumbers(a, "room", 1, 3, plenty())
	end := f.head(b, "room")
	late := f.follow(b, "room")
	if late.start != end || end.Seq != 3 {
		f.Errorf("followed from %v, the last entry is %v", late.start, end)
	}
	f.appendNumbers(a, "room", 4, 4, plenty())
	late.expect("4")
	f.unsubscribe(late.subscription)
	f.appendNumbers(b, "room", 5, 6, plenty())
	start := layer.Position{Epoch: end.Epoch}
	entries, _ := f.read(a, "room", start, 10)
	f.expectEntries("read", entries, start, numbers(1, 6)...)
}

// testHistoryFollowAmidAppends: who begins to follow while others append gets
// what comes after its position, whole and once.
func testHistoryFollowAmidAppends(f *fixture) {
	const n, followers = 1000, 10
	layers := []historian{f.history(), f.history()}
	first := f.follow(layers[1], "room")
	var wg sync.WaitGroup
	wg.Go(func() { f.appendNumbers(layers[0], "room", 1, n, plenty()) })
	trails := []*trail{first}
	for i := range followers {
		first.waitCount(i * n / (2 * followers)) // spread, while the others come
		trails = append(trails, f.follow(layers[i%2], "room"))
	}
	wg.Wait()
	for _, t := range trails {
		// With one publisher, what an entry holds is its number.
		t.expect(numbers(int(t.start.Seq)+1, n)...)
	}
}

// testHistoryReplay: who follows, and then reads up to there, has everything.
func testHistoryReplay(f *fixture) {
	const n, page = 1000, 30
	a, b := f.history(), f.history()
	witness := f.follow(b, "room")
	var wg sync.WaitGroup
	wg.Go(func() { f.appendNumbers(a, "room", 1, n, plenty()) })
	witness.waitCount(n / 4)
	live := f.follow(b, "room")
	var replayed []layer.Entry
	at := layer.Position{Epoch: live.start.Epoch}
	for at.Seq < live.start.Seq {
		entries, _ := f.read(b, "room", at, int(min(page, live.start.Seq-at.Seq)))
		if len(entries) == 0 {
			f.Fatalf("Read after %v: nothing, and followed from %v", at, live.start)
		}
		replayed = append(replayed, entries...)
		at = entries[len(entries)-1].Position
	}
	wg.Wait()
	all := slices.Concat(replayed, live.waitEntries(n-len(replayed)))
	f.expectEntries("replayed, and then followed", all, witness.start, numbers(1, n)...)
}

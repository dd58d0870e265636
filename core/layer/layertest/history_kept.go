package layertest

import (
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// withAge calls test with an age of entries. A test that was too slow to see what
// has to be there before the age is over returns false, and gets a longer one. The
// age also makes a good name for its channel.
func (f *fixture) withAge(test func(age time.Duration) (inTime bool)) {
	f.Helper()
	for age := f.harness.Age; !test(age); age *= 2 {
		if age > f.harness.Patience {
			f.Fatalf("too slow for entries that are kept for %v", age)
		}
		f.Logf("too slow for entries that are kept for %v, once more", age)
	}
}

// waitUntil waits until the time, and so much longer that a layer with a clock of
// its own agrees.
func waitUntil(at time.Time, age time.Duration) {
	<-time.After(time.Until(at) + age/10)
}

// expectKept checks that exactly the entries from first to last are kept, which
// hold their numbers.
func (f *fixture) expectKept(h layer.History, channel string, epoch string, first, last int) {
	f.Helper()
	after := layer.Position{Epoch: epoch, Seq: uint64(first - 1)}
	entries, head := f.read(h, channel, after, 1000)
	f.expectEntries("kept", entries, after, numbers(first, last)...)
	if head.Seq != uint64(last) {
		f.Errorf("the last entry is %v, want %d", head, last)
	}
	if after.Seq == 0 {
		return
	}
	after.Seq--
	_, _, err := h.Read(f.Context(), channel, after, 1000)
	f.expectGap(after, err)
}

// testHistoryKeptEntries: as many entries are kept as the retention says, in all
// processes and of each channel.
func testHistoryKeptEntries(f *fixture) {
	a, b := f.history(), f.history()
	for _, entries := range []int{1, 2, 7, 100} {
		keep := layer.Retention{Entries: entries, Age: plenty().Age}
		channel := keep.Age.String() + numbers(entries, entries)[0]
		for last := 1; last <= 2*entries+3; last++ {
			f.appendNumbers(a, channel, last, last, keep)
			if last == 1 || last >= entries-1 {
				f.expectKept(b, channel, f.head(a, channel).Epoch, max(last-entries+1, 1), last)
			}
		}
	}
}

// testHistoryKeptAge: an entry is kept until it reaches its age, also where nobody
// appends any more.
func testHistoryKeptAge(f *fixture) {
	a, b := f.history(), f.history()
	f.withAge(func(age time.Duration) bool {
		channel, keep := age.String(), layer.Retention{Entries: 10, Age: age}
		first := time.Now()
		f.appendNumbers(a, channel, 1, 1, keep)
		firstEnds := time.Now().Add(age)
		start := layer.Position{Epoch: f.head(b, channel).Epoch}
		waitUntil(first.Add(age/2), age)
		early, _, err := b.Read(f.Context(), channel, start, 10)
		if time.Since(first) >= age {
			return false
		}
		if err != nil {
			f.Errorf("Read before the age: %v", err)
		}
		f.expectEntries("before the age", early, start, "1")

		second := time.Now()
		f.appendNumbers(a, channel, 2, 2, keep)
		secondEnds := time.Now().Add(age)
		waitUntil(firstEnds, age)
		_, _, err = b.Read(f.Context(), channel, start, 10)
		f.expectGap(start, err)
		after := layer.Position{Epoch: start.Epoch, Seq: 1}
		later, _, err := b.Read(f.Context(), channel, after, 10)
		if time.Since(second) >= age {
			return false
		}
		if err != nil {
			f.Errorf("Read before the age of the second: %v", err)
		}
		f.expectEntries("before the age of the second", later, after, "2")

		waitUntil(secondEnds, age)
		_, _, err = b.Read(f.Context(), channel, after, 10)
		f.expectGap(after, err)
		return true
	})
}

// testHistoryKeptChanges: the retention of the latest Append counts, and what is
// forgotten doesn't come back.
func testHistoryKeptChanges(f *fixture) {
	a, b := f.history(), f.history()
	keep := func(entries int) layer.Retention {
		return layer.Retention{Entries: entries, Age: plenty().Age}
	}
	f.appendNumbers(a, "room", 1, 10, keep(10))
	epoch := f.head(b, "room").Epoch
	f.expectKept(b, "room", epoch, 1, 10)
	f.appendNumbers(b, "room", 11, 11, keep(3))
	f.expectKept(a, "room", epoch, 9, 11)
	f.appendNumbers(a, "room", 12, 12, keep(6))
	f.expectKept(b, "room", epoch, 9, 12)
	f.appendNumbers(b, "room", 13, 20, keep(6))
	f.expectKept(a, "room", epoch, 15, 20)
	f.appendNumbers(a, "room", 21, 21, keep(1))
	f.expectKept(b, "room", epoch, 21, 21)
}

// testHistoryKeptAgeChanges is testHistoryKeptChanges for the age.
func testHistoryKeptAgeChanges(f *fixture) {
	a, b := f.history(), f.history()
	f.withAge(func(age time.Duration) bool {
		short, long := layer.Retention{Entries: 10, Age: age}, plenty()
		longer, shorter := age.String()+" longer", age.String()+" shorter"
		began := time.Now()
		f.appendNumbers(a, longer, 1, 1, short)
		f.appendNumbers(a, longer, 2, 2, long)
		if time.Since(began) >= age {
			return false
		}
		f.appendNumbers(a, shorter, 1, 2, long)
		waitUntil(time.Now().Add(age), age)
		f.expectKept(b, longer, f.head(b, longer).Epoch, 1, 2)
		f.expectKept(b, shorter, f.head(b, shorter).Epoch, 1, 2)

		began = time.Now()
		f.appendNumbers(b, shorter, 3, 3, short)
		after := layer.Position{Epoch: f.head(a, shorter).Epoch, Seq: 2}
		entries, _, err := a.Read(f.Context(), shorter, after, 10)
		after.Seq--
		_, _, gap := a.Read(f.Context(), shorter, after, 10)
		f.expectGap(after, gap)
		// What is forgotten doesn't come back.
		f.appendNumbers(b, shorter, 4, 4, long)
		if time.Since(began) >= age {
			return false
		}
		if err != nil {
			f.Errorf("Read after a retention with a shorter age: %v", err)
		}
		after.Seq++
		f.expectEntries("with a shorter age", entries, after, "3")
		f.expectKept(a, shorter, after.Epoch, 3, 4)
		return true
	})
}

// testHistoryComesBack: a channel of which nothing is kept goes on with its
// numbers, at least for the same time again.
func testHistoryComesBack(f *fixture) {
	a, b := f.history(), f.history()
	f.withAge(func(age time.Duration) bool {
		channel, keep := age.String(), layer.Retention{Entries: 10, Age: age}
		f.appendNumbers(a, channel, 1, 2, keep)
		began := time.Now()
		f.appendNumbers(a, channel, 3, 3, keep)
		end := f.head(b, channel)
		waitUntil(time.Now().Add(age), age)
		entries, head, err := b.Read(f.Context(), channel, end, 10)
		back := f.follow(b, channel)
		f.append(b, channel, "back", keep)
		if time.Since(began) >= 2*age {
			return false
		}
		if err != nil || len(entries) > 0 || head != end || end.Seq != 3 {
			f.Errorf("Read after %v: %d entries, up to %v, %v", end, len(entries), head, err)
		}
		if back.start != end {
			f.Errorf("followed from %v, want %v", back.start, end)
		}
		back.expect("back")
		return true
	})
}

// testHistoryForgotten: a channel that nobody used for long goes on with its
// numbers, or begins another sequence under another name.
func testHistoryForgotten(f *fixture) {
	a, b := f.history(), f.history()
	age := f.harness.Age
	keep := layer.Retention{Entries: 10, Age: age}
	f.appendNumbers(a, "room", 1, 3, keep)
	end := f.head(a, "room")
	waitUntil(time.Now().Add(3*age), age)
	f.append(b, "room", "again", keep)
	switch head := f.head(a, "room"); {
	case head.Epoch == end.Epoch && head.Seq != 4:
		f.Errorf("after 3 entries, and a long time, another is %v; the last was %v", head, end)
	case head.Epoch != end.Epoch && head.Seq != 1:
		f.Errorf("the first entry of another sequence is %v", head)
	case head.Epoch != end.Epoch:
		_, _, err := a.Read(f.Context(), "room", layer.Position{Epoch: end.Epoch}, 10)
		f.expectGap(layer.Position{Epoch: end.Epoch}, err)
	}
}

// testHistoryNotForgotten: who follows a channel keeps its sequence, however
// seldom somebody appends.
func testHistoryNotForgotten(f *fixture) {
	a, b := f.history(), f.history()
	age := f.harness.Age
	keep := layer.Retention{Entries: 10, Age: age}
	used, unused := f.follow(a, "used"), f.follow(a, "unused")
	f.append(b, "used", "1", keep)
	waitUntil(time.Now().Add(3*age), age)
	f.append(b, "used", "2", keep)
	f.append(b, "unused", "1", keep)
	used.expect("1", "2")
	unused.expect("1")
}

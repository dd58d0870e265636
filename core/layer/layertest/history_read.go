package layertest

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// testHistoryReadNames: what is kept of a channel is not found under another name.
func testHistoryReadNames(f *fixture) {
	a, b := f.history(), f.history()
	names := channelNames()
	for i, name := range names {
		f.append(a, name, strconv.Itoa(i), plenty())
	}
	for i, name := range names {
		head := f.head(b, name)
		start := layer.Position{Epoch: head.Epoch}
		if head.Seq != 1 {
			f.Errorf("channel %q, the number %d of them, has %d entries", abbreviate(name), i, head.Seq)
			continue
		}
		entries, _ := f.read(b, name, start, 10)
		f.expectEntries("channel "+strconv.Quote(abbreviate(name)), entries, start, strconv.Itoa(i))
	}
}

// testHistoryReadData: any bytes are kept as they were.
func testHistoryReadData(f *fixture) {
	a, b := f.history(), f.history()
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	big := bytes.Repeat(all, 1<<20/len(all))
	want := []string{"", "\x00", "\r\n", "\xff\xfe", `{"action":"say"}`, string(all), string(big), "", "end"}
	buffer := make([]byte, len(big))
	for _, data := range want {
		n := copy(buffer, data)
		if err := a.Append(f.Context(), "room", buffer[:n], plenty()); err != nil {
			f.Errorf("Append: %v", err)
		}
		clear(buffer)
	}
	if err := a.Append(f.Context(), "room", nil, plenty()); err != nil {
		f.Errorf("Append of nil: %v", err)
	}
	want = append(want, "")
	for _, h := range []layer.History{a, b} {
		start := layer.Position{Epoch: f.head(h, "room").Epoch}
		entries, _ := f.read(h, "room", start, len(want))
		f.expectEntries("read", entries, start, want...)
	}
}

// testHistoryEntriesStay: entries that were read stay as they are, whatever is
// appended, read or forgotten afterwards.
func testHistoryEntriesStay(f *fixture) {
	a := f.history()
	keep := layer.Retention{Entries: 5, Age: plenty().Age}
	f.appendNumbers(a, "room", 1, 5, keep)
	start := layer.Position{Epoch: f.head(a, "room").Epoch}
	entries, _ := f.read(a, "room", start, 10)
	f.appendNumbers(a, "room", 6, 20, keep)
	later := layer.Position{Epoch: start.Epoch, Seq: 15}
	more, _ := f.read(a, "room", later, 10)
	f.expectEntries("read first", entries, start, numbers(1, 5)...)
	f.expectEntries("read then", more, later, numbers(16, 20)...)
}

// testHistoryApartFromPublish: a channel with history and one without have only
// the name in common.
func testHistoryApartFromPublish(f *fixture) {
	a, b := f.history(), f.history()
	in, trail := f.collect(a, "room"), f.follow(a, "room")
	f.publish(b, "room", "published")
	f.append(b, "room", "appended", plenty())
	f.publish(b, "room", "end")
	f.append(b, "room", "end", plenty())
	in.expect("published", "end")
	trail.expect("appended", "end")
	f.unsubscribe(in.subscription)
	f.append(b, "room", "more", plenty())
	trail.expect("appended", "end", "more")
	entries, _ := f.read(b, "room", trail.start, 10)
	f.expectEntries("read", entries, trail.start, "appended", "end", "more")
}

// testHistoryRefuses: a retention that keeps nothing, and a limit of nothing, are
// errors.
func testHistoryRefuses(f *fixture) {
	a := f.history()
	trail := f.follow(a, "room")
	for _, keep := range []layer.Retention{
		{}, {Entries: 1}, {Age: time.Hour}, {Entries: -1, Age: time.Hour}, {Entries: 1, Age: -time.Hour},
	} {
		if err := a.Append(f.Context(), "room", []byte("x"), keep); err == nil {
			f.Errorf("Append with %+v: no error", keep)
		}
	}
	f.append(a, "room", "end", plenty())
	trail.expect("end")
	for _, limit := range []int{0, -1} {
		if _, _, err := a.Read(f.Context(), "room", trail.start, limit); err == nil || errors.Is(err, layer.ErrGap) {
			f.Errorf("Read with a limit of %d: %v", limit, err)
		}
	}
}

// testHistoryReadContextEnded: a call with a context that has ended does nothing.
func testHistoryReadContextEnded(f *fixture) {
	a, b := f.history(), f.history()
	f.append(a, "room", "1", plenty())
	head := f.head(b, "room")
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	if err := a.Append(ctx, "room", []byte("not appended"), plenty()); !errors.Is(err, context.Canceled) {
		f.Errorf("Append with a context that has ended: %v, want %v", err, context.Canceled)
	}
	if _, _, err := b.Read(ctx, "room", head, 10); !errors.Is(err, context.Canceled) {
		f.Errorf("Read with a context that has ended: %v, want %v", err, context.Canceled)
	}
	if now := f.head(b, "room"); now != head {
		f.Errorf("the last entry is %v, want %v", now, head)
	}
}

// testHistoryReadClosed: calls fail after Close.
func testHistoryReadClosed(f *fixture) {
	l := f.history()
	f.append(l, "room", "1", plenty())
	head := f.head(l, "room")
	if err := l.Close(); err != nil {
		f.Errorf("Close: %v", err)
	}
	for _, channel := range []string{"room", "never used"} {
		if _, _, err := l.Read(f.Context(), channel, head, 10); !errors.Is(err, layer.ErrClosed) {
			f.Errorf("Read of %q after Close: %v, want %v", channel, err, layer.ErrClosed)
		}
		if err := l.Append(f.Context(), channel, nil, plenty()); !errors.Is(err, layer.ErrClosed) {
			f.Errorf("Append to %q after Close: %v, want %v", channel, err, layer.ErrClosed)
		}
		_, _, err := l.Follow(f.Context(), channel, func(layer.Entry) {})
		if !errors.Is(err, layer.ErrClosed) {
			f.Errorf("Follow %q after Close: %v, want %v", channel, err, layer.ErrClosed)
		}
	}
}

// testHistoryReadInHandler: a handler reads its own channel, up to the entry that
// it was called with at least, and others.
func testHistoryReadInHandler(f *fixture) {
	const n = 20
	a, b := f.history(), f.history()
	f.append(a, "other", "1", plenty())
	other := layer.Position{Epoch: f.head(a, "other").Epoch}
	done := make(chan struct{})
	_, s, err := a.Follow(f.Context(), "room", func(e layer.Entry) {
		entries, head := f.read(a, "room", layer.Position{Epoch: e.Epoch}, n)
		if uint64(len(entries)) < e.Seq || head.Seq < e.Seq {
			f.Errorf("in the handler of entry %d: read %d, up to %v", e.Seq, len(entries), head)
		}
		if entries, _ := f.read(a, "other", other, 1); len(entries) != 1 {
			f.Errorf("in a handler: read %d entries of another channel, want 1", len(entries))
		}
		if e.Seq == n {
			close(done)
		}
	})
	if err != nil {
		f.Fatalf("Follow: %v", err)
	}
	var appended = make(chan struct{})
	go func() { // which may wait for the handler
		defer close(appended)
		f.appendNumbers(b, "room", 1, n, plenty())
	}()
	await(f, "the handler", done)
	await(f, "Append", appended)
	f.unsubscribe(s)
}

// testHistoryCloseLeavesEntries: what a process has appended stays when it leaves.
func testHistoryCloseLeavesEntries(f *fixture) {
	a, b := f.history(), f.history()
	f.appendNumbers(a, "room", 1, 3, plenty())
	if err := a.Close(); err != nil {
		f.Errorf("Close: %v", err)
	}
	start := layer.Position{Epoch: f.head(b, "room").Epoch}
	f.appendNumbers(b, "room", 4, 4, plenty())
	for _, h := range []layer.History{b, f.history()} {
		entries, _ := f.read(h, "room", start, 10)
		f.expectEntries("read", entries, start, numbers(1, 4)...)
	}
}

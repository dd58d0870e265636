package layer_test

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chanx-go/chanx/core/layer"
)

var anHour = layer.Retention{Entries: 100, Age: time.Hour}

func TestMemoryAppendReadFollow(t *testing.T) {
	t.Parallel()
	m := layer.NewMemory()
	var got []layer.Entry // no lock: everything happens on this goroutine
	start, _ := follow(t, m, "room", func(e layer.Entry) { got = append(got, e) })
	if start.Epoch == "" || start.Seq != 0 {
		t.Errorf("Follow returned %+v", start)
	}
	var want []layer.Entry
	for i := range 5 {
		appendTo(t, m, "room", strconv.Itoa(i), layer.Retention{Entries: 3, Age: time.Hour})
		want = append(want, layer.Entry{
			Position: layer.Position{Epoch: start.Epoch, Seq: uint64(i + 1)},
			Data:     []byte(strconv.Itoa(i)),
		})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("followed (-want +got):\n%s", diff)
	}
	for after, n := range map[uint64]int{2: 3, 3: 2, 4: 1, 5: 0} {
		at := layer.Position{Epoch: start.Epoch, Seq: after}
		entries, head, err := m.Read(t.Context(), "room", at, 10)
		if err != nil || head != want[4].Position {
			t.Errorf("Read after %d: %v, %v", after, head, err)
		}
		if diff := cmp.Diff(want[5-n:], entries, cmp.Transformer("len", func(e []layer.Entry) string { return fmt.Sprint(e) })); diff != "" {
			t.Errorf("Read after %d (-want +got):\n%s", after, diff)
		}
	}
	for _, after := range []layer.Position{{}, {Epoch: start.Epoch}, {Epoch: start.Epoch, Seq: 1}, {Epoch: start.Epoch, Seq: 6}, {Epoch: "x", Seq: 5}} {
		entries, head, err := m.Read(t.Context(), "room", after, 10)
		if !errors.Is(err, layer.ErrGap) || len(entries) != 0 || head != want[4].Position {
			t.Errorf("Read after %+v: %v, %v, %v", after, entries, head, err)
		}
	}
}

// Entries go at their age, without anybody asking; the channel goes later.
func TestMemoryHistoryForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := layer.NewMemory()
		start := time.Now()
		first, s := follow(t, m, "room", func(layer.Entry) {})
		appendTo(t, m, "room", "a", anHour)
		<-time.After(time.Hour - 1)
		if entries := read(t, m, "room", first); len(entries) != 1 {
			t.Errorf("%d entries just before their age, want 1", len(entries))
		}
		<-time.After(1)
		_, head, err := m.Read(t.Context(), "room", first, 1)
		if !errors.Is(err, layer.ErrGap) || head.Epoch != first.Epoch || head.Seq != 1 {
			t.Errorf("Read at the age: %v, %v", head, err)
		}
		<-time.After(24 * time.Hour)
		if n := m.Histories(); n != 1 {
			t.Errorf("%d channels while somebody follows, want 1", n)
		}
		unfollow(t, s)
		<-time.After(time.Hour - 1)
		if again, s := follow(t, m, "room", func(layer.Entry) {}); again != head {
			t.Errorf("followed again before the channel was forgotten: %v, want %v", again, head)
		} else {
			unfollow(t, s)
		}
		<-time.After(time.Hour + time.Hour/8)
		if n := m.Histories(); n != 0 {
			t.Errorf("%d channels after %v, want 0", n, time.Since(start))
		}
		again, _ := follow(t, m, "room", func(layer.Entry) {})
		if again.Epoch == first.Epoch || again.Seq != 0 {
			t.Errorf("followed again: %v, before: %v", again, first)
		}
	})
}

func follow(t *testing.T, h layer.History, channel string, handler func(layer.Entry)) (layer.Position, layer.Subscription) {
	t.Helper()
	at, s, err := h.Follow(t.Context(), channel, handler)
	if err != nil {
		t.Fatal(err)
	}
	return at, s
}

func unfollow(t *testing.T, s layer.Subscription) {
	t.Helper()
	if err := s.Unsubscribe(); err != nil {
		t.Error(err)
	}
}

func appendTo(t *testing.T, h layer.History, channel, data string, keep layer.Retention) {
	t.Helper()
	if err := h.Append(t.Context(), channel, []byte(data), keep); err != nil {
		t.Error(err)
	}
}

func read(t *testing.T, h layer.History, channel string, after layer.Position) []layer.Entry {
	t.Helper()
	entries, _, err := h.Read(t.Context(), channel, after, 1<<30)
	if err != nil {
		t.Errorf("Read after %v: %v", after, err)
	}
	return entries
}

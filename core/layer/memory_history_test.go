package layer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/google/go-cmp/cmp"

	"github.com/chanx-go/chanx/core/layer"
)

var anHour = layer.Retention{Entries: 100, Age: time.Hour}

func TestMemoryFollowedBeforeAppendReturns(t *testing.T) {
	t.Parallel()
	m := layer.NewMemory()
	var got, want []layer.Entry // no lock: everything happens on this goroutine
	start, _ := follow(t, m, "room", func(e layer.Entry) { got = append(got, e) })
	for i := range 5 {
		appendTo(t, m, "room", strconv.Itoa(i), anHour)
		at := layer.Position{Epoch: start.Epoch, Seq: uint64(i + 1)}
		want = append(want, layer.Entry{Position: at, Data: []byte(strconv.Itoa(i))})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("followed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[2:], read(t, m, "room", want[1].Position)); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

// Entries go at their age, without anybody asking; the channel goes later.
func TestMemoryHistoryForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := layer.NewMemory()
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

		// Somebody follows: it stays.
		<-time.After(24 * time.Hour)
		expectHistories(t, m, 1)
		unfollow(t, s)
		// Nobody does, and somebody comes back: the time begins anew.
		for range 3 {
			<-time.After(time.Hour - 1)
			again, s := follow(t, m, "room", func(layer.Entry) {})
			if again != head {
				t.Errorf("followed again before the channel was forgotten: %v, want %v", again, head)
			}
			unfollow(t, s)
		}
		<-time.After(time.Hour + time.Hour/8)
		expectHistories(t, m, 0)
		again, _ := follow(t, m, "room", func(layer.Entry) {})
		if again.Epoch == first.Epoch || again.Seq != 0 {
			t.Errorf("followed again: %v, before: %v", again, first)
		}
	})
}

// Entries that are not kept any more free their memory, without anybody asking.
func TestMemoryHistoryFreesMemory(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		end   func(t *testing.T, m *layer.Memory)
		freed int // of 20
	}{
		"age": {freed: 20, end: func(*testing.T, *layer.Memory) {
			<-time.After(time.Hour + time.Hour/8)
		}},
		"shorter age": {freed: 20, end: func(t *testing.T, m *layer.Memory) {
			<-time.After(time.Minute)
			appendTo(t, m, "room", "", layer.Retention{Entries: 100, Age: time.Second})
			<-time.After(time.Second)
		}},
		"fewer": {freed: 9, end: func(t *testing.T, m *layer.Memory) {
			appendTo(t, m, "room", "", layer.Retention{Entries: 12, Age: time.Hour})
		}},
		"one": {freed: 20, end: func(t *testing.T, m *layer.Memory) {
			appendTo(t, m, "room", "", layer.Retention{Entries: 1, Age: time.Hour})
		}},
		"Close": {freed: 20, end: func(_ *testing.T, m *layer.Memory) { _ = m.Close() }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := layer.NewMemory()
				follow(t, m, "room", func(layer.Entry) {})
				appendTo(t, m, "room", "first", anHour)
				_, start, _ := m.Read(t.Context(), "room", layer.Position{}, 1)
				<-time.After(2 * time.Hour)
				for range 20 {
					appendTo(t, m, "room", "some data that is kept", anHour)
				}
				var kept []weak.Pointer[byte]
				for _, e := range read(t, m, "room", start) {
					kept = append(kept, weak.Make(&e.Data[0]))
				}
				tt.end(t, m)
				runtime.GC()
				for i, p := range kept[:tt.freed] {
					if p.Value() != nil {
						t.Errorf("entry %d is still in memory", i+1)
					}
				}
				runtime.KeepAlive(m)
			})
		})
	}
}

// A channel without entries costs nothing once nobody follows it, and keeps its
// epoch as long as nothing of it is forgotten.
func TestMemoryHistoryOfUnusedChannels(t *testing.T) {
	t.Parallel()
	m := layer.NewMemory()
	_, unused, _ := m.Read(t.Context(), "room", layer.Position{}, 1)
	expectHistories(t, m, 0)
	followed, s := follow(t, m, "room", func(layer.Entry) {})
	unfollow(t, s)
	unfollow(t, s)
	expectHistories(t, m, 0)
	if entries := read(t, m, "room", followed); len(entries) != 0 || followed != unused || followed.Epoch == "" {
		t.Errorf("read %d entries, followed from %+v, before %+v", len(entries), followed, unused)
	}
	if other, _ := follow(t, layer.NewMemory(), "room", func(layer.Entry) {}); other.Epoch == followed.Epoch {
		t.Errorf("two layers have the epoch %q", other.Epoch)
	}
}

// A channel is not forgotten while an Append to it runs, and is afterwards.
func TestMemoryHistoryInUseIsKept(t *testing.T) {
	t.Parallel()
	tests := map[string]int{"alone": 0, "while another one waits": 1}
	for name, waiting := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := layer.NewMemory()
				release := make(chan struct{})
				var s layer.Subscription
				_, s = follow(t, m, "room", func(layer.Entry) {
					unfollow(t, s)
					<-release
				})
				var wg sync.WaitGroup
				wg.Go(func() { appendTo(t, m, "room", "1", anHour) })
				synctest.Wait()
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Hour)
					defer cancel()
					if err := m.Append(ctx, "room", nil, anHour); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("Append while another one runs: %v", err)
					}
				})
				<-time.After(10 * time.Hour)
				for range waiting {
					wg.Go(func() { appendTo(t, m, "room", "2", anHour) })
				}
				synctest.Wait()
				expectHistories(t, m, 1)
				close(release)
				wg.Wait()
				_, head, _ := m.Read(t.Context(), "room", layer.Position{}, 1)
				if want := uint64(1 + waiting); head.Seq != want {
					t.Errorf("the last entry is %v, want number %d", head, want)
				}
				<-time.After(3 * time.Hour)
				expectHistories(t, m, 0)
			})
		})
	}
}

// The memory of a channel is that of its entries, however large its retention.
func TestMemoryHistoryLargeRetention(t *testing.T) {
	t.Parallel()
	m := layer.NewMemory()
	defer m.Close()
	keep := layer.Retention{Entries: math.MaxInt, Age: math.MaxInt64}
	start, _ := follow(t, m, "room", func(layer.Entry) {})
	for i := range 100 {
		appendTo(t, m, "room", strconv.Itoa(i), keep)
	}
	if n := len(read(t, m, "room", start)); n != 100 {
		t.Errorf("read %d entries, want 100", n)
	}
	appendTo(t, m, "room", "100", layer.Retention{Entries: 1, Age: 1})
	expectGapAfter(t, m, "room", start)
}

// What a handler appends to its own channel comes after those who wait, is bounded,
// and can be read once its turn has come.
func TestMemoryAppendInHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := layer.NewMemory()
		release := make(chan struct{})
		var got []string
		var start layer.Position
		start, _ = follow(t, m, "room", func(e layer.Entry) {
			got = append(got, fmt.Sprint(e.Seq, " ", string(e.Data)))
			if string(e.Data) != "first" {
				return
			}
			<-release
			accepted := 0
			for ; m.Append(t.Context(), "room", bytes.Repeat([]byte("x"), 1<<20), anHour) == nil; accepted++ {
				got = append(got, "appended")
			}
			if err := m.Append(t.Context(), "room", make([]byte, 1<<20), anHour); !errors.Is(err, layer.ErrBacklog) {
				t.Errorf("Append of too much: %v, want %v", err, layer.ErrBacklog)
			}
			if n := len(read(t, m, "room", start)); accepted != 16 || n != 1 {
				t.Errorf("in the handler %d were accepted, and %d can be read, want 16 and 1", accepted, n)
			}
			got = nil
		})
		var wg sync.WaitGroup
		for _, data := range []string{"first", "second"} {
			wg.Go(func() { appendTo(t, m, "room", data, anHour) })
			synctest.Wait()
		}
		close(release)
		wg.Wait()
		if len(got) != 17 || got[0] != "2 second" {
			t.Errorf("%d came after the first, want 17, and the one that waited before the others", len(got))
		}
		if n := len(read(t, m, "room", start)); n != 18 {
			t.Errorf("read %d, want 18", n)
		}
	})
}

// A handler that panics harms nobody but its publisher, and the entry is kept.
func TestMemoryFollowerPanics(t *testing.T) {
	t.Parallel()
	m := layer.NewMemory()
	start, _ := follow(t, m, "room", func(e layer.Entry) {
		if string(e.Data) == "bad" {
			appendTo(t, m, "room", "nested", anHour)
			panic("boom")
		}
	})
	var got []string
	follow(t, m, "room", func(e layer.Entry) { got = append(got, string(e.Data)) })
	func() {
		defer func() {
			if r := recover(); r != "boom" {
				t.Errorf("recovered %v, want boom", r)
			}
		}()
		_ = m.Append(t.Context(), "room", []byte("bad"), anHour)
	}()
	appendTo(t, m, "room", "good", anHour)
	if diff := cmp.Diff([]string{"bad", "nested", "good"}, got); diff != "" {
		t.Errorf("followed (-want +got):\n%s", diff)
	}
	if n := len(read(t, m, "room", start)); n != 3 {
		t.Errorf("read %d entries, want 3", n)
	}
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
	entries, _, err := h.Read(t.Context(), channel, after, math.MaxInt)
	if err != nil {
		t.Errorf("Read after %v: %v", after, err)
	}
	return entries
}

func expectGapAfter(t *testing.T, h layer.History, channel string, after layer.Position) {
	t.Helper()
	if _, _, err := h.Read(t.Context(), channel, after, 1); !errors.Is(err, layer.ErrGap) {
		t.Errorf("Read after %v: %v, want %v", after, err, layer.ErrGap)
	}
}

func expectHistories(t *testing.T, m *layer.Memory, want int) {
	t.Helper()
	if n := m.Histories(); n != want {
		t.Errorf("%d channels with history, want %d", n, want)
	}
}

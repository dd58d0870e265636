package layer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/layertest"
)

func TestMemoryConformance(t *testing.T) {
	t.Parallel()
	layertest.Run(t, layertest.Harness{
		OneProcess: true,
		Age:        time.Second / 10,
		Backend: func(*testing.T) layertest.Open {
			m := layer.NewMemory()
			return func(*testing.T) layer.Layer { return m }
		},
	})
}

func TestMemoryDeliversBeforePublishReturns(t *testing.T) {
	t.Parallel()
	m := layer.NewMemory()
	var got []string // no lock: everything happens on this goroutine
	for i := range 3 {
		subscribe(t, m, "room", func(data []byte) { got = append(got, fmt.Sprintf("%d %s", i, data)) })
	}
	publish(t, m, "room", "a")
	publish(t, m, "room", "b")
	want := []string{"0 a", "1 a", "2 a", "0 b", "1 b", "2 b"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
}

// All subscriptions see the messages of concurrent publishers in one order.
func TestMemoryOneOrderForAll(t *testing.T) {
	t.Parallel()
	const publishers, messages = 8, 200
	m := layer.NewMemory()
	orders := make([][]string, 3)
	for i := range orders {
		subscribe(t, m, "room", func(data []byte) {
			orders[i] = append(orders[i], string(data))
			if len(data) < 8 { // also one message in delivery that a handler published
				publish(t, m, "room", fmt.Sprintf("%d after %s", i, data))
			}
		})
	}
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range messages {
				publish(t, m, "room", fmt.Sprintf("%d %d", p, i))
			}
		})
	}
	wg.Wait()
	if want := publishers * messages * (1 + len(orders)); len(orders[0]) != want {
		t.Fatalf("received %d messages, want %d", len(orders[0]), want)
	}
	for i, order := range orders[1:] {
		if !slices.Equal(order, orders[0]) {
			t.Errorf("subscription %d saw another order than the first", i+1)
		}
	}
}

// A publisher waits its turn, first come first served; one whose context ends
// meanwhile withdraws.
func TestMemoryPublishersTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := layer.NewMemory()
		release := make(chan struct{})
		var got []string
		subscribe(t, m, "room", func(data []byte) {
			<-release
			got = append(got, string(data))
		})
		ctx, cancel := context.WithCancel(t.Context())
		errs := make([]error, 5)
		var wg sync.WaitGroup
		for i := range errs {
			ctx := ctx
			if i != 2 {
				ctx = t.Context()
			}
			wg.Go(func() { errs[i] = m.Publish(ctx, "room", []byte(strconv.Itoa(i))) })
			synctest.Wait()
		}
		cancel()
		synctest.Wait()
		if !errors.Is(errs[2], context.Canceled) {
			t.Errorf("the publisher whose context ended: %v, want %v", errs[2], context.Canceled)
		}
		publish(t, m, "other", "is free")
		close(release)
		wg.Wait()
		if diff := cmp.Diff([]string{"0", "1", "3", "4"}, got); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
		if err := errors.Join(errs[0], errs[1], errs[3], errs[4]); err != nil {
			t.Error(err)
		}
	})
}

// A context that ends exactly when the turn comes: either the message arrives or
// the publisher learns that it didn't, and the channel goes on.
func TestMemoryContextEndsAtTheTurn(t *testing.T) {
	t.Parallel()
	m := layer.NewMemory()
	got := 0
	subscribe(t, m, "room", func([]byte) {
		got++
		runtime.Gosched()
	})
	var mu sync.Mutex
	sent := 0
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				ctx, cancel := context.WithCancel(context.Background())
				go cancel()
				if m.Publish(ctx, "room", nil) == nil {
					mu.Lock()
					sent++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	publish(t, m, "room", "last")
	if got != sent+1 {
		t.Errorf("%d messages delivered, %d publishes succeeded", got, sent+1)
	}
}

// What a handler publishes while others wait comes after theirs, and is delivered
// by whoever has the turn.
func TestMemoryPublishInHandlerQueuesBehindWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := layer.NewMemory()
		release := make(chan struct{})
		var got []string
		subscribe(t, m, "room", func(data []byte) {
			got = append(got, string(data))
			if string(data) == "first" {
				<-release
				publish(t, m, "room", "nested")
			}
		})
		var wg sync.WaitGroup
		for _, data := range []string{"first", "second"} {
			wg.Go(func() { publish(t, m, "room", data) })
			synctest.Wait()
		}
		close(release)
		wg.Wait()
		if diff := cmp.Diff([]string{"first", "second", "nested"}, got); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
	})
}

func TestMemoryBacklogIsBounded(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		size, want int
	}{
		"messages":         {size: 1, want: 1024},
		"bytes":            {size: 1 << 20, want: 16},
		"one large":        {size: 17 << 20, want: 1},
		"no byte too many": {size: 1<<20 + 1, want: 15},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := layer.NewMemory()
			data := make([]byte, tt.size)
			accepted, received := 0, 0
			subscribe(t, m, "room", func(got []byte) {
				if len(got) > 0 {
					received++
					return
				}
				for range 2 * 1024 {
					switch err := m.Publish(t.Context(), "room", data); {
					case err == nil:
						accepted++
					case errors.Is(err, layer.ErrBacklog):
						return
					default:
						t.Fatal(err)
					}
				}
			})
			for round := 1; round <= 2; round++ { // the second shows that all is given back
				publish(t, m, "room", "")
				if accepted != round*tt.want || received != accepted {
					t.Errorf("round %d: accepted %d, received %d, want %d", round, accepted, received, round*tt.want)
				}
			}
		})
	}
}

// A handler that panics, or ends its goroutine, harms nobody but its publisher.
func TestMemoryHandlerPanics(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fail func()
		want any
	}{
		"panic":  {fail: func() { panic("boom") }, want: "boom"},
		"Goexit": {fail: runtime.Goexit, want: nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := layer.NewMemory()
			var before, after []string
			subscribe(t, m, "room", func(data []byte) { before = append(before, string(data)) })
			failing := subscribe(t, m, "room", func(data []byte) {
				if string(data) == "bad" {
					publish(t, m, "room", "nested")
					tt.fail()
				}
			})
			subscribe(t, m, "room", func(data []byte) { after = append(after, string(data)) })

			returned := false
			recovered := make(chan any, 1)
			go func() {
				defer func() { recovered <- recover() }()
				publish(t, m, "room", "bad")
				returned = true
			}()
			if got := <-recovered; got != tt.want {
				t.Errorf("the publisher recovered %v, want %v", got, tt.want)
			}
			if returned {
				t.Error("Publish returned")
			}
			publish(t, m, "room", "good")
			if err := failing.Unsubscribe(); err != nil {
				t.Error(err)
			}
			want := []string{"bad", "nested", "good"}
			if diff := cmp.Diff(want, before); diff != "" {
				t.Errorf("the handler before (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, after); diff != "" {
				t.Errorf("the handler after (-want +got):\n%s", diff)
			}
		})
	}
}

// A panic passes the turn to a publisher that waits.
func TestMemoryHandlerPanicsWhileOthersWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := layer.NewMemory()
		release := make(chan struct{})
		var got []string
		subscribe(t, m, "room", func(data []byte) {
			<-release
			if string(data) == "bad" {
				panic("boom")
			}
			got = append(got, string(data))
		})
		var wg sync.WaitGroup
		for _, data := range []string{"bad", "good"} {
			wg.Go(func() {
				defer func() { _ = recover() }()
				publish(t, m, "room", data)
			})
			synctest.Wait()
		}
		close(release)
		wg.Wait()
		if diff := cmp.Diff([]string{"good"}, got); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
	})
}

// Two handlers that unsubscribe each other at the same moment don't wait for each
// other, and a handler deep in its own calls is still known as one.
func TestMemoryHandlersUnsubscribeEachOther(t *testing.T) {
	t.Parallel()
	m := layer.NewMemory()
	var both sync.WaitGroup
	both.Add(2)
	subs := make([]layer.Subscription, 2)
	var deep func(depth int, f func())
	deep = func(depth int, f func()) {
		if depth == 0 {
			f()
			return
		}
		deep(depth-1, f)
	}
	rooms := []string{"left", "right"}
	for i, room := range rooms {
		subs[i] = subscribe(t, m, room, func([]byte) {
			both.Done()
			both.Wait()
			deep(200, func() {
				if err := subs[1-i].Unsubscribe(); err != nil {
					t.Error(err)
				}
			})
		})
	}
	var wg sync.WaitGroup
	for _, room := range rooms {
		wg.Go(func() { publish(t, m, room, "x") })
	}
	wg.Wait()
}

func TestMemoryForgetsEmptyChannels(t *testing.T) {
	t.Parallel()
	m := layer.NewMemory()
	var subs []layer.Subscription
	for i := range 100 {
		subs = append(subs, subscribe(t, m, strconv.Itoa(i%50), func([]byte) {}))
		publish(t, m, "nobody "+strconv.Itoa(i), "x")
	}
	if n := m.Channels(); n != 50 {
		t.Errorf("%d channels, want 50", n)
	}
	for _, s := range subs {
		if err := s.Unsubscribe(); err != nil {
			t.Error(err)
		}
	}
	if n := m.Channels(); n != 0 {
		t.Errorf("%d channels after the last subscriber left, want 0", n)
	}
}

func TestMemoryPublishAllocatesNothing(t *testing.T) {
	m := layer.NewMemory()
	for range 10 {
		subscribe(t, m, "room", func([]byte) {})
	}
	ctx, data := t.Context(), bytes.Repeat([]byte("x"), 100)
	if n := testing.AllocsPerRun(100, func() { _ = m.Publish(ctx, "room", data) }); n != 0 {
		t.Errorf("Publish allocates %v times, want 0", n)
	}
}

func subscribe(t *testing.T, l layer.Layer, channel string, handler func(data []byte)) layer.Subscription {
	t.Helper()
	s, err := l.Subscribe(t.Context(), channel, handler)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func publish(t *testing.T, l layer.Layer, channel, data string) {
	t.Helper()
	if err := l.Publish(t.Context(), channel, []byte(data)); err != nil {
		t.Error(err)
	}
}

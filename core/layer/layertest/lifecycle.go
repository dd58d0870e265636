package layertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// testUnsubscribe: who unsubscribed gets nothing more, who didn't gets it.
func testUnsubscribe(f *fixture) {
	a, b := f.open(), f.open()
	leaves, stays, far := f.collect(a, "room"), f.collect(a, "room"), f.collect(b, "room")
	f.publish(b, "room", "1")
	leaves.expect("1")
	f.unsubscribe(leaves.subscription)
	f.unsubscribe(leaves.subscription)
	f.publish(b, "room", "2")
	stays.expect("1", "2")
	far.expect("1", "2")
	leaves.expect("1")
}

// testUnsubscribeWaits: once Unsubscribe returned, the handler neither runs nor is
// called for messages that wait.
func testUnsubscribeWaits(f *fixture) {
	l := f.open()
	entered, leave := make(chan struct{}), make(chan struct{})
	var enter sync.Once
	var ended, left atomic.Bool
	s := f.subscribe(l, "room", func([]byte) {
		if left.Load() {
			f.Error("the handler was called after Unsubscribe returned")
		}
		enter.Do(func() { close(entered) })
		<-leave
		runtime.Gosched()
		ended.Store(true)
	})
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for range 200 {
			f.publish(l, "room", "x") // the first may wait for the handler
		}
	})
	await(f, "the handler", entered)
	timer := time.AfterFunc(20*time.Millisecond, func() { close(leave) })
	defer timer.Stop()
	f.unsubscribe(s)
	left.Store(true)
	if !ended.Load() {
		f.Error("Unsubscribe returned while the handler ran")
		<-leave
	}
}

// testUnsubscribeRace: subscriptions come and go while messages come in; nobody
// is called after leaving, and who stays misses nothing.
func testUnsubscribeRace(f *fixture) {
	const messages, leavers = 1000, 4
	a, b := f.open(), f.open()
	stays := f.collect(a, "room")
	published := make(chan struct{})
	var wg sync.WaitGroup
	for i := range leavers {
		l := []layer.Layer{a, b}[i%2]
		wg.Go(func() {
			for {
				var left atomic.Bool
				called := make(chan struct{}, 1)
				s, err := l.Subscribe(f.Context(), "room", func([]byte) {
					if left.Load() {
						f.Error("the handler was called after Unsubscribe returned")
					}
					select {
					case called <- struct{}{}:
					default:
					}
					for range 5 {
						runtime.Gosched() // so that more messages wait behind this one
					}
				})
				if err != nil {
					f.Errorf("Subscribe: %v", err)
					return
				}
				select { // leave amid the traffic
				case <-called:
				case <-published:
				}
				f.unsubscribe(s)
				left.Store(true)
				select {
				case <-published:
					return
				default:
				}
			}
		})
	}
	var want []string
	for i := range messages {
		want = append(want, strconv.Itoa(i))
		f.publish(b, "room", want[i])
	}
	close(published)
	wg.Wait()
	stays.expect(want...)
}

// testResubscribe: a channel works again after its last subscriber has left.
func testResubscribe(f *fixture) {
	a, b := f.open(), f.open()
	for i := range 20 {
		in := f.collect(a, "room")
		f.publish(b, "room", strconv.Itoa(i))
		in.expect(strconv.Itoa(i))
		f.unsubscribe(in.subscription)
	}
	// Ending an old subscription again leaves a new one alone.
	old := f.collect(a, "room")
	f.unsubscribe(old.subscription)
	in := f.collect(a, "room")
	f.unsubscribe(old.subscription)
	f.publish(b, "room", "end")
	in.expect("end")
}

// testContextEnded: a call with a context that has ended does nothing, and a
// subscription outlives the context of its call.
func testContextEnded(f *fixture) {
	a, b := f.open(), f.open()
	ctx, cancel := context.WithCancel(f.Context())
	short := f.inbox()
	if _, err := a.Subscribe(ctx, "room", short.receive); err != nil {
		f.Fatalf("Subscribe: %v", err)
	}
	cancel()
	if err := b.Publish(ctx, "room", []byte("not sent")); !errors.Is(err, context.Canceled) {
		f.Errorf("Publish with a context that has ended: %v, want %v", err, context.Canceled)
	}
	_, err := a.Subscribe(ctx, "room", func([]byte) { f.Error("a subscription that failed got a message") })
	if !errors.Is(err, context.Canceled) {
		f.Errorf("Subscribe with a context that has ended: %v, want %v", err, context.Canceled)
	}
	expired, cancel := context.WithDeadline(f.Context(), time.Unix(0, 0))
	defer cancel()
	if err := b.Publish(expired, "room", []byte("not sent")); !errors.Is(err, context.DeadlineExceeded) {
		f.Errorf("Publish after the deadline: %v, want %v", err, context.DeadlineExceeded)
	}
	f.publish(b, "room", "sent")
	short.expect("sent")
}

// testClose: closing ends subscriptions, can be done twice, and makes calls fail.
// A layer on a server says that it is not connected any more.
func testClose(f *fixture) {
	l := f.open()
	in := f.collect(l, "room")
	f.publish(l, "room", "1")
	in.expect("1")
	for range 2 {
		if err := l.Close(); err != nil {
			f.Errorf("Close: %v", err)
		}
	}
	if err := l.Publish(f.Context(), "room", []byte("2")); !errors.Is(err, layer.ErrClosed) {
		f.Errorf("Publish after Close: %v, want %v", err, layer.ErrClosed)
	}
	if err := l.Publish(f.Context(), "nobody is here", nil); !errors.Is(err, layer.ErrClosed) {
		f.Errorf("Publish to an empty channel after Close: %v, want %v", err, layer.ErrClosed)
	}
	if _, err := l.Subscribe(f.Context(), "room", func([]byte) {}); !errors.Is(err, layer.ErrClosed) {
		f.Errorf("Subscribe after Close: %v, want %v", err, layer.ErrClosed)
	}
	if r, ok := l.(layer.Reporter); ok {
		if h := r.Health(); h.Connected || !errors.Is(h.Err, layer.ErrClosed) || h.Outages != 0 {
			f.Errorf("Health after Close: %+v, want it not connected because of %v, which is no outage", h, layer.ErrClosed)
		}
	}
	f.unsubscribe(in.subscription)
	in.expect("1")
}

// testCloseRace: closing amid traffic and subscribing neither hangs nor fails
// with anything but ErrClosed, and no handler runs afterwards.
func testCloseRace(f *fixture) {
	l := f.open()
	var closed atomic.Bool
	var wg sync.WaitGroup
	running := make(chan struct{}, 1)
	handler := func([]byte) {
		if closed.Load() {
			f.Error("a handler was called after Close returned")
		}
		select {
		case running <- struct{}{}:
		default:
		}
	}
	for range 4 {
		wg.Go(func() {
			for {
				_, err := l.Subscribe(f.Context(), "room", handler)
				for range 10 {
					err = errors.Join(err, l.Publish(f.Context(), "room", []byte("x")))
				}
				if err != nil {
					if !errors.Is(err, layer.ErrClosed) {
						f.Error(err)
					}
					return
				}
			}
		})
	}
	await(f, "a first message", running)
	if err := l.Close(); err != nil {
		f.Errorf("Close: %v", err)
	}
	closed.Store(true)
	wg.Wait()
}

func testCloseLeavesNoGoroutine(f *fixture) {
	f.leavesNoGoroutine(func() {
		a, b := f.open(), f.open()
		for i := range 10 {
			channel := strconv.Itoa(i)
			near, far := f.collect(a, channel), f.collect(b, channel)
			f.publish(a, channel, "x")
			near.expect("x")
			far.expect("x")
			if i%2 == 0 {
				f.unsubscribe(near.subscription)
			}
		}
		for _, l := range []layer.Layer{a, b} {
			if err := l.Close(); err != nil {
				f.Errorf("Close: %v", err)
			}
		}
	})
}

// leavesNoGoroutine finds the goroutines that the layer started during use, which
// closes it, by a label that goroutines inherit from who starts them.
func (f *fixture) leavesNoGoroutine(use func()) {
	f.Helper()
	label := fmt.Sprintf("%s %p", f.Name(), f)
	pprof.Do(f.Context(), pprof.Labels("layertest", label), func(context.Context) { use() })
	deadline := time.After(f.harness.Patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var profile bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
			f.Fatal(err)
		}
		if !bytes.Contains(profile.Bytes(), []byte(strconv.Quote(label))) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			f.Fatalf("goroutines left after Close, those with the label %q:\n%s", label, profile.Bytes())
		}
	}
}

// testCloseLeavesOthers: other processes go on.
func testCloseLeavesOthers(f *fixture) {
	a, b, c := f.open(), f.open(), f.open()
	gone, stays := f.collect(a, "room"), f.collect(b, "room")
	f.publish(c, "room", "1")
	gone.expect("1")
	if err := a.Close(); err != nil {
		f.Errorf("Close: %v", err)
	}
	f.publish(c, "room", "2")
	stays.expect("1", "2")
	gone.expect("1")
}

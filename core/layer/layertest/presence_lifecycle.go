package layertest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// testPresenceUnsubscribe: who unsubscribed is told of nothing more, who didn't is;
// and who is present stays, whether somebody watches or not.
func testPresenceUnsubscribe(f *fixture) {
	a, b := f.process("a"), f.process("b")
	leaves, stays, far := a.watch("room"), a.watch("room"), b.watch("room")
	b.enter("room", "ann", "1", "x")
	leaves.expect("+ann=x")
	leaves.end()
	leaves.end()
	b.enter("room", "bob", "1", "x")
	for _, w := range []*watch{stays, far} {
		w.expect("+ann=x", "+bob=x")
		w.end()
	}
	a.leave("room", "ann", "1", 0)
	a.expectMembers("room", "ann=x", "bob=x") // the session was b's
	b.leave("room", "ann", "1", 0)
	again := b.watch("room", "bob=x")
	leaves.end()
	b.quiet("room", again)
}

// testPresenceUnsubscribeWaits: once Unsubscribe returned, the handler neither runs
// nor is called for changes that wait.
func testPresenceUnsubscribeWaits(f *fixture) {
	a, b := f.process("a"), f.process("b")
	entered, leave := make(chan struct{}), make(chan struct{})
	var enter sync.Once
	var ended, left atomic.Bool
	s := b.start("room", func(c layer.PresenceChange) {
		if left.Load() {
			f.Error("the handler was called after Unsubscribe returned")
		}
		if c.All {
			return
		}
		enter.Do(func() { close(entered) })
		<-leave
		runtime.Gosched()
		ended.Store(true)
	})
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for i := range 100 {
			a.enter("room", "ann", "1", strconv.Itoa(i)) // the first may wait for the handler
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

// testPresenceUnsubscribeRace: watches come and go amid changes; nobody is called
// after leaving, and who stays misses nothing.
func testPresenceUnsubscribeRace(f *fixture) {
	const changes, leavers = 300, 4
	a, b := f.process("a"), f.process("b")
	stays := a.watch("room")
	done := make(chan struct{})
	var wg sync.WaitGroup
	for i := range leavers {
		p := []*process{a, b}[i%2]
		wg.Go(func() {
			for {
				w := p.startWatch("room")
				select { // leave amid the changes
				case <-w.more:
				case <-done:
				}
				w.end()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	var want []string
	for i := range changes {
		b.enter("room", "ann", "1", strconv.Itoa(i))
		want = append(want, fmt.Sprintf("+ann=%d", i))
	}
	close(done)
	wg.Wait()
	stays.expect(want...)
}

// testPresenceContextEnded: a call with a context that has ended does nothing, and
// neither a watch nor a session nor a lease ends with the context of its call.
func testPresenceContextEnded(f *fixture) {
	a, b := f.processWithoutLease("a"), f.process("b")
	ctx, cancel := context.WithCancel(f.Context())
	w := f.watch()
	_, watchErr := b.presence.Watch(ctx, "room", w.receive)
	_, renewErr := a.presence.Renew(ctx, "a", late)
	enterErr := a.presence.Enter(ctx, "room", a.session("ann", "1", "x"))
	if err := errors.Join(watchErr, renewErr, enterErr); err != nil {
		f.Fatal(err)
	}
	w.expect("+ann=x")
	cancel()
	calls := presenceCalls(a, func(layer.PresenceChange) { f.Error("a watch that failed was told something") })
	for name, call := range calls {
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			f.Errorf("%s with a context that has ended: %v, want %v", name, err, context.Canceled)
		}
	}
	expired, cancel := context.WithDeadline(f.Context(), time.Unix(0, 0))
	defer cancel()
	for name, call := range calls {
		if err := call(expired); !errors.Is(err, context.DeadlineExceeded) {
			f.Errorf("%s after the deadline: %v, want %v", name, err, context.DeadlineExceeded)
		}
	}
	b.quiet("room", w)
	b.expectMembers("room", "ann=x")
	if a.renew(late) {
		f.Error("Release took effect with a context that has ended")
	}
	a.leave("room", "ann", "1", 0)
	w.expect("-ann")
}

// presenceCalls has a call of each method.
func presenceCalls(p *process, handler func(layer.PresenceChange)) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Renew": func(ctx context.Context) error {
			_, err := p.presence.Renew(ctx, p.owner, late)
			return err
		},
		"Release": func(ctx context.Context) error { return p.presence.Release(ctx, p.owner) },
		"Enter": func(ctx context.Context) error {
			return p.presence.Enter(ctx, "room", p.session("bob", "1", "not told"))
		},
		"Leave": func(ctx context.Context) error {
			return p.presence.Leave(ctx, "room", p.session("ann", "1", ""), 0)
		},
		"Members": func(ctx context.Context) error {
			_, err := p.presence.Members(ctx, "room")
			return err
		},
		"Watch": func(ctx context.Context) error {
			_, err := p.presence.Watch(ctx, "room", handler)
			return err
		},
	}
}

// testPresenceClose: closing ends watches and makes calls fail.
func testPresenceClose(f *fixture) {
	a := f.process("a")
	w := a.watch("room")
	a.enter("room", "ann", "1", "x")
	a.enter("room", "bob", "1", "x")
	a.leave("room", "bob", "1", soon)
	w.expect("+ann=x", "+bob=x")
	for range 2 {
		if err := a.layer.Close(); err != nil {
			f.Errorf("Close: %v", err)
		}
		w.ended.Store(true)
	}
	for name, call := range presenceCalls(a, func(layer.PresenceChange) { f.Error("a watch after Close was told something") }) {
		if err := call(f.Context()); !errors.Is(err, layer.ErrClosed) {
			f.Errorf("%s after Close: %v, want %v", name, err, layer.ErrClosed)
		}
	}
	<-time.After(2 * soon) // the grace would end
	w.end()
}

// testPresenceCloseWaits: once Close returned, no handler runs.
func testPresenceCloseWaits(f *fixture) {
	a, b := f.process("a"), f.process("b")
	entered, leave := make(chan struct{}), make(chan struct{})
	var ended atomic.Bool
	a.start("room", func(c layer.PresenceChange) {
		if !c.All {
			close(entered)
			<-leave
			runtime.Gosched()
			ended.Store(true)
		}
	})
	var wg sync.WaitGroup
	defer wg.Wait()
	// By another process: the change may be told before Enter has returned, which
	// would fail where its own layer is closed.
	wg.Go(func() { b.enter("room", "ann", "1", "x") })
	await(f, "the handler", entered)
	timer := time.AfterFunc(20*time.Millisecond, func() { close(leave) })
	defer timer.Stop()
	if err := a.layer.Close(); err != nil {
		f.Errorf("Close: %v", err)
	}
	if !ended.Load() {
		f.Error("Close returned while a handler ran")
		<-leave
	}
}

// testPresenceCloseRace: closing amid changes and watching neither hangs nor fails
// with anything but ErrClosed, and no handler runs afterwards.
func testPresenceCloseRace(f *fixture) {
	a := f.process("a")
	var closed atomic.Bool
	var wg sync.WaitGroup
	running := make(chan struct{}, 1)
	handler := func(layer.PresenceChange) {
		if closed.Load() {
			f.Error("a handler was called after Close returned")
		}
		select {
		case running <- struct{}{}:
		default:
		}
	}
	for i := range 4 {
		wg.Go(func() {
			key := strconv.Itoa(i)
			for n := range 30 {
				_, err := a.presence.Watch(f.Context(), "room", handler)
				for range 5 {
					grace := time.Duration(n%2) * time.Millisecond
					err = errors.Join(err,
						a.presence.Enter(f.Context(), "room", a.session(key, "1", "x")),
						a.presence.Leave(f.Context(), "room", a.session(key, "1", ""), grace))
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
	await(f, "a first change", running)
	if err := a.layer.Close(); err != nil {
		f.Errorf("Close: %v", err)
	}
	closed.Store(true)
	wg.Wait()
}

// testPresenceCloseLeavesNoGoroutine: nor does it leave one for leases and graces.
func testPresenceCloseLeavesNoGoroutine(f *fixture) {
	f.leavesNoGoroutine(func() {
		a, b := f.process("a"), f.process("b")
		for i := range 10 {
			channel := strconv.Itoa(i)
			near, far := a.watch(channel), b.watch(channel)
			a.enter(channel, "ann", "1", "x")
			b.enter(channel, "bob", "1", "x")
			b.leave(channel, "bob", "1", late)
			near.expect("+ann=x", "+bob=x")
			far.expect("+ann=x", "+bob=x")
			if i%2 == 0 {
				near.end()
			}
		}
		for _, p := range []*process{a, b} {
			if err := p.layer.Close(); err != nil {
				f.Errorf("Close: %v", err)
			}
		}
	})
}

// testPresenceCloseLeavesOthers: a process that closes is not missed before its lease
// has run out or its graces have, which others see to; they go on.
func testPresenceCloseLeavesOthers(f *fixture) {
	a, b, c := f.process("a"), f.process("b"), f.process("c")
	gone, stays := a.watch("room"), b.watch("room")
	a.enter("room", "ann", "1", "x")
	a.enter("room", "bob", "1", "x")
	a.enter("room", "eve", "1", "x")
	c.enter("room", "tim", "1", "x")
	stays.expect("+ann=x", "+bob=x", "+eve=x", "+tim=x")
	gone.expect("+ann=x", "+bob=x", "+eve=x", "+tim=x")
	a.leave("room", "bob", "1", late)
	start := time.Now()
	a.leave("room", "eve", "1", soon)
	a.renew(3 * soon)
	if err := a.layer.Close(); err != nil {
		f.Errorf("Close: %v", err)
	}
	gone.ended.Store(true)
	if at := stays.expectAnyOrder("-ann", "-eve"); isEarly(start, at) {
		f.Errorf("told after %v, in a grace of %v", at.Sub(start), soon)
	}
	c.quiet("room", stays)
	b.expectMembers("room", "bob=x", "tim=x")
}

package layertest

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/chanx-go/chanx/core/layer"
)

// entered returns the keys that have joined with a change.
func entered(c layer.PresenceChange) []string {
	var keys []string
	for _, m := range c.Joined {
		keys = append(keys, m.Key)
	}
	return keys
}

// watchFunc watches a channel with a handler that gets the keys that join after
// what Watch tells first.
func (p *process) watchFunc(channel string, handler func(joined []string)) layer.Subscription {
	p.f.Helper()
	return p.start(channel, func(c layer.PresenceChange) {
		if !c.All && len(c.Joined) > 0 {
			handler(entered(c))
		}
	})
}

// testPresenceChangeInHandler: what a handler changes on its own channel is done at
// once and told after the current change, in order.
func testPresenceChangeInHandler(f *fixture) {
	const nested = 50
	a, b, c := f.process("a"), f.process("b"), f.process("c")
	c.enter("room", "tim", "1", "x")
	before := a.watch("room", "tim=x")
	var inside atomic.Bool
	a.watchFunc("room", func(joined []string) {
		if inside.Swap(true) {
			f.Error("the handler was called inside the handler")
		}
		defer inside.Store(false)
		if !slices.Contains(joined, "go") {
			return
		}
		for i := range nested {
			a.enter("room", strconv.Itoa(i), "1", "x")
		}
		if got := a.members("room"); len(got) != nested+2 {
			f.Errorf("Members inside the handler: %s", summary(got))
		}
		a.leave("room", "0", "1", 0)
		a.leave("room", "go", "1", late) // not a session of a's
		c.release()
		if !c.renew(late) {
			f.Error("Renew after Release: not fresh")
		}
	})
	after, far := a.watch("room", "tim=x"), b.watch("room", "tim=x")
	want := []string{"+go=x"}
	for i := range nested {
		want = append(want, fmt.Sprintf("+%d=x", i))
	}
	b.enter("room", "go", "1", "x")
	for _, w := range []*watch{before, after, far} {
		w.expect(append(want, "-0", "-tim")...)
	}
}

// testPresenceChangeInHandlersCrossing: handlers of two channels change each other's,
// while others change both; nobody waits for anybody in a circle.
func testPresenceChangeInHandlersCrossing(f *fixture) {
	const workers, rounds = 4, 30
	processes := []*process{f.process("a"), f.process("b")}
	channels := []string{"left", "right"}
	var hops sync.WaitGroup
	hops.Add(workers * rounds)
	for i, p := range processes {
		own, other := channels[i], channels[1-i]
		p.watchFunc(own, func(joined []string) {
			for _, key := range joined {
				if key[0] == '>' {
					hops.Done()
					continue
				}
				p.enter(other, ">"+key, own, "x")
				p.leave(other, ">"+key, own, 0)
			}
		})
	}
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for n := range rounds {
				p, channel, key := processes[i%2], channels[i/2%2], fmt.Sprintf("%d %d", i, n)
				p.enter(channel, key, "1", "x")
				p.leave(channel, key, "1", 0)
			}
		})
	}
	wg.Wait()
	done := make(chan struct{})
	go func() {
		hops.Wait()
		close(done)
	}()
	await(f, "every change", done)
	for i, p := range processes {
		p.waitMembers(channels[i])
	}
}

// testPresenceChangeInFirstCall: a handler may change the channel when it is told
// who is present, too.
func testPresenceChangeInFirstCall(f *fixture) {
	a, b := f.process("a"), f.process("b")
	far := b.watch("room")
	w, inner := f.watch(), f.watch()
	s := a.start("room", func(c layer.PresenceChange) {
		w.receive(c)
		if c.All {
			a.enter("room", "ann", "1", "x")
			a.enter("room", "bob", "1", "x")
			a.leave("room", "ann", "1", 0)
			inner.subscription = a.start("room", inner.receive)
			a.enter("room", "eve", "1", "x")
		}
	})
	for _, w := range []*watch{w, far} {
		w.expect("+ann=x", "+bob=x", "-ann", "+eve=x")
	}
	inner.expect("+eve=x")
	inner.end()
	f.unsubscribe(s)
	b.quiet("room", far)
}

// testPresenceWatchInHandler: a handler watches its own channel.
func testPresenceWatchInHandler(f *fixture) {
	a, b := f.process("a"), f.process("b")
	inner := make(chan *watch, 1)
	s := a.watchFunc("room", func(joined []string) {
		if slices.Contains(joined, "go") {
			w := f.watch()
			w.subscription = a.start("room", w.receive)
			inner <- w
		}
	})
	b.enter("room", "go", "1", "x")
	w := await(f, "the handler", inner)
	f.unsubscribe(s)
	if got := w.state(); !slices.Equal(got, []string{"go=x"}) {
		f.Errorf("told of %s first, want go=x", summary(got))
	}
	b.enter("room", "ann", "1", "x")
	w.expect("+ann=x")
	b.quiet("room", w)
	w.end()
}

// testPresenceUnsubscribeInHandler: a handler ends its own watch, and another's.
func testPresenceUnsubscribeInHandler(f *fixture) {
	a, b := f.process("a"), f.process("b")
	var own, other layer.Subscription
	called := make(chan struct{}, 10)
	ready := make(chan struct{})
	var calls, otherCalls atomic.Int32
	own = a.watchFunc("room", func([]string) {
		<-ready
		calls.Add(1)
		f.unsubscribe(own)
		f.unsubscribe(other)
		called <- struct{}{}
	})
	other = a.watchFunc("room", func([]string) { otherCalls.Add(1) })
	close(ready)
	stays := b.watch("room")
	b.enter("room", "1", "1", "")
	await(f, "the handler", called)
	b.enter("room", "2", "1", "")
	stays.expect("+1=", "+2=")
	f.unsubscribe(own) // waits, outside the handler
	f.unsubscribe(other)
	last := a.watch("room", "1=", "2=")
	b.enter("room", "end", "1", "")
	last.expect("+end=")
	if n := calls.Load(); n != 1 {
		f.Errorf("the handler that unsubscribed itself was called %d times, want 1", n)
	}
	if n := otherCalls.Load(); n > 1 {
		f.Errorf("the handler that another unsubscribed was called %d times, want 1 at the most", n)
	}
}

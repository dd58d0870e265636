package layertest

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/chanx-go/chanx/core/layer"
)

// testPublishInHandler: messages that a handler publishes to its own channel come
// after the current one, in order, and Publish doesn't wait for them.
func testPublishInHandler(f *fixture) {
	const nested = 100
	a, b := f.open(), f.open()
	before := f.collect(a, "room")
	var inside atomic.Bool
	f.subscribe(a, "room", func(data []byte) {
		if inside.Swap(true) {
			f.Error("the handler was called inside the handler")
		}
		if string(data) == "go" {
			for i := range nested {
				f.publish(a, "room", strconv.Itoa(i))
			}
		}
		inside.Store(false)
	})
	after, far := f.collect(a, "room"), f.collect(b, "room")
	want := []string{"go"}
	for i := range nested {
		want = append(want, strconv.Itoa(i))
	}
	f.publish(b, "room", "go")
	for _, in := range []*inbox{before, after, far} {
		in.expect(want...)
	}
}

// testAnswers: an answer comes after the message, in the process that asks and in the
// one that answers, whichever of them it is, and whether the handler publishes it or
// somebody whom it tells. In a third process that is so for answers of the process that
// asks.
func testAnswers(f *fixture) {
	const questions = 50
	a, b, c := f.open(), f.open(), f.open()
	var telling sync.WaitGroup
	defer telling.Wait()
	end := make(chan struct{})
	defer close(end)
	answer := func(l layer.Layer, who string) {
		asked := make(chan string, questions)
		f.subscribe(l, "room", func(data []byte) {
			if q, ok := strings.CutPrefix(string(data), "question "); ok {
				f.publish(l, "room", who+" at once "+q)
				asked <- q
			}
		})
		telling.Go(func() {
			for {
				select {
				case q := <-asked:
					f.publish(l, "room", who+" soon "+q)
				case <-end:
					return
				}
			}
		})
	}
	answer(a, "near")
	answer(b, "far")
	near, far, third := f.collect(a, "room"), f.collect(b, "room"), f.collect(c, "room")
	for i := range questions {
		f.publish(a, "room", "question "+strconv.Itoa(i))
	}
	for in, whose := range map[*inbox]string{near: "", far: "", third: "near"} {
		got := in.waitCount(5 * questions)
		for i := range questions {
			q := strconv.Itoa(i)
			at := slices.Index(got, "question "+q)
			first := slices.IndexFunc(got, func(m string) bool {
				return strings.HasPrefix(m, whose) && strings.HasSuffix(m, " "+q)
			})
			if at < 0 || first < at {
				f.Errorf("question %s comes after %q", q, got[max(first, 0)])
			}
		}
	}
}

// testPublishInHandlerPingPong: two channels answer each other.
func testPublishInHandlerPingPong(f *fixture) {
	const rounds = 200
	a, b := f.open(), f.open()
	done := make(chan struct{})
	answer := func(l layer.Layer, to string) func([]byte) {
		return func(data []byte) {
			n, err := strconv.Atoi(string(data))
			if err != nil {
				f.Error(err)
			}
			if n == rounds {
				close(done)
				return
			}
			f.publish(l, to, strconv.Itoa(n+1))
		}
	}
	ping := f.subscribe(a, "ping", answer(a, "pong"))
	pong := f.subscribe(b, "pong", answer(b, "ping"))
	f.publish(a, "ping", "0")
	await(f, "the last round", done)
	// The handler before the last may still be in Publish, whose message has arrived.
	f.unsubscribe(ping)
	f.unsubscribe(pong)
}

// testPublishInHandlersCrossing: handlers of two channels publish to the other's,
// while others publish to both; nobody waits for anybody in a circle.
func testPublishInHandlersCrossing(f *fixture) {
	const publishers, messages = 4, 100
	layers := []layer.Layer{f.open(), f.open()}
	channels := []string{"left", "right"}
	var hops sync.WaitGroup
	hops.Add(2 * publishers * messages)
	for i, l := range layers {
		other := channels[1-i]
		f.subscribe(l, channels[i], func(data []byte) {
			if string(data) == "hop" {
				f.publish(l, other, "hopped")
			}
			hops.Done()
		})
	}
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for range messages {
				f.publish(layers[p%2], channels[p/2%2], "hop")
			}
		})
	}
	wg.Wait()
	done := make(chan struct{})
	go func() {
		hops.Wait()
		close(done)
	}()
	await(f, "every message", done)
}

// testSubscribeInHandler: a handler subscribes to its own channel, and gets what
// is published afterwards.
func testSubscribeInHandler(f *fixture) {
	a, b := f.open(), f.open()
	inner := make(chan *inbox, 1)
	s := f.subscribe(a, "room", func(data []byte) {
		if string(data) == "go" {
			in := f.inbox()
			if _, err := a.Subscribe(f.Context(), "room", in.receive); err != nil {
				f.Errorf("Subscribe: %v", err)
			}
			inner <- in
		}
	})
	f.publish(b, "room", "go")
	in := await(f, "the handler", inner)
	f.unsubscribe(s)
	f.publish(b, "room", "end")
	in.expect("end")
}

// testUnsubscribeInHandler: a handler ends its own subscription, and another's.
func testUnsubscribeInHandler(f *fixture) {
	a, b := f.open(), f.open()
	var own, other layer.Subscription
	ready, called := make(chan struct{}), make(chan struct{}, 10)
	var calls, otherCalls atomic.Int32
	own = f.subscribe(a, "room", func([]byte) {
		<-ready
		calls.Add(1)
		f.unsubscribe(own)
		f.unsubscribe(other)
		called <- struct{}{}
	})
	other = f.subscribe(a, "room", func([]byte) { otherCalls.Add(1) })
	close(ready)
	stays := f.collect(b, "room")
	f.publish(b, "room", "1")
	await(f, "the handler", called)
	f.publish(b, "room", "2")
	stays.expect("1", "2")
	f.unsubscribe(own) // waits, outside the handler
	f.unsubscribe(other)
	last := f.collect(a, "room")
	f.publish(b, "room", "end")
	last.expect("end")
	if n := calls.Load(); n != 1 {
		f.Errorf("the handler that unsubscribed itself was called %d times, want 1", n)
	}
	if n := otherCalls.Load(); n > 1 {
		f.Errorf("the handler that another unsubscribed was called %d times, want 1 at the most", n)
	}
}

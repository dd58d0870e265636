package layertest

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/chanx-go/chanx/core/layer"
)

// testFanOut: every subscription gets a message, in every process, and none on
// another channel.
func testFanOut(f *fixture) {
	a, b := f.open(), f.open()
	inboxes := []*inbox{f.collect(a, "room"), f.collect(a, "room"), f.collect(b, "room"), f.collect(b, "room")}
	other := f.collect(b, "other")

	f.publish(a, "room", "from a")
	for _, in := range inboxes {
		in.expect("from a")
	}
	f.publish(b, "room", "from b")
	f.publish(b, "other", "end")
	for _, in := range inboxes {
		in.expect("from a", "from b")
	}
	other.expect("end")
}

func testManySubscriptions(f *fixture) {
	const n = 300
	a, b := f.open(), f.open()
	var inboxes []*inbox
	for i := range n {
		inboxes = append(inboxes, f.collect([]layer.Layer{a, b}[i%2], "room"))
	}
	f.publish(a, "room", "1")
	f.publish(a, "room", "2")
	for _, in := range inboxes {
		in.expect("1", "2")
	}
	for i, in := range inboxes {
		if i%3 != 0 {
			f.unsubscribe(in.subscription)
		}
	}
	f.publish(a, "room", "3")
	for i, in := range inboxes {
		if i%3 == 0 {
			in.expect("1", "2", "3")
		}
	}
	for i, in := range inboxes {
		if got := in.received(); i%3 != 0 && len(got) != 2 {
			f.Errorf("after unsubscribing: received %s", summary(got))
		}
	}
}

// testNoSubscriber: publishing to nobody is no error, before and after somebody
// was there.
func testNoSubscriber(f *fixture) {
	a, b := f.open(), f.open()
	f.publish(a, "room", "nobody hears this")
	in := f.collect(b, "room")
	f.unsubscribe(in.subscription)
	f.publish(a, "room", "nor this")
	f.publish(b, "room", "nor this")
	last := f.collect(a, "other")
	f.publish(b, "other", "end")
	last.expect("end")
}

// testOrder: several publishers, in two processes, on two channels; for each
// publisher and channel, every subscription sees each message once and in order.
func testOrder(f *fixture) {
	const publishers, messages = 4, 500
	layers := []layer.Layer{f.open(), f.open()}
	channels := []string{"even", "odd"}
	inboxes := make(map[string][]*inbox)
	for _, channel := range channels {
		for _, l := range layers {
			inboxes[channel] = append(inboxes[channel], f.collect(l, channel), f.collect(l, channel))
		}
	}
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range messages {
				f.publish(layers[p%2], channels[i%2], fmt.Sprintf("%d %d", p, i))
			}
		})
	}
	wg.Wait()
	for parity, channel := range channels {
		for _, in := range inboxes[channel] {
			next := make(map[string]int)
			for _, m := range in.waitCount(publishers * messages / 2) {
				p, number, _ := strings.Cut(m, " ")
				if want := 2*next[p] + parity; number != strconv.Itoa(want) {
					f.Fatalf("channel %s: message %s of publisher %s came in place of %d", channel, number, p, want)
				}
				next[p]++
			}
		}
	}
}

// testOneAtATime: the calls for one subscription don't overlap, however many
// publish at once.
func testOneAtATime(f *fixture) {
	const publishers, messages = 8, 50
	layers := []layer.Layer{f.open(), f.open()}
	var inside, count atomic.Int32
	done := make(chan struct{})
	f.subscribe(layers[0], "room", func([]byte) {
		if inside.Add(1) != 1 {
			f.Error("two calls of the handler at once")
		}
		for range 20 {
			runtime.Gosched() // a chance for another call to come in
		}
		if count.Add(1) == publishers*messages {
			close(done)
		}
		inside.Add(-1)
	})
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for range messages {
				f.publish(layers[p%2], "room", "x")
			}
		})
	}
	wg.Wait()
	await(f, "all messages", done)
}

// testNothingLost: a burst arrives whole, in the publisher's process and in
// another.
func testNothingLost(f *fixture) {
	const n = 10_000
	a, b := f.open(), f.open()
	near, far := f.collect(a, "room"), f.collect(b, "room")
	for i := range n {
		f.publish(a, "room", strconv.Itoa(i))
	}
	for _, in := range []*inbox{near, far} {
		for i, m := range in.waitCount(n) {
			if m != strconv.Itoa(i) {
				f.Fatalf("message %s came in place of %d", m, i)
			}
		}
	}
}

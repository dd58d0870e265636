// Package layertest is the suite that every [layer.Layer] passes.
//
//	func TestLayer(t *testing.T) {
//		layertest.Run(t, layertest.Harness{
//			Backend: func(t *testing.T) layertest.Open {
//				server := startServer(t)
//				return func(t *testing.T) layer.Layer { return mylayer.New(server.Addr()) }
//			},
//		})
//	}
//
// It checks what stands at the interface and no more, so it also fits layers
// that deliver later, over a network: it waits for what must come, up to
// [Harness.Patience], and proves that nothing else came by a message sent after.
//
// A layer that implements [layer.History] or [layer.Presence] is tested for that as
// well; one that doesn't says so, with [Harness.NoHistory] or [Harness.NoPresence],
// so that neither is lost unnoticed. Leases and graces whose end the suite waits for
// are 400 ms long; they may end later, but not earlier.
package layertest

import (
	"reflect"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// Harness tells the suite how to make layers, and what they are able to do.
type Harness struct {
	// Backend prepares a backend that nothing else uses: a server, or a namespace
	// on one. It is called once for each test of the suite, from many goroutines.
	Backend func(t *testing.T) Open

	// OneProcess says that the layer connects nothing beyond its own process, and
	// that Open therefore returns the same value each time. Tests in which one
	// process leaves and others stay are then not part of the suite.
	OneProcess bool

	// NoHistory says that the layer does not implement [layer.History]. One that
	// does is tested for it.
	NoHistory bool

	// NoPresence says that the layer does not implement [layer.Presence]. One that
	// does is tested for it.
	NoPresence bool

	// Age is that of entries which the suite waits to see forgotten; 0 means one
	// second. A layer whose clock is coarse needs more.
	Age time.Duration

	// Patience is how long the suite waits for a message before it fails; 0 means
	// 30 seconds.
	Patience time.Duration
}

// Open returns a handle on a backend, as another process would open it. The suite
// closes it.
type Open func(t *testing.T) layer.Layer

// Run tests the layers that a harness makes, in parallel subtests.
func Run(t *testing.T, h Harness) {
	if h.Patience == 0 {
		h.Patience = 30 * time.Second
	}
	if h.Age == 0 {
		h.Age = time.Second
	}
	runLayer(t, h)
	t.Run("History", func(t *testing.T) {
		t.Parallel()
		if able[layer.History](t, h, !h.NoHistory) {
			runHistory(t, h)
		}
	})
	t.Run("Presence", func(t *testing.T) {
		t.Parallel()
		if able[layer.Presence](t, h, !h.NoPresence) {
			runPresence(t, h)
		}
	})
}

// runLayer tests what stands at [layer.Layer].
func runLayer(t *testing.T, h Harness) {
	run(t, h, []test{
		{"FanOut", testFanOut},
		{"ManySubscriptions", testManySubscriptions},
		{"NoSubscriber", testNoSubscriber},
		{"Order", testOrder},
		{"OneAtATime", testOneAtATime},
		{"NothingLost", testNothingLost},
		{"Data", testData},
		{"BufferReused", testBufferReused},
		{"Names", testNames},
		{"Unsubscribe", testUnsubscribe},
		{"UnsubscribeWaits", testUnsubscribeWaits},
		{"UnsubscribeRace", testUnsubscribeRace},
		{"Resubscribe", testResubscribe},
		{"ContextEnded", testContextEnded},
		{"Close", testClose},
		{"CloseRace", testCloseRace},
		{"CloseLeavesNoGoroutine", testCloseLeavesNoGoroutine},
		{"PublishInHandler", testPublishInHandler},
		{"Answers", testAnswers},
		{"PublishInHandlerPingPong", testPublishInHandlerPingPong},
		{"PublishInHandlersCrossing", testPublishInHandlersCrossing},
		{"SubscribeInHandler", testSubscribeInHandler},
		{"UnsubscribeInHandler", testUnsubscribeInHandler},
	})
	if !h.OneProcess {
		run(t, h, []test{{"CloseLeavesOthers", testCloseLeavesOthers}})
	}
}

// test is one test of the suite.
type test struct {
	name string
	test func(f *fixture)
}

func run(t *testing.T, h Harness, tests []test) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(newFixture(t, h))
		})
	}
}

// able reports whether the layer implements C, and fails the test if its harness
// says otherwise.
func able[C any](t *testing.T, h Harness, said bool) bool {
	l := newFixture(t, h).open()
	_, is := l.(C)
	switch what := reflect.TypeFor[C](); {
	case is && !said:
		t.Errorf("%T implements %v, and its harness says No%s", l, what, what.Name())
	case !is && said:
		t.Errorf("%T does not implement %v: its harness must say so, with No%s", l, what, what.Name())
	}
	return is && said
}

package gate_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

func TestInside(t *testing.T) {
	t.Parallel()
	if gate.Inside() {
		t.Error("inside, without a call")
	}
	var g gate.Gate
	calls := 0
	g.Call(func([]byte) {
		// Depths around the size of the buffer that the stack is read into.
		for depth := range 200 {
			if !atDepth(depth, gate.Inside) {
				t.Errorf("not inside, %d calls down", depth)
			}
		}
		func() {
			defer func() {
				_ = recover()
				if !gate.Inside() {
					t.Error("not inside while it panics")
				}
			}()
			panic("boom")
		}()
		var wg sync.WaitGroup
		wg.Go(func() {
			if gate.Inside() {
				t.Error("inside, on another goroutine")
			}
		})
		wg.Wait()
		calls++
	}, nil)
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
	if atDepth(150, gate.Inside) {
		t.Error("inside, after the call")
	}
}

func atDepth(depth int, f func() bool) bool {
	if depth == 0 {
		return f()
	}
	return atDepth(depth-1, f)
}

func TestShut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g gate.Gate
		entered, leave := make(chan struct{}), make(chan struct{})
		go g.Call(func([]byte) {
			close(entered)
			<-leave
		}, nil)
		<-entered

		// Inside another handler it doesn't wait.
		var other gate.Gate
		other.Call(func([]byte) { g.Shut() }, nil)

		go close(leave)
		g.Shut()
		g.Call(func([]byte) { t.Error("called after it was shut") }, nil)
		g.Shut()
	})
}

func BenchmarkInside(b *testing.B) {
	for b.Loop() {
		atDepth(20, gate.Inside)
	}
}

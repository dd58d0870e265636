package relay_test

import (
	"testing"
	"testing/synctest"

	"github.com/chanx-go/chanx/core/layer"
)

// A follower that is not the first gets what comes after the position it was told.
func TestFollowFurther(t *testing.T) {
	t.Parallel()
	follows(t, func(f *following) {
		t := f.T
		leave := make(chan struct{})
		first := f.follow()
		first.onGet = func(layer.Entry) { <-leave }
		f.deliver(f.append(10)...)
		synctest.Wait()
		second := f.follow()
		if want := (layer.Position{Epoch: "a", Seq: 10}); second.at != want {
			t.Errorf("followed from %v, want %v", second.at, want)
		}
		close(leave)
		f.deliver(f.append(2)...)
		first.expect(t, "a", 1, 12)
		second.expect(t, "a", 11, 12)
	})
}

// One that is not the first gets none up to its position, also where others, who are
// behind, go on after a gap.
func TestFollowFurtherAfterGap(t *testing.T) {
	t.Parallel()
	follows(t, func(f *following) {
		t := f.T
		leave := make(chan struct{})
		first := f.follow()
		first.onGet = func(layer.Entry) { <-leave }
		f.deliver(f.append(1)...)
		synctest.Wait()
		f.append(99)
		second := f.follow()
		if want := (layer.Position{Epoch: "a", Seq: 100}); second.at != want {
			t.Errorf("followed from %v, want %v", second.at, want)
		}
		f.keep(10)
		close(leave)
		first.expect(t, "a", 1, 1)
		f.deliver(f.append(2)...)
		first.expect(t, "a", 91, 102)
		second.expect(t, "a", 101, 102)
	})
}

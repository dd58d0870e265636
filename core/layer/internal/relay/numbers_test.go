package relay

import (
	"hash/maphash"
	"strconv"
	"testing"
)

// A channel that is in use keeps counting; one that was forgotten begins anew, in
// another generation; and not more are remembered than said.
func TestNumbers(t *testing.T) {
	t.Parallel()
	n := numbers{seed: maphash.MakeSeed()}
	for want := uint64(1); want <= 3; want++ {
		if got := n.next("used"); got != want {
			t.Fatalf("number %d, want %d", got, want)
		}
	}
	rare := n.next("rare")
	used := uint64(3)
	for i := range 400_000 {
		n.next(strconv.Itoa(i))
		if i%1000 == 0 {
			used++
			if got := n.next("used"); got != used {
				t.Fatalf("number %d after %d others, want %d", got, i, used)
			}
		}
	}
	again := n.next("rare")
	if again>>generationShift <= rare>>generationShift {
		t.Errorf("number %#x after %#x: no other generation", again, rare)
	}
	if again&(1<<generationShift-1) != 1 {
		t.Errorf("number %#x does not begin a generation", again)
	}
	remembered := 0
	for i := range n.shards {
		remembered += len(n.shards[i].recent) + len(n.shards[i].old)
	}
	if remembered < 64<<10 || remembered > 128<<10 {
		t.Errorf("%d channels are remembered", remembered)
	}
}

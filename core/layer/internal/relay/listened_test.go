package relay

import (
	"testing"
	"time"
)

// Publishers that were silent for long are forgotten, and others not.
func TestSilentPublishers(t *testing.T) {
	t.Parallel()
	c := &listened{name: "room"}
	now := time.Now()
	for p := range uint64(10_000) {
		now = now.Add(time.Second)
		c.take(stamp{publisher: 1 << 60, number: p + 1}, now)
		if isNew, holed := c.take(stamp{publisher: p, number: 5}, now); !isNew || holed {
			t.Fatalf("publisher %d: new %v, holed %v", p, isNew, holed)
		}
	}
	if n, most := len(c.streams), 3*int(silence/time.Second); n > most {
		t.Errorf("%d publishers are known, want %d at the most", n, most)
	}
	if isNew, _ := c.take(stamp{publisher: 1 << 60, number: 10_000}, now); isNew {
		t.Error("one that was not silent was forgotten")
	}
}

// Whoever makes up publishers does not fill the memory.
func TestMadeUpPublishers(t *testing.T) {
	t.Parallel()
	c := &listened{name: "room"}
	now := time.Now()
	for p := range uint64(100_000) {
		if isNew, _ := c.take(stamp{publisher: p, number: 1}, now); !isNew {
			t.Fatalf("the message of publisher %d is not new", p)
		}
		if len(c.streams) > maxStreams {
			t.Fatalf("%d publishers are known", len(c.streams))
		}
	}
}

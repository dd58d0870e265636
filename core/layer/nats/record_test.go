package chanxnats

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chanx-go/chanx/core/layer"
)

// channelModel is a channel in a stream that other channels are in too.
type channelModel struct {
	last *stored
	at   map[uint64]uint64 // where entries are, by number
	all  map[uint64]*stored
}

func (m *channelModel) add(t *testing.T, r record, gap uint64) {
	t.Helper()
	parsed, data, err := parseRecord(append(r.append(nil), "data"...))
	if err != nil || string(data) != "data" {
		t.Fatalf("parsed %q, %v", data, err)
	}
	m.last = &stored{record: parsed, seq: m.last.seq + gap, time: time.Now()}
	m.all[m.last.seq] = m.last
	if !r.marker {
		m.at[r.number] = m.last.seq
	}
}

// TestLinks: whatever is appended, with retentions that change, links lead where the
// entries are, to every one that is kept, and in few steps.
func TestLinks(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			m := &channelModel{last: beginning(), at: map[uint64]uint64{}, all: map[uint64]*stored{}}
			keep := layer.Retention{Entries: 1 << rnd.IntN(12), Age: time.Hour}
			for range 3000 {
				switch rnd.IntN(500) {
				case 0:
					keep.Entries = 1 << rnd.IntN(12)
				case 1, 2, 3:
					m.add(t, m.last.mark(), 1+rnd.Uint64N(9))
				}
				m.add(t, m.last.next(keep, time.Now()), 1+rnd.Uint64N(9))
			}
			m.last.links.each(m.last.after(), func(number, seq uint64) {
				if m.at[number] != seq {
					t.Errorf("a link to %d leads to %d, it is at %d", number, seq, m.at[number])
				}
			})
			for number := m.last.firstKept(); number <= m.last.number; number++ {
				if steps := m.steps(t, number); steps > 40 {
					t.Errorf("entry %d of %d is %d steps away", number, m.last.number, steps)
				}
			}
		})
	}
}

// steps returns how many messages are looked at to find an entry from the last.
func (m *channelModel) steps(t *testing.T, number uint64) int {
	t.Helper()
	for s, steps := m.last, 0; ; steps++ {
		if s.number == number && !s.marker {
			return steps
		}
		nearest, seq := uint64(0), uint64(0)
		s.links.each(s.after(), func(n, at uint64) {
			if n >= number && (seq == 0 || n < nearest) {
				nearest, seq = n, at
			}
		})
		if seq == 0 {
			t.Fatalf("no way from %d to %d", s.number, number)
		}
		s = m.all[seq]
	}
}

// TestRetention: what is forgotten stays so when more is kept again.
func TestRetention(t *testing.T) {
	start := time.Now()
	s := beginning()
	add := func(entries int, age time.Duration, after time.Duration) {
		s = &stored{record: s.next(layer.Retention{Entries: entries, Age: age}, start.Add(after)), seq: s.seq + 1}
	}
	for i := range 10 {
		add(5, time.Minute, time.Duration(i)*time.Second)
	}
	if s.number != 10 || s.firstKept() != 6 {
		t.Errorf("after 10 entries, of which 5 are kept: number %d, from %d", s.number, s.firstKept())
	}
	add(100, time.Hour, 2*time.Minute)
	if s.firstKept() != 6 {
		t.Errorf("entries that were forgotten came back: from %d", s.firstKept())
	}
	now := start.Add(3 * time.Minute)
	if !s.tooOld(start.Add(time.Minute), now) || s.tooOld(start.Add(61*time.Second), now) {
		t.Error("a longer age counts from what the shorter one left")
	}
}

func FuzzParseRecord(f *testing.F) {
	s := beginning()
	f.Add(append(s.append(nil), "data"...))
	for range 100 {
		s = &stored{record: s.next(layer.Retention{Entries: 50, Age: time.Hour}, time.Now()), seq: s.seq + 3}
	}
	f.Add(s.append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, data, err := parseRecord(b)
		if err != nil {
			return
		}
		again, rest, err := parseRecord(append(r.append(nil), data...))
		if err != nil || !slices.Equal(rest, data) || !cmp.Equal(r, again, cmp.AllowUnexported(record{})) {
			t.Errorf("%v became %v, %v", r, again, err)
		}
		// Nothing that comes over the network makes these fail.
		next := stored{record: r, seq: 1, data: data}
		next.links.each(next.after(), func(uint64, uint64) {})
		_ = next.next(layer.Retention{Entries: 7, Age: time.Hour}, time.Now())
	})
}

package relay

import (
	"math/rand/v2"
	"testing"
)

func TestStream(t *testing.T) {
	t.Parallel()
	const next = 1 << generationShift // generation
	type step struct {
		number uint64
		isNew  bool
	}
	tests := map[string]struct {
		begin uint64
		steps []step
		lost  uint64
	}{
		"in order":                  {1, []step{{2, true}, {3, true}}, 0},
		"begins anywhere":           {77, []step{{78, true}, {79, true}}, 0},
		"twice":                     {1, []step{{1, false}, {2, true}, {2, false}, {1, false}}, 0},
		"overtaken":                 {1, []step{{3, true}, {2, true}, {2, false}, {4, true}}, 0},
		"overtaken at first":        {2, []step{{1, true}, {1, false}, {3, true}}, 0},
		"overtaken by many":         {1, []step{{200, true}, {2, true}, {3, true}, {199, true}}, 195},
		"left out":                  {1, []step{{4, true}, {5, true}}, 2},
		"left out, in window":       {1, []step{{64, true}}, 62},
		"exactly the window":        {1, []step{{65, true}}, 63},
		"one beyond the window":     {1, []step{{66, true}}, 64},
		"far beyond":                {1, []step{{1001, true}}, 999},
		"leaves the window later":   {1, []step{{3, true}, {65, true}, {66, true}}, 62},
		"holes, then far beyond":    {1, []step{{3, true}, {1003, true}}, 1000},
		"older than the window":     {100, []step{{200, true}, {100, true}}, 98},
		"another generation":        {7, []step{{next + 1, true}, {next + 2, true}, {next + 2, false}}, 0},
		"holes, another generation": {7, []step{{9, true}, {next + 1, true}}, 1},
		"generation overtaken":      {next + 1, []step{{8, true}, {next + 2, true}}, 0},
		"same number, next":         {1, []step{{next + 1, true}, {2*next + 1, true}}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(tt.begin)
			for _, st := range tt.steps {
				if isNew := s.take(st.number); isNew != st.isNew {
					t.Errorf("%d is new: %v", st.number, isNew)
				}
			}
			if got := s.isWhole(); got != (tt.lost == 0) {
				t.Errorf("whole: %v", got)
			}
			if lost := s.tick(); lost != 0 {
				t.Errorf("lost at once: %d", lost)
			}
			if lost := s.tick(); lost != tt.lost {
				t.Errorf("lost: %d, want %d", lost, tt.lost)
			}
			if lost := s.tick(); lost != 0 || !s.isWhole() {
				t.Errorf("lost twice: %d, whole: %v", lost, s.isWhole())
			}
		})
	}
}

// A number that was missing at a tick may come before the next.
func TestStreamTicks(t *testing.T) {
	t.Parallel()
	s := begin(1)
	take := func(number uint64) {
		t.Helper()
		if !s.take(number) {
			t.Errorf("%d is not new", number)
		}
	}
	tick := func(want uint64) {
		t.Helper()
		if lost := s.tick(); lost != want {
			t.Errorf("lost %d, want %d", lost, want)
		}
	}
	take(3)
	tick(0)
	take(5)
	take(2)
	tick(0)
	tick(1) // 4
	take(100)
	tick(0)
	take(7)
	take(50)
	tick(92)
	take(102)
	tick(0)
	take(200)
	take(101)
	tick(0)
	take(300)
	tick(34)  // those that had left the window
	tick(162) // the others
	tick(0)
}

// What comes is new once, and what doesn't is lost once, whatever overtakes what
// within the window.
func TestStreamModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 0))
		n := 1 + r.IntN(400)
		var line []uint64
		sent := map[uint64]bool{}
		for i := 1; i <= n; i++ {
			if i > 1 && i < n && r.IntN(10) == 0 {
				continue // lost
			}
			sent[uint64(i)] = true
			line = append(line, uint64(i))
			if r.IntN(10) == 0 {
				line = append(line, uint64(i))
			}
		}
		for i := 1; i < len(line); i += 20 { // overtaking: not the first, nor far
			part := line[i:min(i+20, len(line))]
			r.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
		}
		s := begin(line[0])
		came := map[uint64]bool{line[0]: true}
		for _, number := range line[1:] {
			if isNew := s.take(number); isNew == came[number] {
				t.Fatalf("seed %d: %d is new: %v", seed, number, isNew)
			}
			came[number] = true
		}
		total := s.tick() + s.tick()
		if want := uint64(n - len(sent)); total != want || len(came) != len(sent) {
			t.Fatalf("seed %d: %d came of %d, lost %d, want %d", seed, len(came), len(sent), total, want)
		}
	}
}

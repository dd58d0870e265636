package relay

import "math/bits"

// window is how many numbers below its last one a stream knows one by one.
const window = 64

// stream is what came of one publisher on one channel.
//
// Messages that several goroutines of a publisher send at once may overtake each
// other, so a number that was left out is lost only once it has not come for a while:
// if it was missing at one tick and still is at the next.
type stream struct {
	top  uint64 // the highest number
	seen uint64 // bit i says that top-i came
	base uint64 // of the numbers up to there nothing in the window is missing
	mark uint64 // top at the last tick
	// How many numbers were missing when they left the window: before the last tick,
	// and since.
	old, young uint64
}

// begin returns a stream whose first message has the number n.
func begin(n uint64) stream { return stream{top: n, seen: 1, base: n, mark: n} }

// take takes the number of a message, and reports whether the message is a new one.
func (s *stream) take(n uint64) (isNew bool) {
	switch g, was := n>>generationShift, s.top>>generationShift; {
	case g > was: // the publisher began to count anew
		old, young := s.old, s.young+count(s.missing())
		*s = begin(n)
		s.old, s.young = old, young
		return true
	case g < was:
		return true
	case n > s.top:
		s.advance(n)
		return true
	}
	if back := s.top - n; back < window {
		bit := uint64(1) << back
		isNew = s.seen&bit == 0
		s.seen |= bit
		return isNew
	}
	// Of what is older than the window it isn't known whether it came. Servers
	// hardly ever repeat a message that late, so it is taken for a new one.
	switch {
	case s.young > 0:
		s.young--
	case s.old > 0:
		s.old--
	}
	return true
}

func (s *stream) advance(n uint64) {
	step := n - s.top
	if missing := s.missing(); step < window {
		s.young += count(missing >> (window - step))
		s.seen = s.seen<<step | 1
	} else {
		s.young += count(missing) + step - window
		s.seen = 1
	}
	s.top = n
}

// missing are the numbers in the window that were left out, as bits like seen.
func (s *stream) missing() uint64 {
	return ^s.seen & lowest(s.top-s.base)
}

// lowest returns a word whose n lowest bits are set.
func lowest(n uint64) uint64 {
	if n >= 64 {
		return ^uint64(0)
	}
	return 1<<n - 1
}

func count(bitset uint64) uint64 { return uint64(bits.OnesCount64(bitset)) }

// isWhole reports whether nothing is missing that is not counted yet.
func (s *stream) isWhole() bool { return s.missing() == 0 && s.old+s.young == 0 }

// tick returns how many messages are lost that were missing at the last tick, and
// are so now.
func (s *stream) tick() (lost uint64) {
	lost = s.old + count(s.missing()&^lowest(s.top-s.mark))
	s.old, s.young = s.young, 0
	s.base = max(s.base, s.mark)
	s.mark = s.top
	return lost
}

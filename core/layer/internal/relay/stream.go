package relay

import "math/bits"

// window is how many numbers below its last one a stream knows one by one.
const window = 64

// stream is what came of one publisher on one channel.
//
// Messages that several goroutines of a publisher send at once may overtake each
// other, so a number that was left out is lost only once 64 others came after it, or
// once it has not come for a while.
type stream struct {
	top  uint64 // the highest number
	seen uint64 // bit i says that top-i came
	base uint64 // of the numbers up to there nothing is to be counted as lost
}

// begin returns a stream whose first message has the number n.
func begin(n uint64) stream { return stream{top: n, seen: 1, base: n} }

// take takes the number of a message. It reports whether the message is a new one,
// and how many others are known to be lost.
func (s *stream) take(n uint64) (isNew bool, lost int) {
	if g, was := n>>generationShift, s.top>>generationShift; g != was {
		if g > was {
			lost = s.settle()
			*s = begin(n)
		}
		return true, lost
	}
	if n > s.top {
		return true, s.advance(n)
	}
	// Of what is older than the window it isn't known whether it came. Servers
	// hardly ever repeat a message that late, so it is taken for a new one.
	if back := s.top - n; back < window {
		bit := uint64(1) << back
		isNew = s.seen&bit == 0
		s.seen |= bit
		return isNew, 0
	}
	return true, 0
}

// advance returns how many of the numbers that leave the window are missing.
func (s *stream) advance(n uint64) (lost int) {
	step := n - s.top
	missing := s.missing()
	if step < window {
		lost = bits.OnesCount64(missing >> (window - step))
		s.seen = s.seen<<step | 1
	} else {
		lost = bits.OnesCount64(missing) + int(step-window)
		s.seen = 1
	}
	s.top = n
	return lost
}

// missing are the numbers in the window that were left out, as bits like seen.
func (s *stream) missing() uint64 {
	counted := ^uint64(0)
	if known := s.top - s.base; known < window {
		counted = 1<<known - 1
	}
	return ^s.seen & counted
}

// settle takes what is missing for lost, and returns how many that are.
func (s *stream) settle() (lost int) {
	lost = bits.OnesCount64(s.missing())
	s.base = s.top
	return lost
}

package chanxnats

// links says where in the stream a channel's earlier entries are. The stream counts
// the messages of all channels, so that an entry's number doesn't say it, and asking
// for a channel's entries one after the other, or through a consumer for each reader,
// costs round trips and state on the servers.
//
// Level k has the sequences of the last entries below some number whose numbers are
// multiples of 8 to the power of k, seven of them at the most, oldest first. So an
// entry is found in a few steps however far back it is, and with 7 known ones of each
// level many are fetched at once.
type links [][]uint64

const (
	fanOut    = 8
	perLevel  = fanOut - 1
	maxLevels = 12 // reach over 8^12 entries
)

// add returns the links of the number after n, which is at seq.
func (l links) add(n, seq uint64) links {
	grown := make(links, len(l), len(l)+1)
	copy(grown, l)
	for k, span := 0, uint64(1); k < maxLevels && n%span == 0; k, span = k+1, span*fanOut {
		if k == len(grown) {
			grown = append(grown, nil)
		}
		level := grown[k]
		if len(level) == perLevel {
			level = level[1:]
		}
		// Others share the array, so it is copied.
		grown[k] = append(append(make([]uint64, 0, len(level)+1), level...), seq)
	}
	return grown
}

// cut returns the links below after without those to entries before first, and
// without levels too high for as many entries as are kept.
func (l links) cut(after, first uint64, entries int) links {
	short := make(links, 0, len(l))
	span := uint64(1)
	for k, level := range l {
		if k > 0 && span >= uint64(entries) {
			break
		}
		last := lastMultiple(after, span)
		for len(level) > 0 && last < first+uint64(len(level)-1)*span {
			level = level[1:]
		}
		short = append(short, level)
		span *= fanOut
	}
	for len(short) > 0 && len(short[len(short)-1]) == 0 {
		short = short[:len(short)-1]
	}
	return short
}

// each calls found with the numbers below after that the links lead to, and where
// they are.
func (l links) each(after uint64, found func(number, seq uint64)) {
	span := uint64(1)
	for _, level := range l {
		last := lastMultiple(after, span)
		for i, seq := range level {
			if back := uint64(len(level)-1-i) * span; back < last {
				found(last-back, seq)
			}
		}
		span *= fanOut
	}
}

// lastMultiple returns the greatest multiple of span below n.
func lastMultiple(n, span uint64) uint64 {
	if n == 0 {
		return 0
	}
	return (n - 1) / span * span
}

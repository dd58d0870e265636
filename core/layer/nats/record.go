package chanxnats

import (
	"encoding/base32"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// record is what a message of the stream begins with. It says all there is to know
// of the channel up to there, so that the last message of a channel is its state.
type record struct {
	epoch  [8]byte
	number uint64 // of the entry; of a marker, that of the last entry before it
	marker bool   // it is no entry, but keeps the channel known

	keep  layer.Retention // of the latest entry; zero where there was none
	first uint64          // entries with smaller numbers are forgotten
	since int64           // and those stored up to then, in nanoseconds since 1970

	links links // to the entries below after
}

// stored is a record as it stands in the stream.
type stored struct {
	record
	seq  uint64 // of the message in the stream; 0 where the channel has none
	time time.Time
	data []byte
}

// epochText has only characters that are good anywhere.
var epochText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func (r *record) position() layer.Position {
	return layer.Position{Epoch: epochText.EncodeToString(r.epoch[:]), Seq: r.number}
}

// after is the number above those that the links lead to.
func (r *record) after() uint64 {
	if r.marker {
		return r.number + 1
	}
	return r.number
}

// next returns the record of the entry that follows.
func (s *stored) next(keep layer.Retention, now time.Time) record {
	n := record{
		epoch:  s.epoch,
		number: s.number + 1,
		keep:   keep,
		first:  max(s.first, 1),
		since:  s.since,
		links:  s.linksAfter(),
	}
	if entries := uint64(keep.Entries); n.number > entries {
		n.first = max(n.first, n.number-entries+1)
	}
	// What is too old for the shorter age doesn't come back with the longer one.
	if s.keep.Age > 0 && keep.Age > s.keep.Age {
		n.since = max(n.since, now.Add(-s.keep.Age).UnixNano())
	}
	n.links = n.links.cut(n.after(), n.first, keep.Entries)
	return n
}

// mark returns the record of a marker that follows.
func (s *stored) mark() record {
	m := s.record
	m.marker = true
	m.links = s.linksAfter()
	return m
}

// linksAfter returns the links of the message that follows.
func (s *stored) linksAfter() links {
	if s.marker || s.number == 0 {
		return s.links
	}
	return s.links.add(s.number, s.seq)
}

// firstKept returns the number of the oldest entry that isn't too many.
func (r *record) firstKept() uint64 { return max(r.first, 1) }

// tooOld reports whether an entry that was stored at that time is forgotten.
func (r *record) tooOld(at, now time.Time) bool {
	return at.UnixNano() <= r.since || !at.Add(r.keep.Age).After(now)
}

const recordVersion = 1

// append appends the encoded record to b. The entry's data is what follows.
func (r *record) append(b []byte) []byte {
	b = append(b, recordVersion)
	b = append(b, r.epoch[:]...)
	if r.marker {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	for _, v := range []uint64{
		r.number, uint64(r.keep.Entries), uint64(r.keep.Age), r.first, uint64(r.since), uint64(len(r.links)),
	} {
		b = binary.AppendUvarint(b, v)
	}
	for _, level := range r.links {
		b = binary.AppendUvarint(b, uint64(len(level)))
		before := uint64(0)
		for _, seq := range level { // they grow
			b = binary.AppendUvarint(b, seq-before)
			before = seq
		}
	}
	return b
}

var errRecord = errors.New("a message of the stream is none of this package, or of a later version")

// parseRecord returns the record and the data behind it, which shares memory with b.
func parseRecord(b []byte) (r record, data []byte, err error) {
	if len(b) < 10 || b[0] != recordVersion || b[9] > 1 {
		return record{}, nil, errRecord
	}
	copy(r.epoch[:], b[1:9])
	r.marker = b[9] == 1
	b = b[10:]
	uvarint := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			err = errRecord
			return 0
		}
		b = b[n:]
		return v
	}
	r.number = uvarint()
	r.keep = layer.Retention{Entries: int(uvarint()), Age: time.Duration(uvarint())}
	r.first, r.since = uvarint(), int64(uvarint())
	levels := uvarint()
	if err != nil || levels > maxLevels || r.keep.Entries < 0 || r.keep.Age < 0 {
		return record{}, nil, errRecord
	}
	r.links = make(links, levels)
	for k := range r.links {
		count := uvarint()
		if err != nil || count > perLevel {
			return record{}, nil, errRecord
		}
		level := make([]uint64, count)
		before := uint64(0)
		for i := range level {
			before += uvarint()
			level[i] = before
		}
		r.links[k] = level
	}
	if err != nil {
		return record{}, nil, errRecord
	}
	return r, slices.Clip(b), nil
}

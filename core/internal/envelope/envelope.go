// Package envelope is how a hub writes what it gives to a layer: for other
// processes, which may run an older or newer version of the application.
package envelope

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// version is the first byte. A reader refuses others, since it can't know what
// they mean; fields that it doesn't know it skips.
const version = 1

// ErrVersion is the error of what a newer version of this package wrote, in a form
// that this one can't read.
var ErrVersion = errors.New("envelope: written by a newer version")

var (
	errCutOff = errors.New("envelope: cut off")
	errEmpty  = errors.New("envelope: neither a message nor an event")
)

// Tags of the fields.
const (
	tagAction byte = iota + 1
	tagPayload
	tagText
	tagExcept
	tagKey
	tagConsumer
	tagTo
	tagMessage
	tagSeq
	tagPublished
	tagShape
	tagTrace
	tagHub
)

// Envelope is a message or an event on its way through a layer. A message to a
// group has its Text, the whole JSON object that the clients get. A message to a
// topic has Action and Payload, as its frame also has what differs between the
// processes; so has an event.
type Envelope struct {
	Action  []byte // of a message or event
	Payload []byte // of an event
	Text    []byte // of a message
	Except  []byte // id of the connection that doesn't get the message
	Key     []byte // what a newer message of the same key replaces in a queue

	Consumer []byte // of an event for one connection
	To       []byte // that connection's id

	Message bool   // it is no event, though it has no Text
	Hub     bool   // it is for the hub itself
	Seq     uint64 // position in a topic that the publisher gave it, or 0

	Published uint64 // when, as Stamp gives it; 0 if that isn't known
	Shape     uint32 // of an event: tells the publisher's schema from others; 0 if that isn't known
	Trace     []byte // of an event: see AppendPair
}

// stampUnit is how precise a time of publishing is: as exact as the clocks of two
// machines are ever alike, and six bytes last until 2059.
const stampUnit = 10 * time.Microsecond

// Stamp is a time as Published has it. One that is before 1970 is none.
func Stamp(t time.Time) uint64 {
	return uint64(max(0, t.UnixMicro())) / uint64(stampUnit/time.Microsecond)
}

// Time is the time of a Stamp.
func Time(stamp uint64) time.Time {
	return time.UnixMicro(int64(stamp * uint64(stampUnit/time.Microsecond)))
}

// Append appends e's binary form. Empty fields are left out.
func (e *Envelope) Append(dst []byte) []byte {
	dst = append(dst, version)
	dst = field(dst, tagAction, e.Action)
	dst = field(dst, tagExcept, e.Except)
	dst = field(dst, tagKey, e.Key)
	dst = field(dst, tagConsumer, e.Consumer)
	dst = field(dst, tagTo, e.To)
	if e.Message {
		dst = append(dst, tagMessage, 0)
	}
	if e.Hub {
		dst = append(dst, tagHub, 0)
	}
	if e.Seq != 0 {
		var seq [binary.MaxVarintLen64]byte
		dst = field(dst, tagSeq, seq[:binary.PutUvarint(seq[:], e.Seq)])
	}
	dst = number(dst, tagPublished, e.Published)
	dst = number(dst, tagShape, uint64(e.Shape))
	dst = field(dst, tagTrace, e.Trace)
	dst = field(dst, tagPayload, e.Payload)
	return field(dst, tagText, e.Text)
}

// number appends a number in as few bytes as it takes, the highest first.
func number(dst []byte, tag byte, n uint64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	first := 0
	for first < len(b) && b[first] == 0 {
		first++
	}
	return field(dst, tag, b[first:])
}

// parseNumber reads what number has appended; one that is too long is none.
func parseNumber(value []byte) (n uint64) {
	if len(value) > 8 {
		return 0
	}
	for _, b := range value {
		n = n<<8 | uint64(b)
	}
	return n
}

func field(dst []byte, tag byte, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	dst = append(dst, tag)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// Parse reads what Append wrote. The fields of e point into b.
func (e *Envelope) Parse(b []byte) error {
	*e = Envelope{}
	switch {
	case len(b) == 0:
		return errEmpty
	case b[0] > version:
		return fmt.Errorf("%w: %d, which is above %d", ErrVersion, b[0], version)
	case b[0] != version:
		return fmt.Errorf("envelope: not version %d", version)
	}
	for b = b[1:]; len(b) > 0; {
		tag := b[0]
		size, n := binary.Uvarint(b[1:])
		if n <= 0 || size > uint64(len(b)-1-n) {
			return errCutOff
		}
		value := b[1+n : 1+n+int(size)]
		b = b[1+n+int(size):]
		switch tag {
		case tagAction:
			e.Action = value
		case tagPayload:
			e.Payload = value
		case tagText:
			e.Text = value
		case tagExcept:
			e.Except = value
		case tagKey:
			e.Key = value
		case tagConsumer:
			e.Consumer = value
		case tagTo:
			e.To = value
		case tagMessage:
			e.Message = true
		case tagSeq:
			e.Seq, _ = binary.Uvarint(value)
		case tagPublished:
			e.Published = parseNumber(value)
		case tagShape:
			e.Shape = uint32(parseNumber(value))
		case tagTrace:
			e.Trace = value
		case tagHub:
			e.Hub = true
		}
	}
	if len(e.Text) == 0 && len(e.Payload) == 0 {
		return errEmpty
	}
	return nil
}

// maxPairs bounds the bytes of pairs.
const maxPairs = 8 << 10

// AppendPair appends a key and a value to pairs, as Trace has them. A pair that
// would make them longer than 8 KiB is left out.
func AppendPair(pairs []byte, key, value string) []byte {
	if len(pairs)+len(key)+len(value)+2*binary.MaxVarintLen16 > maxPairs {
		return pairs
	}
	pairs = append(binary.AppendUvarint(pairs, uint64(len(key))), key...)
	return append(binary.AppendUvarint(pairs, uint64(len(value))), value...)
}

// Pair returns the value of a key among pairs, the last one if there are several,
// "" if there is none.
func Pair(pairs []byte, key string) string {
	found := ""
	for len(pairs) > 0 {
		k, rest, ok := text(pairs)
		if !ok {
			break
		}
		v, rest, ok := text(rest)
		if !ok {
			break
		}
		if string(k) == key {
			found = string(v)
		}
		pairs = rest
	}
	return found
}

// text takes the first text off pairs.
func text(pairs []byte) (value, rest []byte, ok bool) {
	size, n := binary.Uvarint(pairs)
	if n <= 0 || size > uint64(len(pairs)-n) {
		return nil, nil, false
	}
	return pairs[n : n+int(size)], pairs[n+int(size):], true
}

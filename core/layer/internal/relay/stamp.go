package relay

import "encoding/binary"

// stamp stands before every message of [Channels]: a byte for its version, eight for
// the handle that published it, and a uvarint, the number that this handle gave it on
// the channel.
type stamp struct {
	publisher uint64
	number    uint64
}

const (
	stampVersion = 1
	maxStamp     = 1 + 8 + binary.MaxVarintLen64
)

func (s stamp) append(b []byte) []byte {
	b = append(b, stampVersion)
	b = binary.LittleEndian.AppendUint64(b, s.publisher)
	return binary.AppendUvarint(b, s.number)
}

// parseStamp takes the stamp off a message. It reports false where there is none that
// this version understands.
func parseStamp(message []byte) (s stamp, data []byte, ok bool) {
	if len(message) < 10 || message[0] != stampVersion {
		return stamp{}, nil, false
	}
	s.publisher = binary.LittleEndian.Uint64(message[1:])
	number, n := binary.Uvarint(message[9:])
	if n <= 0 {
		return stamp{}, nil, false
	}
	s.number = number
	return s, message[9+n:], true
}

package wsconn

import "encoding/binary"

// The opcodes of RFC 6455 that are told apart here.
const (
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xA
)

// kind is what a buffer starts with.
type kind uint8

const (
	partialFrame kind = iota // the beginning of a frame that will fit a buffer
	dataFrame                // a whole unfragmented message
	controlFrame             // a whole ping or pong
	otherFrame               // anything else: the library reads it, or refuses it
)

// scan says what b starts with and, for whole frames, where the payload starts
// and where the frame ends. A frame that will be refused is not waited for.
func (c *Conn) scan(b []byte) (k kind, start, end int) {
	if len(b) < 2 {
		return partialFrame, 0, 0
	}
	n := int(b[1] & 0x7f)
	switch b[0] {
	case 0x80 | opText, 0x80 | opBinary:
		k = dataFrame
	case 0xC0 | opText, 0xC0 | opBinary: // RSV1: compressed
		k = dataFrame
		if !c.compressed {
			return otherFrame, 0, 0
		}
	case 0x80 | opPing, 0x80 | opPong:
		k = controlFrame
	case 0x80 | opClose:
		k = otherFrame
	default:
		return otherFrame, 0, 0
	}
	if b[1]&0x80 == 0 || n == 127 || n > 125 && k != dataFrame {
		return otherFrame, 0, 0
	}
	start = 6
	if n == 126 {
		if len(b) < 4 {
			return partialFrame, 0, 0
		}
		n, start = int(binary.BigEndian.Uint16(b[2:])), 8
	}
	switch end = start + n; {
	case end > bufSize, c.limit >= 0 && int64(n) > c.limit:
		return otherFrame, 0, 0
	case len(b) < end:
		return partialFrame, 0, 0
	}
	return k, start, end
}

// unmask removes the mask from a payload.
func unmask(payload, key []byte) {
	for i := range payload {
		payload[i] ^= key[i&3]
	}
}

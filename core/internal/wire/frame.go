package wire

import (
	"encoding/binary"
	"unicode/utf8"
)

// Headroom is how many bytes a message's buffer keeps free in front of the
// message for the longest header that the server's frames have.
const Headroom = 10

// Opcodes of RFC 6455, section 5.2.
const (
	OpText   byte = 0x1
	OpBinary byte = 0x2
	OpClose  byte = 0x8
	OpPing   byte = 0x9
	OpPong   byte = 0xA
)

const (
	fin        = 0x80
	compressed = 0x40 // RSV1, RFC 7692
)

// Frame turns a buffer with [Headroom] free bytes in front of a text message
// into a whole frame, which is a slice of the buffer.
func Frame(b []byte) []byte {
	n := len(b) - Headroom
	switch {
	case n < 126:
		b[8], b[9] = fin|OpText, byte(n)
		return b[8:]
	case n < 1<<16:
		b[6], b[7] = fin|OpText, 126
		binary.BigEndian.PutUint16(b[8:], uint16(n))
		return b[6:]
	}
	b[0], b[1] = fin|OpText, 127
	binary.BigEndian.PutUint64(b[2:], uint64(n))
	return b
}

// AppendHeader appends the header of an unfragmented server frame with n bytes
// of data.
func AppendHeader(dst []byte, opcode byte, n int) []byte {
	return appendHeader(dst, fin|opcode, n)
}

// AppendCompressedHeader appends the header of a text frame whose n bytes are
// compressed as RFC 7692 says.
func AppendCompressedHeader(dst []byte, n int) []byte {
	return appendHeader(dst, fin|compressed|OpText, n)
}

func appendHeader(dst []byte, first byte, n int) []byte {
	switch {
	case n < 126:
		return append(dst, first, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, first, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, first, 127), uint64(n))
}

// maxControl is the most data that a control frame carries.
const maxControl = 125

// AppendControl appends a control frame. Data beyond the 125 bytes that a
// control frame can carry is left out.
func AppendControl(dst []byte, opcode byte, data []byte) []byte {
	data = data[:min(len(data), maxControl)]
	return append(AppendHeader(dst, opcode, len(data)), data...)
}

// AppendClose appends a close frame. The reason is cut, between characters,
// where it doesn't fit; codes that may not be sent (1005, 1006, 1015) give a
// frame without one.
func AppendClose(dst []byte, code int, reason string) []byte {
	if code == 1005 || code == 1006 || code == 1015 || code < 1000 || code > 4999 {
		return AppendControl(dst, OpClose, nil)
	}
	const most = maxControl - 2
	if len(reason) > most {
		reason = reason[:most]
		for len(reason) > 0 {
			if r, n := utf8.DecodeLastRuneInString(reason); r != utf8.RuneError || n > 1 {
				break
			}
			reason = reason[:len(reason)-1]
		}
	}
	dst = AppendHeader(dst, OpClose, 2+len(reason))
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}

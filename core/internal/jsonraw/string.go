package jsonraw

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// stops marks the high bit of the first byte of x that is a quote, a backslash
// or a control character; bytes after the first may be marked by mistake.
func stops(x uint64) uint64 {
	quote := x ^ '"'*ones
	slash := x ^ '\\'*ones
	return ((quote-ones)&^quote | (slash-ones)&^slash | (x-0x20*ones)&^x) & highs
}

// SkipString returns the index after the string that begins at b[i], which must
// be its opening quote, and whether the string has escapes. The grammar is
// checked in full: control characters, unknown escapes and half surrogate pairs
// are refused. UTF-8 is not checked. The error is a [*SyntaxError].
func SkipString(b []byte, i int) (end int, escaped bool, err error) {
	i++
	for {
		for i+8 <= len(b) {
			if m := stops(binary.LittleEndian.Uint64(b[i:])); m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
			i++
		}
		switch {
		case i >= len(b):
			return i, escaped, fail(i, msgEnd)
		case b[i] == '"':
			return i + 1, escaped, nil
		case b[i] == '\\':
			escaped = true
			if i, err = skipEscape(b, i); err != nil {
				return i, escaped, err
			}
		default:
			return i, escaped, fail(i, "a string has a control character")
		}
	}
}

// skipEscape skips the escape at b[i], both halves where it is a surrogate pair.
func skipEscape(b []byte, i int) (int, error) {
	if i+1 >= len(b) {
		return i, fail(len(b), msgEnd)
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
	default:
		return i, fail(i, "a string has an unknown escape")
	}
	r, ok := hex4(b, i+2)
	if !ok {
		if i+6 > len(b) {
			return i, fail(len(b), msgEnd)
		}
		return i, fail(i, `\u is not followed by four hexadecimal digits`)
	}
	if !utf16.IsSurrogate(r) {
		return i + 6, nil
	}
	if i+8 <= len(b) && b[i+6] == '\\' && b[i+7] == 'u' {
		if low, ok := hex4(b, i+8); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
			return i + 12, nil
		}
	}
	return i, fail(i, "a string has half a surrogate pair")
}

func hex4(b []byte, i int) (r rune, ok bool) {
	if i+4 > len(b) {
		return 0, false
	}
	for _, c := range b[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Unquote appends the text of a string token to dst and returns the result.
// The token stands with its quotes and must be one that [SkipString] accepts.
func Unquote(dst, token []byte) []byte {
	if len(token) < 2 {
		return dst
	}
	s := token[1 : len(token)-1]
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 || i+1 >= len(s) {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		s = s[i:]
		n := 2
		switch c := s[1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(s, 2)
			n = min(6, len(s))
			if utf16.IsSurrogate(r) {
				low, _ := hex4(s, 8)
				r = utf16.DecodeRune(r, low)
				n = min(12, len(s))
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
		s = s[n:]
	}
}

// Package jsonraw walks JSON text in place: it finds where strings and values
// end, and refuses everything that is not strict JSON, without building values
// and, for ordinary texts, without allocating.
//
// Strict means RFC 8259 with the rules of RFC 7493 that keep two readers from
// seeing two different messages: a name may stand only once in an object, and
// an escape may not be half of a surrogate pair. Bytes above 0x7F are passed
// over as they are; check a whole text once with [unicode/utf8.Valid], or with
// [Valid], which does.
//
// Nothing here keeps state: every function is safe for concurrent use as long
// as nobody writes to the text meanwhile.
package jsonraw

import (
	"strconv"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may nest: `[[]]` has depth 2.
const MaxDepth = 128

// SyntaxError says what is wrong with a text, and where.
type SyntaxError struct {
	Offset int    // of the offending byte, or the length of the text where it ends too early
	Msg    string // what is wrong, in a few words, without the offset
}

// Error names the defect and the byte at which it was found.
func (e *SyntaxError) Error() string {
	return "invalid JSON: " + e.Msg + " at byte " + strconv.Itoa(e.Offset)
}

func fail(i int, msg string) error { return &SyntaxError{i, msg} }

const (
	msgEnd       = "unexpected end of text"
	msgDuplicate = "an object has the same name twice"
	msgUTF8      = "invalid UTF-8"
)

// SkipSpace returns the index of the first byte at or after i that is not
// JSON white space; len(b) if there is none.
func SkipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// SkipValue returns the index after the value that begins at b[i], which must
// not be white space. The value stands inside depth arrays and objects; nesting
// beyond [MaxDepth] counted from there is an error, as is a name that an object
// has twice, at any level. The error is a [*SyntaxError].
func SkipValue(b []byte, i, depth int) (end int, err error) {
	if i >= len(b) {
		return i, fail(len(b), msgEnd)
	}
	if c := b[i]; c == '{' || c == '[' {
		return skipNested(b, i, depth)
	}
	return skipScalar(b, i)
}

// Valid reports the first defect of a whole text: it must be one value, with
// white space around it at most, in valid UTF-8. The error is a [*SyntaxError].
func Valid(b []byte) error {
	i, err := SkipValue(b, SkipSpace(b, 0), 0)
	if err != nil {
		return err
	}
	if i = SkipSpace(b, i); i < len(b) {
		return fail(i, "unexpected text after the value")
	}
	if utf8.Valid(b) {
		return nil
	}
	for i = 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return fail(i, msgUTF8)
}

// skipScalar skips a value that is neither an array nor an object.
func skipScalar(b []byte, i int) (int, error) {
	switch c := b[i]; {
	case c == '"':
		end, _, err := SkipString(b, i)
		return end, err
	case c == '-' || '0' <= c && c <= '9':
		return skipNumber(b, i)
	case c == 't':
		return skipLiteral(b, i, "true")
	case c == 'f':
		return skipLiteral(b, i, "false")
	case c == 'n':
		return skipLiteral(b, i, "null")
	}
	return i, fail(i, "expected a value")
}

func skipLiteral(b []byte, i int, literal string) (int, error) {
	if end := i + len(literal); end <= len(b) && string(b[i:end]) == literal {
		return end, nil
	}
	for k := 0; k < len(literal) && i < len(b) && b[i] == literal[k]; k++ {
		i++
	}
	if i == len(b) {
		return i, fail(i, msgEnd)
	}
	return i, fail(i, "expected "+literal)
}

func skipNumber(b []byte, i int) (int, error) {
	if b[i] == '-' {
		i++
	}
	start := i
	i = skipDigits(b, i)
	switch {
	case i == start:
		return i, failDigit(b, i)
	case b[start] == '0' && i > start+1:
		return start + 1, fail(start+1, "a number has a leading zero")
	}
	if i < len(b) && b[i] == '.' {
		start = i + 1
		if i = skipDigits(b, start); i == start {
			return i, failDigit(b, i)
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start = i
		if i = skipDigits(b, start); i == start {
			return i, failDigit(b, i)
		}
	}
	return i, nil
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}

func failDigit(b []byte, i int) error {
	if i >= len(b) {
		return fail(i, msgEnd)
	}
	return fail(i, "expected a digit")
}

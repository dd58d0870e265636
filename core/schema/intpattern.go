package schema

import (
	"fmt"
	"regexp"
	"strings"
)

// intPattern matches the integers of a Go type written in plain digits, as they
// stand in the names of an object: exactly those that fit.
func intPattern(bits int, signed bool) *pattern {
	var source string
	if signed {
		top := uint64(1) << (bits - 1)
		source = "^(?:0|" + upTo(top-1) + "|-(?:" + upTo(top) + "))$"
	} else {
		source = "^(?:0|" + upTo(1<<bits-1) + ")$"
	}
	return &pattern{source, regexp.MustCompile(source).Match}
}

// upTo matches the integers from 1 to n.
func upTo(n uint64) string {
	digits := fmt.Sprint(n)
	var parts []string
	if len(digits) > 1 {
		parts = append(parts, "[1-9]"+anyDigits(0, len(digits)-2))
	}
	for i, c := range []byte(digits) {
		low := byte('0')
		if i == 0 {
			low = '1'
		}
		if c > low {
			parts = append(parts, digits[:i]+between(low, c-1)+anyDigits(len(digits)-1-i, len(digits)-1-i))
		}
	}
	return strings.Join(append(parts, digits), "|")
}

func between(low, high byte) string {
	if low == high {
		return string(low)
	}
	return fmt.Sprintf("[%c-%c]", low, high)
}

func anyDigits(least, most int) string {
	switch {
	case most == 0:
		return ""
	case least != most:
		return fmt.Sprintf("[0-9]{%d,%d}", least, most)
	case most == 1:
		return "[0-9]"
	}
	return fmt.Sprintf("[0-9]{%d}", most)
}

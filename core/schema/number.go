package schema

import (
	"bytes"
	"cmp"
	"math"
	"math/bits"
	"strconv"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
)

// decimal is a JSON number as it is written, taken apart so that numbers of any
// size compare exactly: ±0.digits × 10^exp. Zero has no digits.
type decimal struct {
	raw    []byte // the whole token
	digits []byte // from the first digit that isn't zero to the last; may hold the point
	count  int    // of digits, without the point
	exp    int
	neg    bool
}

// manyDigits bounds exponents; no text is long enough to make up for it.
const manyDigits = math.MaxInt / 8

// parseDecimal takes a valid JSON number apart.
func parseDecimal(raw []byte) decimal {
	d := decimal{raw: raw}
	s := raw
	if s[0] == '-' {
		d.neg, s = true, s[1:]
	}
	exp := 0
	if e := bytes.IndexAny(s, "eE"); e >= 0 {
		exp = parseExponent(s[e+1:])
		s = s[:e]
	}
	point := bytes.IndexByte(s, '.')
	if point < 0 {
		point = len(s)
	}
	first, last := -1, -1
	for i, c := range s {
		if c >= '1' && c <= '9' {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		d.neg = false
		return d
	}
	d.digits = s[first : last+1]
	d.count = len(d.digits)
	if first < point && point <= last {
		d.count--
	}
	if first > point {
		first-- // the point itself is no digit
	}
	d.exp = point - first + exp
	return d
}

func parseExponent(s []byte) int {
	neg := s[0] == '-'
	if neg || s[0] == '+' {
		s = s[1:]
	}
	n := 0
	for _, c := range s {
		if n < manyDigits/10-1 {
			n = n*10 + int(c-'0')
		}
	}
	if neg {
		return -n
	}
	return n
}

// parseNumber takes text apart if it is one JSON number and nothing else.
func parseNumber(text string) (*decimal, bool) {
	b := []byte(text)
	if len(b) == 0 || b[0] != '-' && (b[0] < '0' || b[0] > '9') {
		return nil, false
	}
	if end, err := jsonraw.SkipValue(b, 0, 0); err != nil || end != len(b) {
		return nil, false
	}
	d := parseDecimal(b)
	return &d, true
}

func intDecimal(n int64) *decimal {
	d := parseDecimal(strconv.AppendInt(nil, n, 10))
	return &d
}

func (d *decimal) zero() bool { return d.count == 0 }

// integer reports whether the number has no fractional part.
func (d *decimal) integer() bool { return d.exp >= d.count }

// compare returns -1, 0 or 1.
func (d *decimal) compare(x *decimal) int {
	switch {
	case d.zero() && x.zero():
		return 0
	case d.zero():
		return sign(!x.neg)
	case x.zero() || d.neg != x.neg:
		return sign(d.neg)
	}
	order := cmp.Compare(d.exp, x.exp)
	if order == 0 {
		order = compareDigits(d.digits, x.digits)
	}
	if d.neg {
		return -order
	}
	return order
}

func sign(less bool) int {
	if less {
		return -1
	}
	return 1
}

func compareDigits(x, y []byte) int {
	for {
		if len(x) > 0 && x[0] == '.' {
			x = x[1:]
		}
		if len(y) > 0 && y[0] == '.' {
			y = y[1:]
		}
		if len(x) == 0 || len(y) == 0 {
			return cmp.Compare(len(x), len(y))
		}
		if x[0] != y[0] {
			return cmp.Compare(x[0], y[0])
		}
		x, y = x[1:], y[1:]
	}
}

// mod returns what is left of the digits, read as one integer, after division.
func (d *decimal) mod(m uint64) uint64 {
	var left uint64
	for _, c := range d.digits {
		if c != '.' {
			left = mulMod(left, 10, uint64(c-'0'), m)
		}
	}
	return left
}

// mulMod is (x×y + z) mod m, for x below m.
func mulMod(x, y, z, m uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	lo, carry := bits.Add64(lo, z, 0)
	return bits.Rem64(hi+carry, lo, m)
}

// multipleOf reports whether d is a whole multiple of x, which has at most 18
// digits and is above zero.
func (d *decimal) multipleOf(x *decimal) bool {
	if d.zero() {
		return true
	}
	// Both end in a digit that isn't zero, so d needs at least the power of ten
	// that x has.
	power := (d.exp - d.count) - (x.exp - x.count)
	if power < 0 {
		return false
	}
	m := x.small()
	left := d.mod(m)
	for base := 10 % m; power > 0 && left > 0; power >>= 1 {
		if power&1 != 0 {
			left = mulMod(left, base, 0, m)
		}
		base = mulMod(base, base, 0, m)
	}
	return left == 0
}

// small is the digits as one integer; they must be 18 at most.
func (d *decimal) small() uint64 {
	var n uint64
	for _, c := range d.digits {
		if c != '.' {
			n = n*10 + uint64(c-'0')
		}
	}
	return n
}

// appendInt appends an integer in plain digits.
func (d *decimal) appendInt(dst []byte) []byte {
	if d.zero() {
		return append(dst, '0')
	}
	if d.neg {
		dst = append(dst, '-')
	}
	for _, c := range d.digits {
		if c != '.' {
			dst = append(dst, c)
		}
	}
	for range d.exp - d.count {
		dst = append(dst, '0')
	}
	return dst
}

// int64 is the number where it is an integer that fits.
func (d *decimal) int64() (int64, bool) {
	if !d.integer() || d.exp > 19 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(d.appendInt(nil)), 10, 64)
	return n, err == nil
}

// param is the number as a violation's parameter.
func (d *decimal) param() any {
	if n, ok := d.int64(); ok {
		return n
	}
	if d.integer() && d.exp <= 20 {
		if n, err := strconv.ParseUint(string(d.appendInt(nil)), 10, 64); err == nil {
			return n
		}
	}
	f, _ := strconv.ParseFloat(string(d.raw), 64)
	if math.IsInf(f, 0) {
		return string(d.raw)
	}
	return f
}

// smallInt reads a number that is written as up to 18 digits.
func smallInt(raw []byte) (n int64, ok bool) {
	s := raw
	if s[0] == '-' {
		s = s[1:]
	}
	if len(s) > 18 {
		return 0, false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if raw[0] == '-' {
		n = -n
	}
	return n, true
}

// seal computes the range of integers that need no further look.
func (r *numberRules) seal() {
	r.lo, r.hi, r.step = math.MinInt64, math.MaxInt64, 0
	if r.min != nil {
		r.lo = max(r.lo, r.min.ceil(true))
	}
	if r.above != nil {
		r.lo = max(r.lo, r.above.ceil(false))
	}
	if r.max != nil {
		r.hi = min(r.hi, r.max.floor(true))
	}
	if r.below != nil {
		r.hi = min(r.hi, r.below.floor(false))
	}
	if r.multiple != nil {
		r.step, _ = r.multiple.int64()
	}
}

// ceil is the least int64 not below d, or above it where d itself doesn't count.
// Bounds outside of int64 leave an empty or a full range.
func (d *decimal) ceil(inclusive bool) int64 {
	if n, ok := d.int64(); ok {
		if !inclusive && n < math.MaxInt64 {
			n++
		}
		return n
	}
	if f, _ := strconv.ParseFloat(string(d.raw), 64); f > -1e15 && f < 1e15 {
		return int64(math.Ceil(f)) + 1 // one more, for what the float rounds off
	}
	if d.neg {
		return math.MinInt64
	}
	return math.MaxInt64
}

func (d *decimal) floor(inclusive bool) int64 {
	if n, ok := d.int64(); ok {
		if !inclusive && n > math.MinInt64 {
			n--
		}
		return n
	}
	if f, _ := strconv.ParseFloat(string(d.raw), 64); f > -1e15 && f < 1e15 {
		return int64(math.Floor(f)) - 1
	}
	if d.neg {
		return math.MinInt64
	}
	return math.MaxInt64
}

package schema

import (
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
)

// scratch lends buffers for strings with escapes.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// unescaped checks the text of a string token that has escapes.
func (r *run) unescaped(t *textRules, token []byte) {
	buf := scratch.Get().(*[]byte)
	*buf = jsonraw.Unquote((*buf)[:0], token)
	r.text(t, *buf)
	scratch.Put(buf)
}

// text checks a string.
func (r *run) text(t *textRules, s []byte) {
	// A code point has one to four bytes, so that counting them is seldom needed.
	if t.min > 0 && len(s) < 4*t.min && utf8.RuneCount(s) < t.min && r.fails() {
		r.report("min_length", "must be at least "+plural(t.min, "character")+" long", map[string]any{"min": t.min})
	}
	if t.max >= 0 && len(s) > t.max && utf8.RuneCount(s) > t.max && r.fails() {
		r.report("max_length", "must be at most "+plural(t.max, "character")+" long", map[string]any{"max": t.max})
	}
	for _, p := range t.patterns {
		if !p.match(s) && r.fails() {
			r.report("pattern", "must match "+p.source, map[string]any{"pattern": p.source})
		}
	}
	if t.check != nil && !t.check(s) && r.fails() {
		r.report("format", "must be a valid "+t.format, map[string]any{"format": t.format})
	}
}

// number checks a number and returns the index after it.
func (r *run) number(n *node, i int) int {
	end := r.skip(i)
	if end == stop {
		return stop
	}
	raw := r.b[i:end]
	if small, ok := smallInt(raw); ok && small != 0 {
		if n.num == nil || n.num.lo <= small && small <= n.num.hi &&
			(n.num.multiple == nil || n.num.step != 0 && small%n.num.step == 0) {
			return end
		}
	}
	d := parseDecimal(raw)
	if n.kinds&(kindInteger|kindNumber) == kindInteger && !d.integer() {
		if r.fails() {
			r.wrongType(n, "a number with a fractional part")
		}
		return end
	}
	fits := true
	if n.num != nil {
		fits = r.bounds(n.num, &d)
	}
	if n.plainInt && fits && d.exp <= maxDigits && !plainDigits(raw) {
		r.lacking = true
		if r.collect {
			r.edits = append(r.edits, edit{at: i, end: end, text: d.appendInt(nil)})
		}
	}
	return end
}

// maxDigits is how many digits an integer of Go has at most.
const maxDigits = 20

// plainDigits reports whether a number is written as the decoder wants integers.
func plainDigits(raw []byte) bool {
	if raw[0] == '-' {
		raw = raw[1:]
		if raw[0] == '0' {
			return false
		}
	}
	for _, c := range raw {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// bounds reports whether a number is within its bounds.
func (r *run) bounds(rules *numberRules, d *decimal) bool {
	ok := true
	check := func(fine bool, code, message, param string, bound *decimal) {
		if fine {
			return
		}
		ok = false
		if r.fails() {
			r.report(code, message+" "+string(bound.raw), map[string]any{param: bound.param()})
		}
	}
	if b := rules.min; b != nil {
		check(d.compare(b) >= 0, "minimum", "must be at least", "min", b)
	}
	if b := rules.above; b != nil {
		check(d.compare(b) > 0, "exclusive_minimum", "must be more than", "min", b)
	}
	if b := rules.max; b != nil {
		check(d.compare(b) <= 0, "maximum", "must be at most", "max", b)
	}
	if b := rules.below; b != nil {
		check(d.compare(b) < 0, "exclusive_maximum", "must be less than", "max", b)
	}
	if b := rules.multiple; b != nil {
		check(d.multipleOf(b), "multiple_of", "must be a multiple of", "of", b)
	}
	return ok
}

// param is the literal as a violation's parameter.
func (l *literal) param() any {
	switch l.kind {
	case kindString:
		return l.text
	case kindNumber:
		d := parseDecimal(l.raw)
		return d.param()
	case kindBool:
		v, _ := strconv.ParseBool(string(l.raw))
		return v
	case kindNull:
		return nil
	}
	return string(l.raw)
}

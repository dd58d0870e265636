package schema

import (
	"math/bits"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
)

// seenWords is for how many properties, in words of 64, a set needs no allocation.
const seenWords = 4

// object checks the object that begins at i and returns the index after it.
func (r *run) object(o *objectRules, i int) int {
	if r.depth++; r.depth > jsonraw.MaxDepth {
		return r.broken(&jsonraw.SyntaxError{Offset: i, Msg: "nested too deeply"})
	}
	var few [seenWords]uint64
	seen := few[:]
	if len(o.required) > seenWords {
		seen = make([]uint64, len(o.required))
	}
	b, count, next, mark := r.b, 0, 0, len(r.path)
	if i = jsonraw.SkipSpace(b, i+1); i >= len(b) {
		return r.end()
	}
	for b[i] != '}' {
		start := i
		end, escaped, colon := r.name(i)
		if colon == stop {
			return stop
		}
		var at int
		if escaped {
			at = o.find(jsonraw.Unquote(nil, b[start:end]), next)
		} else {
			at = o.find(b[start+1:end-1], next)
		}
		if r.collect {
			r.path = appendPointer(r.path, string(jsonraw.Unquote(nil, b[start:end])))
		}
		if o.names != nil {
			r.checkName(o.names, start)
		}
		if at >= 0 {
			next = at + 1
			if seen[at/64]&(1<<(at%64)) != 0 {
				return r.broken(&jsonraw.SyntaxError{Offset: start, Msg: "an object has the same name twice"})
			}
			seen[at/64] |= 1 << (at % 64)
			i = r.value(o.props[at].node, colon)
		} else {
			i = r.rest(o, colon)
		}
		if i != stop {
			r.path = r.path[:mark]
			i = r.comma(i, '}')
		}
		if i == stop {
			return stop
		}
		count++
	}
	r.depth--
	r.members(o, seen, i, count)
	return i + 1
}

// name passes over a member's name and the colon: it returns the index after
// the name and that of the value.
func (r *run) name(i int) (end int, escaped bool, value int) {
	b := r.b
	if b[i] != '"' {
		return 0, false, r.broken(&jsonraw.SyntaxError{Offset: i, Msg: "expected a name in quotes"})
	}
	end, escaped, err := jsonraw.SkipString(b, i)
	if err != nil {
		return 0, false, r.broken(err)
	}
	if i = jsonraw.SkipSpace(b, end); i >= len(b) || b[i] != ':' {
		return 0, false, r.broken(&jsonraw.SyntaxError{Offset: i, Msg: "expected ':'"})
	}
	return end, escaped, jsonraw.SkipSpace(b, i+1)
}

// checkName checks the name of a member, which begins at i.
func (r *run) checkName(names *node, i int) {
	if !r.satisfies(names, i) && r.fails() {
		r.report("property_names", "is not a name that is allowed here", nil)
	}
}

// rest checks the value of a member that is none of the properties.
func (r *run) rest(o *objectRules, value int) int {
	if o.closed && r.fails() {
		r.report("additional_properties", "is not a member that is allowed here", nil)
	}
	if o.rest == nil {
		return r.skip(value)
	}
	return r.value(o.rest, value)
}

// members checks an object as a whole, whose closing bracket is at i.
func (r *run) members(o *objectRules, seen []uint64, i, count int) {
	if count < o.min && r.fails() {
		r.report("min_properties", "must have at least "+plural(o.min, "member"), map[string]any{"min": o.min})
	}
	if o.max >= 0 && count > o.max && r.fails() {
		r.report("max_properties", "must have at most "+plural(o.max, "member"), map[string]any{"max": o.max})
	}
	for word, required := range o.required {
		for missing := required &^ seen[word]; missing != 0 && r.fails(); missing &= missing - 1 {
			p := &o.props[word*64+bits.TrailingZeros64(missing)]
			mark := len(r.path)
			r.path = appendPointer(r.path, p.name)
			r.report("required", "is required", nil)
			r.path = r.path[:mark]
		}
	}
	if !o.fallback {
		return
	}
	for at := range o.props {
		p := &o.props[at]
		if p.missing() == nil || seen[at/64]&(1<<(at%64)) != 0 {
			continue
		}
		r.lacking = true
		if !r.collect {
			return
		}
		var text []byte
		if count > 0 {
			text = append(text, ',')
		}
		text = append(append(append(text, p.token...), ':'), p.missing()...)
		r.edits = append(r.edits, edit{at: i, end: i, text: text})
		count++
	}
}

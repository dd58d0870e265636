package schema

import (
	"slices"
	"strconv"
	"strings"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
)

// run validates one text. The first pass only finds out whether there is
// anything to say or to change; in the rare case that there is, a second one
// collects it.
type run struct {
	b       []byte
	depth   int
	bad     bool // a violation was found
	lacking bool // a default is missing, or an integer isn't written in plain digits

	collect   bool
	malformed bool
	path      []byte
	out       []Violation
	edits     []edit
}

// stop is the index that says that the text is malformed and the run over.
const stop = -1

// whole validates the text as one value.
func (r *run) whole(n *node) {
	i := r.value(n, jsonraw.SkipSpace(r.b, 0))
	if i == stop {
		return
	}
	if i = jsonraw.SkipSpace(r.b, i); i < len(r.b) {
		r.broken(&jsonraw.SyntaxError{Offset: i, Msg: "unexpected text after the value"})
	}
}

// manyViolations is how many violations are collected at most, so that a small
// text can't ask for an answer many times its size.
const manyViolations = 256

// fails records a violation; it reports whether its message is wanted.
func (r *run) fails() bool {
	r.bad = true
	return r.collect && len(r.out) < manyViolations
}

func (r *run) report(code, message string, params map[string]any) {
	r.out = append(r.out, Violation{Path: string(r.path), Code: code, Message: message, Params: params})
}

// broken records that the text isn't JSON.
func (r *run) broken(err error) int {
	r.bad = true
	if r.collect && !r.malformed {
		r.out = append(r.out[:0], Violation{Code: "malformed", Message: "is malformed: " + err.Error()})
	}
	r.malformed = true
	return stop
}

// skip passes over a value without a look at it.
func (r *run) skip(i int) int {
	end, err := jsonraw.SkipValue(r.b, i, r.depth)
	if err != nil {
		return r.broken(err)
	}
	return end
}

func (r *run) end() int {
	return r.broken(&jsonraw.SyntaxError{Offset: len(r.b), Msg: "unexpected end of text"})
}

// value validates the value that begins at i and returns the index after it.
func (r *run) value(n *node, i int) int {
	if i >= len(r.b) {
		return r.end()
	}
	null := r.b[i] == 'n'
	for n.ref != nil && !(null && n.nullable) {
		n = n.ref.node
	}
	if null && n.nullable {
		return r.skip(i)
	}
	end := r.typed(n, i)
	if end != stop && (n.enum != nil || n.not != nil || n.allOf != nil || n.anyOf != nil || n.oneOf != nil) {
		r.combined(n, i, end)
		if r.malformed {
			return stop
		}
	}
	return end
}

// typed checks what depends on the value's type.
func (r *run) typed(n *node, i int) int {
	switch c := r.b[i]; c {
	case '"':
		if r.accepts(n, kindString, "a string") {
			return r.string(n, i)
		}
	case '{':
		if r.accepts(n, kindObject, "an object") && n.obj != nil {
			return r.object(n.obj, i)
		}
	case '[':
		if r.accepts(n, kindArray, "an array") && n.list != nil {
			return r.array(n.list, i)
		}
	case 't', 'f':
		r.accepts(n, kindBool, "a boolean")
	case 'n':
		r.accepts(n, kindNull, "null")
	default:
		if r.accepts(n, kindNumber|kindInteger, "a number") {
			return r.number(n, i)
		}
	}
	return r.skip(i)
}

func (r *run) accepts(n *node, kind kinds, got string) bool {
	if n.kinds == 0 || n.kinds&kind != 0 {
		return true
	}
	if r.fails() {
		r.wrongType(n, got)
	}
	return false
}

var withArticle = map[string]string{
	"string": "a string", "integer": "an integer", "number": "a number", "boolean": "a boolean",
	"array": "an array", "object": "an object", "null": "null",
}

func (r *run) wrongType(n *node, got string) {
	want := n.kinds
	if n.nullable {
		want |= kindNull
	}
	names := want.names()
	var params any = names[0]
	if len(names) > 1 {
		params = names
	}
	nouns := make([]string, len(names))
	for i, name := range names {
		nouns[i] = withArticle[name]
	}
	r.report("type", "must be "+strings.Join(nouns, " or ")+", not "+got, map[string]any{"type": params})
}

func (r *run) string(n *node, i int) int {
	end, escaped, err := jsonraw.SkipString(r.b, i)
	if err != nil {
		return r.broken(err)
	}
	if n.text != nil {
		if escaped {
			r.unescaped(n.text, r.b[i:end])
		} else {
			r.text(n.text, r.b[i+1:end-1])
		}
	}
	return end
}

func (r *run) array(l *listRules, i int) int {
	if r.depth++; r.depth > jsonraw.MaxDepth {
		return r.broken(&jsonraw.SyntaxError{Offset: i, Msg: "nested too deeply"})
	}
	b, start, count, mark := r.b, i, 0, len(r.path)
	if i = jsonraw.SkipSpace(b, i+1); i >= len(b) {
		return r.end()
	}
	for b[i] != ']' {
		if r.collect {
			r.path = strconv.AppendInt(append(r.path, '/'), int64(count), 10)
		}
		if l.item == nil {
			i = r.skip(i)
		} else {
			i = r.value(l.item, i)
		}
		if i == stop {
			return stop
		}
		r.path = r.path[:mark]
		count++
		if i = r.comma(i, ']'); i == stop {
			return stop
		}
	}
	r.depth--
	r.items(l, start, i+1, count)
	return i + 1
}

// comma passes over what stands between two elements: it returns the index of
// the next one, or of the closing bracket.
func (r *run) comma(i int, closing byte) int {
	b := r.b
	if i = jsonraw.SkipSpace(b, i); i >= len(b) {
		return r.end()
	}
	if b[i] == closing {
		return i
	}
	if b[i] != ',' {
		return r.broken(&jsonraw.SyntaxError{Offset: i, Msg: "expected ',' or '" + string(closing) + "'"})
	}
	if i = jsonraw.SkipSpace(b, i+1); i >= len(b) {
		return r.end()
	}
	if b[i] == closing {
		return r.broken(&jsonraw.SyntaxError{Offset: i, Msg: "unexpected '" + string(closing) + "' after ','"})
	}
	return i
}

// items checks an array as a whole.
func (r *run) items(l *listRules, start, end, count int) {
	if count < l.min && r.fails() {
		r.report("min_items", "must have at least "+plural(l.min, "item"), map[string]any{"min": l.min})
	}
	if l.max >= 0 && count > l.max && r.fails() {
		r.report("max_items", "must have at most "+plural(l.max, "item"), map[string]any{"max": l.max})
	}
	if l.unique && count > 1 {
		if first, second := repeated(r.b[start:end], count); second > 0 && r.fails() {
			r.report("unique_items", "must not have the same item twice", map[string]any{"items": []int{first, second}})
		}
	}
}

// combined checks what goes for values of every type.
func (r *run) combined(n *node, i, end int) {
	raw := r.b[i:end]
	if n.enum != nil && !slices.ContainsFunc(n.enum, func(l literal) bool { return l.equals(raw) }) && r.fails() {
		r.notInEnum(n)
	}
	for _, x := range n.allOf {
		if r.value(x, i) == stop {
			return
		}
	}
	for _, group := range n.anyOf {
		if r.matches(group, i) == 0 && r.fails() {
			r.report("any_of", "must satisfy one of the alternatives", nil)
		}
	}
	for _, group := range n.oneOf {
		if count := r.matches(group, i); count != 1 && r.fails() {
			r.report("one_of", "must satisfy exactly one of the alternatives, not "+strconv.Itoa(count), nil)
		}
	}
	for _, x := range n.not {
		if r.satisfies(x, i) && r.fails() {
			r.excluded(x)
		}
	}
}

// matches counts the nodes that the value at i satisfies.
func (r *run) matches(group []*node, i int) (count int) {
	for _, x := range group {
		if r.satisfies(x, i) {
			count++
		}
	}
	return count
}

// satisfies tries the value at i, of which nothing is recorded.
func (r *run) satisfies(n *node, i int) bool {
	before := *r
	r.bad, r.collect = false, false
	r.value(n, i)
	ok := !r.bad
	*r = before
	return ok
}

func (r *run) notInEnum(n *node) {
	values := make([]any, len(n.enum))
	list := make([]string, len(n.enum))
	for i, l := range n.enum {
		values[i], list[i] = l.param(), string(l.raw)
	}
	if n.isOne {
		r.report("const", "must be "+list[0], map[string]any{"value": values[0]})
		return
	}
	r.report("enum", "must be one of "+strings.Join(list, ", "), map[string]any{"values": values})
}

func (r *run) excluded(x *node) {
	if x.isOne {
		r.report("not", "must not be "+string(x.enum[0].raw), map[string]any{"value": x.enum[0].param()})
		return
	}
	r.report("not", "must not be what is excluded", nil)
}

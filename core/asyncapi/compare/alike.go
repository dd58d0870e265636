package compare

import (
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// alike reports whether two schemas with a oneOf whose alternatives overlap are the
// same: one has what the other has, in some order, or both say it in the same words.
// A value may match two alternatives, and so even an optional property more can be
// what makes the difference.
func (d *difference) alike(a, b places) bool {
	return d.oneOf(a, b) || slices.EqualFunc(a, b, func(p, q place) bool {
		p, _ = d.old.keywords(p)
		q, _ = d.now.keywords(q)
		return d.verbatim(p.text, q.text)
	})
}

// oneOf reports whether both schemas are such of a oneOf with equal alternatives.
func (d *difference) oneOf(a, b places) bool {
	if len(a) != 1 || len(b) != 1 {
		return false
	}
	p, x := d.old.keywords(a[0])
	q, y := d.now.keywords(b[0])
	if len(x.OneOf) != len(y.OneOf) || len(x.AllOf)+len(x.AnyOf)+len(y.AllOf)+len(y.AnyOf) > 0 {
		return false
	}
	left := q.list(y.OneOf, "oneOf")
	for _, one := range p.list(x.OneOf, "oneOf") {
		i := slices.IndexFunc(left, func(other place) bool { return d.equal(places{one}, places{other}) })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return d.equal(places{p.without("oneOf")}, places{q.without("oneOf")})
}

// list is the schemas of a keyword.
func (p place) list(texts []jsontext.Value, keyword string) places {
	all := make(places, len(texts))
	for i, text := range texts {
		all[i] = p.at(text, keyword, strconv.Itoa(i))
	}
	return all
}

// without is a schema that lacks a keyword, at a place that nothing else has.
func (p place) without(keyword string) place {
	var members map[string]jsontext.Value
	if json.Unmarshal(p.text, &members) != nil {
		return p
	}
	delete(members, keyword)
	text, err := json.Marshal(members, json.Deterministic(true))
	if err != nil {
		return p
	}
	return p.at(text, "without "+keyword)
}

// equal reports whether two schemas have no difference but what they say to people.
func (d *difference) equal(a, b places) bool {
	return !slices.ContainsFunc(d.below(a, b), func(f finding) bool { return f.effect != words })
}

// verbatim reports whether two schemas have the same text, and refer to equal ones.
func (d *difference) verbatim(a, b jsontext.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case jsontext.KindBeginArray:
		var x, y []jsontext.Value
		return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && slices.EqualFunc(x, y, d.verbatim)
	case jsontext.KindBeginObject:
	default:
		return canonical(a) == canonical(b)
	}
	var x, y map[string]jsontext.Value
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil || len(x) != len(y) {
		return false
	}
	if x["$ref"].Kind() == jsontext.KindString && y["$ref"].Kind() == jsontext.KindString {
		return d.equal(places{{text: a}}, places{{text: b}})
	}
	for name, text := range x {
		if other, ok := y[name]; !ok || !d.verbatim(text, other) {
			return false
		}
	}
	return true
}

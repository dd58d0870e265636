package compare

import (
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// product returns the forms of values that match one of each.
func product(a, b []*form) []*form {
	var forms []*form
	for _, x := range a {
		for _, y := range b {
			if both := x.and(y); both.kinds != 0 {
				forms = append(forms, both)
			}
			if len(forms) > maxForms {
				return forms
			}
		}
	}
	return forms
}

// and returns the form of values that match both.
func (f *form) and(g *form) *form {
	both := &form{
		at: f.at, label: f.label, kinds: f.kinds & g.kinds, whole: f.whole || g.whole,
		low: tighter(f.low, g.low, 1), high: tighter(f.high, g.high, -1),
		rules: merged(f.rules, g.rules), needs: merged(f.needs, g.needs), opaque: maps.Clone(f.opaque),
		items: slices.Concat(f.items, g.items), others: slices.Concat(f.others, g.others), names: slices.Concat(f.names, g.names),
		props: map[string]places{},
	}
	if both.label == "" {
		both.label = g.label
	}
	if both.opaque == nil {
		both.opaque = map[string]places{}
	}
	for key, p := range g.opaque {
		if _, taken := both.opaque[key]; taken {
			key += fmt.Sprintf(" of %s", g.at)
		}
		both.opaque[key] = p
	}
	for name, p := range f.props {
		both.props[name] = slices.Concat(p, g.property(name))
	}
	for name, p := range g.props {
		if _, ok := f.props[name]; !ok {
			both.props[name] = slices.Concat(p, f.others)
		}
	}
	both.values = f.values
	if f.values == nil {
		both.values = g.values
	} else if g.values != nil {
		both.values = maps.Clone(f.values)
		maps.DeleteFunc(both.values, func(text string, _ literal) bool { return g.values[text].text == "" })
	}
	both.prune()
	return both
}

// prune drops the values that are of no type of the form, and the types of which
// there are no values.
func (f *form) prune() {
	if f.values == nil {
		return
	}
	values, kinds := map[string]literal{}, kind(0)
	for value, l := range f.values {
		if l.kind&f.kinds != 0 && (!f.whole || l.number == nil || l.number.IsInt()) {
			values[value] = l
			kinds |= l.kind
		}
	}
	f.values, f.kinds = values, kinds
}

// property is what a form says of a property.
func (f *form) property(name string) places {
	if p, ok := f.props[name]; ok {
		return p
	}
	return f.others
}

func merged(a, b map[string]bool) map[string]bool {
	both := maps.Clone(a)
	if both == nil {
		both = map[string]bool{}
	}
	maps.Copy(both, b)
	return both
}

// tighter returns the narrower of the bounds of two. sign is 1 for lower ones.
func tighter(a, b map[string]bound, sign int) map[string]bound {
	both := maps.Clone(a)
	if both == nil {
		both = map[string]bound{}
	}
	for keyword, x := range b {
		old, ok := both[keyword]
		if ok {
			c := x.compare(old) * sign
			ok = c < 0 || c == 0 && !x.exclusive
		}
		if !ok {
			both[keyword] = x
		}
	}
	return both
}

// relevant are the keywords that matter to a type.
var relevant = map[kind]struct{ bounds, rules []string }{
	text:   {[]string{"minLength", "maxLength"}, []string{"pattern", "format", "contentEncoding", "minLength", "maxLength"}},
	number: {[]string{"minimum", "maximum"}, []string{"multipleOf", "minimum", "maximum"}},
	array:  {[]string{"minItems", "maxItems"}, []string{"uniqueItems", "minItems", "maxItems", "items", "additionalItems", "contains"}},
	object: {[]string{"minProperties", "maxProperties"}, []string{"dependencies", "patternProperties", "minProperties", "maxProperties"}},
}

// split returns a form for each type of the values.
func (f *form) split() []*form {
	var forms []*form
	for _, k := range kindNames {
		if f.kinds&k.kind == 0 {
			continue
		}
		g := &form{at: f.at, kinds: k.kind, low: map[string]bound{}, high: map[string]bound{}, rules: map[string]bool{}, opaque: map[string]places{}}
		g.whole = f.whole && k.kind == number
		for _, keyword := range relevant[k.kind].bounds {
			if b, ok := f.low[keyword]; ok {
				g.low[keyword] = b
			}
			if b, ok := f.high[keyword]; ok {
				g.high[keyword] = b
			}
		}
		for rule := range f.rules {
			if concerns(k.kind, rule) {
				g.rules[rule] = true
			}
		}
		for key, p := range f.opaque {
			if concerns(k.kind, key) {
				g.opaque[key] = p
			}
		}
		switch k.kind {
		case array:
			g.items = f.items
		case object:
			g.label, g.props, g.needs, g.others, g.names = f.label, f.props, f.needs, f.others, f.names
			g.complete()
		default:
		}
		if g.choose(f) {
			forms = append(forms, g)
		}
	}
	return forms
}

// concerns reports whether a keyword says something of a type: those that are only
// of another one don't.
func concerns(k kind, rule string) bool {
	keyword := rule
	for i, c := range rule {
		if c == ' ' || c == '/' {
			keyword = rule[:i]
			break
		}
	}
	if slices.Contains(relevant[k].rules, keyword) {
		return true
	}
	for other := range relevant {
		if slices.Contains(relevant[other].rules, keyword) {
			return false
		}
	}
	return true
}

// choose takes over the values of the type; false if there are none.
func (f *form) choose(from *form) bool {
	values := from.values
	if f.kinds == boolean && values == nil {
		values = map[string]literal{"true": {text: "true", kind: boolean}, "false": {text: "false", kind: boolean}}
	}
	if f.kinds == null && values == nil {
		values = map[string]literal{"null": {text: "null", kind: null}}
	}
	if values == nil {
		f.tidy()
		return true
	}
	f.values = map[string]literal{}
	for value, l := range values {
		if l.kind == f.kinds && (!f.whole || l.number == nil || l.number.IsInt()) && f.within(l) {
			f.values[value] = l
		}
	}
	if f.kinds == text || f.kinds == number {
		f.low, f.high = nil, nil // they have done what they are for
	}
	return len(f.values) > 0
}

// gathered makes one form of those that only list values of one simple type, so
// that an enum and alternatives of one constant each are the same.
func gathered(forms []*form) []*form {
	lists := map[kind]*form{}
	return slices.DeleteFunc(forms, func(f *form) bool {
		if f.values == nil || f.kinds == array || f.kinds == object || len(f.rules)+len(f.opaque)+len(f.low)+len(f.high) > 0 {
			return false
		}
		list, ok := lists[f.kinds]
		if !ok {
			lists[f.kinds] = f
			f.values = maps.Clone(f.values)
			return false
		}
		maps.Copy(list.values, f.values)
		list.whole = false
		return true
	})
}

// tidy writes the bounds of integers in one way: including the bound.
func (f *form) tidy() {
	if !f.whole {
		return
	}
	for _, side := range []struct {
		bounds map[string]bound
		step   int64
	}{{f.low, 1}, {f.high, -1}} {
		for keyword, b := range side.bounds {
			side.bounds[keyword] = bound{value: nearest(b, side.step), at: b.at}
		}
	}
}

// nearest returns the first integer that a bound lets through, upwards or downwards.
func nearest(b bound, step int64) *big.Rat {
	floor := new(big.Int).Div(b.value.Num(), b.value.Denom()) // Euclidean, the floor for a positive divisor
	n := new(big.Rat).SetInt(floor)
	if b.value.IsInt() {
		if b.exclusive {
			n.Add(n, big.NewRat(step, 1))
		}
		return n
	}
	if step > 0 {
		n.Add(n, big.NewRat(1, 1))
	}
	return n
}

// complete adds the properties that are only required, and drops those that can't
// be there anyway.
func (f *form) complete() {
	props := maps.Clone(f.props)
	if props == nil {
		props = map[string]places{}
	}
	for name := range f.needs {
		if _, ok := props[name]; !ok {
			props[name] = f.others
		}
	}
	maps.DeleteFunc(props, func(name string, p places) bool { return !f.needs[name] && closed(p) && closed(f.others) })
	f.props = props
}

// disjoint reports whether no value is in two of the alternatives, as far as that
// can be told.
func (v *viewer) disjoint(alternatives [][]*form) bool {
	if v.telling {
		return false
	}
	for i, a := range alternatives {
		for _, b := range alternatives[:i] {
			for _, f := range a {
				for _, g := range b {
					if !v.apart(f, g) {
						return false
					}
				}
			}
		}
	}
	return true
}

// apart reports whether no value is in both, as far as that can be told: it would
// have two types, or a required property two constants.
func (v *viewer) apart(f, g *form) bool {
	both := f.and(g)
	if both.kinds != object {
		return both.kinds == 0
	}
	for name := range both.needs {
		property := &viewer{side: v.side, about: map[string]jsontext.Value{}, inside: map[jsontext.Pointer]bool{}, telling: true}
		if len(property.all(both.props[name])) == 0 {
			return true
		}
	}
	return false
}

package compare

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// forms compares two forms of one type.
func (d *difference) forms(f, g *form) {
	if f.values != nil || g.values != nil {
		d.values(f, g)
		return
	}
	if f.whole != g.whole {
		d.add(pick(g.whole), f.at, g.at, "it was of the type %s, and is of the type %s", f.typeOf(), g.typeOf())
	}
	d.bounds(f, g)
	d.rules(f, g)
	d.opaques(f, g)
	switch f.kinds {
	case array:
		d.found = append(d.found, d.below(f.items, g.items)...)
	case object:
		d.objects(f, g)
	default:
	}
}

// pick is the effect of a change that allows less, or else more.
func pick(less bool) effect {
	if less {
		return narrower
	}
	return wider
}

// values compares forms of which at least one lists its values.
func (d *difference) values(f, g *form) {
	gone, doubtful := f.without(g)
	come, unknown := g.without(f)
	d.list(narrower, f, g, gone, "not possible any more")
	d.list(narrower, f, g, doubtful, "maybe not possible any more")
	d.list(wider, f, g, come, "possible, too")
	d.list(wider, f, g, unknown, "maybe a new possibility")
	if g.values == nil {
		d.add(wider, f.at, g.at, "any %s is possible, not only %s", g.typeOf(), some(f.sortedValues()))
	}
	if f.values == nil {
		d.add(narrower, f.at, g.at, "only %s is possible, not any %s", some(g.sortedValues()), f.typeOf())
	}
	d.rules(f, g)
	d.opaques(f, g)
}

// without returns the values that are not in another form, and those that may not
// be: by what is understood of it, and not a rule.
func (f *form) without(g *form) (gone, doubtful []string) {
	for _, text := range f.sortedValues() {
		l := f.values[text]
		_, listed := g.values[text]
		switch {
		case g.values != nil && !listed, g.whole && l.number != nil && !l.number.IsInt(), !g.within(l):
			gone = append(gone, text)
		case g.values == nil && (l.kind == array || l.kind == object):
			doubtful = append(doubtful, text)
		}
	}
	return gone, doubtful
}

func (d *difference) list(e effect, f, g *form, values []string, what string) {
	switch len(values) {
	case 0:
	case 1:
		d.add(e, f.at, g.at, "%s is %s", values[0], what)
	default:
		d.add(e, f.at, g.at, "%s are %s", some(values), what)
	}
}

// some lists values, but not a book of them.
func some(values []string) string {
	const most = 8
	short := make([]string, 0, most)
	for _, v := range values {
		if r := []rune(v); len(r) > 60 {
			v = string(r[:60]) + "…"
		}
		short = append(short, v)
	}
	if n := len(short) - most; n > 0 {
		short = append(short[:most], fmt.Sprintf("%d more", n))
	}
	return strings.Join(short, ", ")
}

// within reports whether a value keeps the bounds.
func (f *form) within(l literal) bool {
	size, low, high := l.number, "minimum", "maximum"
	switch l.kind {
	case number:
	case text:
		size, low, high = new(big.Rat).SetInt64(l.length), "minLength", "maxLength"
	default:
		return true
	}
	if size == nil {
		return len(f.low)+len(f.high) == 0
	}
	if b, ok := f.low[low]; ok && (size.Cmp(b.value) < 0 || b.exclusive && size.Cmp(b.value) == 0) {
		return false
	}
	b, ok := f.high[high]
	return !ok || size.Cmp(b.value) < 0 || !b.exclusive && size.Cmp(b.value) == 0
}

func (d *difference) bounds(f, g *form) {
	for _, x := range []struct {
		old, now map[string]bound
		sign     int
	}{{f.low, g.low, 1}, {f.high, g.high, -1}} {
		keywords := maps.Clone(x.old)
		maps.Copy(keywords, x.now)
		for _, keyword := range slices.Sorted(maps.Keys(keywords)) {
			a, hadOne := x.old[keyword]
			b, hasOne := x.now[keyword]
			switch {
			case !hadOne:
				d.add(narrower, f.at, b.at, "%s is %s, and there was none", keyword, b)
			case !hasOne:
				d.add(wider, a.at, g.at, "%s was %s, and there is none", keyword, a)
			case a.compare(b) != 0:
				d.add(pick(b.compare(a)*x.sign > 0), a.at, b.at, "%s was %s, and is %s", keyword, a, b)
			case a.exclusive != b.exclusive:
				d.add(pick(b.exclusive), a.at, b.at, "%s was %s, and is %s", keyword, a, b)
			}
		}
	}
}

func (b bound) String() string {
	s := decimal(b.value)
	if b.exclusive {
		s += " (itself not included)"
	}
	return s
}

// rules compares keywords by their values.
func (d *difference) rules(f, g *form) {
	var gone, come []string
	for rule := range f.rules {
		if !g.rules[rule] && !divides(rule, g.rules) {
			gone = append(gone, rule)
		}
	}
	for rule := range g.rules {
		if !f.rules[rule] && !divides(rule, f.rules) {
			come = append(come, rule)
		}
	}
	slices.Sort(gone)
	slices.Sort(come)
	switch {
	case gone != nil && come != nil:
		d.add(narrower|wider, f.at, g.at, "it had %s, and has %s: less and more may be possible", quotedRules(gone), quotedRules(come))
	case gone != nil:
		d.add(wider, f.at, g.at, "it has no %s any more", quotedRules(gone))
	case come != nil:
		d.add(narrower, f.at, g.at, "it has %s, and had not", quotedRules(come))
	}
}

func quotedRules(rules []string) string {
	quoted := make([]string, len(rules))
	for i, rule := range rules {
		quoted[i] = rule
		if keyword, value, ok := strings.Cut(rule, " "); ok && keyword == "pattern" {
			quoted[i] = fmt.Sprintf("%s %q", keyword, value)
		}
	}
	return some(quoted)
}

// divides reports whether one of the rules implies one for multiples.
func divides(rule string, others map[string]bool) bool {
	step := multiple(rule)
	if step == nil {
		return false
	}
	for other := range others {
		if x := multiple(other); x != nil && new(big.Rat).Quo(x, step).IsInt() {
			return true
		}
	}
	return false
}

func multiple(rule string) *big.Rat {
	value, ok := strings.CutPrefix(rule, "multipleOf ")
	if !ok {
		return nil
	}
	r := rational(jsontext.Value(value))
	if r == nil || r.Sign() == 0 {
		return nil
	}
	return r
}

// opaques compares keywords that are not understood: their schemas have to be
// equal.
func (d *difference) opaques(f, g *form) {
	var e effect
	changed := map[string]bool{}
	for key, p := range f.opaque {
		if q, ok := g.opaque[key]; !ok {
			e |= wider
		} else if both(d.below(p, q)) != 0 {
			e |= narrower | wider
		} else {
			continue
		}
		changed[keywordOf(key)] = true
	}
	for key := range g.opaque {
		if _, ok := f.opaque[key]; !ok {
			e |= narrower
			changed[keywordOf(key)] = true
		}
	}
	if changed["if"] || changed["then"] || changed["else"] || changed["items"] || changed["additionalItems"] {
		e |= narrower | wider // what one of them says depends on the others
	}
	if len(changed) > 0 {
		d.add(e, f.at, g.at, "another %s: it may be different", strings.Join(slices.Sorted(maps.Keys(changed)), ", "))
	}
}

func keywordOf(key string) string {
	keyword, _, _ := strings.Cut(key, "/")
	return keyword
}

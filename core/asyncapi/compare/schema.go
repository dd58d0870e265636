package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// effect is what a difference does to the set of values.
type effect uint8

const (
	narrower effect = 1 << iota // values that were allowed are not any more
	wider                       // values are allowed that were not
	words                       // neither: it is documentation
)

// finding is a difference of two schemas.
type finding struct {
	effect   effect
	old, now jsontext.Pointer
	text     string
}

// comparison compares the schemas of two documents. The sets of values that they
// stand for are compared, not their texts; what can't be told is taken for both
// narrower and wider.
type comparison struct {
	old, now *side
	known    map[string][]finding // by the places that were compared
	ongoing  map[string]int       // how deep the comparison of these places was begun
	left     int                  // comparisons until it is given up
	frame    string               // the member of a frame that must be there, whether the schema says so or not
}

// maxComparisons bounds the work.
const maxComparisons = 100_000

// maxNesting bounds how deep schemas are looked into.
const maxNesting = 200

// key names a pair of values.
func (c *comparison) key(a, b places) string {
	return c.old.key(a) + " and " + c.now.key(b)
}

func (s *side) key(all places) string {
	keys := make([]string, 0, len(all))
	for _, p := range all {
		at, _ := s.keywords(p)
		key := string(at.pointer)
		if key == "" {
			key = string(at.text)
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return strings.Join(slices.Compact(keys), " ")
}

// schemas returns the differences of two schemas and of all below them. Of schemas
// that contain themselves, those that are being compared already count as equal:
// if they are not, that is found where their comparison was begun. lowest is the
// depth of the outermost of these; what depends on it is not kept.
func (c *comparison) schemas(a, b places, depth int) (found []finding, lowest int) {
	key := c.key(a, b)
	if found, ok := c.known[key]; ok {
		return found, depth
	}
	if began, ok := c.ongoing[key]; ok {
		return nil, began
	}
	if c.left--; c.left < 0 || depth > maxNesting {
		return []finding{{narrower | wider, at(a), at(b), "too much to compare: it may be different"}}, depth
	}
	c.ongoing[key] = depth
	d := &difference{comparison: c, depth: depth, lowest: depth}
	d.views(a, b)
	delete(c.ongoing, key)
	found = slices.Clip(d.unique())
	if d.lowest >= depth && (depth > 0 || c.frame == "") {
		c.known[key] = found
	}
	return found, d.lowest
}

// at is where schemas stand.
func at(all places) jsontext.Pointer {
	if len(all) == 0 {
		return ""
	}
	return all[0].pointer
}

// difference collects the differences of two views.
type difference struct {
	*comparison
	depth, lowest int
	found         []finding
}

func (d *difference) add(e effect, old, now jsontext.Pointer, format string, args ...any) {
	d.found = append(d.found, finding{e, old, now, fmt.Sprintf(format, args...)})
}

// unique drops what was found twice.
func (d *difference) unique() []finding {
	seen := map[finding]bool{}
	return slices.DeleteFunc(d.found, func(f finding) bool {
		defer func() { seen[f] = true }()
		return seen[f]
	})
}

// below compares schemas one level down.
func (d *difference) below(a, b places) []finding {
	found, lowest := d.schemas(a, b, d.depth+1)
	d.lowest = min(d.lowest, lowest)
	return found
}

// both is the effect of all findings.
func both(found []finding) effect {
	var e effect
	for _, f := range found {
		e |= f.effect
	}
	return e & (narrower | wider)
}

// views compares two schemas as unions.
func (d *difference) views(old, now places) {
	a, b := d.old.view(old), d.now.view(now)
	d.annotations(a, b)
	before := len(d.found)
	paired := 0
	for _, k := range kindNames {
		x, y := ofKind(a.forms, k.kind), ofKind(b.forms, k.kind)
		if len(x) == 1 && len(y) == 1 {
			d.forms(x[0], y[0])
			paired++
			continue
		}
		x, y, n := d.pair(x, y)
		paired += n
		d.leftover(a, b, x, y)
	}
	d.retype(a, b, before, paired)
	if (a.fuzzy || b.fuzzy) && !d.alike(old, now) {
		d.add(narrower|wider, a.at, b.at, "oneOf has alternatives that overlap, and they are others: it may be different")
	}
}

func ofKind(forms []*form, k kind) []*form {
	return slices.DeleteFunc(slices.Clone(forms), func(f *form) bool { return f.kinds != k })
}

// pair compares those alternatives of one type that belong together, and returns
// the others and the number of pairs.
func (d *difference) pair(olds, news []*form) (a, b []*form, n int) {
	for _, alike := range []func(f, g *form) bool{
		func(f, g *form) bool { return len(d.quietly(f, g)) == 0 },
		func(f, g *form) bool { return f.label != "" && f.label == g.label },
		func(f, g *form) bool { return both(d.quietly(f, g)) == 0 },
		func(f, g *form) bool { return d.constant(f, g) },
		func(*form, *form) bool { return len(olds) == 1 && len(news) == 1 },
	} {
		olds = slices.DeleteFunc(slices.Clone(olds), func(f *form) bool {
			i := slices.IndexFunc(news, func(g *form) bool { return alike(f, g) })
			if i < 0 {
				return false
			}
			d.forms(f, news[i])
			news = slices.Delete(slices.Clone(news), i, i+1)
			n++
			return true
		})
	}
	return olds, news, n
}

// quietly returns what the difference of two forms would be.
func (d *difference) quietly(f, g *form) []finding {
	q := &difference{comparison: d.comparison, depth: d.depth, lowest: d.lowest}
	q.forms(f, g)
	d.lowest = min(d.lowest, q.lowest)
	return q.found
}

// constant reports whether two alternatives have the same constant in a property.
func (d *difference) constant(f, g *form) bool {
	for name := range f.props {
		if g.props[name] == nil {
			continue
		}
		x, y := d.old.view(f.props[name]).forms, d.now.view(g.props[name]).forms
		if len(x) == 1 && len(y) == 1 && len(x[0].values) == 1 && len(y[0].values) == 1 && x[0].sortedValues()[0] == y[0].sortedValues()[0] {
			return true
		}
	}
	return false
}

// leftover is about the alternatives that belong to none of the other side.
func (d *difference) leftover(a, b *view, olds, news []*form) {
	for _, f := range olds {
		if !slices.ContainsFunc(b.forms, func(g *form) bool { return g.kinds == f.kinds && both(d.quietly(f, g))&narrower == 0 }) {
			d.add(narrower, f.at, b.at, "%s is not possible any more", f)
		}
	}
	for _, g := range news {
		if !slices.ContainsFunc(a.forms, func(f *form) bool { return g.kinds == f.kinds && both(d.quietly(f, g))&wider == 0 }) {
			d.add(wider, a.at, g.at, "%s is possible, too", g)
		}
	}
}

// retype says in one sentence that nothing is as it was.
func (d *difference) retype(a, b *view, before, paired int) {
	if paired > 0 || len(a.forms) == 0 || len(b.forms) == 0 || len(d.found)-before < 2 {
		return
	}
	d.found = d.found[:before]
	d.add(narrower|wider, a.at, b.at, "it was %s, and is %s", a, b)
}

// annotations compares what is said to people.
func (d *difference) annotations(a, b *view) {
	var changed []string
	for name := range merged(keysOf(a.about), keysOf(b.about)) {
		x, y := a.about[name], b.about[name]
		if x == nil || y == nil || canonical(x) != canonical(y) {
			changed = append(changed, name)
		}
	}
	if changed != nil {
		slices.Sort(changed)
		d.add(words, a.at, b.at, "another %s", strings.Join(changed, ", "))
	}
}

func keysOf(m map[string]jsontext.Value) map[string]bool {
	keys := map[string]bool{}
	for key := range m {
		keys[key] = true
	}
	return keys
}

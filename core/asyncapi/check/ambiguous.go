package check

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

const (
	maxPairs   = 200_000 // that are compared in a document
	maxShown   = 20      // that are reported of a channel
	maxNesting = 6       // to which members are looked at for what tells schemas apart
)

// ambiguous finds messages of a channel that go the same way, of which a frame can
// be two: nothing that one of them requires tells them apart.
func (d *document) ambiguous() {
	ways := d.ways()
	pairs := 0
	d.each("channel", func(n *node) {
		if !strings.HasPrefix(n.at, "/channels/") {
			return
		}
		names := slices.Sorted(maps.Keys(object(n.value["messages"])))
		found := 0
		for k, name := range names {
			for _, other := range names[:k] {
				if pairs++; pairs > maxPairs {
					return
				}
				at, otherAt := join(n.at, "messages", name), join(n.at, "messages", other)
				if !d.mistakable(at, otherAt, ways) {
					continue
				}
				if found++; found <= maxShown {
					d.problem(Warning, at, "ambiguous-messages", "a frame can be this and %q: no member that one of them requires tells them apart%s", other, d.hint(d.at(at), d.at(otherAt)))
				}
			}
		}
		if found > maxShown {
			d.problem(Warning, join(n.at, "messages"), "ambiguous-messages", "%d more pairs can't be told apart", found-maxShown)
		}
	})
	if pairs > maxPairs {
		d.problem(Warning, "/channels", "limit", "there are too many messages to compare each with every other")
	}
}

// mistakable reports whether a frame can be both of two messages.
func (d *document) mistakable(at, otherAt string, ways map[string]map[string]bool) bool {
	if !meet(ways[at], ways[otherAt]) {
		return false
	}
	a, b := d.at(at), d.at(otherAt)
	if a == nil || b == nil || a.kind != "message" || b.kind != "message" {
		return false
	}
	return a == b || cmp.Or(a.value["contentType"], d.root["defaultContentType"]) == cmp.Or(b.value["contentType"], d.root["defaultContentType"]) && !d.apart(a, b)
}

// ways says of each message of a channel which ways it goes. One of which nothing
// says so is not there.
func (d *document) ways() map[string]map[string]bool {
	ways := map[string]map[string]bool{}
	add := func(n *node, way string) {
		var places []string
		list, listed := n.value["messages"].([]any)
		if channel := d.at(join(n.at, "channel")); !listed && channel != nil {
			for name := range object(channel.value["messages"]) {
				places = append(places, join(channel.at, "messages", name))
			}
		}
		for _, m := range list {
			ref, _ := object(m)["$ref"].(string)
			if at, _, ok := d.locate(ref); ok {
				places = append(places, at)
			}
		}
		for _, at := range places {
			if ways[at] == nil {
				ways[at] = map[string]bool{}
			}
			ways[at][way] = true
		}
	}
	d.each("operation", func(n *node) {
		way, _ := n.value["action"].(string)
		add(n, way)
		back := map[string]string{"receive": "send", "send": "receive"}[way]
		if reply := d.at(join(n.at, "reply")); reply != nil {
			add(reply, back)
		}
	})
	return ways
}

// meet reports whether two messages may go the same way. One without an operation
// may go any.
func meet(a, b map[string]bool) bool {
	if a == nil || b == nil {
		return true
	}
	for way := range a {
		if b[way] {
			return true
		}
	}
	return false
}

// apart reports whether two messages are told apart, or can't be judged: they have
// no schemas of a format that is known.
func (d *document) apart(a, b *node) bool {
	pa, pb := d.at(join(a.at, "payload")), d.at(join(b.at, "payload"))
	if pa == nil || pb == nil || pa.kind != "schema" || pb.kind != "schema" || d.disjoint(pa, pb, maxNesting) {
		return true
	}
	ha, hb := d.at(join(a.at, "headers")), d.at(join(b.at, "headers"))
	return ha != nil && hb != nil && ha.kind == "schema" && hb.kind == "schema" && d.disjoint(ha, hb, maxNesting)
}

// hint names a member whose constants would tell two messages apart were it
// required.
func (d *document) hint(a, b *node) string {
	fa, fb := d.facts(d.at(join(a.at, "payload"))), d.facts(d.at(join(b.at, "payload")))
	for _, name := range slices.Sorted(maps.Keys(fa.members)) {
		constant := func(n *node) bool { return d.facts(n).values != nil }
		if slices.ContainsFunc(fa.members[name], constant) && slices.ContainsFunc(fb.members[name], constant) && d.told(fa, fb, name, maxNesting) {
			return fmt.Sprintf(" (%q would, were it required)", name)
		}
	}
	return ""
}

// facts are what a schema says of a value, with what it refers to and all of its
// allOf.
type facts struct {
	types    []string
	values   []any // nil: any
	required map[string]bool
	members  map[string][]*node
	closed   bool
	choices  [][]*node // one of each has to hold
}

func (d *document) facts(n *node) *facts {
	f := &facts{required: map[string]bool{}, members: map[string][]*node{}}
	d.collect(f, n, maxHops)
	return f
}

func (d *document) collect(f *facts, n *node, depth int) {
	if n = d.follow(n); n == nil || depth == 0 {
		return
	}
	v := n.value
	switch t := v["type"].(type) {
	case string:
		f.types = []string{t}
	case []any:
		f.types = texts(t)
	}
	if c, ok := v["const"]; ok {
		f.values = []any{c}
	} else if list, ok := v["enum"].([]any); ok {
		f.values = list
	}
	for _, name := range texts(v["required"]) {
		f.required[name] = true
	}
	for name := range object(v["properties"]) {
		if p := d.at(join(n.at, "properties", name)); p != nil {
			f.members[name] = append(f.members[name], p)
		}
	}
	f.closed = f.closed || v["additionalProperties"] == false && v["patternProperties"] == nil
	choices := map[string][]*node{}
	for _, part := range d.inPlace(n) {
		keyword, _, _ := strings.Cut(strings.TrimPrefix(part.at, n.at+"/"), "/")
		if keyword == "allOf" {
			d.collect(f, part, depth-1)
			continue
		}
		choices[keyword] = append(choices[keyword], part)
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		list, _ := v[keyword].([]any)
		if len(list) > 0 && len(choices[keyword]) == len(list) {
			f.choices = append(f.choices, choices[keyword])
		}
	}
	if len(f.types) == 0 && (len(f.members) > 0 || len(f.required) > 0) {
		f.types = []string{"object"}
	}
}

// disjoint reports whether it is certain that no value is valid by both schemas.
func (d *document) disjoint(a, b *node, depth int) bool {
	if a = d.follow(a); a == nil || depth == 0 {
		return false
	}
	if b = d.follow(b); b == nil || a == b {
		return false
	}
	pair := [2]string{a.at, b.at}
	known, ok := d.pairs[pair]
	if ok {
		return known
	}
	d.pairs[pair] = false // for schemas that come back to it
	d.pairs[pair] = d.differ(a, b, depth)
	return d.pairs[pair]
}

func (d *document) differ(a, b *node, depth int) bool {
	fa, fb := d.facts(a), d.facts(b)
	if len(fa.types) > 0 && len(fb.types) > 0 && !overlap(fa.types, fb.types) {
		return true
	}
	if fa.values != nil && fb.values != nil && !slices.ContainsFunc(fa.values, func(x any) bool {
		return slices.ContainsFunc(fb.values, func(y any) bool { return reflect.DeepEqual(x, y) })
	}) {
		return true
	}
	for name := range fa.required {
		if fb.closed && fb.members[name] == nil || d.told(fa, fb, name, depth) {
			return true
		}
	}
	for name := range fb.required {
		if fa.closed && fa.members[name] == nil || d.told(fa, fb, name, depth) {
			return true
		}
	}
	all := func(choices [][]*node, other *node) bool {
		return slices.ContainsFunc(choices, func(choice []*node) bool {
			return !slices.ContainsFunc(choice, func(n *node) bool { return !d.disjoint(n, other, depth-1) })
		})
	}
	return all(fa.choices, b) || all(fb.choices, a)
}

// told reports whether a member tells values apart.
func (d *document) told(a, b *facts, name string, depth int) bool {
	return slices.ContainsFunc(a.members[name], func(x *node) bool {
		return slices.ContainsFunc(b.members[name], func(y *node) bool { return d.disjoint(x, y, depth-1) })
	})
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool {
			return x == y || x == "integer" && y == "number" || x == "number" && y == "integer"
		})
	})
}

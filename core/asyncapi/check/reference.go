package check

import (
	"net/url"
	"strconv"
	"strings"
)

// maxHops is how many references may lead to one another.
const maxHops = 50

// locate returns the place that a reference refers to, and what is there, which
// may be a reference again. On its way it goes through references.
func (d *document) locate(ref string) (at string, value any, ok bool) {
	hops := maxHops
	return d.reach(ref, &hops)
}

func (d *document) reach(ref string, hops *int) (at string, value any, ok bool) {
	fragment, inside := strings.CutPrefix(ref, "#")
	pointer, err := url.PathUnescape(fragment)
	if !inside || err != nil || pointer != "" && pointer[0] != '/' {
		return "", nil, false
	}
	value = d.root
	if pointer == "" {
		return "", value, true
	}
	for name := range strings.SplitSeq(pointer[1:], "/") {
		name = unescaper.Replace(name)
		if at, value, ok = d.step(at, value, name, hops); !ok {
			return "", nil, false
		}
	}
	return at, value, true
}

// step goes on to a member, and if need be through a reference.
func (d *document) step(at string, value any, name string, hops *int) (string, any, bool) {
	for {
		switch v := value.(type) {
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(v) || strconv.Itoa(i) != name {
				return "", nil, false
			}
			return join(at, name), v[i], true
		case map[string]any:
			if member, ok := v[name]; ok {
				return join(at, name), member, true
			}
			ref, ok := v["$ref"].(string)
			if *hops--; !ok || *hops < 0 {
				return "", nil, false
			}
			if at, value, ok = d.reach(ref, hops); !ok {
				return "", nil, false
			}
		default:
			return "", nil, false
		}
	}
}

// follow returns the node that a node is, or that it refers to in the end. It is
// nil where that is nothing.
func (d *document) follow(n *node) *node {
	for range maxHops {
		if n == nil || n.ref == "" {
			return n
		}
		at, _, ok := d.locate(n.ref)
		if !ok {
			return nil
		}
		n = d.byPlace[at]
	}
	return nil
}

// at returns the node of a place, as follow does.
func (d *document) at(place string) *node { return d.follow(d.byPlace[place]) }

// references checks every reference.
func (d *document) references() {
	for _, n := range d.nodes {
		if n.ref == "" {
			continue
		}
		if len(n.value) > 1 {
			d.problem(Warning, n.at, "beside-reference", "members beside a $ref count for nothing")
		}
		d.reference(n)
	}
	d.endless()
}

func (d *document) reference(n *node) {
	if !strings.HasPrefix(n.ref, "#") {
		d.problem(Warning, n.at, "external-reference", "%q is in another document, which was not looked at", n.ref)
		return
	}
	at, value, ok := d.locate(n.ref)
	if !ok {
		d.problem(Error, n.at, "dangling-reference", "%q is not there", n.ref)
		return
	}
	target := d.byPlace[at]
	_, yes := value.(bool)
	switch {
	case target == nil && !(yes && n.kind == "schema"):
		d.problem(Error, n.at, "reference-kind", "%q is not a %s", n.ref, n.kind)
	case target != nil && strings.TrimSuffix(target.kind, " with a format") != n.kind:
		d.problem(Error, n.at, "reference-kind", "%q is a %s, a %s is wanted here", n.ref, target.kind, n.kind)
	case target != nil && target.ref != "" && d.follow(target) == nil && d.circular(target):
		d.problem(Error, n.at, "reference-cycle", "%q refers on, and on, and never to anything", n.ref)
	}
}

// circular reports whether references go on for ever, or for as good as that.
func (d *document) circular(n *node) bool {
	for range maxHops {
		if n == nil || n.ref == "" {
			return false
		}
		at, _, ok := d.locate(n.ref)
		if !ok {
			return false
		}
		n = d.byPlace[at]
	}
	return true
}

// endless finds schemas that apply to their own value again and again.
func (d *document) endless() {
	const inside, done = 1, 2
	state := map[*node]int{}
	var enter func(n *node)
	enter = func(n *node) {
		state[n] = inside
		for _, next := range d.inPlace(n) {
			switch state[next] {
			case 0:
				enter(next)
			case inside:
				if n.ref == "" || !d.circular(n) {
					d.problem(Error, next.at, "reference-cycle", "the schema is a part of itself, for the same value")
				}
			}
		}
		state[n] = done
	}
	for _, n := range d.nodes {
		if n.kind == "schema" && state[n] == 0 {
			enter(n)
		}
	}
}

// inPlace returns the schemas that a schema applies to its own value.
func (d *document) inPlace(n *node) []*node {
	var found []*node
	add := func(place string) {
		if next := d.byPlace[place]; next != nil {
			found = append(found, next)
		}
	}
	if n.ref != "" {
		if at, _, ok := d.locate(n.ref); ok {
			add(at)
		}
		return found
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := n.value[keyword].([]any)
		for i := range list {
			add(join(n.at, keyword, strconv.Itoa(i)))
		}
	}
	for _, keyword := range []string{"not", "if", "then", "else"} {
		add(join(n.at, keyword))
	}
	return found
}

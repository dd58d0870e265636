package asyncapi

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// place is what has an id in the document: a part that is "" isn't in the id.
type place struct{ channel, name, topic, way string }

func (p place) String() string {
	name := p.name
	if p.topic != "" {
		name += "_" + p.topic
	}
	var parts []string
	for _, part := range []string{p.channel, name, p.way} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ".")
}

// idsOf gives each place an id of its own, of the letters that AsyncAPI allows in
// one; a name of such letters is its own id. The ids depend on nothing but the
// set of places.
func idsOf(places iter.Seq[place]) map[place]string {
	sorted := slices.SortedFunc(places, func(a, b place) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)), cmp.Compare(a.String(), b.String()),
			cmp.Compare(a.channel, b.channel), cmp.Compare(a.name, b.name),
		)
	})
	ids, taken := map[place]string{}, map[string]bool{}
	for _, p := range sorted {
		id := strings.Map(clean, p.String())
		for n, plain := 2, id; taken[id]; n++ {
			id = plain + "_" + strconv.Itoa(n)
		}
		ids[p], taken[id] = id, true
	}
	return ids
}

// namesOf are places that have a name alone.
func namesOf[T any](named map[string]T) iter.Seq[place] {
	return func(yield func(place) bool) {
		for name := range named {
			if !yield(place{name: name}) {
				return
			}
		}
	}
}

// rank is lower for the places that come first to the ids that they would have:
// topics come after all others, and names that aren't their own ids after those
// that are.
func rank(p place) int {
	r := 0
	if p.topic != "" {
		r = 2
	}
	if name := p.String(); strings.Map(clean, name) != name {
		r++
	}
	return r
}

func clean(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_', r == '-', r == '.':
		return r
	}
	return '_'
}

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

// style is how ids look.
type style struct {
	id     func(name string) string
	number string // stands in front of the number that tells an id from another one
}

var (
	// plainStyle leaves names as they are, as far as AsyncAPI allows their letters.
	plainStyle = style{func(name string) string { return strings.Map(clean, name) }, "_"}
	camelStyle = style{camel, ""}
)

// idsOf gives each place an id of its own, in the style. The ids depend on nothing
// but the set of places.
func idsOf(places iter.Seq[place], in style) map[place]string {
	sorted := slices.SortedFunc(places, func(a, b place) int {
		return cmp.Or(
			cmp.Compare(in.rank(a), in.rank(b)), cmp.Compare(a.String(), b.String()),
			cmp.Compare(a.channel, b.channel), cmp.Compare(a.name, b.name),
		)
	})
	ids, taken := map[place]string{}, map[string]bool{}
	for _, p := range sorted {
		ids[p] = in.own(in.id(p.String()), taken)
	}
	return ids
}

// own makes an id that isn't taken yet, and takes it.
func (in style) own(id string, taken map[string]bool) string {
	for n, plain := 2, id; taken[id]; n++ {
		id = plain + in.number + strconv.Itoa(n)
	}
	taken[id] = true
	return id
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
func (in style) rank(p place) int {
	r := 0
	if p.topic != "" {
		r = 2
	}
	if name := p.String(); in.id(name) != name {
		r++
	}
	return r
}

// camel makes "chatUserMessage" of "chat.user_message".
func camel(name string) string {
	words := strings.FieldsFunc(plainStyle.id(name), func(r rune) bool { return r == '.' || r == '_' || r == '-' })
	for i, w := range words {
		if i == 0 {
			words[i] = strings.ToLower(w[:1]) + w[1:]
		} else {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	if len(words) == 0 {
		return plainStyle.id(name)
	}
	return strings.Join(words, "")
}

func clean(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_', r == '-', r == '.':
		return r
	}
	return '_'
}

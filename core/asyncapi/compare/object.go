package compare

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// objects compares what two forms say of objects.
//
// Properties that a schema neither has nor says anything of are taken for such that
// nobody sends, though anybody may: that is how messages are extended.
func (d *difference) objects(f, g *form) {
	if f.names != nil || g.names != nil {
		d.found = append(d.found, d.below(f.names, g.names)...)
	}
	names := maps.Clone(f.props)
	if names == nil {
		names = map[string]places{}
	}
	maps.Copy(names, g.props)
	differ := false
	for _, name := range slices.Sorted(maps.Keys(names)) {
		_, had := f.props[name]
		_, has := g.props[name]
		differ = differ || had != has
		switch {
		case had && has:
			d.found = append(d.found, d.below(f.props[name], g.props[name])...)
			d.need(name, f, g)
		case has:
			d.added(name, f, g)
		default:
			d.removed(name, f, g)
		}
	}
	if differ && (matches(f.opaque) || matches(g.opaque)) {
		d.add(narrower|wider, f.at, g.at, "other properties beside patternProperties: it may be different")
	}
	d.others(f, g)
}

// matches reports whether there are schemas for properties by pattern.
func matches(opaque map[string]places) bool {
	for key := range opaque {
		if strings.HasPrefix(key, "patternProperties/") {
			return true
		}
	}
	return false
}

// need compares whether a property is required.
func (d *difference) need(name string, f, g *form) {
	if f.needs[name] == g.needs[name] || d.depth == 0 && name == d.frame {
		return
	}
	if g.needs[name] {
		d.add(narrower, f.at, at(g.props[name]), "the property %q is required now", name)
		return
	}
	d.add(wider, at(f.props[name]), g.at, "the property %q may be missing now", name)
}

// added is about a property that the old schema has not.
func (d *difference) added(name string, f, g *form) {
	where := at(g.props[name])
	switch {
	case closed(f.others):
		d.add(wider, f.at, where, "there is a property %q, where there were no others", name)
	case f.others != nil:
		d.found = append(d.found, d.below(f.others, g.props[name])...)
	case !g.needs[name]:
		d.add(0, f.at, where, "there is an optional property %q", name)
	}
	if g.needs[name] {
		d.add(narrower, f.at, where, "there is a required property %q", name)
	}
}

// removed is about a property that the new schema has not.
func (d *difference) removed(name string, f, g *form) {
	where := at(f.props[name])
	switch {
	case closed(g.others):
		d.add(narrower, where, g.at, "the property %q is not possible any more", name)
	case g.others != nil:
		d.found = append(d.found, d.below(f.props[name], g.others)...)
	case !f.needs[name]:
		d.add(0, where, g.at, "there is no optional property %q any more", name)
	}
	if f.needs[name] {
		d.add(wider, where, g.at, "there is no required property %q any more", name)
	}
}

// others compares what is said of properties that have no schema of their own.
func (d *difference) others(f, g *form) {
	switch {
	case f.others == nil && g.others == nil:
	case closed(f.others) && closed(g.others):
	case closed(g.others):
		d.add(narrower, f.at, at(g.others), "no other properties are possible any more")
	case closed(f.others):
		d.add(wider, at(f.others), g.at, "other properties are possible, too")
	case f.others == nil:
		d.add(0, f.at, at(g.others), "it is said what other properties are")
	case g.others == nil:
		d.add(0, at(f.others), g.at, "it is not said any more what other properties are")
	default:
		d.found = append(d.found, d.below(f.others, g.others)...)
	}
}

// closed reports whether no other properties are possible.
func closed(others places) bool {
	return slices.ContainsFunc(others, func(p place) bool {
		return p.text.Kind() == jsontext.KindFalse
	})
}

package schema

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
)

// tagger adds a field's tags to its node.
type tagger struct {
	builder  *builder
	owner    reflect.Type // the struct that has the field
	field    field
	node     *node
	required bool
}

// keywords are the tags that are read, in the order in which they apply: what
// others are checked against comes first.
var keywords = []struct {
	name  string
	kinds kinds // of the fields that it is for; 0: all
	apply func(t *tagger, value string) error
}{
	{"minLength", kindString, func(t *tagger, v string) error { return raise(&t.node.texts().min, v) }},
	{"maxLength", kindString, func(t *tagger, v string) error { return lower(&t.node.texts().max, v) }},
	{"pattern", kindString, (*tagger).pattern},
	{"format", kindString | kindInteger | kindNumber, (*tagger).format},
	{"minimum", kindInteger | kindNumber, (*tagger).minimum},
	{"maximum", kindInteger | kindNumber, (*tagger).maximum},
	{"exclusiveMinimum", kindInteger | kindNumber, (*tagger).above},
	{"exclusiveMaximum", kindInteger | kindNumber, (*tagger).below},
	{"multipleOf", kindInteger | kindNumber, (*tagger).multipleOf},
	{"minItems", kindArray, func(t *tagger, v string) error { return raise(&t.node.lists().min, v) }},
	{"maxItems", kindArray, func(t *tagger, v string) error { return lower(&t.node.lists().max, v) }},
	{"uniqueItems", kindArray, func(t *tagger, v string) error { return flag(&t.node.lists().unique, v) }},
	{"minProperties", kindObject, func(t *tagger, v string) error { return raise(&t.node.objects().min, v) }},
	{"maxProperties", kindObject, func(t *tagger, v string) error { return lower(&t.node.objects().max, v) }},
	{"enum", kindString | kindInteger | kindNumber | kindBool, (*tagger).enum},
	{"title", 0, func(t *tagger, v string) error { t.node.about.title = v; return nil }},
	{"doc", 0, func(t *tagger, v string) error { t.node.about.doc = v; return nil }},
	{"deprecated", 0, func(t *tagger, v string) error { return flag(&t.node.about.deprecated, v) }},
	{"readOnly", 0, func(t *tagger, v string) error { return flag(&t.node.about.readOnly, v) }},
	{"writeOnly", 0, func(t *tagger, v string) error { return flag(&t.node.about.writeOnly, v) }},
	{"validate", 0, (*tagger).rules},
	{"binding", 0, (*tagger).rules},
	{"example", 0, (*tagger).example},
	{"default", 0, (*tagger).fallback},
	{"required", 0, func(t *tagger, v string) error { return flag(&t.required, v) }},
}

func (t *tagger) apply() error {
	for _, k := range keywords {
		value, ok := t.field.Tag.Lookup(k.name)
		if !ok {
			if wrong := strings.ToLower(k.name); wrong != k.name {
				if _, ok := t.field.Tag.Lookup(wrong); ok {
					return fmt.Errorf("tag %s: write %s", wrong, k.name)
				}
			}
			continue
		}
		err := t.fits(k.kinds)
		if err == nil {
			err = k.apply(t, value)
		}
		if err != nil {
			return fmt.Errorf("tag %s:%q: %w", k.name, value, err)
		}
	}
	if t.node.ref == nil {
		t.node.seal()
		return t.node.possible()
	}
	return nil
}

// fits checks that a keyword has something to say about the field's values, and
// gives the node rules of its own where it only refers to others.
func (t *tagger) fits(k kinds) error {
	if k == 0 {
		return nil
	}
	if is := goKinds(t.field.Type); t.node.ref != nil {
		if is&k == 0 {
			return fmt.Errorf("it is not for a %v", t.field.Type)
		}
		t.node = &node{nullable: t.node.nullable, kinds: is, about: t.node.about, allOf: []*node{{ref: t.node.ref}}}
	}
	if t.node.kinds != 0 && t.node.kinds&k == 0 {
		if k&kindString != 0 && t.node.kinds&kindArray != 0 {
			return fmt.Errorf("it is not for a %v; give the elements a type of their own, or use validate:\"dive,…\"", t.field.Type)
		}
		return fmt.Errorf("it is not for a %v", t.field.Type)
	}
	return nil
}

// goKinds is what a named type that refers to itself is in JSON.
func goKinds(t reflect.Type) kinds {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return kindArray
	}
	return kindObject
}

// possible reports rules of which no value can satisfy both.
func (n *node) possible() error {
	if t := n.text; t != nil && t.max >= 0 && t.min > t.max {
		return errors.New("its least length is above the greatest")
	}
	if l := n.list; l != nil && l.max >= 0 && l.min > l.max {
		return errors.New("its least number of items is above the greatest")
	}
	if o := n.obj; o != nil && o.max >= 0 && o.min > o.max {
		return errors.New("its least number of members is above the greatest")
	}
	if r := n.num; r != nil {
		for _, low := range []*decimal{r.min, r.above} {
			for _, high := range []*decimal{r.max, r.below} {
				if low != nil && high != nil && low.compare(high) > 0 {
					return errors.New("its minimum is above the maximum")
				}
			}
		}
	}
	return nil
}

// raise sets a least count.
func raise(n *int, value string) error {
	v, err := parseCount(value)
	if err == nil {
		*n = max(*n, v)
	}
	return err
}

// lower sets a greatest count, of which -1 is none.
func lower(n *int, value string) error {
	v, err := parseCount(value)
	if err == nil && (*n < 0 || v < *n) {
		*n = v
	}
	return err
}

func parseCount(value string) (int, error) {
	v, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return 0, errors.New("it is not a count")
	}
	return int(v), nil
}

func flag(b *bool, value string) error {
	v, err := strconv.ParseBool(value)
	if err != nil {
		return errors.New("it must be true or false")
	}
	*b = v
	return nil
}

func (t *tagger) pattern(value string) error {
	p, err := newPattern(value)
	if err == nil {
		rules := t.node.texts()
		rules.patterns = append(rules.patterns, p)
	}
	return err
}

func (t *tagger) format(value string) error {
	if formats[value] != nil && t.node.kinds&(kindString) == t.node.kinds {
		t.node.setFormat(value)
		return nil
	}
	if k, ok := notes[value]; ok && k&t.node.kinds == t.node.kinds {
		t.node.about.format = value
		return nil
	}
	return fmt.Errorf("it is not a format that is known for a %v", t.field.Type)
}

// bound reads a bound and checks it against that which the type has.
func (t *tagger) bound(value string) (*decimal, error) {
	d, ok := parseNumber(value)
	if !ok {
		return nil, errors.New("it is not a number as JSON writes it")
	}
	r := t.node.numbers()
	if r.min != nil && d.compare(r.min) < 0 || r.max != nil && d.compare(r.max) > 0 {
		return nil, fmt.Errorf("it is outside of what a %v can hold, or of another bound", t.field.Type)
	}
	return d, nil
}

func (t *tagger) minimum(value string) (err error) {
	t.node.numbers().min, err = t.bound(value)
	return err
}

func (t *tagger) maximum(value string) (err error) {
	t.node.numbers().max, err = t.bound(value)
	return err
}

func (t *tagger) above(value string) (err error) {
	r := t.node.numbers()
	if r.above, err = t.bound(value); err == nil {
		r.min = nil // it says less
	}
	return err
}

func (t *tagger) below(value string) (err error) {
	r := t.node.numbers()
	if r.below, err = t.bound(value); err == nil {
		r.max = nil
	}
	return err
}

func (t *tagger) multipleOf(value string) (err error) {
	t.node.numbers().multiple, err = parseMultiple(value)
	return err
}

func parseMultiple(value string) (*decimal, error) {
	d, ok := parseNumber(value)
	if !ok || d.neg || d.zero() || d.count > 18 {
		return nil, errors.New("it must be a number above zero of at most 18 digits")
	}
	return d, nil
}

// enum reads values that stand between commas.
func (t *tagger) enum(value string) error {
	if t.node.kinds == 0 {
		return errors.New("it is for fields of a type; give this one a type with a method Enum")
	}
	var values []literal
	for v := range strings.SplitSeq(value, ",") {
		raw, err := t.value(v)
		if err != nil {
			return err
		}
		for _, x := range values {
			if x.equals(raw) {
				return fmt.Errorf("it has %s twice", raw)
			}
		}
		values = append(values, newLiteral(raw))
	}
	plain := *t.node
	plain.seal()
	for _, l := range values {
		if err := plain.admits(l.raw); err != nil {
			return err
		}
	}
	t.node.enum = values
	return nil
}

// value reads one value of a tag: a string is its text, all else is JSON.
func (t *tagger) value(text string) ([]byte, error) {
	k := t.node.kinds
	if t.node.ref != nil {
		k = goKinds(t.field.Type)
	}
	if k == kindString {
		return appendString(nil, text), nil
	}
	if err := jsonraw.Valid([]byte(text)); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSpace(text)), nil
}

// admits checks one value against a node.
func (n *node) admits(raw []byte) error {
	s := Schema{node: n}
	if v := s.Validate(raw); v != nil {
		return fmt.Errorf("%s is not a value of the field: %v", raw, v[0])
	}
	return nil
}

func (t *tagger) example(text string) error {
	raw, err := t.value(text)
	if err != nil {
		return err
	}
	n := t.node
	n.about.examples = [][]byte{raw}
	t.check("example", text, func() error { return n.admits(raw) })
	return nil
}

// fallback reads the default. The member need not be there then. null is no text
// where the field can be null.
func (t *tagger) fallback(text string) error {
	raw, err := t.value(text)
	if err != nil {
		return err
	}
	if text == "null" && t.node.nullable {
		raw = []byte(text)
	}
	n, f := t.node, t.field
	n.about.fallback, t.required = raw, false
	t.check("default", text, func() error {
		if err := n.admits(raw); err != nil {
			return err
		}
		s := Schema{node: n, typ: f.Type, codec: newCodec(f.Type)}
		n.about.fallback, _ = s.Complete(raw)
		if f.quoted {
			return nil
		}
		return s.codec.unmarshal(n.about.fallback, reflect.New(f.Type).Interface())
	})
	return nil
}

// check puts a check off until all definitions are made.
func (t *tagger) check(tag, text string, check func() error) {
	owner, name, b := t.owner, t.field.Name, t.builder
	b.later = append(b.later, func() error {
		if err := check(); err != nil {
			return fmt.Errorf("%v.%s: tag %s:%q: %w", owner, name, tag, text, err)
		}
		return nil
	})
}

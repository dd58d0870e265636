package compare

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// kind is a set of types.
type kind uint8

const (
	null kind = 1 << iota
	boolean
	number // an integer as well, where a form says whole
	text
	array
	object
	anything = null | boolean | number | text | array | object
)

// kindNames are the types in the order in which they are listed.
var kindNames = []struct {
	kind kind
	name string
	many string
}{
	{text, "string", "strings"}, {number, "number", "numbers"}, {boolean, "boolean", "booleans"},
	{array, "array", "arrays"}, {object, "object", "objects"}, {null, "null", "null"},
}

// form is a set of values: of one alternative of a schema, and, once split, of one
// type.
type form struct {
	at     jsontext.Pointer
	label  string // the name of the schema, where it has one
	kinds  kind
	whole  bool               // numbers are integers
	values map[string]literal // the only ones, by their text; nil: all
	low    map[string]bound   // by keyword
	high   map[string]bound   // by keyword
	rules  map[string]bool    // other keywords with their values, all of which hold
	opaque map[string]places  // schemas below keywords that are not understood
	items  places             // of an array
	props  map[string]places  // of an object
	needs  map[string]bool    // the properties that are required
	others places             // what other properties are; nil: nobody sends any, and any are taken
	names  places             // what the names of properties are
}

// bound is a limit of a length, a count or a number.
type bound struct {
	value     *big.Rat
	exclusive bool
	at        jsontext.Pointer
}

// view is a schema as a union of forms, each of one type.
type view struct {
	at    jsontext.Pointer
	forms []*form
	fuzzy bool                      // it is a oneOf whose alternatives may overlap
	about map[string]jsontext.Value // annotations
}

// maxForms bounds the alternatives of a schema.
const maxForms = 128

// viewer makes a view.
type viewer struct {
	*side
	about   map[string]jsontext.Value
	fuzzy   bool
	telling bool                      // whether alternatives are disjoint is being found out
	inside  map[jsontext.Pointer]bool // what is being looked at, against schemas that are made of themselves
}

// view looks at a value that has to match all places.
func (s *side) view(all places) *view {
	v := &viewer{side: s, about: map[string]jsontext.Value{}, inside: map[jsontext.Pointer]bool{}}
	forms := v.all(all)
	w := &view{fuzzy: v.fuzzy, about: v.about}
	if len(all) > 0 {
		at, _ := s.keywords(all[0])
		w.at = at.pointer
	}
	for _, f := range forms {
		w.forms = append(w.forms, f.split()...)
	}
	if !w.fuzzy {
		w.forms = gathered(w.forms)
	}
	return w
}

// all returns the forms of a value that matches all places.
func (v *viewer) all(all places) []*form {
	forms := []*form{{kinds: anything}}
	for i, p := range all {
		if i == 0 {
			at, _ := v.keywords(p)
			forms[0].at = at.pointer
		}
		forms = product(forms, v.one(p))
	}
	return forms
}

func (v *viewer) one(p place) []*form {
	p, k := v.keywords(p)
	if v.inside[p.pointer] && p.pointer != "" {
		return nil // it adds no alternative to itself
	}
	v.inside[p.pointer] = true
	defer delete(v.inside, p.pointer)
	own := v.own(p, k)
	for name, value := range k.annotations() {
		if _, ok := v.about[name]; !ok {
			v.about[name] = value
		}
	}
	forms := []*form{own}
	for i, text := range k.AllOf {
		forms = product(forms, v.one(p.at(text, "allOf", strconv.Itoa(i))))
	}
	if k.AnyOf != nil {
		forms = product(forms, v.union(p, "anyOf", k.AnyOf))
	}
	if k.OneOf != nil {
		forms = product(forms, v.union(p, "oneOf", k.OneOf))
	}
	if len(forms) > maxForms {
		return []*form{{kinds: anything, at: p.pointer, rules: map[string]bool{canonical(p.text): true}}}
	}
	return forms
}

// union returns the forms of alternatives. What it says of one of them is no
// annotation of the whole.
func (v *viewer) union(p place, keyword string, alternatives []jsontext.Value) []*form {
	about := v.about
	v.about = map[string]jsontext.Value{}
	var forms []*form
	var apart [][]*form
	for i, text := range alternatives {
		these := v.one(p.at(text, keyword, strconv.Itoa(i)))
		apart = append(apart, these)
		forms = append(forms, these...)
	}
	v.about = about
	if keyword == "oneOf" && !v.disjoint(apart) {
		v.fuzzy = true
	}
	return forms
}

// own returns the form of a schema without its alternatives.
func (v *viewer) own(p place, k *keywords) *form {
	f := &form{at: p.pointer, kinds: anything, rules: map[string]bool{}, opaque: map[string]places{}, low: map[string]bound{}, high: map[string]bound{}}
	if strings.HasPrefix(string(p.pointer), "/components/schemas/") && p.pointer.Parent() == "/components/schemas" {
		f.label = p.pointer.LastToken()
	}
	if k.unknown != "" {
		f.rules[k.unknown] = true
		return f
	}
	f.readType(k.Type)
	f.readValues(k)
	f.readBounds(k)
	f.readRules(k)
	f.readArray(p, k)
	f.readObject(p, k)
	f.prune()
	for _, x := range []struct {
		keyword string
		text    jsontext.Value
	}{{"not", k.Not}, {"if", k.If}, {"then", k.Then}, {"else", k.Else}, {"contains", k.Contains}} {
		if string(x.text) == "true" && x.keyword == "not" {
			f.kinds = 0
		} else if x.text != nil {
			f.opaque[x.keyword] = places{p.at(x.text, x.keyword)}
		}
	}
	return f
}

func (f *form) readType(v jsontext.Value) {
	var names []string
	switch v.Kind() {
	case '"':
		names = []string{unquoted(v)}
	case '[':
		_ = json.Unmarshal(v, &names) // what is no name counts for none
	default:
		return
	}
	f.kinds = 0
	f.whole = slices.Contains(names, "integer") && !slices.Contains(names, "number")
	for _, name := range names {
		if name == "integer" {
			name = "number"
		}
		for _, k := range kindNames {
			if k.name == name {
				f.kinds |= k.kind
			}
		}
	}
}

func (f *form) readValues(k *keywords) {
	if k.Enum != nil {
		f.values = map[string]literal{}
		for _, v := range k.Enum {
			l := literalOf(v)
			f.values[l.text] = l
		}
	}
	if k.Const != nil {
		l := literalOf(k.Const)
		if f.values != nil && f.values[l.text].text == "" {
			f.kinds = 0
		}
		f.values = map[string]literal{l.text: l}
	}
}

// ranges are what formats of numbers mean.
var ranges = map[string][2]string{
	"int32": {"-2147483648", "2147483647"},
	"int64": {"-9223372036854775808", "9223372036854775807"},
}

func (f *form) readBounds(k *keywords) {
	for keyword, v := range map[string]jsontext.Value{"minLength": k.MinLength, "minItems": k.MinItems, "minProperties": k.MinProperties, "minimum": k.Minimum} {
		f.limit(f.low, keyword, v, bound{at: f.at.AppendToken(keyword)}, 1)
	}
	for keyword, v := range map[string]jsontext.Value{"maxLength": k.MaxLength, "maxItems": k.MaxItems, "maxProperties": k.MaxProperties, "maximum": k.Maximum} {
		f.limit(f.high, keyword, v, bound{at: f.at.AppendToken(keyword)}, -1)
	}
	f.limit(f.low, "minimum", k.ExclusiveMinimum, bound{exclusive: true, at: f.at.AppendToken("exclusiveMinimum")}, 1)
	f.limit(f.high, "maximum", k.ExclusiveMaximum, bound{exclusive: true, at: f.at.AppendToken("exclusiveMaximum")}, -1)
	if r, ok := ranges[k.Format]; ok {
		f.limit(f.low, "minimum", jsontext.Value(r[0]), bound{at: f.at.AppendToken("format")}, 1)
		f.limit(f.high, "maximum", jsontext.Value(r[1]), bound{at: f.at.AppendToken("format")}, -1)
	}
}

// limit adds a bound; the narrower one counts. sign is 1 for a lower bound.
func (f *form) limit(to map[string]bound, keyword string, v jsontext.Value, b bound, sign int) {
	if v == nil {
		return
	}
	if b.value = rational(v); b.value == nil {
		f.rules[keyword+" "+string(v)] = true
		return
	}
	if sign > 0 && b.value.Sign() == 0 && keyword != "minimum" {
		return // as good as none
	}
	if old, ok := to[keyword]; !ok || b.compare(old)*sign > 0 || b.compare(old) == 0 && b.exclusive {
		to[keyword] = b
	}
}

func (b bound) compare(other bound) int { return b.value.Cmp(other.value) }

func (f *form) readRules(k *keywords) {
	if k.Pattern != nil {
		f.rules["pattern "+*k.Pattern] = true
	}
	if _, ok := ranges[k.Format]; k.Format != "" && !ok && k.Format != "float" && k.Format != "double" {
		f.rules["format "+k.Format] = true
	}
	if k.ContentEncoding != "" {
		f.rules["contentEncoding "+k.ContentEncoding] = true
	}
	if k.MultipleOf != nil {
		f.rules["multipleOf "+canonical(k.MultipleOf)] = true
	}
	if k.UniqueItems {
		f.rules["uniqueItems"] = true
	}
	for name, v := range k.Dependencies {
		if v.Kind() == '[' {
			f.rules[fmt.Sprintf("dependencies %q: %s", name, canonical(v))] = true
		}
	}
}

func (f *form) readArray(p place, k *keywords) {
	if k.Items.Kind() != '[' {
		if k.Items != nil {
			f.items = places{p.at(k.Items, "items")}
		}
		return
	}
	var items []jsontext.Value
	_ = json.Unmarshal(k.Items, &items) // it is an array
	for i, x := range items {
		f.opaque[fmt.Sprintf("items/%d", i)] = places{p.at(x, "items", strconv.Itoa(i))}
	}
	if k.AdditionalItems != nil {
		f.opaque["additionalItems"] = places{p.at(k.AdditionalItems, "additionalItems")}
	}
}

func (f *form) readObject(p place, k *keywords) {
	f.props, f.needs = map[string]places{}, map[string]bool{}
	for name, x := range k.Properties {
		f.props[name] = places{p.at(x, "properties", name)}
	}
	for name, x := range k.PatternProperties {
		f.opaque["patternProperties/"+name] = places{p.at(x, "patternProperties", name)}
	}
	for name, x := range k.Dependencies {
		if x.Kind() != '[' {
			f.opaque["dependencies/"+name] = places{p.at(x, "dependencies", name)}
		}
	}
	if k.AdditionalProperties != nil {
		f.others = places{p.at(k.AdditionalProperties, "additionalProperties")}
	}
	if k.PropertyNames != nil {
		f.names = places{p.at(k.PropertyNames, "propertyNames")}
	}
	for _, name := range k.Required {
		f.needs[name] = true
	}
}

// typeOf names the type of a form that has one.
func (f *form) typeOf() string {
	for _, k := range kindNames {
		switch {
		case f.kinds != k.kind:
		case f.kinds == number && f.whole:
			return "integer"
		default:
			return k.name
		}
	}
	return "value"
}

// sortedValues are the texts of the values, in order.
func (f *form) sortedValues() []string { return slices.Sorted(maps.Keys(f.values)) }

package schema

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Describer is a type that gives its own schema: the text of a JSON Schema
// draft-07, as an object. It is for types with their own JSON methods, or for what
// tags can't say. The method is called once, on the type's zero value.
//
// What the schema lets pass, the type must be able to decode; what it can't, is
// found when it is decoded. The keywords are those that tags have, and allOf,
// anyOf, oneOf, not, const, additionalProperties and propertyNames; a reference
// is an error, as is a keyword that isn't known.
type Describer interface {
	JSONSchema() string
}

var (
	describerType = reflect.TypeFor[Describer]()

	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	numberType   = reflect.TypeFor[json.Number]()
	rawType      = reflect.TypeFor[json.RawMessage]()
	valueType    = reflect.TypeFor[jsontext.Value]()

	jsonMethods = []reflect.Type{
		reflect.TypeFor[jsonv2.Marshaler](), reflect.TypeFor[jsonv2.MarshalerTo](),
		reflect.TypeFor[jsonv2.Unmarshaler](), reflect.TypeFor[jsonv2.UnmarshalerFrom](),
	}
	textOut = []reflect.Type{reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextAppender]()}
	textIn  = []reflect.Type{reflect.TypeFor[encoding.TextUnmarshaler]()}
)

// implements reports whether t or *t implements one of the interfaces.
func implements(t reflect.Type, interfaces ...reflect.Type) bool {
	for _, x := range interfaces {
		if t.Implements(x) || t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(x) {
			return true
		}
	}
	return false
}

// ownForm reports whether a type's JSON isn't made of its fields.
func ownForm(t reflect.Type) bool {
	return t == timeType || implements(t, jsonMethods...) || implements(t, textOut...) || implements(t, textIn...) ||
		implements(t, describerType)
}

// builder makes the nodes of one schema.
type builder struct {
	registry *Registry
	defs     map[reflect.Type]*def
	later    []func() error // what can only be checked once every definition is made
}

// node makes the node of a type, a new one each time, to which the tags of a
// field can be added; a named struct is a reference to its definition.
func (b *builder) node(t reflect.Type) (*node, error) {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		n, err := b.node(t.Elem())
		if err == nil {
			n.nullable = true
		}
		return n, err
	}
	if n, err := b.special(t); n != nil || err != nil {
		return n, err
	}
	if d := b.defs[t]; d != nil {
		return &node{ref: d}, nil
	}
	if d := b.registry.defs[t]; d != nil {
		b.adopt(d)
		return &node{ref: d}, nil
	}
	if t.Name() == "" || t.PkgPath() == "" {
		return b.kind(t)
	}
	// A named type that refers to itself becomes a definition, as structs do.
	if t.Kind() != reflect.Struct && !recursive(t) {
		return b.enumerated(t)
	}
	d := &def{typ: t}
	b.defs[t] = d
	n, err := b.enumerated(t)
	if err != nil {
		return nil, err
	}
	d.node = n
	return &node{ref: d}, nil
}

// adopt takes over a definition that another schema has made, and what it needs.
func (b *builder) adopt(d *def) {
	all := map[*def]bool{}
	collectDefs(&node{ref: d}, all)
	for x := range all {
		b.defs[x.typ] = x
	}
}

// recursive reports whether a named type that is no struct holds itself other
// than through a struct.
func recursive(t reflect.Type) bool {
	seen := map[reflect.Type]bool{}
	var reaches func(x reflect.Type) bool
	reaches = func(x reflect.Type) bool {
		switch x.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			if x.Elem() == t {
				return true
			}
			if seen[x] {
				return false
			}
			seen[x] = true
			return reaches(x.Elem())
		}
		return false
	}
	return reaches(t)
}

// special makes the node of a type whose JSON doesn't follow from its kind; nil
// if it does.
func (b *builder) special(t reflect.Type) (*node, error) {
	switch {
	case t.Kind() == reflect.Interface:
		return nil, nil
	case implements(t, describerType):
		text := reflect.New(t).Interface().(Describer).JSONSchema()
		n, err := parseSchema(text)
		if err != nil {
			return nil, fmt.Errorf("%v: its JSONSchema: %w", t, err)
		}
		return n, nil
	case t == timeType:
		return timeNode(), nil
	case t == durationType:
		n := intNode(64, true)
		n.about.doc = "nanoseconds"
		return n, nil
	case t == numberType:
		return &node{kinds: kindNumber}, nil
	case t == rawType, t == valueType:
		return &node{}, nil
	case implements(t, jsonMethods...):
		return &node{}, nil
	case implements(t, textOut...) || implements(t, textIn...):
		if !implements(t, textOut...) || !implements(t, textIn...) {
			return nil, fmt.Errorf("%v has MarshalText or UnmarshalText without the other; give it both", t)
		}
		n := &node{kinds: kindString}
		if t.Kind() == reflect.Array && t.Len() == 16 && t.Elem().Kind() == reflect.Uint8 && t.Name() == "UUID" {
			n.setFormat("uuid")
		}
		return n, b.addEnum(n, t)
	}
	return nil, nil
}

// timeSource narrows RFC 3339 to what time.Time reads: capital T and Z, and no
// leap seconds.
const timeSource = `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})$`

func timeNode() *node {
	n := &node{kinds: kindString}
	n.setFormat("date-time")
	n.text.patterns = []*pattern{{timeSource, func(s []byte) bool {
		// The format finds all else that the pattern refuses, and says it better.
		return !isDateTime(s) || s[10] == 'T' && s[17] < '6' && s[len(s)-1] != 'z'
	}}}
	return n
}

// setFormat makes the format be checked.
func (n *node) setFormat(name string) {
	n.texts().format, n.text.check = name, formats[name]
}

// enumerated is the node of a type by its kind, with the values of its Enum
// method if it has one.
func (b *builder) enumerated(t reflect.Type) (*node, error) {
	n, err := b.kind(t)
	if err != nil {
		return nil, err
	}
	return n, b.addEnum(n, t)
}

// addEnum takes the values of a type's method Enum() []T.
func (b *builder) addEnum(n *node, t reflect.Type) error {
	method := reflect.New(t).MethodByName("Enum")
	if !method.IsValid() {
		return nil
	}
	if mt := method.Type(); mt.NumIn() != 0 || mt.NumOut() != 1 || mt.Out(0).Kind() != reflect.Slice || mt.Out(0).Elem() != t {
		return nil // another method of that name
	}
	values := method.Call(nil)[0]
	if values.Len() == 0 {
		return fmt.Errorf("%v: its method Enum returns no values", t)
	}
	for i := range values.Len() {
		raw, err := jsonv2.Marshal(values.Index(i).Interface())
		if err != nil {
			return fmt.Errorf("%v: its method Enum: %w", t, err)
		}
		n.enum = append(n.enum, newLiteral(raw))
	}
	return nil
}

// kind is the node of a type that has no name of its own, or doesn't need it.
func (b *builder) kind(t reflect.Type) (*node, error) {
	switch t.Kind() {
	case reflect.Bool:
		return &node{kinds: kindBool}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intNode(t.Bits(), true), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return intNode(t.Bits(), false), nil
	case reflect.Float32, reflect.Float64:
		return floatNode(t.Bits()), nil
	case reflect.String:
		return &node{kinds: kindString}, nil
	case reflect.Slice, reflect.Array:
		return b.array(t)
	case reflect.Map:
		return b.mapNode(t)
	case reflect.Struct:
		return b.structNode(t)
	case reflect.Pointer:
		return nil, fmt.Errorf("%v is a named pointer type; use a plain pointer", t)
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return &node{}, nil
		}
		return nil, fmt.Errorf("%v is an interface, of which the decoder can't know the type; use a struct, any, or a type with UnmarshalJSON and JSONSchema", t)
	}
	return nil, fmt.Errorf("%v has no form in JSON", t)
}

func intNode(bits int, signed bool) *node {
	n := &node{kinds: kindInteger, plainInt: true}
	r := n.numbers()
	if signed {
		r.min, r.max = intDecimal(-1<<(bits-1)), intDecimal(1<<(bits-1)-1)
	} else {
		top := parseDecimal(strconv.AppendUint(nil, 1<<bits-1, 10))
		r.min, r.max = intDecimal(0), &top
	}
	switch { // by which of them hold every value; neither holds all of 64 bits without a sign
	case signed && bits <= 32 || bits < 32:
		n.about.format = "int32"
	case signed || bits == 32:
		n.about.format = "int64"
	}
	r.seal()
	return n
}

func floatNode(bits int) *node {
	n := &node{kinds: kindNumber}
	n.about.format = "double"
	low, _ := parseNumber("-1.7976931348623157e308")
	high, _ := parseNumber("1.7976931348623157e308")
	if bits == 32 {
		n.about.format = "float"
		low, _ = parseNumber("-3.4028235e38")
		high, _ = parseNumber("3.4028235e38")
	}
	n.num = &numberRules{min: low, max: high}
	n.num.seal()
	return n
}

func (b *builder) array(t reflect.Type) (*node, error) {
	size := -1
	if t.Kind() == reflect.Array {
		size = t.Len()
	}
	if e := t.Elem(); e.Kind() == reflect.Uint8 && e.PkgPath() == "" {
		n := &node{kinds: kindString}
		n.about.format, n.about.encoding = "byte", "base64"
		n.texts().patterns = []*pattern{base64Pattern(size)}
		if size >= 0 {
			n.text.min = (size + 2) / 3 * 4
			n.text.max = n.text.min
		}
		return n, nil
	}
	item, err := b.node(t.Elem())
	if err != nil {
		return nil, err
	}
	n := &node{kinds: kindArray, list: &listRules{item: item, max: -1}}
	if size >= 0 {
		n.list.min, n.list.max = size, size
	}
	return n, nil
}

func (b *builder) mapNode(t reflect.Type) (*node, error) {
	rest, err := b.node(t.Elem())
	if err != nil {
		return nil, err
	}
	n := &node{kinds: kindObject}
	n.objects().rest = rest
	n.obj.names, err = b.keyNode(t.Key())
	n.seal()
	return n, err
}

// keyNode is the node of a map's keys; nil if any name will do.
func (b *builder) keyNode(t reflect.Type) (*node, error) {
	n := &node{kinds: kindString}
	special, err := b.special(t)
	switch {
	case err != nil:
		return nil, err
	case special != nil && special.kinds == kindString:
		n = special
	case special != nil:
		return nil, fmt.Errorf("%v can't be the key of a map; use a string, an integer, or a type with MarshalText and UnmarshalText", t)
	case t.Kind() == reflect.String:
		err = b.addEnum(n, t)
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64:
		n.texts().patterns = []*pattern{intPattern(t.Bits(), true)}
	case reflect.Uint <= t.Kind() && t.Kind() <= reflect.Uintptr:
		n.texts().patterns = []*pattern{intPattern(t.Bits(), false)}
	default:
		return nil, fmt.Errorf("%v can't be the key of a map; use a string, an integer, or a type with MarshalText and UnmarshalText", t)
	}
	if n.text == nil && n.enum == nil {
		return nil, err
	}
	return n, err
}

func (b *builder) structNode(t reflect.Type) (*node, error) {
	fields, rest, err := structFields(t)
	if err != nil {
		return nil, err
	}
	n := &node{kinds: kindObject}
	o := n.objects()
	for _, f := range fields {
		p, err := b.prop(t, f)
		if err != nil {
			return nil, err
		}
		o.props = append(o.props, p)
	}
	if rest != nil && rest.Type != valueType && rest.Type != reflect.PointerTo(valueType) {
		inner := rest.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if o.rest, err = b.node(inner.Elem()); err != nil {
			return nil, fmt.Errorf("%v.%s: %w", t, rest.Name, err)
		}
	}
	n.seal()
	return n, nil
}

// prop makes the property of a field.
func (b *builder) prop(t reflect.Type, f field) (prop, error) {
	p := prop{name: f.name, token: string(appendString(nil, f.name))}
	fail := func(err error) (prop, error) { return p, fmt.Errorf("%v.%s: %w", t, f.Name, err) }
	n, err := b.node(f.Type)
	if err != nil {
		return fail(err)
	}
	if f.quoted {
		if n, err = quotedInt(f.Type, n.nullable); err != nil {
			return fail(err)
		}
	}
	tags := tagger{builder: b, owner: t, field: f, node: n, required: !f.omit && !f.pointer && f.Type.Kind() != reflect.Pointer}
	if err := tags.apply(); err != nil {
		return fail(err)
	}
	p.node, p.required = tags.node, tags.required
	return p, nil
}

// quotedInt is the node of an integer that the `string` option puts into a string.
func quotedInt(t reflect.Type, nullable bool) (*node, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	signed := reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64
	if !signed && (t.Kind() < reflect.Uint || t.Kind() > reflect.Uintptr) || ownForm(t) {
		return nil, fmt.Errorf("option string of its json tag is for integers; remove it")
	}
	n := &node{kinds: kindString, nullable: nullable}
	n.texts().patterns = []*pattern{intPattern(t.Bits(), signed)}
	return n, nil
}

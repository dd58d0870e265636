package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
)

// parseSchema reads the text of a JSON Schema into the intermediate form.
func parseSchema(text string) (*node, error) {
	if err := jsonraw.Valid([]byte(text)); err != nil {
		return nil, err
	}
	return readNode([]byte(strings.TrimSpace(text)), nil)
}

// readNode reads one schema; raw is valid JSON. Where it stands in a document,
// refs finds what it refers to.
func readNode(raw []byte, refs *linker) (*node, error) {
	switch string(raw) {
	case "true":
		return &node{}, nil
	case "false":
		return &node{not: []*node{{}}}, nil
	}
	if raw[0] != '{' {
		return nil, errors.New("a schema is an object")
	}
	n := &node{}
	r := reader{node: n, refs: refs}
	for w := (walk{b: raw, i: 1}); ; {
		name, value, more := w.member()
		if !more {
			break
		}
		r.members++
		read, ok := readers[name]
		if !ok && refs != nil {
			read, ok = refs.keyword(name)
		}
		if !ok {
			return nil, fmt.Errorf("keyword %q is not supported", name)
		}
		if err := read(&r, value); err != nil {
			return nil, fmt.Errorf("keyword %q: %w", name, err)
		}
	}
	return n, r.finish()
}

// reader reads keywords, in any order.
type reader struct {
	node     *node
	refs     *linker // nil: there are no references
	members  int
	required []string
	format   string
	constant []byte
}

// readers are the keywords that are known.
var readers map[string]keyword

// keyword reads one keyword's value.
type keyword func(*reader, []byte) error

func countKeyword(low bool, counts func(n *node) (low, high *int)) keyword {
	return func(r *reader, raw []byte) error {
		least, most := counts(r.node)
		if low {
			return raise(least, string(raw))
		}
		return lower(most, string(raw))
	}
}

func numberKeyword(bound func(*numberRules) **decimal) keyword {
	return func(r *reader, raw []byte) error {
		d, ok := parseNumber(string(raw))
		if !ok {
			return errors.New("it is not a number")
		}
		*bound(r.node.numbers()) = d
		return nil
	}
}

func textKeyword(set func(*reader, string)) keyword {
	return func(r *reader, raw []byte) error {
		s, err := readString(raw)
		set(r, s)
		return err
	}
}

func flagKeyword(b func(n *node) *bool) keyword {
	return func(r *reader, raw []byte) error { return flag(b(r.node), string(raw)) }
}

func ignored(*reader, []byte) error { return nil }

// init, because the keywords read schemas, which read keywords.
func init() {
	text := func(n *node) (*int, *int) { t := n.texts(); return &t.min, &t.max }
	list := func(n *node) (*int, *int) { l := n.lists(); return &l.min, &l.max }
	object := func(n *node) (*int, *int) { o := n.objects(); return &o.min, &o.max }
	readers = map[string]keyword{
		"type": (*reader).kinds, "enum": (*reader).enum, "const": func(r *reader, raw []byte) error { r.constant = raw; return nil },
		"minLength": countKeyword(true, text), "maxLength": countKeyword(false, text), "pattern": (*reader).pattern,
		"format":           textKeyword(func(r *reader, s string) { r.format = s }),
		"minimum":          numberKeyword(func(n *numberRules) **decimal { return &n.min }),
		"maximum":          numberKeyword(func(n *numberRules) **decimal { return &n.max }),
		"exclusiveMinimum": numberKeyword(func(n *numberRules) **decimal { return &n.above }),
		"exclusiveMaximum": numberKeyword(func(n *numberRules) **decimal { return &n.below }),
		"multipleOf":       (*reader).multipleOf,
		"minItems":         countKeyword(true, list), "maxItems": countKeyword(false, list),
		"uniqueItems":   flagKeyword(func(n *node) *bool { return &n.lists().unique }),
		"items":         one(func(n, x *node) { n.lists().item = x }),
		"minProperties": countKeyword(true, object), "maxProperties": countKeyword(false, object),
		"properties": (*reader).properties, "required": (*reader).names, "additionalProperties": (*reader).rest,
		"propertyNames":   one(func(n, x *node) { n.objects().names = x }),
		"allOf":           several(func(n *node, x []*node) { n.allOf = append(n.allOf, x...) }),
		"anyOf":           several(func(n *node, x []*node) { n.anyOf = append(n.anyOf, x) }),
		"oneOf":           several(func(n *node, x []*node) { n.oneOf = append(n.oneOf, x) }),
		"not":             one(func(n, x *node) { n.not = append(n.not, x) }),
		"$schema":         ignored,
		"$comment":        ignored,
		"title":           textKeyword(func(r *reader, s string) { r.node.about.title = s }),
		"description":     textKeyword(func(r *reader, s string) { r.node.about.doc = s }),
		"deprecated":      flagKeyword(func(n *node) *bool { return &n.about.deprecated }),
		"readOnly":        flagKeyword(func(n *node) *bool { return &n.about.readOnly }),
		"writeOnly":       flagKeyword(func(n *node) *bool { return &n.about.writeOnly }),
		"contentEncoding": textKeyword(func(r *reader, s string) { r.node.about.encoding = s }),
		"examples":        (*reader).examples,
	}
}

func readString(raw []byte) (string, error) {
	if raw[0] != '"' {
		return "", errors.New("it must be a string")
	}
	return string(jsonraw.Unquote(nil, raw)), nil
}

// elements are the elements of a valid array.
func elements(raw []byte) ([][]byte, error) {
	if raw[0] != '[' {
		return nil, errors.New("it must be an array")
	}
	var out [][]byte
	for w := (walk{b: raw, i: 1}); ; {
		value, more := w.next()
		if !more {
			return out, nil
		}
		out = append(out, value)
	}
}

func one(set func(n, x *node)) keyword {
	return func(r *reader, raw []byte) error {
		x, err := readNode(raw, r.refs)
		set(r.node, x)
		return err
	}
}

func several(set func(n *node, x []*node)) keyword {
	return func(r *reader, raw []byte) error {
		values, err := elements(raw)
		if err == nil && values == nil {
			err = errors.New("it has no alternatives")
		}
		nodes := make([]*node, len(values))
		for i, v := range values {
			if err == nil {
				nodes[i], err = readNode(v, r.refs)
			}
		}
		set(r.node, nodes)
		return err
	}
}

func (r *reader) kinds(raw []byte) error {
	list := [][]byte{raw}
	if raw[0] == '[' {
		list, _ = elements(raw)
	}
	for _, x := range list {
		name, err := readString(x)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(kindNames[:], func(k struct {
			kind kinds
			name string
		}) bool {
			return k.name == name
		})
		if i < 0 {
			return fmt.Errorf("there is no type %q", name)
		}
		r.node.kinds |= kindNames[i].kind
	}
	if r.node.kinds == 0 {
		return errors.New("it has no types")
	}
	return nil
}

func (r *reader) enum(raw []byte) error {
	values, err := elements(raw)
	if err == nil && values == nil {
		err = errors.New("it has no values")
	}
	for _, v := range values {
		r.node.enum = append(r.node.enum, newLiteral(v))
	}
	return err
}

func (r *reader) pattern(raw []byte) error {
	source, err := readString(raw)
	if err != nil {
		return err
	}
	return addPattern(r.node, source)
}

func (r *reader) multipleOf(raw []byte) (err error) {
	r.node.numbers().multiple, err = parseMultiple(string(raw))
	return err
}

func (r *reader) properties(raw []byte) error {
	if raw[0] != '{' {
		return errors.New("it must be an object")
	}
	o := r.node.objects()
	for w := (walk{b: raw, i: 1}); ; {
		name, value, more := w.member()
		if !more {
			return nil
		}
		x, err := readNode(value, r.refs)
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		o.props = append(o.props, prop{name: name, token: string(appendString(nil, name)), node: x})
	}
}

func (r *reader) names(raw []byte) error {
	values, err := elements(raw)
	for _, v := range values {
		var name string
		if name, err = readString(v); err != nil {
			return err
		}
		r.required = append(r.required, name)
	}
	return err
}

func (r *reader) rest(raw []byte) (err error) {
	o := r.node.objects()
	if string(raw) == "false" {
		o.closed = true
		return nil
	}
	o.rest, err = readNode(raw, r.refs)
	return err
}

func (r *reader) examples(raw []byte) (err error) {
	r.node.about.examples, err = elements(raw)
	return err
}

// finish does what needs all keywords.
func (r *reader) finish() error {
	n := r.node
	if n.ref != nil && r.members > 1 {
		return errors.New("what stands beside $ref means nothing in draft-07")
	}
	switch {
	case r.format == "":
	case formats[r.format] != nil:
		n.setFormat(r.format)
	default:
		n.about.format = r.format
	}
	if r.constant != nil {
		one := []literal{newLiteral(r.constant)}
		if n.enum == nil {
			n.enum, n.isOne = one, true
		} else {
			n.allOf = append(n.allOf, &node{enum: one, isOne: true})
		}
	}
	for _, name := range r.required {
		o := n.objects()
		i := slices.IndexFunc(o.props, func(p prop) bool { return p.name == name })
		if i < 0 {
			i = len(o.props)
			x := &node{}
			if o.closed {
				x.not = []*node{{}}
			} else if o.rest != nil {
				x = o.rest
			}
			o.props = append(o.props, prop{name: name, token: string(appendString(nil, name)), node: x})
		}
		o.props[i].required = true
	}
	if n.kinds&kindNumber != 0 {
		n.kinds &^= kindInteger // a number may be one anyway
	}
	n.plainInt = n.kinds&kindInteger != 0
	n.seal()
	return n.possible()
}

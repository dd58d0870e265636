package schema

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// publisher writes nodes as JSON Schema draft-07, with the same bytes each time.
type publisher struct {
	out    []byte
	prefix string // of a reference, before the name
	names  map[*def]string
}

// fields writes the members of one object.
type fields struct {
	p    *publisher
	some bool
}

func (p *publisher) open() fields {
	p.out = append(p.out, '{')
	return fields{p: p}
}

func (f *fields) close() { f.p.out = append(f.p.out, '}') }

// name begins a member; what its value is, the caller appends.
func (f *fields) name(name string) {
	if f.some {
		f.p.out = append(f.p.out, ',')
	}
	f.some = true
	f.p.out = append(appendString(f.p.out, name), ':')
}

func (f *fields) string(name, value string) {
	if value != "" {
		f.name(name)
		f.p.out = appendString(f.p.out, value)
	}
}

func (f *fields) flag(name string, value bool) {
	if value {
		f.name(name)
		f.p.out = append(f.p.out, "true"...)
	}
}

func (f *fields) count(name string, n, none int) {
	if n != none {
		f.name(name)
		f.p.out = strconv.AppendInt(f.p.out, int64(n), 10)
	}
}

func (f *fields) number(name string, d *decimal) {
	if d != nil {
		f.name(name)
		f.p.out = append(f.p.out, d.raw...)
	}
}

func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // invalid UTF-8 is replaced
	return dst
}

// node writes one schema.
func (p *publisher) node(n *node) {
	f := p.open()
	p.members(&f, n)
	f.close()
}

// members writes the members of a schema into an object that is open.
func (p *publisher) members(f *fields, n *node) {
	bare := n.about.empty() && !f.some
	switch {
	case n.ref != nil && !n.nullable && bare:
		f.string("$ref", p.prefix+p.names[n.ref])
	case n.ref != nil && !n.nullable:
		p.about(f, n)
		f.name("allOf")
		p.out = append(p.out, '[')
		p.node(&node{ref: n.ref})
		p.out = append(p.out, ']')
	case n.nullable && (n.ref != nil || n.kinds == 0 && !n.anything() || n.composed()):
		p.about(f, n)
		plain := *n
		plain.nullable, plain.about = false, about{}
		f.name("anyOf")
		p.group([]*node{&plain, {kinds: kindNull}})
	default:
		p.plain(f, n)
	}
}

// composed reports whether null would have to get past more than type and enum.
func (n *node) composed() bool {
	return n.allOf != nil || n.anyOf != nil || n.oneOf != nil || n.not != nil
}

func (p *publisher) plain(f *fields, n *node) {
	p.kinds(f, n)
	p.about(f, n)
	p.enum(f, n)
	allOf := n.allOf
	if t := n.text; t != nil {
		f.count("minLength", t.min, 0)
		f.count("maxLength", t.max, -1)
		for i, x := range t.patterns {
			if i == 0 {
				f.string("pattern", x.source)
			} else {
				allOf = append(slices.Clip(allOf), &node{text: &textRules{max: -1, patterns: []*pattern{x}}})
			}
		}
	}
	if r := n.num; r != nil {
		f.number("minimum", r.min)
		f.number("exclusiveMinimum", r.above)
		f.number("maximum", r.max)
		f.number("exclusiveMaximum", r.below)
		f.number("multipleOf", r.multiple)
	}
	if l := n.list; l != nil {
		p.list(f, l)
	}
	if o := n.obj; o != nil {
		p.object(f, o)
	}
	p.combine(f, n, allOf)
}

func (p *publisher) kinds(f *fields, n *node) {
	k := n.kinds
	if n.nullable && k != 0 {
		k |= kindNull
	}
	names := k.names()
	switch len(names) {
	case 0:
	case 1:
		f.string("type", names[0])
	default:
		f.name("type")
		p.strings(names)
	}
}

func (p *publisher) strings(values []string) {
	p.out = append(p.out, '[')
	for i, v := range values {
		if i > 0 {
			p.out = append(p.out, ',')
		}
		p.out = appendString(p.out, v)
	}
	p.out = append(p.out, ']')
}

func (p *publisher) about(f *fields, n *node) {
	a := &n.about
	f.string("title", a.title)
	f.string("description", a.doc)
	format := a.format
	if n.text != nil && n.text.format != "" {
		format = n.text.format
	}
	f.string("format", format)
	f.string("contentEncoding", a.encoding)
	f.flag("deprecated", a.deprecated)
	f.flag("readOnly", a.readOnly)
	f.flag("writeOnly", a.writeOnly)
	if a.fallback != nil {
		f.name("default")
		p.out = append(p.out, a.fallback...)
	}
	if len(a.examples) > 0 {
		f.name("examples")
		p.out = append(append(append(p.out, '['), bytes.Join(a.examples, []byte(","))...), ']')
	}
}

func (p *publisher) enum(f *fields, n *node) {
	switch {
	case n.enum == nil:
	case n.isOne && !n.nullable:
		f.name("const")
		p.out = append(p.out, n.enum[0].raw...)
	default:
		f.name("enum")
		p.out = append(p.out, '[')
		null := n.nullable
		for i, l := range n.enum {
			if i > 0 {
				p.out = append(p.out, ',')
			}
			p.out = append(p.out, l.raw...)
			null = null && l.kind != kindNull
		}
		if null {
			p.out = append(p.out, ",null"...)
		}
		p.out = append(p.out, ']')
	}
}

func (p *publisher) list(f *fields, l *listRules) {
	if l.item != nil && !l.item.anything() || l.item != nil && !l.item.about.empty() {
		f.name("items")
		p.node(l.item)
	}
	f.count("minItems", l.min, 0)
	f.count("maxItems", l.max, -1)
	f.flag("uniqueItems", l.unique)
}

func (p *publisher) object(f *fields, o *objectRules) {
	if len(o.props) > 0 {
		f.name("properties")
		props := p.open()
		for _, x := range o.props {
			props.name(x.name)
			p.node(x.node)
		}
		props.close()
	}
	var required []string
	for _, x := range o.props {
		if x.required {
			required = append(required, x.name)
		}
	}
	if required != nil {
		f.name("required")
		p.strings(required)
	}
	switch {
	case o.closed:
		f.name("additionalProperties")
		p.out = append(p.out, "false"...)
	case o.rest != nil:
		f.name("additionalProperties")
		p.node(o.rest)
	}
	if o.names != nil {
		f.name("propertyNames")
		p.node(o.names)
	}
	f.count("minProperties", o.min, 0)
	f.count("maxProperties", o.max, -1)
}

// combine writes the combinations. JSON Schema has each keyword once, so further
// groups go into allOf.
func (p *publisher) combine(f *fields, n *node, allOf []*node) {
	more := func(x *node) { allOf = append(slices.Clip(allOf), x) }
	for i, group := range n.anyOf {
		if i > 0 {
			more(&node{anyOf: [][]*node{group}})
		}
	}
	for i, group := range n.oneOf {
		if i > 0 {
			more(&node{oneOf: [][]*node{group}})
		}
	}
	for i, x := range n.not {
		if i > 0 {
			more(&node{not: []*node{x}})
		}
	}
	if len(allOf) > 0 {
		f.name("allOf")
		p.group(allOf)
	}
	if len(n.anyOf) > 0 {
		f.name("anyOf")
		p.group(n.anyOf[0])
	}
	if len(n.oneOf) > 0 {
		f.name("oneOf")
		p.group(n.oneOf[0])
	}
	if len(n.not) > 0 {
		f.name("not")
		p.node(n.not[0])
	}
}

func (p *publisher) group(nodes []*node) {
	p.out = append(p.out, '[')
	for i, x := range nodes {
		if i > 0 {
			p.out = append(p.out, ',')
		}
		p.node(x)
	}
	p.out = append(p.out, ']')
}

package schema

import "reflect"

// kinds is a set of JSON's types; none at all means any.
type kinds uint8

const (
	kindNull kinds = 1 << iota
	kindBool
	kindInteger // a number without a fractional part, however it is written: 1.0 is one
	kindNumber
	kindString
	kindArray
	kindObject
)

var kindNames = [...]struct {
	kind kinds
	name string
}{
	{kindString, "string"}, {kindInteger, "integer"}, {kindNumber, "number"}, {kindBool, "boolean"},
	{kindArray, "array"}, {kindObject, "object"}, {kindNull, "null"},
}

// names lists the types of the set as JSON Schema calls them.
func (k kinds) names() []string {
	var names []string
	for _, x := range kindNames {
		if k&x.kind != 0 {
			names = append(names, x.name)
		}
	}
	return names
}

// A node is the intermediate form of a schema: what is published and what
// validates are both made from it. It doesn't change once its schema is built.
type node struct {
	ref      *def // where set, only nullable and about count besides
	nullable bool // null is fine, whatever the rest says

	kinds kinds
	enum  []literal // nil: any value
	isOne bool      // enum has one value and is published as const

	text *textRules
	num  *numberRules
	list *listRules
	obj  *objectRules

	allOf []*node
	anyOf [][]*node // each group: at least one
	oneOf [][]*node // each group: exactly one
	not   []*node   // each: must not match

	about about

	plainInt bool // the decoder takes integers only as digits: 1.0 is rewritten for it
}

// about is what a node says to people and tools, without a part in validation.
type about struct {
	title, doc, format, encoding    string
	deprecated, readOnly, writeOnly bool
	fallback                        []byte // default: the raw value, nil if none
	examples                        [][]byte
}

func (a *about) empty() bool {
	return a.title == "" && a.doc == "" && a.format == "" && a.encoding == "" &&
		!a.deprecated && !a.readOnly && !a.writeOnly && a.fallback == nil && a.examples == nil
}

// def is a named type that nodes refer to.
type def struct {
	typ  reflect.Type
	node *node
}

// textRules are about strings. Lengths are in code points.
type textRules struct {
	min, max int // max < 0: none
	patterns []*pattern
	format   string // "": none
	check    func([]byte) bool
}

// numberRules are about numbers.
type numberRules struct {
	min, max, above, below *decimal // inclusive and exclusive bounds; nil: none
	multiple               *decimal // nil: none
	lo, hi                 int64    // the integers that satisfy every bound, as far as they fit
	step                   int64    // multiple where it is a small integer; 0: there is no such
}

// listRules are about arrays.
type listRules struct {
	item     *node // nil: anything
	min, max int   // max < 0: none
	unique   bool
}

// objectRules are about objects.
type objectRules struct {
	props    []prop
	index    map[string]int // of props by name, where they are many
	required []uint64       // a bit for each of props
	fallback bool           // some property has a default
	rest     *node          // members that aren't props; nil: anything
	closed   bool           // there must be no others than props
	names    *node          // nil: any name
	min, max int            // max < 0: none
}

// prop is one property of an object.
type prop struct {
	name     string
	token    string // the name as JSON
	node     *node
	required bool
}

// missing is the raw value that stands in for the member where it is missing;
// nil: none.
func (p *prop) missing() []byte { return p.node.about.fallback }

// literal is one value of an enum.
type literal struct {
	raw  []byte
	text string // of a string, unescaped
	kind kinds  // kindNumber for every number
}

// fewProps is up to how many properties are looked for one by one.
const fewProps = 8

// seal computes what validation reads and the rules don't spell out.
func (n *node) seal() {
	if n.num != nil {
		n.num.seal()
	}
	o := n.obj
	if o == nil {
		return
	}
	o.required = make([]uint64, (len(o.props)+63)/64)
	o.fallback = false
	for i, p := range o.props {
		if p.required {
			o.required[i/64] |= 1 << (i % 64)
		}
		o.fallback = o.fallback || p.missing() != nil
	}
	if len(o.props) > fewProps {
		o.index = make(map[string]int, len(o.props))
		for i, p := range o.props {
			o.index[p.name] = i
		}
	}
}

// find returns the index of the property of that name, or -1. next is where it
// is most likely.
func (o *objectRules) find(name []byte, next int) int {
	if next < len(o.props) && o.props[next].name == string(name) {
		return next
	}
	if o.index != nil {
		if i, ok := o.index[string(name)]; ok {
			return i
		}
		return -1
	}
	for i := range o.props {
		if o.props[i].name == string(name) {
			return i
		}
	}
	return -1
}

// texts returns the string rules of n, made if there are none.
func (n *node) texts() *textRules {
	if n.text == nil {
		n.text = &textRules{max: -1}
	}
	return n.text
}

func (n *node) numbers() *numberRules {
	if n.num == nil {
		n.num = &numberRules{}
	}
	return n.num
}

func (n *node) lists() *listRules {
	if n.list == nil {
		n.list = &listRules{max: -1}
	}
	return n.list
}

func (n *node) objects() *objectRules {
	if n.obj == nil {
		n.obj = &objectRules{max: -1}
	}
	return n.obj
}

// anything reports whether every JSON value satisfies n.
func (n *node) anything() bool {
	return n.ref == nil && n.kinds == 0 && n.enum == nil && n.text == nil && n.num == nil && n.list == nil &&
		n.obj == nil && n.allOf == nil && n.anyOf == nil && n.oneOf == nil && n.not == nil
}

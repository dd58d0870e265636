package schema

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
)

// Document is a JSON document with JSON Schemas of draft-07 in it that may refer to
// each other, such as an AsyncAPI document: what was published, read back. It is
// safe for concurrent use.
type Document struct {
	text []byte

	mu      sync.Mutex
	objects map[string]map[string][]byte // members of those that pointers led through, by pointer
	defs    map[string]*def              // what schemas refer to, by pointer
}

// Validator validates by a schema of a [Document]. It is safe for concurrent use.
type Validator struct{ schema Schema }

// ReadDocument reads a document, of which it keeps text: the caller must not change
// it. It returns an error for what isn't JSON, or has a name twice in one object.
// Schemas are read once they are asked for.
func ReadDocument(text []byte) (*Document, error) {
	if err := jsonraw.Valid(text); err != nil {
		return nil, fmt.Errorf("schema: document: %w", err)
	}
	return &Document{text: text, objects: map[string]map[string][]byte{}, defs: map[string]*def{}}, nil
}

// Validator makes a validator of the schema at a JSON Pointer (RFC 6901), such as
// "/components/schemas/Say"; "" is the whole document.
//
// A $ref leads to a place in the document, written "#/components/schemas/Say".
// Keywords whose names begin with "x-" mean nothing, and neither does "default", as
// values are not completed. The error names the pointer and what is there: nothing,
// no schema, a keyword that isn't one of those that [Schema.JSON] writes, another
// beside $ref, a schema that goes round in a circle.
func (d *Document) Validator(pointer string) (*Validator, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := &linker{document: d, defs: map[string]*def{}}
	root := l.def(pointer)
	for len(l.todo) > 0 {
		next := l.todo[0]
		l.todo = l.todo[1:]
		if err := l.read(next); err != nil {
			return nil, fmt.Errorf("schema: document: %q: %w", next, err)
		}
	}
	circles := circles{}
	for at, x := range l.defs {
		if circles.has(x.node) {
			return nil, fmt.Errorf("schema: document: %q: to know whether a value satisfies it one has to know that already", at)
		}
	}
	maps.Copy(d.defs, l.defs)
	return &Validator{Schema{node: root.node}}, nil
}

// Validate reports every way in which raw, one JSON value, doesn't satisfy the
// schema, as [Schema.Validate] does.
func (v *Validator) Validate(raw []byte) []Violation { return v.schema.Validate(raw) }

// at finds a value.
func (d *Document) at(pointer string) ([]byte, error) {
	cut := strings.LastIndexByte(pointer, '/')
	if cut < 0 {
		if pointer != "" {
			return nil, errors.New("it is no JSON Pointer")
		}
		return bytes.TrimSpace(d.text), nil
	}
	members, err := d.membersOf(pointer[:cut])
	if err != nil {
		return nil, err
	}
	value, ok := members[pointerUnescaper.Replace(pointer[cut+1:])]
	if !ok {
		return nil, errors.New("there is nothing")
	}
	return value, nil
}

// membersOf returns the members of an object, none of any other value.
func (d *Document) membersOf(pointer string) (map[string][]byte, error) {
	if members, ok := d.objects[pointer]; ok {
		return members, nil
	}
	raw, err := d.at(pointer)
	if err != nil {
		return nil, err
	}
	members := map[string][]byte{}
	for w := (walk{b: raw, i: 1}); raw[0] == '{'; {
		name, value, more := w.member()
		if !more {
			break
		}
		members[name] = value
	}
	d.objects[pointer] = members
	return members, nil
}

var pointerUnescaper = strings.NewReplacer("~1", "/", "~0", "~")

// linker reads the schemas that one needs, and that aren't read yet.
type linker struct {
	document *Document
	defs     map[string]*def
	todo     []string
}

// def is what a pointer leads to, which may have to be read yet.
func (l *linker) def(pointer string) *def {
	if x := l.document.defs[pointer]; x != nil {
		return x
	}
	x := l.defs[pointer]
	if x == nil {
		x = &def{}
		l.defs[pointer] = x
		l.todo = append(l.todo, pointer)
	}
	return x
}

func (l *linker) read(pointer string) error {
	raw, err := l.document.at(pointer)
	if err != nil {
		return err
	}
	l.defs[pointer].node, err = readNode(raw, l)
	return err
}

// keyword returns how a keyword is read that has a meaning in documents only.
func (l *linker) keyword(name string) (keyword, bool) {
	switch {
	case name == "$ref":
		return l.ref, true
	case name == "default", name == "definitions", strings.HasPrefix(name, "x-"):
		return ignored, true
	}
	return nil, false
}

func (l *linker) ref(r *reader, raw []byte) error {
	text, err := readString(raw)
	if err != nil {
		return err
	}
	fragment, ok := strings.CutPrefix(text, "#")
	if !ok {
		return fmt.Errorf("%q is not of this document", text)
	}
	pointer, err := url.PathUnescape(fragment)
	if err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	r.node.ref = l.def(pointer)
	return nil
}

// circles are the nodes that were looked at: true while it goes on.
type circles map[*node]bool

// has reports whether a node goes for its own value again.
func (c circles) has(n *node) bool {
	if open, seen := c[n]; seen {
		return open
	}
	c[n] = true
	defer func() { c[n] = false }()
	if n.ref != nil && c.has(n.ref.node) {
		return true
	}
	groups := append([][]*node{n.allOf, n.not}, n.anyOf...)
	return slices.ContainsFunc(append(groups, n.oneOf...), func(group []*node) bool { return slices.ContainsFunc(group, c.has) })
}

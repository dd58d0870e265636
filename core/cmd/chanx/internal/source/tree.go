package source

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// node is a JSON value that keeps the order of its members and the text of its
// numbers.
type node struct {
	kind     jsontext.Kind
	text     jsontext.Value // of what has neither members nor elements
	members  []member
	elements []*node
}

type member struct {
	name  string
	value *node
}

// readTree reads a JSON text that is valid.
func readTree(text []byte) (*node, error) {
	return readNode(jsontext.NewDecoder(bytes.NewReader(text)))
}

func readNode(dec *jsontext.Decoder) (*node, error) {
	n := &node{kind: dec.PeekKind()}
	switch n.kind {
	case jsontext.KindBeginObject, jsontext.KindBeginArray:
	default:
		v, err := dec.ReadValue()
		n.text = v.Clone()
		return n, err
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	for dec.PeekKind() != jsontext.KindEndObject && dec.PeekKind() != jsontext.KindEndArray {
		name := ""
		if n.kind == jsontext.KindBeginObject {
			token, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			name = token.String()
		}
		value, err := readNode(dec)
		if err != nil {
			return nil, err
		}
		if n.kind == jsontext.KindBeginObject {
			n.members = append(n.members, member{name, value})
		} else {
			n.elements = append(n.elements, value)
		}
	}
	_, err := dec.ReadToken()
	return n, err
}

// append writes the value as JSON.
func (n *node) append(dst []byte) []byte {
	switch n.kind {
	case jsontext.KindBeginObject:
		dst = append(dst, '{')
		for i, m := range n.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst, _ = jsontext.AppendQuote(dst, m.name) // it was valid when it was read
			dst = m.value.append(append(dst, ':'))
		}
		return append(dst, '}')
	case jsontext.KindBeginArray:
		dst = append(dst, '[')
		for i, x := range n.elements {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = x.append(dst)
		}
		return append(dst, ']')
	default:
		return append(dst, n.text...)
	}
}

// clone returns a copy that shares nothing but texts.
func (n *node) clone() *node {
	c := &node{kind: n.kind, text: n.text, members: slices.Clone(n.members), elements: slices.Clone(n.elements)}
	for i := range c.members {
		c.members[i].value = c.members[i].value.clone()
	}
	for i := range c.elements {
		c.elements[i] = c.elements[i].clone()
	}
	return c
}

// member returns a member's value; nil for none.
func (n *node) member(name string) *node {
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// object returns a member that is an object, which it adds where there is none.
func (n *node) object(name string) *node {
	if x := n.member(name); x != nil {
		return x
	}
	x := &node{kind: jsontext.KindBeginObject}
	n.members = append(n.members, member{name, x})
	return x
}

// ref returns the reference that an object is.
func (n *node) ref() (string, bool) {
	x := n.member("$ref")
	if x == nil || x.kind != jsontext.KindString {
		return "", false
	}
	s, err := jsontext.AppendUnquote(nil, x.text)
	return string(s), err == nil
}

func (n *node) setRef(ref string) {
	text, _ := jsontext.AppendQuote(nil, ref) // made of what was valid
	n.member("$ref").text = text
}

// find returns what a JSON Pointer leads to; nil for nothing.
func (n *node) find(pointer jsontext.Pointer) *node {
	for token := range pointer.Tokens() {
		if n.kind == jsontext.KindBeginArray {
			i, err := index(token)
			if err != nil || i >= len(n.elements) {
				return nil
			}
			n = n.elements[i]
		} else if n = n.member(token); n == nil {
			return nil
		}
	}
	return n
}

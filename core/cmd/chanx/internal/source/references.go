package source

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Reference is a reference of a document.
type Reference struct {
	Pointer string // a JSON Pointer to where it stands
	Ref     string
	Schema  bool // it refers to a schema
}

// References returns the references of a document, in the order in which they stand.
func (d *Document) References() ([]Reference, error) {
	root, err := readTree(d.JSON)
	if err != nil {
		return nil, err
	}
	var found []Reference
	var walk func(n *node, kind string, at jsontext.Pointer)
	walk = func(n *node, kind string, at jsontext.Pointer) {
		of, list := strings.CutPrefix(kind, "list ")
		if list && n.kind == jsontext.KindBeginArray {
			for i, x := range n.elements {
				walk(x, of, at.AppendToken(strconv.Itoa(i)))
			}
			return
		}
		of, each := strings.CutPrefix(of, "map ")
		if ref, ok := n.ref(); ok && !each && sections[of] != "" {
			found = append(found, Reference{string(at), ref, of == "schema"})
			return
		}
		for _, m := range n.members {
			next := of
			if !each {
				next = shapes[of][m.name]
			}
			if next != "" {
				walk(m.value, next, at.AppendToken(m.name))
			}
		}
	}
	walk(root, "document", "")
	return found, nil
}

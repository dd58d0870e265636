package source

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"
)

// maxDepth bounds the nesting of documents.
const maxDepth = 500

// parseYAML reads one YAML document.
func parseYAML(text []byte) (*yaml.Node, error) {
	var root yaml.Node
	if err := yaml.Load(text, &root); err != nil {
		return nil, err
	}
	node := &root
	if node.Kind == yaml.DocumentNode && len(node.Content) == 1 {
		node = node.Content[0]
	}
	return node, nil
}

// yamlToJSON writes a node as JSON: with members in their order and the digits of
// numbers as they are. What readers of YAML understand in different ways is an
// error that says how to write it.
func yamlToJSON(root *yaml.Node) ([]byte, error) {
	w := &yamlWriter{merging: merging{maxMembers}}
	if err := w.value(root, 0); err != nil {
		return nil, err
	}
	return w.out, nil
}

type yamlWriter struct {
	merging
	out []byte
}

// merging bounds what merging costs, in members and mappings.
type merging struct{ left int }

// fault is what is wrong at a node.
func fault(n *yaml.Node, format string, args ...any) error {
	return &PositionError{n.Line, n.Column, fmt.Errorf(format, args...)}
}

func (w *yamlWriter) value(n *yaml.Node, depth int) error {
	switch {
	case depth > maxDepth:
		return fault(n, "it is nested more than %d deep", maxDepth)
	case len(w.out) > maxBytes:
		return fault(n, "its aliases make it larger than %d MB", maxBytes>>20)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return w.value(n.Alias, depth+1)
	case yaml.MappingNode:
		return w.mapping(n, depth)
	case yaml.SequenceNode:
		return w.sequence(n, depth)
	case yaml.ScalarNode:
		return w.scalar(n)
	default:
		return fault(n, "there is no value")
	}
}

func (w *yamlWriter) sequence(n *yaml.Node, depth int) error {
	if tag := n.ShortTag(); tag != "!!seq" {
		return fault(n, "the tag %s has no meaning in JSON", tag)
	}
	w.out = append(w.out, '[')
	for i, x := range n.Content {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if err := w.value(x, depth+1); err != nil {
			return err
		}
	}
	w.out = append(w.out, ']')
	return nil
}

func (w *yamlWriter) mapping(n *yaml.Node, depth int) error {
	if tag := n.ShortTag(); tag != "!!map" {
		return fault(n, "the tag %s has no meaning in JSON", tag)
	}
	members, err := w.membersOf(n, depth)
	if err != nil {
		return err
	}
	w.out = append(w.out, '{')
	for i, m := range members {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if err := w.string(m.name); err != nil {
			return err
		}
		w.out = append(w.out, ':')
		if err := w.value(m.value, depth+1); err != nil {
			return err
		}
	}
	w.out = append(w.out, '}')
	return nil
}

// yamlMember is a member of a mapping.
type yamlMember struct {
	name       string
	key, value *yaml.Node
}

// maxMembers bounds what is merged into the mappings of a document.
const maxMembers = 100_000

// membersOf returns the members of a mapping, those that it merges behind its own.
func (m *merging) membersOf(n *yaml.Node, depth int) ([]yamlMember, error) {
	var members []yamlMember
	var merges []*yaml.Node
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			merges = append(merges, value)
			continue
		}
		name, err := keyName(key)
		if err != nil {
			return nil, err
		}
		if line, ok := lines[name]; ok {
			return nil, fault(key, "the key %q is there a second time, after line %d", name, line)
		}
		lines[name] = key.Line
		members = append(members, yamlMember{name, key, value})
	}
	for _, x := range merges {
		more, err := m.merged(x, depth+1)
		if err != nil {
			return nil, err
		}
		for _, x := range more {
			if _, ok := lines[x.name]; !ok {
				lines[x.name] = x.key.Line
				members = append(members, x)
			}
		}
	}
	return members, nil
}

// merged returns the members of what stands behind "<<".
func (m *merging) merged(n *yaml.Node, depth int) ([]yamlMember, error) {
	if m.left--; m.left < 0 || depth > maxDepth {
		return nil, fault(n, "there is too much to merge")
	}
	switch n.Kind {
	case yaml.AliasNode:
		return m.merged(n.Alias, depth+1)
	case yaml.MappingNode:
		members, err := m.membersOf(n, depth)
		m.left -= len(members)
		return members, err
	case yaml.SequenceNode:
		var all []yamlMember
		for _, x := range n.Content {
			more, err := m.merged(x, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
		}
		return all, nil
	default:
		return nil, fault(n, "only mappings can be merged with <<")
	}
}

// keyName is the name of a member, which must be a string.
func keyName(key *yaml.Node) (string, error) {
	for key.Kind == yaml.AliasNode {
		key = key.Alias
	}
	if key.Kind != yaml.ScalarNode {
		return "", fault(key, "a key must be a string, and this is a %s", map[yaml.Kind]string{yaml.MappingNode: "mapping", yaml.SequenceNode: "sequence"}[key.Kind])
	}
	switch tag := key.ShortTag(); tag {
	case "!!str", "!!timestamp", "!!binary":
		return key.Value, nil
	default:
		return "", fault(key, "the key %s is not a string but %s: write %q", key.Value, tagName(tag), key.Value)
	}
}

func tagName(tag string) string {
	switch tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "a boolean"
	case "!!null":
		return "null"
	default:
		return tag
	}
}

func (w *yamlWriter) string(s string) (err error) {
	w.out, err = jsontext.AppendQuote(w.out, s)
	return err
}

func (w *yamlWriter) scalar(n *yaml.Node) error {
	switch tag := n.ShortTag(); tag {
	case "!!str", "!!timestamp", "!!binary", "!!merge":
		if n.Style == 0 && plainNumber.MatchString(n.Value) { // too big for the reader, not for JSON
			w.out = append(w.out, n.Value...)
			return nil
		}
		return w.string(n.Value)
	case "!!null":
		w.out = append(w.out, "null"...)
	case "!!bool":
		b := strings.ToLower(n.Value)
		if b != "true" && b != "false" {
			return fault(n, "%s is a boolean to some and a string to others: write true, false or %q", n.Value, n.Value)
		}
		w.out = append(w.out, b...)
	case "!!int", "!!float":
		number, err := jsonNumber(n.Value)
		if err != nil {
			return fault(n, "%w", err)
		}
		w.out = append(w.out, number...)
	default:
		return fault(n, "the tag %s has no meaning in JSON", tag)
	}
	return nil
}

var (
	plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	looseNumber = regexp.MustCompile(`^([-+]?)([0-9]*)(?:\.([0-9]*))?([eE][-+]?[0-9]+)?$`)
	otherBase   = regexp.MustCompile(`^0[xo][0-9a-fA-F]+$`)
)

// jsonNumber writes a number of YAML as JSON does.
func jsonNumber(s string) (string, error) {
	if plainNumber.MatchString(s) {
		return s, nil
	}
	if otherBase.MatchString(s) {
		if n, ok := new(big.Int).SetString(s, 0); ok {
			return n.String(), nil
		}
	}
	parts := looseNumber.FindStringSubmatch(s)
	switch {
	case strings.HasSuffix(strings.ToLower(s), ".inf") || strings.ToLower(s) == ".nan":
		return "", fmt.Errorf("JSON has no %s", s)
	case parts == nil || parts[2]+parts[3] == "" || len(parts[2]) > 1 && parts[2][0] == '0':
		return "", fmt.Errorf("%s is not the same to all readers of YAML: write it in decimal, or as a string: %q", s, s)
	}
	sign, whole, fraction := strings.TrimPrefix(parts[1], "+"), parts[2], parts[3]
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + whole + fraction + parts[4], nil
}

// find returns the node that a JSON Pointer leads to, as far as it leads: a key,
// where there is one.
func find(root *yaml.Node, pointer jsontext.Pointer) *yaml.Node {
	here, at := root, root
	m := &merging{maxMembers}
	for token := range pointer.Tokens() {
		for here.Kind == yaml.AliasNode {
			here = here.Alias
		}
		switch here.Kind {
		case yaml.MappingNode:
			members, err := m.membersOf(here, 0)
			if err != nil {
				return at
			}
			found := false
			for _, x := range members {
				if x.name == token {
					here, at, found = x.value, x.key, true
				}
			}
			if !found {
				return at
			}
		case yaml.SequenceNode:
			i, err := index(token)
			if err != nil || i >= len(here.Content) {
				return at
			}
			here = here.Content[i]
			at = here
		default:
			return at
		}
	}
	return at
}

// yamlFault says where a YAML text is wrong.
func yamlFault(err error) error {
	if e, ok := errors.AsType[*yaml.LoadError](err); ok && e.Mark.Line > 0 {
		return &PositionError{e.Mark.Line, e.Mark.Column, errors.New(e.Message)}
	}
	if e, ok := errors.AsType[*PositionError](err); ok {
		return e
	}
	return fmt.Errorf("no YAML: %w", err)
}

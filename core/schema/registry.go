package schema

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
)

// Options are the settings of a [Registry]. Nil means the defaults.
type Options struct {
	// Struct validates every decoded struct after its `Validate() error`
	// methods; *validator.Validate of go-playground satisfies it. Nil: a rule in
	// a `validate` or `binding` tag that JSON Schema can't say is an error of
	// [Registry.Of]; otherwise it is left to Struct.
	Struct StructValidator
}

// StructValidator is an application's own validator of structs. It is given a
// pointer to a decoded struct. It must be safe for concurrent use.
type StructValidator interface {
	Struct(any) error
}

// Registry makes schemas of Go types and keeps them. It is safe for concurrent
// use; the zero value isn't, use [NewRegistry].
type Registry struct {
	options Options

	mu      sync.Mutex
	schemas map[reflect.Type]*Schema
	defs    map[reflect.Type]*def
}

// NewRegistry returns an empty registry. options may be nil.
func NewRegistry(options *Options) *Registry {
	r := &Registry{schemas: map[reflect.Type]*Schema{}, defs: map[reflect.Type]*def{}}
	if options != nil {
		r.options = *options
	}
	return r
}

// Schema is one Go type's schema. It is safe for concurrent use and never changes.
type Schema struct {
	typ   reflect.Type
	node  *node
	null  bool
	codec codec
	hooks *hook // nil: nothing to call after decoding

	published func() []byte
}

// For is [Registry.Of] for the type T.
func For[T any](r *Registry) (*Schema, error) { return r.Of(reflect.TypeFor[T]()) }

// Of returns the schema of a Go type, the same one each time.
//
// Its error names type, field and tag, and what to do: a tag that doesn't parse
// or doesn't fit its field, a default or an example that the field's own schema
// refuses, a rule that can't be said, a type that JSON can't hold.
func (r *Registry) Of(t reflect.Type) (*Schema, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.schemas[t]; s != nil {
		return s, nil
	}
	b := &builder{registry: r, defs: map[reflect.Type]*def{}}
	s := &Schema{typ: t, codec: newCodec(t)}
	if isFieldless(t) {
		s.null, s.node = true, &node{kinds: kindNull}
	} else {
		n, err := b.node(t)
		if err != nil {
			return nil, fmt.Errorf("schema: %w", err)
		}
		for _, check := range b.later {
			if err := check(); err != nil {
				return nil, fmt.Errorf("schema: %w", err)
			}
		}
		s.node = n
		s.hooks = newHooks(t, r.options.Struct)
	}
	maps.Copy(r.defs, b.defs)
	s.published = sync.OnceValue(s.publish)
	r.schemas[t] = s
	return s, nil
}

// Type is the Go type that the schema was made of.
func (s *Schema) Type() reflect.Type { return s.typ }

// Name is the type's name as a definition: letters and digits, of a generic type
// with its arguments (PageUser). It is "" for a type without a name. Another
// type of another package may have the same; see [Definitions].
func (s *Schema) Name() string { return baseName(s.typ) }

// IsNull reports whether the schema's type is a struct without fields, which has
// nothing to carry: its only value is null, and no value at all is as good. The
// schema is {"type":"null"} then. A struct without fields inside of another type
// is an empty object instead.
func (s *Schema) IsNull() bool { return s.null }

// HasPayload is the opposite of [Schema.IsNull].
func (s *Schema) HasPayload() bool { return !s.null }

// JSON is the schema as one JSON Schema draft-07 document, which needs no other:
// the named types that it refers to are under "definitions". It has the same
// bytes each time, in every process. The caller must not change them.
func (s *Schema) JSON() []byte { return s.published() }

const draft07 = "http://json-schema.org/draft-07/schema#"

func (s *Schema) publish() []byte {
	// A named type at the top is written out in place, unless it refers to itself.
	root := s.node
	inner := map[*def]bool{}
	if d := root.ref; d != nil && !root.nullable {
		if collectDefs(d.node, inner); !inner[d] {
			root = d.node
		}
	}
	if root == s.node {
		collectDefs(root, inner)
	}
	defs := make([]*def, 0, len(inner))
	for d := range inner {
		defs = append(defs, d)
	}
	p := &publisher{prefix: "#/definitions/", names: nameDefs(defs)}
	f := p.open()
	f.string("$schema", draft07)
	p.members(&f, root)
	if len(defs) > 0 {
		slices.SortFunc(defs, func(x, y *def) int { return compareNames(p.names, x, y) })
		f.name("definitions")
		all := p.open()
		for _, d := range defs {
			all.name(p.names[d])
			p.node(d.node)
		}
		all.close()
	}
	f.close()
	return p.out
}

// collectDefs finds the definitions that n refers to, directly or not.
func collectDefs(n *node, into map[*def]bool) {
	if n == nil {
		return
	}
	if d := n.ref; d != nil {
		if !into[d] {
			into[d] = true
			collectDefs(d.node, into)
		}
		return
	}
	if n.list != nil {
		collectDefs(n.list.item, into)
	}
	if o := n.obj; o != nil {
		for _, p := range o.props {
			collectDefs(p.node, into)
		}
		collectDefs(o.rest, into)
		collectDefs(o.names, into)
	}
	for _, group := range slices.Concat([][]*node{n.allOf, n.not}, n.anyOf, n.oneOf) {
		for _, x := range group {
			collectDefs(x, into)
		}
	}
}

package asyncapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/chanx-go/chanx/core/schema"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Generate writes the AsyncAPI document, in JSON, of the consumers that are mounted
// by now. opts may be nil. The same consumers give the same bytes, in whichever
// order they were registered.
//
// It returns an error for options that make no document, for a security scheme that
// a consumer names and the options don't have, and for a message's type that has no
// schema, which the hub would have refused already.
func Generate(hub *chanx.Hub, opts *Options) ([]byte, error) {
	d, err := build(hub, opts)
	if err != nil {
		return nil, err
	}
	return encode(d)
}

// build makes the document, without the server that a request came to. Nothing of
// it is shared with another document but what the options hold.
func build(hub *chanx.Hub, opts *Options) (*spec.Document, error) {
	if opts == nil {
		opts = &Options{}
	}
	if err := opts.validate(); err != nil {
		return nil, err
	}
	g := &generator{
		options:  opts,
		style:    plainStyle,
		registry: schema.NewRegistry(&schema.Options{Struct: leaveToHub{}}),
		sources:  map[place]*source{},
		document: opts.document(),
	}
	if opts.CamelCase {
		g.style = camelStyle
	}
	for _, endpoint := range hub.Endpoints() {
		for _, s := range sourcesOf(endpoint.Describe()) {
			g.sources[s.place()] = s
		}
	}
	if err := g.meet(); err != nil {
		return nil, fmt.Errorf("asyncapi: %w", err)
	}
	if err := g.write(); err != nil {
		return nil, fmt.Errorf("asyncapi: %w", err)
	}
	return g.document, nil
}

const (
	contentType   = "application/json"
	schemasPrefix = "#/components/schemas/"
)

// leaveToHub takes every rule that JSON Schema can't say: the hub knows whether
// there is something that checks it.
type leaveToHub struct{}

func (leaveToHub) Struct(any) error { return nil }

// generator makes one document.
type generator struct {
	registry    *schema.Registry // of what the document mentions, and of nothing else
	definitions *schema.Definitions
	sources     map[place]*source
	document    *spec.Document
	options     *Options
	style       style // of the ids
}

// meet shows the registry every type, so that each can be named.
func (g *generator) meet() error {
	for _, s := range g.sources {
		for _, f := range s.frames {
			for _, t := range f.types {
				if _, err := g.registry.Of(t); err != nil {
					return fmt.Errorf("message %q of consumer %q: %w", f.action, s.Consumer, err)
				}
			}
		}
		for _, params := range s.allParams() {
			if _, err := g.registry.Of(params.Type()); err != nil {
				return fmt.Errorf("parameters of consumer %q: %w", s.Consumer, err)
			}
		}
	}
	g.definitions = g.registry.Definitions(schemasPrefix)
	return nil
}

// write fills the document.
func (g *generator) write() error {
	if err := g.security(); err != nil {
		return err
	}
	channelIDs := idsOf(maps.Keys(g.sources), g.style)
	for p, s := range g.sources {
		s.id = channelIDs[p]
		s.messageIDs = idsOf(maps.Keys(s.frames), g.style)
		c, err := g.channel(s)
		if err != nil {
			return err
		}
		g.document.Channels[s.id] = c
	}
	if err := g.messages(); err != nil {
		return err
	}
	g.operations()
	return g.schemas()
}

// inOrder returns the sources in the order of their names.
func (g *generator) inOrder() []*source {
	return slices.SortedFunc(maps.Values(g.sources), func(a, b *source) int {
		return cmp.Compare(a.place().String(), b.place().String())
	})
}

// schemas adds the definitions that something refers to, directly or not.
func (g *generator) schemas() error {
	text, err := encode(g.document)
	if err != nil {
		return err
	}
	used := map[string]json.RawMessage{}
	if err := g.follow(text, used); err != nil {
		return err
	}
	g.document.Components.Schemas = used
	return nil
}

// follow collects the definitions that a JSON text refers to.
func (g *generator) follow(text []byte, used map[string]json.RawMessage) error {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	for _, name := range refs(nil, value) {
		if def, ok := g.definitions.Schemas[name]; ok && used[name] == nil {
			used[name] = def
			if err := g.follow(def, used); err != nil {
				return err
			}
		}
	}
	return nil
}

// refs appends the names of definitions that a JSON value refers to.
func refs(names []string, value any) []string {
	switch v := value.(type) {
	case []any:
		for _, x := range v {
			names = refs(names, x)
		}
	case map[string]any:
		for key, x := range v {
			ref, _ := x.(string)
			if name, ok := strings.CutPrefix(ref, schemasPrefix); ok && key == "$ref" {
				names = append(names, name)
			}
			names = refs(names, x)
		}
	}
	return names
}

// encode writes a document, or a part of one, as indented JSON. Members of maps are
// written in the order of their names.
func encode(v any) ([]byte, error) {
	text, err := jsonv2.Marshal(v, jsonv2.Deterministic(true), jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("asyncapi: %w", err)
	}
	return append(text, '\n'), nil
}

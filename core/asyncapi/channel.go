package asyncapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
)

// channel writes a channel, all but its messages.
func (g *generator) channel(s *source) (*channel, error) {
	c := &channel{
		Address:     s.Path,
		Title:       s.Consumer,
		Summary:     s.Doc.Summary,
		Description: s.Doc.Description,
		Tags:        tagsOf(s.Doc),
		Messages:    map[string]reference{},
		Bindings:    channelBindings{wsBinding{Method: "GET", Version: "0.1.0"}},
	}
	params, err := g.params(s)
	if err != nil {
		return nil, err
	}
	inPath := map[string]*parameter{}
	for _, name := range s.PathParams {
		inPath[name] = &parameter{}
	}
	for _, p := range s.Handshake {
		property, ok := params.Properties[p.Member]
		if p.Source != "path" || inPath[p.Name] == nil || !ok {
			continue
		}
		if inPath[p.Name], err = parameterOf(property); err != nil {
			return nil, fmt.Errorf("path parameter %q of consumer %q: %w", p.Name, s.Consumer, err)
		}
	}
	if len(inPath) > 0 {
		c.Parameters = map[string]*parameter{}
	}
	for p, id := range idsOf(namesOf(inPath)) {
		c.Parameters[id] = inPath[p.name]
		c.Address = strings.ReplaceAll(c.Address, "{"+p.name+"}", "{"+id+"}")
	}
	ws := &c.Bindings.WS
	ws.Query, ws.Headers, ws.Cookies = s.from("query", params), s.from("header", params), s.from("cookie", params)
	return c, nil
}

// params is the schema of the handshake's parameters as one object, nil where the
// consumer declares none.
func (g *generator) params(s *source) (*object, error) {
	if s.Params == nil {
		return nil, nil
	}
	sch, err := g.registry.Of(s.Params.Type())
	if err != nil {
		return nil, err
	}
	text := g.definitions.Ref(sch)
	if name := g.definitions.Name(sch); name != "" {
		text = g.definitions.Schemas[name]
	}
	o := &object{}
	if err := json.Unmarshal(text, o); err != nil {
		return nil, fmt.Errorf("parameters of consumer %q: %w", s.Consumer, err)
	}
	return o, nil
}

// from is the schema of the parameters that come from one part of the request,
// nil where none do.
func (s *source) from(part string, params *object) *object {
	o := &object{Type: "object", Properties: map[string]json.RawMessage{}}
	for _, p := range s.Handshake {
		property, ok := params.Properties[p.Member]
		if p.Source != part || !ok {
			continue
		}
		o.Properties[p.Name] = property
		if params.requires(p) {
			o.Required = append(o.Required, p.Name)
		}
	}
	if len(o.Properties) == 0 {
		return nil
	}
	return o
}

func (o *object) requires(p chanx.ParamInfo) bool {
	return slices.Contains(o.Required, p.Member)
}

// parameterOf says of a parameter of the address what AsyncAPI has words for: it
// is a string there.
func parameterOf(text json.RawMessage) (*parameter, error) {
	var s struct {
		Description string            `json:"description"`
		Enum        []json.RawMessage `json:"enum"`
		Default     json.RawMessage   `json:"default"`
		Examples    []json.RawMessage `json:"examples"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	p := &parameter{Description: s.Description}
	for _, v := range s.Enum {
		p.Enum = append(p.Enum, plain(v))
	}
	for _, v := range s.Examples {
		p.Examples = append(p.Examples, plain(v))
	}
	if s.Default != nil {
		p.Default = plain(s.Default)
	}
	return p, nil
}

// plain is a JSON value as it stands in an address.
func plain(v json.RawMessage) string {
	var s string
	if err := json.Unmarshal(v, &s); err != nil {
		return string(v)
	}
	return s
}

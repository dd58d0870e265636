package asyncapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/chanx-go/chanx/core/schema"
)

// channel writes a channel, all but its messages.
func (g *generator) channel(s *source) (*spec.Channel, error) {
	doc := s.docOfChannel()
	c := &spec.Channel{
		Address:     s.Path,
		Title:       s.place().String(),
		Summary:     doc.Summary,
		Description: doc.Description,
		Tags:        tagsOf(doc),

		ExternalDocs:     linkOf(doc),
		Extensions:       doc.Extensions,
		Subprotocols:     s.subprotocols(),
		SecurityOptional: s.letsInNobody(),

		Messages: map[string]*spec.Message{},
	}
	params, err := g.params(s.Params)
	if err != nil {
		return nil, fmt.Errorf("parameters of consumer %q: %w", s.Consumer, err)
	}
	inPath := params.from(s.Handshake, "path").Properties
	if s.topic != nil {
		ofTopic, err := g.params(s.topic.Params)
		if err != nil {
			return nil, fmt.Errorf("parameters of topic %q: %w", s.topic.Topic, err)
		}
		schemas := ofTopic.from(s.topic.Members, "topic").Properties
		c.Topic = s.topicOf(schemas)
		if s.Alone {
			inPath = schemas
		}
	}
	if err := addParameters(c, s.PathParams, inPath); err != nil {
		return nil, fmt.Errorf("address of consumer %q: %w", s.Consumer, err)
	}
	c.Bindings = &spec.ChannelBindings{WS: &spec.WSBinding{
		Method:  "GET",
		Query:   s.recoverable(params.from(s.Handshake, "query")).orNil(),
		Headers: params.from(s.Handshake, "header").orNil(),
		Cookies: params.from(s.Handshake, "cookie").orNil(),
		Version: "0.1.0",
	}}
	return c, nil
}

// addParameters declares the parameters of the address, with the schemas that
// some of them have.
func addParameters(c *spec.Channel, names []string, schemas map[string]json.RawMessage) (err error) {
	inPath := map[string]*spec.Parameter{}
	for _, name := range names {
		inPath[name] = &spec.Parameter{}
		if text, ok := schemas[name]; ok {
			if inPath[name], err = parameterOf(text); err != nil {
				return fmt.Errorf("parameter %q: %w", name, err)
			}
		}
	}
	if len(inPath) > 0 {
		c.Parameters = map[string]*spec.Parameter{}
	}
	for p, id := range idsOf(namesOf(inPath), plainStyle) {
		c.Parameters[id] = inPath[p.name]
		c.Address = strings.ReplaceAll(c.Address, "{"+p.name+"}", "{"+id+"}")
	}
	return nil
}

// params is the schema of parameters as one object, which is empty where none are
// declared.
func (g *generator) params(declared *schema.Schema) (*object, error) {
	o := &object{}
	if declared == nil {
		return o, nil
	}
	sch, err := g.registry.Of(declared.Type())
	if err != nil {
		return nil, err
	}
	text := g.definitions.Ref(sch)
	if name := g.definitions.Name(sch); name != "" {
		text = g.definitions.Schemas[name]
	}
	if err := json.Unmarshal(text, o); err != nil {
		return nil, err
	}
	return o, nil
}

// from is the schema of those parameters that come from one source, by their names
// there.
func (o *object) from(infos []chanx.ParamInfo, source string) *object {
	part := &object{Type: "object", Properties: map[string]json.RawMessage{}}
	for _, p := range infos {
		property, ok := o.Properties[p.Member]
		if p.Source != source || !ok {
			continue
		}
		part.Properties[p.Name] = property
		if slices.Contains(o.Required, p.Member) {
			part.Required = append(part.Required, p.Name)
		}
	}
	return part
}

// object is the schema of an object.
type object struct {
	Type       string                     `json:"type"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required,omitempty"`
}

// orNil is the text of the schema, nil for an object without properties.
func (o *object) orNil() json.RawMessage {
	if len(o.Properties) == 0 {
		return nil
	}
	return raw(o)
}

// parameterOf says of a parameter of the address what AsyncAPI has words for: it
// is a string there.
func parameterOf(text json.RawMessage) (*spec.Parameter, error) {
	var s struct {
		Description string            `json:"description"`
		Enum        []json.RawMessage `json:"enum"`
		Default     json.RawMessage   `json:"default"`
		Examples    []json.RawMessage `json:"examples"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	p := &spec.Parameter{Description: s.Description}
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

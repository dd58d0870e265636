package asyncapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/schema"
)

// channel writes a channel, all but its messages.
func (g *generator) channel(s *source) (*channel, error) {
	doc := s.docOfChannel()
	c := &channel{
		Address:     s.Path,
		Title:       s.place().String(),
		Summary:     doc.Summary,
		Description: doc.Description,
		Tags:        tagsOf(doc),
		Messages:    map[string]reference{},
		Bindings:    channelBindings{wsBinding{Method: "GET", Version: "0.1.0"}},
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
	if err := c.addParameters(s.PathParams, inPath); err != nil {
		return nil, fmt.Errorf("address of consumer %q: %w", s.Consumer, err)
	}
	ws := &c.Bindings.WS
	ws.Query = s.recoverable(params.from(s.Handshake, "query")).orNil()
	ws.Headers = params.from(s.Handshake, "header").orNil()
	ws.Cookies = params.from(s.Handshake, "cookie").orNil()
	return c, nil
}

// addParameters declares the parameters of the address, with the schemas that
// some of them have.
func (c *channel) addParameters(names []string, schemas map[string]json.RawMessage) (err error) {
	inPath := map[string]*parameter{}
	for _, name := range names {
		inPath[name] = &parameter{}
		if text, ok := schemas[name]; ok {
			if inPath[name], err = parameterOf(text); err != nil {
				return fmt.Errorf("parameter %q: %w", name, err)
			}
		}
	}
	if len(inPath) > 0 {
		c.Parameters = map[string]*parameter{}
	}
	for p, id := range idsOf(namesOf(inPath)) {
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

// orNil is nil for an object without properties.
func (o *object) orNil() *object {
	if len(o.Properties) == 0 {
		return nil
	}
	return o
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

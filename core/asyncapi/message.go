package asyncapi

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	chanx "github.com/chanx-go/chanx/core"
)

// messages writes every frame as a message among the components. The id there is
// that of the action, with the channel's in front where channels differ in what
// they call so.
func (g *generator) messages() error {
	byAction := map[string][]*message{}
	written := map[*frame]*message{}
	for _, s := range g.sources {
		for _, f := range s.frames {
			m, err := g.message(s, f)
			if err != nil {
				return err
			}
			written[f] = m
			byAction[f.action] = append(byAction[f.action], m)
		}
	}
	places := map[*frame]place{}
	named := map[place]*message{}
	for _, s := range g.sources {
		for _, f := range s.frames {
			same, err := allEqual(byAction[f.action])
			if err != nil {
				return err
			}
			p := place{name: f.action}
			if !same {
				p.channel = s.id
			}
			places[f], named[p] = p, written[f]
		}
	}
	ids := idsOf(maps.Keys(named))
	g.document.Components.Messages = map[string]*message{}
	for p, m := range named {
		g.document.Components.Messages[ids[p]] = m
	}
	for _, s := range g.sources {
		for _, f := range s.frames {
			g.document.Channels[s.id].Messages[s.messageID(f.action)] = reference{"#/components/messages/" + ids[places[f]]}
		}
	}
	return nil
}

// allEqual reports whether messages are written the same.
func allEqual(all []*message) (bool, error) {
	var first []byte
	for i, m := range all {
		text, err := encode(m)
		if err != nil {
			return false, err
		}
		if i == 0 {
			first = text
		} else if !bytes.Equal(first, text) {
			return false, nil
		}
	}
	return true, nil
}

func (g *generator) message(s *source, f *frame) (*message, error) {
	payload, optional, err := g.payload(f)
	if err != nil {
		return nil, err
	}
	m := &message{
		Name:        f.action,
		Title:       f.title,
		Summary:     f.doc.Summary,
		Description: f.doc.Description,
		ContentType: contentType,
		Tags:        tagsOf(f.doc),
		Deprecated:  f.doc.Deprecated,
		Payload: &object{
			Type: "object",
			Properties: map[string]json.RawMessage{
				s.Discriminator: raw(map[string]string{"type": "string", "const": f.action}),
				"payload":       payload,
			},
			Required: []string{s.Discriminator},
		},
	}
	if !optional {
		m.Payload.Required = append(m.Payload.Required, "payload")
	}
	if f.received || f.answers {
		m.Payload.Properties["ref"] = raw(map[string]string{"type": "string", "description": "Set by the client, and repeated on every frame that answers"})
		m.CorrelationID = &correlationID{Description: "The ref of the message that is answered", Location: "$message.payload#/ref"}
	}
	if f.refNeeded {
		m.Payload.Required = append(m.Payload.Required, "ref")
	}
	return m, nil
}

// payload is the schema of a frame's payload. It is optional where null is good
// enough, as that is what a payload is that isn't there.
func (g *generator) payload(f *frame) (_ json.RawMessage, optional bool, err error) {
	var each []json.RawMessage
	for _, t := range f.types {
		s, err := g.registry.Of(t)
		if err != nil {
			return nil, false, err
		}
		each = append(each, g.definitions.Ref(s))
		optional = optional || len(s.Validate([]byte("null"))) == 0
	}
	if len(each) == 1 {
		return each[0], optional, nil
	}
	slices.SortFunc(each, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
	return raw(map[string][]json.RawMessage{"anyOf": each}), optional, nil
}

// raw is the JSON of a value that always has one.
func raw(v any) json.RawMessage {
	b, err := encode(v)
	if err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b)
}

func tagsOf(doc chanx.Doc) []tag {
	var tags []tag
	for _, name := range doc.Tags {
		if !slices.Contains(tags, tag{name}) {
			tags = append(tags, tag{name})
		}
	}
	return tags
}

package asyncapi

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// written is a frame as a message, which goes to a place among the components.
type written struct {
	*spec.Message

	source *source
	frame  *frame
	text   string
	place  place
}

// messages writes every frame as a message among the components.
func (g *generator) messages() error {
	byName := map[place][]*written{}
	for _, s := range g.sources {
		for _, f := range s.frames {
			m, err := g.message(s, f)
			if err != nil {
				return err
			}
			text, err := encode(m)
			if err != nil {
				return err
			}
			byName[f.place()] = append(byName[f.place()], &written{Message: m, source: s, frame: f, text: string(text)})
		}
	}
	placed := map[place]*spec.Message{}
	for _, same := range byName {
		share(same)
		for _, w := range same {
			placed[w.place] = w.Message
		}
	}
	ids := idsOf(maps.Keys(placed), g.style)
	g.document.Components.Messages = map[string]*spec.Message{}
	for p, m := range placed {
		g.document.Components.Messages[ids[p]] = m
	}
	for _, same := range byName {
		for _, w := range same {
			g.document.Channels[w.source.id].Messages[w.source.messageIDs[w.frame.place()]] = &spec.Message{Ref: "#/components/messages/" + ids[w.place]}
		}
	}
	return nil
}

// share gives the messages of a name their places. Those of one kind share
// theirs where channels write them alike, and so do kinds. The place has the
// action's name for the first kind that there is, and for others the kind's after
// that; where channels differ in what they call so, the channel's is before it.
func share(same []*written) {
	texts := map[kind]map[string]bool{}
	for _, w := range same {
		k := w.source.kind(w.frame)
		if texts[k] == nil {
			texts[k] = map[string]bool{}
		}
		texts[k][w.text] = true
	}
	shared := map[string]place{} // by text
	for i, k := range slices.Sorted(maps.Keys(texts)) {
		for text := range texts[k] {
			if _, ok := shared[text]; ok || len(texts[k]) > 1 {
				break
			}
			p := same[0].frame.place()
			if i > 0 {
				p.way = k.String()
			}
			shared[text] = p
		}
	}
	for _, w := range same {
		var ok bool
		if w.place, ok = shared[w.text]; !ok {
			w.place = w.frame.place()
			w.place.channel = w.source.id
		}
	}
}

func (g *generator) message(s *source, f *frame) (*spec.Message, error) {
	payload, optional, err := g.payload(f)
	if err != nil {
		return nil, err
	}
	whole := &object{
		Type: "object",
		Properties: map[string]json.RawMessage{
			s.Discriminator: raw(map[string]string{"type": "string", "const": f.action}),
			"payload":       payload,
		},
		Required: []string{s.Discriminator},
	}
	m := &spec.Message{
		Name:        f.action,
		Title:       f.title,
		Summary:     f.doc.Summary,
		Description: f.doc.Description,
		ContentType: contentType,
		Tags:        tagsOf(f.doc),
		Deprecated:  f.doc.Deprecated,

		ExternalDocs: linkOf(f.doc),
		Extensions:   f.doc.Extensions,
	}
	if !optional {
		whole.Required = append(whole.Required, "payload")
	}
	if f.received || f.answers {
		whole.Properties["ref"] = raw(map[string]string{"type": "string", "description": "Set by the client, and repeated on every frame that answers"})
		m.CorrelationID = &spec.CorrelationID{Description: "The ref of the message that is answered", Location: "$message.payload#/ref"}
	}
	if f.refNeeded {
		whole.Required = append(whole.Required, "ref")
	}
	s.address(f, whole)
	m.Payload = raw(whole)
	m.Examples = g.examples(s, f, whole.Required)
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

func tagsOf(doc chanx.Doc) []spec.Tag {
	var tags []spec.Tag
	for i, name := range doc.Tags {
		if name != "" && !slices.Contains(doc.Tags[:i], name) {
			tags = append(tags, spec.Tag{Name: name})
		}
	}
	return tags
}

func linkOf(doc chanx.Doc) *spec.ExternalDocs {
	if doc.ExternalDocs == nil {
		return nil
	}
	return &spec.ExternalDocs{URL: doc.ExternalDocs.URL, Description: doc.ExternalDocs.Description}
}

package asyncapi

import (
	"maps"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// operations writes what can be done on every channel. An action that goes both
// ways is two operations; that of the server has ".send" after its name.
func (g *generator) operations() {
	placed := map[place]*spec.Operation{}
	for _, s := range g.sources {
		for name, f := range s.frames {
			p := place{channel: s.id, name: s.messageIDs[name]}
			if f.received {
				placed[p] = s.receive(f)
				p.way = "send"
			}
			if f.pushed {
				placed[p] = s.send(f)
			}
		}
	}
	ids := idsOf(maps.Keys(placed), g.style)
	for p, op := range placed {
		g.document.Operations[ids[p]] = op
	}
}

// receive is the operation of a message from the client.
func (s *source) receive(f *frame) *spec.Operation {
	o := s.operation("receive", f, f.doc)
	for _, action := range f.replies {
		if o.Reply == nil {
			o.Reply = &spec.Reply{Channel: s.ref()}
		}
		o.Reply.Messages = append(o.Reply.Messages, s.messageRef(place{name: action}))
	}
	return o
}

// send is the operation of a message that the server sends by itself.
func (s *source) send(f *frame) *spec.Operation {
	doc := f.doc
	if f.received {
		doc = f.pushedDoc()
	}
	return s.operation("send", f, doc)
}

func (s *source) operation(action string, f *frame, doc chanx.Doc) *spec.Operation {
	return &spec.Operation{
		Action:      action,
		Channel:     s.ref(),
		Summary:     doc.Summary,
		Description: doc.Description,
		Security:    s.security,
		Tags:        tagsOf(doc),
		Messages:    []*spec.Message{s.messageRef(f.place())},

		ExternalDocs: linkOf(doc),
		Extensions:   doc.Extensions,
	}
}

func (s *source) ref() *spec.Channel { return &spec.Channel{Ref: "#/channels/" + s.id} }

func (s *source) messageRef(name place) *spec.Message {
	return &spec.Message{Ref: "#/channels/" + s.id + "/messages/" + s.messageIDs[name]}
}

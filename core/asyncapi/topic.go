package asyncapi

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/chanx-go/chanx/core/schema"
)

// kind is what the framework adds to a frame beside its action and its ref.
type kind int

const (
	ofConsumer     kind = iota
	ofTopic             // frames name their topic
	ofHistory           // and it has to do with recovering
	ofAlone             // clients need not name the topic
	ofAloneHistory      // and it has to do with recovering
)

func (k kind) String() string {
	return [...]string{"consumer", "topic", "history", "alone", "alone_history"}[k]
}

func (s *source) kind(f *frame) kind {
	k := ofConsumer
	switch {
	case s.topic == nil || f.ofConn:
		return k
	case s.Alone:
		k = ofAlone
	default:
		k = ofTopic
	}
	if f.recovers {
		k++
	}
	return k
}

// multiplexed reports whether the channel is one topic of several on a connection.
func (s *source) multiplexed() bool { return s.topic != nil && !s.Alone }

// place is the channel by its name.
func (s *source) place() place {
	p := place{name: s.Consumer}
	if s.multiplexed() {
		p.topic = s.topic.Topic
	}
	return p
}

// docOfChannel is what is said of the consumer or of the topic. What the options
// of a route leave out the topic says.
func (s *source) docOfChannel() chanx.Doc {
	switch {
	case s.topic == nil:
		return s.Doc
	case s.Alone:
		doc := s.Doc
		doc.Summary = cmp.Or(doc.Summary, s.topic.Doc.Summary)
		doc.Description = cmp.Or(doc.Description, s.topic.Doc.Description)
		if doc.Tags == nil {
			doc.Tags = s.topic.Doc.Tags
		}
		if doc.ExternalDocs == nil {
			doc.ExternalDocs = s.topic.Doc.ExternalDocs
		}
		doc.Extensions = maps.Clone(s.topic.Doc.Extensions)
		if doc.Extensions == nil {
			doc.Extensions = s.Doc.Extensions
		} else {
			maps.Copy(doc.Extensions, s.Doc.Extensions)
		}
		return doc
	}
	return s.topic.Doc
}

// allParams are the declared types of parameters.
func (s *source) allParams() []*schema.Schema {
	var all []*schema.Schema
	if s.Params != nil {
		all = append(all, s.Params)
	}
	if s.topic != nil && s.topic.Params != nil {
		all = append(all, s.topic.Params)
	}
	return all
}

// topicOf says which topics the channel is of.
func (s *source) topicOf(schemas map[string]json.RawMessage) *spec.Topic {
	return &spec.Topic{
		Name:             s.topic.Topic,
		Pattern:          s.topic.Pattern,
		Parameters:       append([]string{}, s.topic.PatternParams...),
		ParameterSchemas: schemas,
		History:          s.topic.History,
		Presence:         s.topic.Presence,
	}
}

// recoverable adds to the query what a client that comes back says to a topic on a
// route of its own, where history is kept.
func (s *source) recoverable(query *object) *object {
	if s.Alone && s.topic.History {
		query.Properties["recover_seq"] = raw(map[string]any{
			"type": "integer", "minimum": 0, "description": "The position up to which the client has had everything: what came after it is sent first",
		})
		query.Properties["recover_epoch"] = raw(map[string]any{"type": "string", "description": "The epoch of recover_seq"})
	}
	return query
}

// address adds to the schema of a frame what says which topic it is about, and
// where in it.
func (s *source) address(f *frame, o *object) {
	if s.kind(f) == ofConsumer {
		return
	}
	o.Properties["topic"] = raw(map[string]any{"type": "string", "description": "The topic that it is about"})
	o.Properties["version"] = raw(map[string]any{"type": "integer", "const": 1, "description": "Of the envelope"})
	if !f.received || !s.Alone {
		o.Required = append(o.Required, "topic")
	}
	if !f.received {
		o.Required = append(o.Required, "version")
	}
	if f.positioned {
		o.Properties["seq"] = raw(map[string]any{"type": "integer", "minimum": 1, "description": "Its position in the topic"})
	}
}

// addSubscribing adds the framework's frames by which clients come to a topic and
// leave it.
func (s *source) addSubscribing() {
	null := reflect.TypeFor[struct{}]()
	subscribe := &frame{
		action: "subscribe", title: "Subscribe", received: true, replies: []string{"subscribed"}, types: []reflect.Type{null},
		doc: chanx.Doc{Summary: "Subscribe to the topic"},
	}
	subscribed := &frame{
		action: "subscribed", title: "Subscribed", answers: true, pushed: s.Alone, types: []reflect.Type{null},
		doc: chanx.Doc{Summary: "The client is subscribed"},
	}
	if s.topic.History {
		subscribe.recovers, subscribed.recovers = true, true
		subscribe.types = []reflect.Type{reflect.TypeFor[subscribePayload](), null}
		subscribe.doc.Description = "With `recover`, everything that was published after that position comes next, in order and once."
		subscribed.types = []reflect.Type{reflect.TypeFor[subscribedPayload]()}
		subscribed.pushed = true
		subscribed.doc.Description = "It comes again, without a `ref`, where something that was published is lost to the client."
	}
	s.own(subscribe)
	s.own(subscribed)
	s.own(&frame{
		action: "unsubscribe", title: "Unsubscribe", received: true, replies: []string{"unsubscribed"},
		doc: chanx.Doc{Summary: "End the subscription to the topic"},
	})
	s.own(&frame{
		action: "unsubscribed", title: "Unsubscribed", answers: true, pushed: true,
		doc: chanx.Doc{Summary: "The client is not subscribed any more"},
	})
}

// describePresence says what the frames about who is there are for, of which the
// application says nothing.
func (s *source) describePresence() {
	for action, summary := range map[string]string{
		chanx.PresenceState[any]{}.Action():  "Who is present, to a client that has subscribed",
		chanx.PresenceJoined[any]{}.Action(): "A member has come, or has another info",
		chanx.PresenceLeft{}.Action():        "A member has gone",
	} {
		if f := s.frames[place{name: action}]; f != nil && f.doc.Summary == "" && slices.ContainsFunc(f.types, isPresence) {
			f.doc.Summary = summary
		}
	}
}

// isPresence reports whether a message is one about who is there, which has no
// position in the topic.
func isPresence(t reflect.Type) bool {
	return t.PkgPath() == reflect.TypeFor[chanx.PresenceLeft]().PkgPath()
}

// subscribePayload is what a client may say as it subscribes to a topic that keeps
// history.
type subscribePayload struct {
	Recover *positionPayload `json:"recover,omitempty" doc:"What the client has had, as subscribed and later frames told it"`
}

// positionPayload is a place in a topic's history.
type positionPayload struct {
	Seq   uint64 `json:"seq" doc:"Position in the topic; 0 is before the first"`
	Epoch string `json:"epoch" doc:"Within which positions count"`
}

// subscribedPayload is where a topic's history stands for a new subscriber.
type subscribedPayload struct {
	Recovered bool   `json:"recovered" doc:"Whether what the client has missed comes next; if not, it has to be found elsewhere"`
	Seq       uint64 `json:"seq" doc:"How far the history has come, or, where the client was subscribed already, how far it has had it; 0 is before the first"`
	Epoch     string `json:"epoch" doc:"Within which positions count"`
}

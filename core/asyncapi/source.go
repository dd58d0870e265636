package asyncapi

import (
	"encoding/json"
	"reflect"
	"slices"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// source is a channel: a consumer, or a topic of one, with all the frames that go
// to and fro there.
type source struct {
	chanx.EndpointInfo // of the consumer

	topic      *chanx.TopicInfo      // nil for the consumer itself
	frames     map[place]*frame      // by their places on the channel
	id         string                // of the channel
	messageIDs map[place]string      // of the frames on the channel
	security   []spec.SecurityScheme // references, one of which clients have to follow
}

// frame is a message on a channel. An action has one, even where several Go
// types go by it: a frame must match one message only. The exception are frames of
// the framework's own that can't be mistaken for each other.
type frame struct {
	action     string
	way        string // tells it from another frame of the action; "" for most
	title      string
	doc        chanx.Doc
	types      []reflect.Type    // of the payload
	received   bool              // clients send it
	pushed     bool              // the server sends it by itself
	answers    bool              // the server sends it with the ref of what it answers
	refNeeded  bool              // it is about nothing without a ref
	ofConn     bool              // it is about the connection, whatever the topic
	recovers   bool              // it has to do with what a client has missed
	positioned bool              // it can have a position in its topic
	outgoing   []chanx.Doc       // of its declarations outside of any handler
	events     []chanx.Doc       // of the events that it comes of
	replies    []string          // the actions that answer it
	examples   []json.RawMessage // payloads
}

// sourcesOf are the channels of a consumer: its own, and one for each of its
// topics. A topic on a route of its own has just the one.
func sourcesOf(info chanx.EndpointInfo) []*source {
	if info.Alone {
		return []*source{newSource(info, &info.Topics[0])}
	}
	all := []*source{newSource(info, nil)}
	for i := range info.Topics {
		all = append(all, newSource(info, &info.Topics[i]))
	}
	return all
}

// newSource makes the source of a consumer, or of one of its topics.
func newSource(info chanx.EndpointInfo, topic *chanx.TopicInfo) *source {
	s := &source{EndpointInfo: info, topic: topic, frames: map[place]*frame{}}
	handlers := info.HandlersInfo
	if topic != nil {
		handlers = topic.HandlersInfo
	}
	streams := s.addHandlers(handlers)
	for _, f := range s.frames {
		if !f.received {
			f.doc = f.pushedDoc()
		}
	}
	s.addOwn(streams)
	if topic != nil {
		s.describePresence()
		s.addSubscribing()
	}
	return s
}

// addHandlers adds the frames of the application, and reports whether there are
// streams.
func (s *source) addHandlers(handlers chanx.HandlersInfo) (streams bool) {
	for _, op := range handlers.Receives {
		f := s.frame(op.Message)
		f.received, f.doc = true, op.Doc
		if op.Reply != nil {
			s.frame(*op.Reply).answers = true
			f.replies = append(f.replies, op.Reply.Action)
		}
		if op.Stream {
			f.replies = append(f.replies, streamEnd)
		}
		s.push(op.Sends)
		s.addExamples(op.Examples)
		streams = streams || op.Stream
	}
	for _, op := range handlers.Events {
		if op.Reply != nil {
			s.push([]chanx.MessageInfo{*op.Reply})
			f := s.frame(*op.Reply)
			f.events = append(f.events, op.Doc)
		}
		s.push(op.Sends)
		s.addExamples(op.Examples)
	}
	for _, op := range handlers.Outgoing {
		s.push([]chanx.MessageInfo{op.Message})
		s.addExamples(op.Examples)
		if f := s.frame(op.Message); !reflect.DeepEqual(op.Doc, chanx.Doc{}) {
			f.outgoing = append(f.outgoing, op.Doc)
		}
	}
	return streams
}

// push notes messages that the server sends by itself.
func (s *source) push(messages []chanx.MessageInfo) {
	for _, m := range messages {
		f := s.frame(m)
		f.pushed = true
		f.positioned = f.positioned || s.topic != nil && !isPresence(m.Type)
	}
}

func (f *frame) place() place { return place{name: f.action, way: f.way} }

// pushedDoc is what is said of a frame that the server sends by itself: where it is
// declared outside of any handler, or else of the one event that it comes of.
func (f *frame) pushedDoc() chanx.Doc {
	for _, docs := range [][]chanx.Doc{f.outgoing, f.events} {
		if len(docs) == 1 {
			return docs[0]
		}
	}
	return chanx.Doc{}
}

// frame returns the frame of a message, with its type.
func (s *source) frame(m chanx.MessageInfo) *frame {
	f := s.frames[place{name: m.Action}]
	if f == nil {
		f = &frame{action: m.Action, title: m.Schema.Name()}
		s.frames[f.place()] = f
	}
	if !slices.Contains(f.types, m.Type) {
		f.types = append(f.types, m.Type)
	}
	return f
}

// addOwn adds the framework's own frames.
func (s *source) addOwn(streams bool) {
	s.own(&frame{
		action: "error", title: "Error", pushed: true, answers: true, types: []reflect.Type{reflect.TypeFor[errorPayload]()},
		doc: chanx.Doc{Summary: "A message was refused, or its handler failed"},
	})
	if !s.multiplexed() {
		s.addAuthentication()
	}
	if s.Completion {
		s.own(&frame{action: "complete", title: "Complete", pushed: true, answers: true, doc: chanx.Doc{Summary: "A message was handled"}})
		s.own(&frame{action: "group_complete", title: "GroupComplete", pushed: true, doc: chanx.Doc{Summary: "A group's message was delivered"}})
		s.own(&frame{action: "event_complete", title: "EventComplete", pushed: true, doc: chanx.Doc{Summary: "An event was handled"}})
	}
	if streams {
		s.own(&frame{action: streamEnd, title: "StreamEnd", answers: true, doc: chanx.Doc{Summary: "A stream ended without error"}})
		s.own(&frame{
			action: "stream_cancel", title: "StreamCancel", received: true, refNeeded: true,
			doc: chanx.Doc{Summary: "Stop the stream of the message with this ref"},
		})
	}
}

const streamEnd = "stream_end"

// own adds a frame of the framework's, whose payload is null where it has no type.
func (s *source) own(f *frame) {
	if f.types == nil {
		f.types = []reflect.Type{reflect.TypeFor[struct{}]()}
	}
	s.frames[f.place()] = f
}

// errorPayload is what [chanx.Error] is on the wire.
type errorPayload struct {
	Reason     string             `json:"reason" doc:"Machine-readable: one of the framework's reasons, or one of the application's" example:"invalid"`
	Detail     string             `json:"detail" doc:"One sentence for a person"`
	Violations []violationPayload `json:"errors,omitempty" doc:"What is wrong, where the reason is invalid"`
}

// violationPayload is what [chanx.Violation] is on the wire.
type violationPayload struct {
	Path    string         `json:"path" doc:"JSON Pointer into the frame" example:"/payload/text"`
	Code    string         `json:"code" doc:"The rule that is broken" example:"min_length"`
	Message string         `json:"message" doc:"For a person, to be read after the name of the value"`
	Params  map[string]any `json:"params,omitempty" doc:"The rule's own values"`
}

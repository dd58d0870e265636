package chanxtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/internal/jsonraw"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// published says in what the document disagrees with a frame that a client got: it
// must be exactly one message that the document lets the server send there.
func (k *contract) published(f *Frame) error {
	c, err := k.channel(f.Topic)
	if err == nil {
		err = c.exactlyOne([]byte(f.Text), f.Action, c.sends)
	}
	if err != nil {
		return fmt.Errorf("the document disagrees: %w", err)
	}
	return nil
}

// channel finds the channel of a topic, and that of the consumer for a name that no
// topic has.
func (k *contract) channel(topic string) (*channel, error) {
	if k.info.Alone {
		return k.document.channel(&k.info, &k.info.Topics[0])
	}
	return k.document.channel(&k.info, k.topic(topic))
}

// requests are what a client has sent, as far as answers to it tell whether the
// document is right about it.
type requests struct {
	byRef   map[string]*request
	refused int // frames without a ref that the document lets nobody send, but for those that were refused
}

// request is what was sent with a ref. Where several frames had it, nobody knows
// which of them an answer is to.
type request struct {
	text    string // of the last frame
	allowed error  // why none of the frames is allowed; nil: one is
	refusal string // the message that each of the frames is; "": there is one that none is
	payload bool   // the declared schema takes the payload of the last frame, or there is none
	failed  bool   // an error has answered
}

// add takes a frame into account that a client is going to send.
func (all *requests) add(k *contract, text []byte) error {
	s := readSent(text, k.discriminator())
	r, err := k.hold(s)
	switch {
	case err != nil:
		return err
	case s.ref == "":
		if r.refusal == "" {
			all.refused++
		}
		return nil
	}
	if before := all.byRef[s.ref]; before != nil {
		if before.allowed == nil {
			r.allowed = nil
		}
		if before.refusal == "" {
			r.refusal = ""
		}
		r.failed = before.failed
	}
	all.byRef[s.ref] = r
	return nil
}

// sent is what a frame of the client's says of itself.
type sent struct {
	text                []byte
	fields              map[string]jsontext.Value // nil where it is no JSON object
	ref, topic, action  string
	hasTopic, unsayable bool // unsayable: the framework's own fields break rules that no schema has
}

// Bounds that the framework sets to its own fields as they are written.
const maxRef, maxTopic = 512, 6*512 + 2

func readSent(text []byte, discriminator string) *sent {
	s := &sent{text: text}
	if !utf8.Valid(text) || jsonraw.Valid(text) != nil || jsonv2.Unmarshal(text, &s.fields) != nil {
		s.fields = nil
		return s
	}
	str := func(name string) (value string) {
		_ = jsonv2.Unmarshal(s.fields[name], &value)
		return value
	}
	s.topic, s.action = str("topic"), str(discriminator)
	ref, topic, version := s.fields["ref"], s.fields["topic"], s.fields["version"]
	if len(ref) <= maxRef {
		s.ref = str("ref")
	}
	s.hasTopic = topic != nil && string(topic) != `""`
	s.unsayable = len(ref) > maxRef || len(topic) > maxTopic || version != nil && string(version) != "1"
	return s
}

// hold holds a frame against what the document lets clients send.
func (k *contract) hold(s *sent) (*request, error) {
	r := &request{text: string(s.text), payload: k.takes(s)}
	if s.fields == nil {
		r.allowed = errors.New("it is no JSON object")
		return r, nil
	}
	c, err := k.channel(s.topic)
	if err != nil {
		return nil, err
	}
	if s.hasTopic && k.topic(s.topic) == nil {
		if !k.tolerates(s) {
			r.allowed = fmt.Errorf("there is no channel for the topic %s", s.fields["topic"])
		}
		return r, nil
	}
	r.allowed = c.exactlyOne(s.text, s.action, c.receives)
	if ids := fitting(s.text, c.receives); len(ids) > 0 && !s.unsayable {
		r.refusal = fmt.Sprintf("%q of channel %q", ids[0], c.id)
	}
	if k.tolerates(s) {
		r.allowed = nil
	}
	return r, nil
}

// tolerates reports whether the framework takes a frame of its own whatever its
// payload, so that clients need not know what of: to a topic without history one may
// come back as to another, and a stream may be over that is cancelled.
func (k *contract) tolerates(s *sent) bool {
	switch t := k.topic(s.topic); s.action {
	case "stream_cancel":
		return true
	case "subscribe":
		return t != nil && !t.History || t == nil && k.info.Alone && !k.info.Topics[0].History
	case "unsubscribe":
		return t != nil || k.info.Alone
	}
	return false
}

// takes reports whether the declared schema takes a frame's payload, so that an
// error about it came of what no schema says.
func (k *contract) takes(s *sent) bool {
	handlers := k.info.HandlersInfo
	if t := k.topic(s.topic); t != nil {
		handlers = t.HandlersInfo
	} else if k.info.Alone {
		handlers = k.info.Topics[0].HandlersInfo
	}
	i := slices.IndexFunc(handlers.Receives, func(op chanx.Operation) bool { return op.Message.Action == s.action })
	return i >= 0 && handlers.Receives[i].Message.Schema.Validate(s.fields["payload"]) == nil
}

// answered says in what the document disagrees with an answer: it must let clients
// send what the server takes, and nothing that the server refuses for its shape.
func (all *requests) answered(f *Frame) error {
	r, e := all.byRef[f.Ref], f.Error()
	switch {
	case f.Ref == "" && e != nil && isShapeless(e.Reason):
		if all.refused == 0 {
			return fmt.Errorf("the document disagrees: the server refuses a frame as %q, and it allows every one that was sent without a ref", e.Reason)
		}
		all.refused--
	case r == nil || r.failed && f.Action == "complete": // which follows an error, too
	case e != nil:
		r.failed = true
		if r.refusal != "" && (isShapeless(e.Reason) || e.Reason == chanx.Invalid && !r.payload && bySchema(e)) {
			return fmt.Errorf("the document disagrees: the server refuses %s as %q, which is the message %s", limited(r.text), e.Reason, r.refusal)
		}
	case r.allowed != nil:
		return fmt.Errorf("the document disagrees: the server takes %s: %w", limited(r.text), r.allowed)
	}
	return nil
}

// isShapeless reports whether a reason says that a frame has no message.
func isShapeless(r chanx.Reason) bool { return r == chanx.Malformed || r == chanx.UnknownAction }

// bySchema reports whether every violation is one of a schema, in the payload.
func bySchema(e *chanx.Error) bool {
	return len(e.Violations) > 0 && !slices.ContainsFunc(e.Violations, func(v chanx.Violation) bool {
		return !strings.HasPrefix(v.Path, "/payload") || !slices.Contains(keywords, v.Code)
	})
}

// keywords are the codes of violations of a schema.
var keywords = []string{
	"type", "enum", "const", "min_length", "max_length", "pattern", "format", "minimum", "maximum", "exclusive_minimum",
	"exclusive_maximum", "multiple_of", "min_items", "max_items", "unique_items", "min_properties", "max_properties",
	"required", "additional_properties", "property_names", "any_of", "one_of", "not",
}

package chanx

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/chanx-go/chanx/core/internal/wire"
	"github.com/chanx-go/chanx/core/schema"
)

// Message is a typed value with a name on the wire. The value is the payload:
// a struct, or any other type that has a JSON form; a struct without fields is a
// message without payload, sent as null.
//
// Action is called on a zero value when the type is registered and must always
// return the same name.
type Message interface {
	Action() string
}

// Keyed is a [Message] of which only the latest of a key matters, such as a
// price. Consumers whose overflow policy is [KeepLatest] replace a message that
// waits for a slow client by a newer one with the same action and key.
type Keyed interface {
	Message
	// QueueKey returns what the message is about.
	QueueKey() string
}

// reserved are the actions of the framework's own frames.
var reserved = []string{
	"error", "complete", "group_complete", "event_complete", "authentication",
	"stream_cancel", "stream_end",
}

// messageType is what is known of a Go type that is a message.
type messageType struct {
	action string
	goType reflect.Type // the struct, never a pointer to it
	schema *schema.Schema
	empty  bool   // a struct without fields: no payload
	isPtr  bool   // the handler's type is a pointer to goType
	keyed  bool   // has QueueKey
	prefix []byte // the envelope up to the payload, where the discriminator is "action" and there is no ref

	shapeOnce sync.Once
	shapeSum  uint32 // see shape
}

var errNoMessage = errors.New("there is no message")

// isNil reports whether m is nil or a nil pointer.
func isNil(m Message) bool {
	v := reflect.ValueOf(m)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// messageTypes are the message types of a hub, by Go type.
type messageTypes struct {
	schemas *schema.Registry
	known   sync.Map // reflect.Type → *messageType
}

// of returns the message type of t, a type that implements [Message].
func (m *messageTypes) of(t reflect.Type) (*messageType, error) {
	if t == nil {
		return nil, errNoMessage
	}
	if mt, ok := m.known.Load(t); ok {
		return mt.(*messageType), nil
	}
	mt, err := m.describe(t)
	if err != nil {
		return nil, err
	}
	actual, _ := m.known.LoadOrStore(t, mt)
	return actual.(*messageType), nil
}

func (m *messageTypes) describe(t reflect.Type) (*messageType, error) {
	if t == reflect.TypeFor[sequenced]() {
		return nil, errors.New("WithSeq is for what goes to a topic")
	}
	if t.Kind() == reflect.Interface {
		return nil, fmt.Errorf("%v is an interface: name the message's own type", t)
	}
	mt := &messageType{goType: t, isPtr: t.Kind() == reflect.Pointer}
	if mt.isPtr {
		mt.goType = t.Elem()
	}
	var err error
	if mt.action, err = actionOf(mt.goType, t); err != nil {
		return nil, err
	}
	mt.keyed = t.Implements(reflect.TypeFor[Keyed]())
	mt.empty = mt.goType.Kind() == reflect.Struct && mt.goType.NumField() == 0
	if mt.schema, err = m.schemas.Of(mt.goType); err != nil {
		return nil, fmt.Errorf("message %q: %w", mt.action, err)
	}
	mt.prefix = wire.AppendHead(nil, wire.Head{Discriminator: defaultDiscriminator, Action: mt.action})
	return mt, nil
}

// actionOf asks a zero value of the type for its name.
func actionOf(elem, t reflect.Type) (action string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("(%v).Action panics on a zero value (%v): it must return a constant", t, r)
		}
	}()
	v := reflect.New(elem)
	if t.Kind() != reflect.Pointer {
		v = v.Elem()
	}
	action = v.Interface().(Message).Action()
	switch {
	case action == "":
		return "", fmt.Errorf("(%v).Action returns an empty name", t)
	case slices.Contains(reserved, action):
		return "", fmt.Errorf("(%v).Action returns %q, which is one of the framework's own frames: choose another name", t, action)
	}
	return action, nil
}

// appendPayload appends m's JSON form. What it returns with an error is good for
// its memory only.
func (mt *messageType) appendPayload(dst []byte, m Message) ([]byte, error) {
	if mt.isPtr && isNil(m) {
		return dst, fmt.Errorf("chanx: message %q: %w: a nil %v", mt.action, errNoMessage, reflect.TypeOf(m))
	}
	if mt.empty {
		return append(dst, "null"...), nil
	}
	b, err := mt.schema.AppendJSON(dst, m)
	if err != nil {
		return dst, fmt.Errorf("chanx: message %q can't be encoded: %w", mt.action, err)
	}
	return b, nil
}

// queueKeyOf is the key in a queue of a valid payload of a message that has one.
func (mt *messageType) queueKeyOf(payload []byte) (string, error) {
	v := reflect.New(mt.goType)
	if !mt.empty {
		if err := mt.schema.Decode(payload, v.Interface()); err != nil {
			return "", fmt.Errorf("chanx: the queue key of message %q: %w", mt.action, err)
		}
	}
	if !mt.isPtr {
		v = v.Elem()
	}
	return queueKey(mt, v.Interface().(Message)), nil
}

// check validates an encoded payload; nil stands for one that is absent.
func (mt *messageType) check(payload []byte) error {
	raw := orNull(payload)
	var vs []Violation
	if !mt.empty {
		vs = mt.schema.Validate(raw)
	} else if string(raw) != "null" {
		vs = []Violation{{Code: "type", Message: "must be absent or null", Params: map[string]any{"type": "null"}}}
	}
	return payloadError(payload, vs)
}

// decode validates a payload, nil where it is absent, and decodes it into a T,
// which is mt's type.
func decode[T Message](mt *messageType, payload []byte) (v T, err error) {
	var into any = &v
	if mt.isPtr {
		v = reflect.New(mt.goType).Interface().(T)
		into = v
	}
	if mt.empty {
		return v, mt.check(payload)
	}
	err = mt.schema.Decode(orNull(payload), into)
	if err == nil {
		return v, nil
	}
	if e, ok := errors.AsType[*schema.InvalidError](err); ok {
		return v, payloadError(payload, e.Violations)
	}
	return v, fmt.Errorf("decoding message %q: %w", mt.action, err)
}

func orNull(payload []byte) []byte {
	if payload == nil {
		return []byte("null")
	}
	return payload
}

// payloadError is what a client is told of a payload's violations.
func payloadError(payload []byte, vs []Violation) error {
	switch {
	case len(vs) == 0:
		return nil
	case payload == nil:
		return invalid("the message needs a payload", []Violation{{Code: "required", Message: "is required"}}, payloadPath)
	}
	return invalid("the payload is not valid", vs, payloadPath)
}

const payloadPath = "/payload"

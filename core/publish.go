package chanx

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/chanx-go/chanx/core/internal/jsonraw"
	"github.com/chanx-go/chanx/core/internal/wire"
)

// Broadcast sends a message to every connection in groups, on every process,
// this one included where it is a member. Without groups it goes to the
// consumer's own: see [JoinGroups]. Members get it in the order in which it was
// broadcast here; it does not wait for them.
func (c *Conn) Broadcast(ctx context.Context, m Message, groups ...string) error {
	return c.consumer.broadcast(ctx, m, "", groups)
}

// BroadcastOthers is [Conn.Broadcast] without this connection.
func (c *Conn) BroadcastOthers(ctx context.Context, m Message, groups ...string) error {
	return c.consumer.broadcast(ctx, m, c.ID(), groups)
}

// broadcast encodes a message once and gives it to the layer for each group.
func (c *consumer) broadcast(ctx context.Context, m Message, except string, groups []string) error {
	mt, err := c.hub.types.of(reflect.TypeOf(m))
	if err != nil {
		return fmt.Errorf("chanx: %w", err)
	}
	if len(groups) == 0 {
		groups = c.groups
	}
	if len(groups) == 0 {
		return fmt.Errorf("chanx: consumer %q: broadcast of %q names no group, and the consumer has none of its own", c.name, mt.action)
	}
	textBuf := getBuffer()
	defer putBuffer(textBuf)
	if *textBuf, err = c.appendText(*textBuf, mt, m); err != nil {
		return err
	}
	e := envelope.Envelope{Text: *textBuf}
	if except != "" {
		e.Except = []byte(except)
	}
	if mt.keyed && c.overflow == KeepLatest {
		e.Key = []byte(queueKey(mt, m))
	}
	if err := c.give(ctx, &e, mt.action, groups); err != nil {
		return &publishError{mt.action, err}
	}
	return nil
}

// appendText appends the JSON object that clients get. What it returns with an
// error is good for its memory only.
func (c *consumer) appendText(dst []byte, mt *messageType, m Message) ([]byte, error) {
	dst = wire.AppendHead(dst, wire.Head{Discriminator: c.discriminator, Action: mt.action})
	dst, err := mt.appendPayload(dst, m)
	return wire.AppendTail(dst), err
}

// encodeEvent encodes an event that is declared, and checks it.
func (s *handlers) encodeEvent(event Message) (*envelope.Envelope, error) {
	event, seq := sequence(event)
	if isNil(event) {
		return nil, fmt.Errorf("chanx: %s: publishing: %w", s.title, errNoMessage)
	}
	action := event.Action()
	payload, err := s.encodePayload(action, event)
	if err != nil {
		return nil, &publishError{action, err}
	}
	e, err := s.eventOf(action, payload)
	if err != nil {
		return nil, &publishError{action, err}
	}
	if err := s.setSeq(e, seq); err != nil {
		return nil, &publishError{action, err}
	}
	return e, nil
}

// encodePayload encodes a value of the type that is declared for the event.
func (s *handlers) encodePayload(action string, event Message) ([]byte, error) {
	route := s.events[action]
	if route == nil {
		return nil, s.undeclared(action)
	}
	if t := reflect.TypeOf(event); t != route.in.goType && (t.Kind() != reflect.Pointer || t.Elem() != route.in.goType) {
		return nil, Errorf(UnknownAction, "%s declares the event as %v, not as %v", s.title, route.in.goType, t)
	}
	return route.in.appendPayload(nil, event)
}

// eventOf makes an event of a payload that may come from anywhere.
func (s *handlers) eventOf(action string, payload []byte) (*envelope.Envelope, error) {
	route := s.events[action]
	if route == nil {
		return nil, s.undeclared(action)
	}
	if payload != nil {
		if err := jsonraw.Valid(payload); err != nil {
			return nil, Errorf(Malformed, "the payload: %w", err)
		}
	}
	if err := route.in.check(payload); err != nil {
		return nil, err
	}
	e := &envelope.Envelope{Action: []byte(action), Payload: orNull(payload), Shape: route.in.shape()}
	if route.forward && route.in.keyed {
		key, err := route.in.queueKeyOf(e.Payload)
		if err != nil {
			return nil, err
		}
		e.Key = []byte(key)
	}
	return e, nil
}

func (s *handlers) undeclared(action string) error {
	return Errorf(UnknownAction, "%s does not declare the event %q: it has %q", s.title, action, slices.Sorted(maps.Keys(s.events)))
}

// publish gives an event to the layer for each group or topic.
func (s *handlers) publish(ctx context.Context, e *envelope.Envelope, names []string) error {
	if err := s.give(ctx, e, string(e.Action), names); err != nil {
		return &publishError{string(e.Action), err}
	}
	return nil
}

// give gives an envelope to the layer for each group or topic.
func (s *handlers) give(ctx context.Context, e *envelope.Envelope, action string, names []string) error {
	if len(names) == 0 {
		if s.topic != nil {
			return errors.New("no topic to publish to")
		}
		return errors.New("no group to publish to")
	}
	data := getBuffer()
	defer putBuffer(data)
	s.stamp(ctx, e)
	*data = e.Append(*data)
	var errs []error
	for _, name := range names {
		if err := s.carry(ctx, name, *data); err != nil {
			errs = append(errs, fmt.Errorf("to %q: %w", name, err))
			continue
		}
		if s.hub.observer != nil {
			o := &Observation{Kind: Published, Action: action, Bytes: len(*data)}
			if s.topic != nil {
				o.Topic = name
			} else {
				o.Consumer, o.Group = s.name, name
			}
			s.hub.observe(ctx, o)
		}
	}
	return errors.Join(errs...)
}

// carry gives bytes to the layer for one group or topic.
func (s *handlers) carry(ctx context.Context, name string, data []byte) error {
	if s.topic != nil && s.topic.history != nil {
		return s.topic.history.Append(ctx, s.channel(name), data, s.topic.keep)
	}
	return s.hub.layer.Publish(ctx, s.channel(name), data)
}

// channel is the layer's name for a group of the consumer, or for one of the
// topic's. No two of them are equal for different consumers, topics or names,
// whatever these contain.
func (s *handlers) channel(name string) string {
	kind := "group:"
	if s.topic != nil {
		kind = "topic:"
	}
	return kind + strings.ReplaceAll(strings.ReplaceAll(s.name, "%", "%25"), ":", "%3A") + ":" + name
}

// publishTo gives an event to the hub that has the connection.
func (c *consumer) publishTo(ctx context.Context, connID string, e *envelope.Envelope) error {
	if err := c.giveTo(ctx, e, connID); err != nil {
		return &publishError{string(e.Action), err}
	}
	return nil
}

// giveTo gives an envelope to the layer for one connection.
func (c *consumer) giveTo(ctx context.Context, e *envelope.Envelope, connID string) error {
	hubID, serial, ok := parseConnID(connID)
	if !ok {
		return Errorf(NotFound, "%q is not the id of a connection", connID)
	}
	if hubID == c.hub.id && c.hub.conn(serial) == nil {
		return Errorf(NotFound, "the connection %q has ended", connID)
	}
	e.Consumer, e.To = []byte(c.name), []byte(connID)
	c.stamp(ctx, e)
	return c.hub.layer.Publish(ctx, connChannel(hubID), e.Append(nil))
}

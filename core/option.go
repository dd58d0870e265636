package chanx

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// HandlerOption describes a handler, or says how it is run.
type HandlerOption func(*handlers, *route)

// Summary is one line on what the message does, for the documentation.
func Summary(text string) HandlerOption {
	return func(_ *handlers, r *route) { r.doc.Summary = text }
}

// Description is a longer text, in Markdown.
func Description(text string) HandlerOption {
	return func(_ *handlers, r *route) { r.doc.Description = text }
}

// Tags groups messages in the documentation.
func Tags(names ...string) HandlerOption {
	return func(_ *handlers, r *route) { r.doc.Tags = append(r.doc.Tags, names...) }
}

// Deprecated marks a message that clients should stop using.
func Deprecated() HandlerOption {
	return func(_ *handlers, r *route) { r.doc.Deprecated = true }
}

// SeeAlso says where more is written about the message: a whole URL, and what is
// there, in Markdown, or "". A message has one such place.
func SeeAlso(url, description string) HandlerOption {
	return func(s *handlers, r *route) {
		if r.doc.ExternalDocs != nil {
			panic(fmt.Sprintf("chanx: %s: %q has two places to see also, %q and %q: name the second in its Description", s.title, r.action(), r.doc.ExternalDocs.URL, url))
		}
		link := &Link{URL: url, Description: description}
		link.mustBeValid(s.titleOf(r))
		r.doc.ExternalDocs = link
	}
}

// Extension adds a member to what the document says of the message, for its
// readers and tools. The name begins with "x-", and the value is what JSON can say;
// it is written at once.
func Extension(name string, value any) HandlerOption {
	return func(s *handlers, r *route) {
		if r.doc.Extensions == nil {
			r.doc.Extensions = map[string]any{}
		}
		if _, ok := r.doc.Extensions[name]; ok {
			panic(fmt.Sprintf("chanx: %s: %q has two extensions %q: give it one", s.title, r.action(), name))
		}
		r.doc.Extensions[name] = extension(s.titleOf(r), name, value)
	}
}

// Examples shows messages as they may be, in the documentation: the message that
// the handler is for, its reply, or what it is declared to send. An event that is
// not forwarded can't be shown, as clients don't get it. An example that breaks
// its own schema panics.
func Examples(messages ...Message) HandlerOption {
	return func(_ *handlers, r *route) { r.shown = append(r.shown, messages...) }
}

// Sends declares a message that the handler sends or broadcasts beside its
// reply. The documentation lists it, and the test kit fails a test in which a
// client gets a message that nobody declared.
func Sends[M Message]() HandlerOption {
	return func(s *handlers, r *route) { r.sends = append(r.sends, messageOf[M](s)) }
}

// Concurrent runs the handler of a client's message on a goroutine of its own,
// so that it does not hold up the connection's other messages: its reply may
// come out of order, and what it shares with other handlers needs a lock. At
// most [Limits].Concurrent such handlers and streams run for one connection.
func Concurrent() HandlerOption {
	return func(_ *handlers, r *route) { r.concurrent = true }
}

// apply applies what was said of a route.
func (s *handlers) apply(r *route, opts []HandlerOption) {
	for _, opt := range opts {
		opt(s, r)
	}
	for _, m := range r.shown {
		example, err := s.example(r, m)
		if err != nil {
			panic(fmt.Sprintf("chanx: %s: an example %T of %q: %v", s.title, m, r.action(), err))
		}
		r.examples = append(r.examples, example)
	}
	r.shown = nil
}

// titleOf names a route in panics.
func (s *handlers) titleOf(r *route) string { return fmt.Sprintf("%s: %q", s.title, r.action()) }

// example writes one of a route's examples. The error says what is wrong with it.
func (s *handlers) example(r *route, m Message) (Example, error) {
	if isNil(m) {
		return Example{}, errNoMessage
	}
	mt, err := s.hub.types.of(reflect.TypeOf(m))
	if err != nil {
		return Example{}, err
	}
	isIt := func(other *messageType) bool { return other != nil && other.goType == mt.goType }
	if !isIt(r.out) && !slices.ContainsFunc(r.sends, isIt) && (r.event || !isIt(r.in)) {
		return Example{}, fmt.Errorf("clients neither send it there nor get it: it belongs to the registration that has %v, or to chanx.Sends[%v]", mt.goType, mt.goType)
	}
	payload, err := mt.appendPayload(nil, m)
	if err != nil {
		return Example{}, err
	}
	if err = mt.check(payload); err == nil && !mt.empty && isIt(r.in) {
		err = mt.schema.Decode(payload, reflect.New(mt.goType).Interface())
	}
	if err != nil {
		if refused, ok := errors.AsType[*Error](err); ok {
			for _, v := range refused.Violations {
				err = fmt.Errorf("%w; %s: %s", err, v.Path, v.Message)
			}
		}
		return Example{}, fmt.Errorf("%s can't be one: %w", payload, err)
	}
	return Example{Message: *mt.info(), Payload: json.RawMessage(payload)}, nil
}

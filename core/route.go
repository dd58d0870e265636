package chanx

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
)

// runFunc handles one message that has not been decoded yet.
type runFunc func(x *exchange, ctx context.Context) error

// route is one action with its handler.
type route struct {
	in         *messageType   // nil for what is sent outside of any handler
	out        *messageType   // the reply, the stream's items, the event's output; nil where there is none
	sends      []*messageType // declared beside out
	run        runFunc        // nil for a forwarded event
	stream     bool
	concurrent bool
	forward    bool
	event      bool // in comes from the server's side
	doc        Doc
	shown      []Message // given as examples, before they are looked at
	examples   []Example
	handler    string // the Go function, to name it where two claim one action

	unknown atomic.Bool // it was logged that an event has fields that aren't known
}

// handlers is what was registered for one kind of connection. It is written
// while the program starts and only read once it is frozen.
type handlers struct {
	hub        *Hub
	name       string
	title      string // what panics and errors call it: consumer "chat"
	routes     map[string]*route
	events     map[string]*route
	middleware []middlewareFunc
	onOpen     []func(state any, ctx context.Context) error
	onClose    []func(state any, ctx context.Context, how *CloseError)
	groups     []string
	topics     []*topic // that connections can subscribe to
	params     *paramsType
	outgoing   []*route // what is sent outside of any handler, as out
	topic      *topic   // that these are the handlers of; nil for a consumer's
	frozen     atomic.Bool

	told told // what was skipped
}

func newHandlers(hub *Hub, kind, name string) *handlers {
	if hub == nil {
		panic(fmt.Sprintf("chanx: %s %q has no hub: make one with NewHub first", kind, name))
	}
	return &handlers{hub: hub, name: name, title: fmt.Sprintf("%s %q", kind, name), routes: map[string]*route{}, events: map[string]*route{}}
}

// add registers the handler of a client's message.
func (s *handlers) add(r *route, handler any, opts []HandlerOption) {
	if s.topic != nil && slices.Contains(topicActions, r.in.action) {
		panic(fmt.Sprintf("chanx: %s: %q is one of the framework's own frames on a topic: choose another name", s.title, r.in.action))
	}
	s.register(s.routes, "message", r, handler, opts)
	if r.stream {
		r.concurrent = true
	}
}

// action is what a panic calls the route.
func (r *route) action() string {
	if r.in == nil {
		return r.out.action
	}
	return r.in.action
}

// addEvent registers the handler of an event.
func (s *handlers) addEvent(r *route, handler any, opts []HandlerOption) {
	r.event = true
	s.register(s.events, "event", r, handler, opts)
	if r.concurrent {
		panic(fmt.Sprintf("chanx: %s: the event %q can't be handled with Concurrent, which is for clients' messages", s.title, r.in.action))
	}
}

func (s *handlers) register(into map[string]*route, kind string, r *route, handler any, opts []HandlerOption) {
	action := r.in.action
	s.mustBeOpen(fmt.Sprintf("a handler of %q", action))
	r.handler = "Forward"
	if handler != nil {
		v := reflect.ValueOf(handler)
		if v.IsNil() {
			panic(fmt.Sprintf("chanx: %s: the handler of %q is nil", s.title, action))
		}
		r.handler = funcName(v)
	}
	if other := into[action]; other != nil {
		mend := "give one of the messages another Action"
		if other.in.goType == r.in.goType {
			mend = "register one of them"
		}
		panic(fmt.Sprintf("chanx: %s has two handlers of the %s %q: %s (%v) and %s (%v): %s",
			s.title, kind, action, other.handler, other.in.goType, r.handler, r.in.goType, mend))
	}
	s.apply(r, opts)
	into[action] = r
}

// mustBeOpen panics once connections may be reading the handlers.
func (s *handlers) mustBeOpen(what string) {
	if s.frozen.Load() {
		panic(fmt.Sprintf("chanx: %s is mounted already: register %s before mounting it", s.title, what))
	}
}

// funcName turns "example.com/app.(*Chat).Say" into "(*Chat).Say".
func funcName(v reflect.Value) string {
	f := runtime.FuncForPC(v.Pointer())
	if f == nil {
		return "a function"
	}
	name := f.Name()
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	return strings.TrimSuffix(name, "-fm")
}

// kind is "consumer" or "topic".
func (s *handlers) kind() string {
	if s.topic != nil {
		return "topic"
	}
	return "consumer"
}

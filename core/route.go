package chanx

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
)

// Doc is what the documentation says of a message.
type Doc struct {
	Summary     string // one line
	Description string // Markdown
	Tags        []string
	Deprecated  bool
}

// runFunc handles one message that has not been decoded yet.
type runFunc func(x *exchange, ctx context.Context) error

// route is one action with its handler.
type route struct {
	in         *messageType
	out        *messageType   // the reply, the stream's items, the event's output; nil where there is none
	sends      []*messageType // declared beside out
	run        runFunc        // nil for a forwarded event
	stream     bool
	concurrent bool
	forward    bool
	doc        Doc
	handler    string // the Go function, to name it where two claim one action
}

// handlers is what was registered for one kind of connection. It is written
// while the program starts and only read once it is frozen.
type handlers struct {
	hub        *Hub
	name       string
	routes     map[string]*route
	events     map[string]*route
	middleware []middlewareFunc
	onClose    []func(state any, ctx context.Context, how *CloseError)
	groups     []string
	params     *paramsType
	sends      []*messageType
	frozen     atomic.Bool
}

func newHandlers(hub *Hub, name string) *handlers {
	return &handlers{hub: hub, name: name, routes: map[string]*route{}, events: map[string]*route{}}
}

// add registers the handler of a client's message.
func (s *handlers) add(r *route, handler any, opts []HandlerOption) {
	s.register(s.routes, "message", r, handler, opts)
	if r.stream {
		r.concurrent = true
	}
}

// addEvent registers the handler of an event.
func (s *handlers) addEvent(r *route, handler any, opts []HandlerOption) {
	s.register(s.events, "event", r, handler, opts)
	if r.concurrent {
		panic(fmt.Sprintf("chanx: consumer %q: the event %q can't be handled with Concurrent, which is for clients' messages", s.name, r.in.action))
	}
}

func (s *handlers) register(into map[string]*route, kind string, r *route, handler any, opts []HandlerOption) {
	action := r.in.action
	s.mustBeOpen(fmt.Sprintf("a handler of %q", action))
	r.handler = "Forward"
	if handler != nil {
		v := reflect.ValueOf(handler)
		if v.IsNil() {
			panic(fmt.Sprintf("chanx: consumer %q: the handler of %q is nil", s.name, action))
		}
		r.handler = funcName(v)
	}
	if other := into[action]; other != nil {
		panic(fmt.Sprintf("chanx: consumer %q has two handlers of the %s %q: %s (%v) and %s (%v): give one of the messages another Action",
			s.name, kind, action, other.handler, other.in.goType, r.handler, r.in.goType))
	}
	for _, opt := range opts {
		opt(s, r)
	}
	into[action] = r
}

// mustBeOpen panics once connections may be reading the handlers.
func (s *handlers) mustBeOpen(what string) {
	if s.frozen.Load() {
		panic(fmt.Sprintf("chanx: consumer %q is mounted already: register %s before mounting it", s.name, what))
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

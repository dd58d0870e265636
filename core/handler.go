package chanx

import (
	"context"
	"fmt"
	"iter"
	"reflect"
)

// Registrar is what handlers are registered into: a [Consumer] whose connections
// have state of type C, or a [Topic] whose subscriptions have. A set of handlers
// that several of them share is an ordinary generic function that takes one:
//
//	func WithPing[C any](r chanx.Registrar[C]) {
//		chanx.Reply(r, func(C, context.Context, Ping) (Pong, error) { return Pong{}, nil })
//	}
type Registrar[C any] interface {
	handlerSet() *handlers
	serves(C)
}

// On registers the handler of a message that isn't answered by one reply. The
// client sees an error that it returns; see [Error].
//
// Like all registration functions it panics where it is used wrongly: with two
// handlers for one action, or once the consumer has been mounted.
func On[C any, In Message](r Registrar[C], handle func(C, context.Context, In) error, opts ...HandlerOption) {
	s := r.handlerSet()
	in := messageOf[In](s)
	s.add(&route{in: in, run: messageHandler(s, in, func(x *exchange, ctx context.Context, m In) error {
		return handle(x.state.(C), ctx, m)
	})}, handle, opts)
}

// Reply registers a handler whose result answers the message: it is sent with
// the request's ref.
func Reply[C any, In, Out Message](r Registrar[C], handle func(C, context.Context, In) (Out, error), opts ...HandlerOption) {
	s := r.handlerSet()
	in, out := messageOf[In](s), messageOf[Out](s)
	s.add(&route{in: in, out: out, run: messageHandler(s, in, func(x *exchange, ctx context.Context, m In) error {
		reply, err := handle(x.state.(C), ctx, m)
		if err != nil {
			return err
		}
		return x.reply(out, reply)
	})}, handle, opts)
}

// Stream registers a handler that answers a message with any number of frames,
// all with the request's ref, ended by stream_end or by an error. It is run on
// a goroutine of its own beside the connection's other handlers, so what it
// shares with them needs a lock; its context ends when the client sends
// stream_cancel with the ref, and with the connection. It is held back while the
// client is slow to read.
func Stream[C any, In, Out Message](r Registrar[C], handle func(C, context.Context, In) iter.Seq2[Out, error], opts ...HandlerOption) {
	s := r.handlerSet()
	in, out := messageOf[In](s), messageOf[Out](s)
	s.add(&route{in: in, out: out, stream: true, run: messageHandler(s, in, func(x *exchange, ctx context.Context, m In) error {
		for item, err := range handle(x.state.(C), ctx, m) {
			if err == nil {
				err = x.item(ctx, out, item)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})}, handle, opts)
}

// OnEvent registers the handler of an event, which is a message that comes from
// the server's side through the layer: see [Consumer.Publish].
func OnEvent[C any, E Message](r Registrar[C], handle func(C, context.Context, E) error, opts ...HandlerOption) {
	s := r.handlerSet()
	in := messageOf[E](s)
	s.addEvent(&route{in: in, run: eventHandler(in, func(x *exchange, ctx context.Context, e E) error {
		return handle(x.state.(C), ctx, e)
	})}, handle, opts)
}

// MapEvent registers the handler of an event whose result is sent to the client.
func MapEvent[C any, E, Out Message](r Registrar[C], handle func(C, context.Context, E) (Out, error), opts ...HandlerOption) {
	s := r.handlerSet()
	in, out := messageOf[E](s), messageOf[Out](s)
	s.addEvent(&route{in: in, out: out, run: eventHandler(in, func(x *exchange, ctx context.Context, e E) error {
		m, err := handle(x.state.(C), ctx, e)
		if err != nil {
			return err
		}
		return x.reply(out, m)
	})}, handle, opts)
}

// Forward declares an event that is passed on to the client as it is. No handler
// sees it, so it does not wait for the connection's other handlers.
func Forward[E Message, C any](r Registrar[C], opts ...HandlerOption) {
	s := r.handlerSet()
	in := messageOf[E](s)
	s.addEvent(&route{in: in, out: in, forward: true}, nil, opts)
}

// OnOpen registers a function that runs once when a connection is up: after open
// has let it in and the handshake was answered, and before its first message. On
// a topic it runs when the client has been told that it is subscribed, so what it
// sends and broadcasts comes after that. An error is logged; the connection goes
// on. Several run in the order in which they were registered.
func OnOpen[C any](r Registrar[C], handle func(C, context.Context) error) {
	s := r.handlerSet()
	s.mustBeOpen("OnOpen")
	s.onOpen = append(s.onOpen, func(state any, ctx context.Context) error { return handle(state.(C), ctx) })
}

// OnClose registers a function that runs once when a connection has ended, after
// its last handler, with how it ended. On a topic it runs when a subscription has
// ended: with its connection, or, with [CloseUnsubscribed] as the code, because
// the client or the server has unsubscribed it. Its context is not cancelled with
// the connection; it ends after [Limits].HandshakeTimeout. Several run in the
// order in which they were registered.
func OnClose[C any](r Registrar[C], handle func(C, context.Context, *CloseError)) {
	s := r.handlerSet()
	s.mustBeOpen("OnClose")
	s.onClose = append(s.onClose, func(state any, ctx context.Context, how *CloseError) { handle(state.(C), ctx, how) })
}

// Use adds a middleware that wraps every message from a client after it has been
// decoded, streams included: it calls next to go on, or returns an error for the
// client instead. Middlewares run in the order in which they were added; those of
// a consumer also wrap the messages to its topics, before the topic's own.
func Use[C any](r Registrar[C], middleware func(c C, ctx context.Context, req *Request, next Next) error) {
	s := r.handlerSet()
	s.mustBeOpen("Use")
	s.middleware = append(s.middleware, func(state any, ctx context.Context, req *Request, next Next) error {
		return middleware(state.(C), ctx, req, next)
	})
}

// Outgoing declares a message that is sent outside of any handler, by open or
// OnClose: see [Sends]. The options say what the documentation is to say of it.
func Outgoing[M Message, C any](r Registrar[C], opts ...HandlerOption) {
	s := r.handlerSet()
	mt := messageOf[M](s)
	s.mustBeOpen("Outgoing")
	out := &route{out: mt}
	s.apply(out, opts)
	if out.concurrent || len(out.sends) > 0 {
		panic(fmt.Sprintf("chanx: %s: the message %q that is sent outside of any handler can't have Concurrent or Sends, which are for handlers", s.title, mt.action))
	}
	s.outgoing = append(s.outgoing, out)
}

// JoinGroups adds groups that every connection joins before it is opened, and
// that [Conn.Broadcast] goes to where it names none.
func JoinGroups[C any](r Registrar[C], groups ...string) {
	s := r.handlerSet()
	s.mustBeOpen("JoinGroups")
	if s.topic != nil {
		panic(fmt.Sprintf("chanx: %s can't have groups: who subscribes to it is its group", s.title))
	}
	s.groups = append(s.groups, groups...)
}

// Params declares the type of the handshake's parameters, which [Bind] reads in
// open: the consumer documents them, and a route that lacks one of the type's
// path parameters is refused when it is mounted. For a topic it is the type of the
// parameters of its pattern.
func Params[P, C any](r Registrar[C]) {
	s := r.handlerSet()
	s.mustBeOpen("Params")
	if s.params != nil {
		panic(fmt.Sprintf("chanx: %s has parameters of two types, %v and %v", s.title, s.params.goType, reflect.TypeFor[P]()))
	}
	p, err := s.hub.paramsOf(reflect.TypeFor[P]())
	if err != nil {
		panic(fmt.Sprintf("chanx: %s: %v", s.title, err))
	}
	if err := s.checkParams(p); err != nil {
		panic(fmt.Sprintf("chanx: %s: %v", s.title, err))
	}
	s.params = p
}

// messageOf returns the message type of M, or panics with what is wrong with it.
func messageOf[M Message](s *handlers) *messageType {
	mt, err := s.hub.types.of(reflect.TypeFor[M]())
	if err != nil {
		panic(fmt.Sprintf("chanx: %s: %v", s.title, err))
	}
	return mt
}

// messageHandler erases the type of a handler of client messages.
func messageHandler[In Message](s *handlers, in *messageType, call func(*exchange, context.Context, In) error) runFunc {
	return func(x *exchange, ctx context.Context) error {
		m, err := decode[In](in, x.payload)
		if err != nil {
			return err
		}
		outer := s.outerMiddleware(x)
		if len(outer)+len(s.middleware) == 0 {
			return call(x, ctx, m)
		}
		wrapped := m // captured in place of m, so that m needs no allocation where there is no middleware
		x.request = Request{Action: in.action, Topic: x.topic, Ref: refText(x.ref), Message: m}
		handler := func(ctx context.Context) error { return call(x, ctx, wrapped) }
		own := func(ctx context.Context) error { return x.through(ctx, s.middleware, x.state, handler) }
		return x.through(ctx, outer, x.conn.state, own)
	}
}

// eventHandler erases the type of a handler of events.
func eventHandler[E Message](in *messageType, call func(*exchange, context.Context, E) error) runFunc {
	return func(x *exchange, ctx context.Context) error {
		e, err := decode[E](in, x.payload)
		if err != nil {
			return &undecodable{err}
		}
		return call(x, ctx, e)
	}
}

// outerMiddleware is what the consumer of a connection wraps around messages to a
// topic.
func (s *handlers) outerMiddleware(x *exchange) []middlewareFunc {
	if s.topic == nil {
		return nil
	}
	return x.conn.consumer.middleware
}

package chanx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"github.com/chanx-go/chanx/core/internal/wire"
)

// Request is a client's message as a middleware sees it. It must not be kept
// after the middleware has returned.
type Request struct {
	Action  string
	Topic   string  // that it is sent to, "" for the consumer itself
	Ref     string  // as the client sent it, "" where it sent none
	Message Message // the decoded value
}

// Next goes on with a message: to the next middleware, in the end to the handler.
// It returns the handler's error.
type Next func(ctx context.Context) error

type middlewareFunc func(state any, ctx context.Context, req *Request, next Next) error

// exchange is one message on its way through a connection, with what is needed
// to answer it.
type exchange struct {
	conn    *Conn
	state   any
	route   *route
	ref     []byte        // a JSON string, or nil
	topic   string        // that the frame is addressed to
	sub     *Subscription // to that topic; nil for the consumer itself
	seq     uint64        // of the event in its topic, which its output has too
	payload []byte
	request Request

	published uint64 // an event, as an envelope has it
}

var exchangePool = sync.Pool{New: func() any { return new(exchange) }}

// handle runs a frame from the client. The lane is held. b is not used after
// handle has returned.
func (c *Conn) handle(b []byte) {
	x := exchangePool.Get().(*exchange)
	x.conn, x.state = c, c.state
	c.dispatch(x, b)
	*x = exchange{}
	exchangePool.Put(x)
}

// dispatch finds the handler of a frame and runs it, here or beside the lane.
// Where the connection is for one topic alone, frames without a topic, or with an
// empty one, are to that.
func (c *Conn) dispatch(x *exchange, b []byte) {
	var e wire.Envelope
	err := e.Scan(b, c.consumer.discriminator)
	x.ref, x.payload = e.Ref, e.Payload
	if len(e.Topic) > 0 || c.consumer.alone != nil {
		c.address(x, e.Topic)
	}
	switch {
	case err != nil:
		x.fail(&Error{Reason: Malformed, Detail: err.Error()})
		return
	case e.Version != wire.Version:
		x.fail(Errorf(UnsupportedVersion, "this server speaks version %d of the envelope, not %d", wire.Version, e.Version))
		return
	case string(e.Action) == actionStreamCancel:
		c.cancelStream(x)
		return
	case string(e.Action) == actionAuthentication && len(e.Topic) == 0 && c.consumer.refresh != nil:
		x.route = c.consumer.refresh
	case e.Topic != nil || c.consumer.alone != nil:
		if !c.dispatchTopic(x, string(e.Action)) {
			return
		}
	default:
		x.route = c.consumer.routes[string(e.Action)]
	}
	switch {
	case x.route == nil:
		x.fail(Errorf(UnknownAction, "there is no action %q here", e.Action))
	case x.route.concurrent:
		c.runBeside(x)
	default:
		x.serve(c.ctx)
	}
}

// serve runs the route and answers with its error and its completion.
func (x *exchange) serve(ctx context.Context) {
	start := x.conn.hub.clockIfObserved()
	err := x.guard(ctx)
	if err != nil {
		x.fail(err)
	} else {
		x.complete(actionComplete)
	}
	x.conn.handled(ctx, x, start, err)
}

// guard runs the route and turns a panic into an error.
func (x *exchange) guard(ctx context.Context) (err error) {
	returned := false
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{r, debug.Stack()}
		} else if !returned { // nothing after this runs but what is deferred
			x.conn.logFailure(x, &panicError{errGoexit, debug.Stack()})
		}
	}()
	err = x.route.run(x, ctx)
	inspect(err)
	returned = true
	return err
}

// errGoexit is what becomes of a handler that ends its goroutine, as t.Fatal does.
// It ends the connection if it was the reader's.
var errGoexit = errors.New("the handler ended its goroutine with runtime.Goexit")

// inspect panics, where that is still contained, for an error that can't be
// looked at. Most often that is a nil pointer of an error's type, returned by a
// function whose result is an error.
func inspect(err error) {
	if err == nil {
		return
	}
	if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer && v.IsNil() {
		panic(fmt.Sprintf("a nil %T was returned as an error", err))
	}
	_ = err.Error()
	_, _ = asError(err)
	_ = errors.Is(err, ErrClosed)
}

type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// through runs middlewares, which see that state, around call.
func (x *exchange) through(ctx context.Context, chain []middlewareFunc, state any, call Next) error {
	if len(chain) == 0 {
		return call(ctx)
	}
	return chain[0](state, ctx, &x.request, func(ctx context.Context) error { return x.through(ctx, chain[1:], state, call) })
}

// head is what the framework's frames about the exchange begin with.
func (x *exchange) head(action string) wire.Head {
	return wire.Head{Action: action, Ref: x.ref, Topic: x.topic}
}

// fail answers with an error: as it is where it is an [*Error], hidden and
// logged where it is anything else.
func (x *exchange) fail(err error) {
	c := x.conn
	e, public := asError(err)
	if !public {
		c.logFailure(x, err)
	}
	err = contain(func() error { return c.sendFrame(x.head(actionError), e) })
	if err != nil && !errors.Is(err, ErrClosed) { // parameters of a violation that have no JSON form
		c.logFailure(x, err)
		_ = c.sendFrame(x.head(actionError), &Error{Reason: Internal, Detail: internalDetail})
	}
	x.complete(actionComplete)
}

// complete announces that a frame, a group message or an event was handled,
// where the consumer wants that.
func (x *exchange) complete(action string) {
	if x.conn.consumer.completion {
		_ = x.conn.sendFrame(x.head(action), nil)
	}
}

// reply sends a message with the request's ref.
func (x *exchange) reply(mt *messageType, m Message) error {
	return x.conn.sendMessage(mt, m, wire.Head{Ref: x.ref, Topic: x.topic, Seq: x.seq})
}

// item sends a message of a stream once there is room for it.
func (x *exchange) item(ctx context.Context, mt *messageType, m Message) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		wait := x.conn.room()
		if wait == nil {
			return x.reply(mt, m)
		}
		select {
		case <-wait:
		case <-ctx.Done():
		}
	}
}

// runTurn does what has waited for the lane, which is held.
func (c *Conn) runTurn(t turn) {
	var sub *Subscription
	if t.from != nil {
		sub = t.from.sub
		if t.from.hasLeft() || sub.has(t.event.mark) { // meanwhile
			return
		}
	}
	switch e := t.event; {
	case e.leave:
		if !sub.leaveLater() {
			sub.leave()
		}
	case e.frames != nil:
		t.from.put(c.form(e.frames), "", e.mark)
	default:
		c.runEvent(e, sub)
		if sub != nil {
			c.out.mu.Lock()
			sub.got(e.mark)
			c.out.mu.Unlock()
		}
	}
}

// runEvent runs the handler of an event for this connection, or for its
// subscription to a topic. The lane is held.
func (c *Conn) runEvent(e *event, sub *Subscription) {
	x := &exchange{conn: c, state: c.state, route: e.route, payload: e.payload, seq: e.seq}
	if sub != nil {
		x.sub, x.state, x.topic = sub, sub.state, sub.name
	}
	x.published = e.published
	start := c.hub.clockIfObserved()
	ctx := c.eventContext(e)
	err := x.guard(ctx)
	switch wrong, undecoded := errors.AsType[*undecodable](err); {
	case undecoded:
		x.handlers().skip(e.route.in.action, wrong)
	case err != nil && !errors.Is(err, ErrClosed):
		c.logFailure(x, err)
	}
	x.complete(actionEventComplete)
	c.handled(ctx, x, start, err)
}

// handlers are those of the message.
func (x *exchange) handlers() *handlers {
	if x.sub != nil {
		return x.sub.topic.handlers
	}
	return x.conn.consumer.handlers
}

// logFailure logs what no client is told.
func (c *Conn) logFailure(x *exchange, err error) {
	if c.ctx.Err() != nil && (errors.Is(err, c.ctx.Err()) || errors.Is(err, context.Cause(c.ctx))) || errors.Is(err, ErrClosed) {
		return // the connection went away meanwhile, which is nobody's failure
	}
	action := ""
	if x.route != nil {
		action = x.route.in.action
	}
	args := []any{"conn", c.ID(), "consumer", c.consumer.name, "action", action, "ref", refText(x.ref), "error", err}
	if x.topic != "" {
		args = append(args, "topic", x.topic)
	}
	if p, ok := errors.AsType[*panicError](err); ok {
		args = append(args, "stack", string(p.stack))
	}
	c.hub.log.Log(c.ctx, levelOf(err, slog.LevelError), "chanx: handler failed", args...)
}

// handled tells log and observer of a message.
func (c *Conn) handled(ctx context.Context, x *exchange, start time.Time, err error) {
	if start.IsZero() {
		return
	}
	o := Observation{
		Kind: Handled, Consumer: c.consumer.name, ConnID: c.ID(), Topic: x.topic, Action: x.route.in.action,
		Duration: time.Since(start), Age: age(x.published, start), Bytes: len(x.payload), Err: err,
	}
	c.hub.observe(ctx, &o)
	c.hub.logHandled(ctx, &o, x.ref)
}

// refText is a ref without its quotes.
func refText(ref []byte) string {
	if len(ref) < 2 {
		return ""
	}
	return wire.Text(ref)
}

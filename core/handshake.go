package chanx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/chanx-go/chanx/core/internal/probe"
	"github.com/chanx-go/chanx/core/internal/wsconn"
)

// Handshake is what an adapter knows of a connection that wants to be opened.
type Handshake struct {
	// Request is the handshake request. Only its context's values are kept after
	// the handshake; an adapter whose framework uses these again replaces them.
	Request *http.Request
	// PathValue returns the decoded value of a parameter of the endpoint's path.
	// nil means Request.PathValue.
	PathValue func(name string) string
	// Identify returns who the client is, for [Identity]; nil for nobody. It may
	// be a [Credential]. An error refuses the handshake like one of open.
	Identify func() (any, error)
}

// ServeHTTP serves a handshake on net/http. It returns once the connection is
// upgraded; the connection goes on without it.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := e.Upgrade(w, &Handshake{Request: r}); err != nil {
		Refuse(w, err)
	}
}

// Upgrade serves a handshake on net/http. Once it returns nil the connection has
// been taken over from w, and goes on without it, unless the client went away
// meanwhile. An error refuses the handshake: w was not written to, and [Refuse]
// answers, or the framework's own way of saying errors does.
func (e *Endpoint) Upgrade(w http.ResponseWriter, h *Handshake) error {
	s, err := e.Open(h)
	if err != nil {
		return err
	}
	o := e.socketOptions(h.Request)
	o.Header = w.Header()
	socket, err := wsconn.Upgrade(w, h.Request, o)
	if err != nil {
		s.Discard(err)
		if _, answerable := errors.AsType[*wsconn.HandshakeError](err); !answerable { // the client went away, and w can't be used any more
			e.hub.log.DebugContext(h.Request.Context(), "chanx: upgrade failed", "consumer", e.consumer.name, "error", err)
			return nil
		}
		e.hub.log.ErrorContext(h.Request.Context(), "chanx: upgrade failed", "consumer", e.consumer.name, "error", err)
		return err
	}
	s.conn.out.compressed.Store(socket.Compressed())
	s.Serve(netSocket{socket})
	return nil
}

// socketOptions are what a consumer wants its sockets to be like.
func (e *Endpoint) socketOptions(r *http.Request) wsconn.Options {
	return wsconn.Options{
		Subprotocol: e.consumer.subprotocol(offered(r)),
		ReadLimit:   int64(e.consumer.limits.MessageBytes),
		Compression: e.consumer.compression,
		Timeout:     e.consumer.limits.HandshakeTimeout,
	}
}

// netSocket gives wsconn's errors the core's type.
type netSocket struct{ *wsconn.Conn }

func (s netSocket) Serve(message func(bool, []byte) error, control func(byte, []byte)) error {
	err := s.Conn.Serve(message, control)
	if e, ok := errors.AsType[*wsconn.CloseError](err); ok {
		return &CloseError{Code: CloseCode(e.Code), Reason: e.Reason, Remote: e.Remote, Err: errors.Unwrap(e)}
	}
	return err
}

// Open runs everything of a handshake that comes before the upgrade: whether the
// request is one, origin, identity, open. The session that it returns must be
// served, run or discarded. [Refusal] has the answer to one that it refuses; the
// error is an [*Error] where it isn't for want of a handshake.
func (e *Endpoint) Open(h *Handshake) (*Session, error) {
	hub := e.hub
	if err := wsconn.CheckRequest(h.Request); err != nil {
		return nil, err
	}
	if err := e.admit(h.Request); err != nil {
		hub.observe(h.Request.Context(), &Observation{Kind: Refused, Consumer: e.consumer.name, Err: err})
		return nil, err
	}
	c := e.newConn(h)
	c.lane.enter() // events wait until there is a state
	err := e.attempt(c, h)
	if err == nil && hub.closing.Load() {
		err = &Error{Reason: Unavailable, Detail: "the server is shutting down"}
	}
	if err == nil {
		err = hub.expelledMeanwhile(c)
	}
	if err != nil {
		c.lane.close()
		c.lane.leave(c.workLater)
		return e.refused(c, h.Request, err)
	}
	c.announce(c.authenticated(c.opening.Swap(nil).authData))
	c.observed = true
	hub.observe(c.ctx, &Observation{Kind: Connected, Consumer: e.consumer.name, ConnID: c.ID()})
	hub.log.DebugContext(c.ctx, "chanx: connected", "conn", c.ID(), "consumer", e.consumer.name)
	c.lane.leave(c.workLater)
	return &Session{conn: c, endpoint: e, request: h.Request}, nil
}

// attempt opens a connection. Where that ends the goroutine, as t.Fatal does,
// nothing is left of the connection.
func (e *Endpoint) attempt(c *Conn, h *Handshake) (err error) {
	returned := false
	defer func() {
		if !returned {
			c.lane.close()
			c.lane.leave(c.workLater)
			_, _ = e.refused(c, h.Request, &panicError{errGoexit, debug.Stack()})
		}
	}()
	err = contain(func() error { return c.open(h) })
	returned = true
	return err
}

// admit refuses a handshake that nothing of the application needs to look at.
func (e *Endpoint) admit(r *http.Request) error {
	hub := e.hub
	if hub.closing.Load() {
		return &Error{Reason: Unavailable, Detail: "the server is shutting down"}
	}
	if err := checkOrigin(r, e.consumer.origins()); err != nil {
		return err
	}
	if err := hub.listen(r.Context()); err != nil {
		hub.log.ErrorContext(r.Context(), "chanx: handshake refused", "consumer", e.consumer.name, "error", err)
		return &Error{Reason: Unavailable, Detail: "the server is not ready", cause: err}
	}
	return nil
}

// newConn makes a connection that has neither state nor socket yet.
func (e *Endpoint) newConn(h *Handshake) *Conn {
	serial := e.hub.serial.Add(1)
	c := &Conn{hub: e.hub, consumer: e.consumer, serial: serial}
	c.opening.Store(&opening{request: h.Request})
	c.ctx, c.cancel = context.WithCancelCause(context.WithoutCancel(h.Request.Context()))
	if names := e.address.Load().names; len(names) > 0 {
		value := h.PathValue
		if value == nil {
			value = h.Request.PathValue
		}
		c.path = make([]pathValue, len(names))
		for i, name := range names {
			c.path[i] = pathValue{name, strings.Clone(value(name))}
		}
	}
	e.hub.insert(c)
	probe.Opened(h.Request.Context(), e.hub, e.consumer.name)
	return c
}

// open finds out who the client is, joins the consumer's groups and makes the
// state.
func (c *Conn) open(h *Handshake) (err error) {
	ctx := newOpenContext(h.Request.Context(), c.consumer.limits.HandshakeTimeout)
	defer ctx.end()
	if err := c.identify(ctx, h); err != nil {
		return err
	}
	if err := c.Join(ctx, c.consumer.groups...); err != nil {
		return err
	}
	c.state = c
	if c.consumer.alone != nil {
		if err := c.prepareAlone(ctx, h.Request); err != nil {
			return tooLong(ctx, "opening the connection", err)
		}
	}
	if c.consumer.open != nil {
		if c.state, err = c.consumer.open(ctx, c); err != nil {
			return tooLong(ctx, "opening the connection", err)
		}
	}
	c.opened = true
	if err := ctx.Err(); err != nil { // open took no notice, and somebody may have answered for it
		return tooLong(ctx, "opening the connection", err)
	}
	return nil
}

// tooLong tells a client whose open took too long to come back later.
func tooLong(ctx context.Context, what string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		return &Error{Reason: Unavailable, Detail: what + " took too long", cause: err}
	}
	return err
}

// refused undoes a connection that open refused. Where the consumer announces
// its authentication the client is let in, to be told and closed.
func (e *Endpoint) refused(c *Conn, r *http.Request, err error) (*Session, error) {
	refusal, public := asError(err)
	switch {
	case public:
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil: // the client went away
		e.hub.log.DebugContext(c.ctx, "chanx: handshake given up", "consumer", e.consumer.name, "error", err)
	default:
		e.hub.logPanic("chanx: handshake failed", err, "consumer", e.consumer.name)
	}
	e.hub.observe(c.ctx, &Observation{Kind: Refused, Consumer: e.consumer.name, ConnID: c.ID(), Err: err})
	code := CloseForbidden
	switch refusal.Reason {
	case Unauthenticated:
		code = CloseUnauthenticated
		if errors.Is(err, ErrExpired) {
			code = CloseExpired
		}
	case Forbidden, Unauthorized:
	default:
		c.forget(err)
		return nil, refusal
	}
	if !e.consumer.options.AnnounceAuthentication {
		c.forget(err)
		return nil, refusal
	}
	c.leaveAll()
	c.opening.Store(nil)
	c.closing.Store(nil)
	c.out.mu.Lock()
	c.out.queue, c.out.size, c.out.ended = nil, 0, false // what open sent before it refused is not this client's
	c.out.mu.Unlock()
	status := refusal.Status()
	c.announce(&authentication{StatusCode: status, StatusText: http.StatusText(status)})
	c.Close(code, refusal.Detail)
	return &Session{conn: c, endpoint: e, request: r}, nil
}

// Session is a connection that has been opened and waits for its socket.
type Session struct {
	conn     *Conn
	endpoint *Endpoint
	request  *http.Request
	socket   *wsconn.Conn // made by Accept
	guard    *time.Timer  // ends a session for which RunConn does not come; of Accept
}

// Accept returns the headers of the 101 response, for frameworks without net/http,
// which go on with [Session.RunConn]. Sec-WebSocket-Protocol is among them where the
// client and the consumer share a subprotocol, and Sec-WebSocket-Extensions where
// messages may be compressed. An error is one of the handshake, and the session is
// then to be discarded. A framework may never hand over the connection: a session
// for which RunConn doesn't come within [Limits].HandshakeTimeout is discarded.
func (s *Session) Accept() (http.Header, error) {
	socket, header, err := wsconn.Prepare(s.request, s.endpoint.socketOptions(s.request))
	if err != nil {
		return nil, err
	}
	s.socket = socket
	s.guard = time.AfterFunc(s.conn.consumer.limits.HandshakeTimeout, func() { s.discard(errNotRun) })
	return header, nil
}

var errNotRun = errors.New("chanx: the framework did not hand over the connection")

// RunConn runs the connection on a transport. response is the 101 response with the
// headers of [Session.Accept], which is written first; nil where the framework has
// done that. early is what somebody has read already of what the client sent after
// its handshake. RunConn returns when the connection has ended, nothing of it runs
// any more, and transport is not used again; it is the caller's to close then, also
// where a handler has ended the goroutine. What is waited for is ended by deadlines:
// a transport that has none is closed. A session that was discarded does not use
// transport.
func (s *Session) RunConn(transport net.Conn, response, early []byte) {
	if !s.guard.Stop() {
		return
	}
	s.request = nil
	s.socket.Attach(transport, early)
	defer func() { <-s.socket.Released() }() // also where a handler ends this goroutine
	if len(response) > 0 {
		if _, err := s.socket.Write(response, time.Now().Add(s.conn.consumer.limits.HandshakeTimeout)); err != nil {
			s.Discard(fmt.Errorf("chanx: write the 101 response: %w", err))
			return
		}
	}
	s.conn.out.compressed.Store(s.socket.Compressed())
	s.Run(netSocket{s.socket})
}

// Serve runs the connection on the socket that its handshake led to, on
// goroutines of the hub, and returns at once.
func (s *Session) Serve(socket Socket) {
	s.conn.hub.tasks.begin()
	go s.conn.serveAsTask(socket) // without the closures of Go, which every connection would keep
}

func (c *Conn) serveAsTask(socket Socket) {
	defer c.hub.tasks.done()
	c.serve(socket)
}

// Run is Serve on the caller's goroutine: it returns when the connection has
// ended, nothing of it runs any more and the socket is not used again.
func (s *Session) Run(socket Socket) { s.conn.serve(socket) }

// Discard ends a connection that could not be upgraded, for which err is the
// reason. Its OnClose handlers run. It may be called again, and while RunConn runs.
func (s *Session) Discard(err error) {
	if s.guard != nil {
		s.guard.Stop()
	}
	s.discard(err)
}

func (s *Session) discard(err error) {
	how := &CloseError{Code: CloseAbnormal, Reason: "the upgrade failed", Err: err}
	s.conn.abort(how)
	if s.socket != nil {
		_ = s.socket.Close()
	}
	s.conn.end(how)
}

// forget ends a connection that is refused.
func (c *Conn) forget(err error) {
	how := &CloseError{Code: CloseAbnormal, Reason: "refused", Err: err}
	c.abort(how)
	if c.opened {
		c.end(how)
		return
	}
	c.leaveAll()
	c.hub.remove(c)
}

// Refuse answers a handshake that [Endpoint.Upgrade] has refused with err: see
// [Refusal].
func Refuse(w http.ResponseWriter, err error) {
	status, header, body := Refusal(err)
	maps.Copy(w.Header(), header)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Refusal returns the answer to a handshake that was refused with err: JSON with
// the reason and the detail of the [*Error] in it, or one line of text where the
// request is no handshake at all, or its connection can't be upgraded.
func Refusal(err error) (status int, header http.Header, body []byte) {
	header = http.Header{}
	if e, ok := errors.AsType[*wsconn.HandshakeError](err); ok {
		maps.Copy(header, e.Header)
		header.Set("Content-Type", "text/plain; charset=utf-8")
		header.Set("X-Content-Type-Options", "nosniff")
		return e.Status, header, []byte(e.Msg + "\n")
	}
	e, _ := asError(err)
	if c, ok := errors.AsType[*challenge](e); ok {
		header.Set("WWW-Authenticate", c.header)
	}
	if e.Reason == Unavailable {
		header.Set("Retry-After", strconv.Itoa(int((5 * time.Second).Seconds())))
	}
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	body, _ = json.Marshal(e) // strings and numbers, and params that are JSON values
	return e.Status(), header, append(body, '\n')
}

// offered are the subprotocols that the client offers.
func offered(r *http.Request) []string {
	return protocols(r.Header.Values("Sec-WebSocket-Protocol"))
}

// protocols are the subprotocols in the lines of a header.
func protocols(lines []string) []string {
	var all []string
	for _, line := range lines {
		for p := range strings.SplitSeq(line, ",") {
			all = append(all, strings.TrimSpace(p))
		}
	}
	return all
}

// contain runs f and turns a panic into an error.
func contain(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{r, debug.Stack()}
		}
	}()
	err = f()
	inspect(err)
	return err
}

// stackOf is where a contained panic came from, "" for other errors.
func stackOf(err error) string {
	if p, ok := errors.AsType[*panicError](err); ok {
		return string(p.stack)
	}
	return ""
}

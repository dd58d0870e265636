package wsconn

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const (
	defaultReadLimit = 64 << 10
	defaultTimeout   = 15 * time.Second
)

// Options say how [Upgrade] answers a handshake.
type Options struct {
	// Subprotocol is echoed to the client if the client offered it; "" for none.
	Subprotocol string
	// ReadLimit is the largest message in bytes, after inflation; beyond it the
	// connection ends with 1009. 0 means 65,536, a negative number no limit.
	ReadLimit int64
	// Compression accepts permessage-deflate, without context takeover in both
	// directions, from a client that offers it.
	Compression bool
	// Timeout bounds the writing of the 101 response; 0 means 15 s.
	Timeout time.Duration
	// Header has further headers of the 101 response, such as the cookies that a
	// middleware has set. Those that the handshake or the framing of a body own
	// are left out.
	Header http.Header
}

// Upgrade answers the handshake r and takes over its connection.
//
// The connection is hijacked first and the 101 response written after that. So
// every error but the last kind comes before anything was written, and the caller
// can still write a status: a [*HandshakeError] says which, 500 where w can't
// give its connection away. An error that is none comes from the connection
// itself, which is closed then.
func Upgrade(w http.ResponseWriter, r *http.Request, o Options) (*Conn, error) {
	if err := CheckRequest(r); err != nil {
		return nil, err
	}
	nc, brw, err := hijack(w)
	if err != nil {
		return nil, &HandshakeError{
			Status: http.StatusInternalServerError,
			Msg:    "the connection can't be upgraded",
			Err:    fmt.Errorf("%s: %w (usual causes: http.TimeoutHandler, or middleware that buffers the response and has no Unwrap method)", chain(w), err),
		}
	}
	c, err := accept(nc, brw, r, o)
	if err != nil {
		_ = nc.Close()
		return nil, fmt.Errorf("websocket handshake: %w", err)
	}
	return c, nil
}

// hijack takes the connection from w, through Unwrap methods. Some wrappers panic
// when what they wrap can't be hijacked.
func hijack(w http.ResponseWriter) (nc net.Conn, brw *bufio.ReadWriter, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("Hijack panicked: %v", v)
		}
	}()
	nc, brw, err = http.NewResponseController(w).Hijack()
	if err == nil && (nc == nil || brw == nil) {
		err = errors.New("Hijack gave no connection")
	}
	return nc, brw, err
}

// chain names the type of w and of what it wraps.
func chain(w http.ResponseWriter) string {
	var names strings.Builder
	fmt.Fprintf(&names, "%T", w)
	for range 16 { // a writer that unwraps to itself must not hang us
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = u.Unwrap()
		fmt.Fprintf(&names, " over %T", w)
	}
	return names.String()
}

// accept makes the connection and writes the 101 response.
func accept(nc net.Conn, brw *bufio.ReadWriter, r *http.Request, o Options) (*Conn, error) {
	c := newConn(o)
	early, _ := brw.Reader.Peek(brw.Reader.Buffered()) // never short: it is buffered
	c.attach(nc, early)
	header, err := c.open(r, o)
	if err != nil {
		return nil, err
	}
	if err := c.respond(header, o); err != nil {
		c.releaseParser()
		return nil, err
	}
	return c, nil
}

// Prepare makes the end of a connection that somebody else upgrades, and returns
// it with the headers of the 101 response, which the peer has to be sent whole.
// The error is a [*HandshakeError]. Either [Conn.Attach] or [Conn.Close] has to
// follow; Header and Timeout of the options are not used.
func Prepare(r *http.Request, o Options) (*Conn, http.Header, error) {
	if err := CheckRequest(r); err != nil {
		return nil, nil, err
	}
	c := newConn(o)
	header, err := c.open(r, o)
	if err != nil {
		return nil, nil, &HandshakeError{Status: http.StatusBadRequest, Msg: "the handshake can't be answered", Err: err}
	}
	return c, header, nil
}

// Attach gives a prepared connection its transport, over which the 101 response has
// gone or is written next, and early, the bytes that somebody has read off it
// already. The transport stays the caller's: where this package would close it, it ends reads
// and writes by a deadline that has passed, and Released tells when it is not used
// any more. After Close it is not used at all.
func (c *Conn) Attach(nc net.Conn, early []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.released = make(chan struct{})
	if c.closed.Load() {
		close(c.released)
		return
	}
	c.attach(nc, early)
	if c.rc == nil { // Prepare took it for a socket
		*c.br = *bufio.NewReaderSize(tap{c}, parserBuffer)
	}
}

// Released returns a channel that is closed once the transport given to Attach is
// not used any more, which is after Close.
func (c *Conn) Released() <-chan struct{} { return c.released }

func newConn(o Options) *Conn {
	c := &Conn{limit: cmp.Or(o.ReadLimit, defaultReadLimit)}
	c.tryFn = c.tryFD
	return c
}

// attach gives the connection its transport.
func (c *Conn) attach(nc net.Conn, early []byte) {
	c.nc, c.rc = nc, rawConn(nc)
	if len(early) > 0 { // frames that came with the handshake
		c.in.keep = bytes.Clone(early)
	}
}

// open lets the library make its end of the connection, and returns the headers
// with which it answers the handshake.
func (c *Conn) open(r *http.Request, o Options) (header http.Header, err error) {
	ao := &websocket.AcceptOptions{
		InsecureSkipVerify: true, // the caller has checked the origin
		OnPingReceived: func(_ context.Context, p []byte) bool {
			c.control(opPing, p)
			return false // it writes nothing
		},
		OnPongReceived: func(_ context.Context, p []byte) { c.control(opPong, p) },
	}
	if o.Subprotocol != "" {
		ao.Subprotocols = []string{o.Subprotocol}
	}
	if o.Compression {
		ao.CompressionMode = websocket.CompressionNoContextTakeover
	}
	a := &acceptor{header: http.Header{}, c: c}
	if c.ws, err = websocket.Accept(a, r, ao); err != nil {
		return nil, err
	}
	c.ws.SetReadLimit(max(c.limit, -1))
	c.br.Reset(tap{c}) // the library has put readers in front of it that have nothing left
	c.compressed = a.header.Get("Sec-WebSocket-Extensions") != ""
	return a.header, nil
}

// parserBuffer is how much the parser reads ahead where it reads the transport
// itself.
const parserBuffer = 512

// acceptor is the http.ResponseWriter given to the library: it collects the
// headers and hands over a connection that was hijacked before, or will be.
type acceptor struct {
	header http.Header
	c      *Conn
}

func (a *acceptor) Header() http.Header         { return a.header }
func (a *acceptor) WriteHeader(int)             {}
func (a *acceptor) Write(p []byte) (int, error) { return len(p), nil }

func (a *acceptor) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	size := parserBuffer
	if a.c.rc != nil || a.c.nc == nil {
		size = 16 // the smallest: what it reads from is memory
	}
	a.c.br = bufio.NewReaderSize(tap{a.c}, size)
	return tap{a.c}, bufio.NewReadWriter(a.c.br, bufio.NewWriterSize(tap{a.c}, 16)), nil
}

// respond writes the 101 response.
func (c *Conn) respond(header http.Header, o Options) error {
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	_ = header.Write(&b) // to memory
	_ = o.Header.WriteSubset(&b, owned(o.Header))
	b.WriteString("\r\n")
	_, err := c.Write(b.Bytes(), time.Now().Add(cmp.Or(o.Timeout, defaultTimeout)))
	if err != nil {
		return fmt.Errorf("write the 101 response: %w", err)
	}
	return nil
}

// owned has the names in h that are not the caller's to set on a 101 response.
func owned(h http.Header) map[string]bool {
	names := map[string]bool{}
	for name := range h {
		switch lower := strings.ToLower(name); lower {
		case "connection", "upgrade", "content-length", "content-encoding", "content-type",
			"transfer-encoding", "trailer", "keep-alive", "alt-svc":
			names[name] = true
		default:
			names[name] = strings.HasPrefix(lower, "sec-websocket-")
		}
	}
	return names
}

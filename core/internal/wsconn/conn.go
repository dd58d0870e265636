package wsconn

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// lingerTime is how long a closed connection waits for its peer to hang up, so
// that what the peer still sends does not reset the connection before it has read
// the close frame.
const lingerTime = time.Second

// Conn is the server's end of a WebSocket. Serve runs on one goroutine; TryWrite
// and Write are used by one goroutine at a time, at the same time as Serve; all
// other methods can be called at any time from any goroutine.
type Conn struct {
	nc         net.Conn
	rc         syscall.RawConn // nil where frames are read in the ordinary way
	ws         *websocket.Conn
	br         *bufio.Reader // what ws parses
	limit      int64
	compressed bool

	in      input
	message func(binary bool, data []byte) error
	control func(opcode byte, data []byte)

	tryFn  func(fd uintptr) bool
	tryBuf []byte
	tryN   int
	tryErr error
	wrote  atomic.Bool // since the last read of the socket

	closed atomic.Bool // written under mu
	mu     sync.Mutex
	phase  phase
	quiet  bool // the peer sends nothing more
	hangUp sync.Once

	released chan struct{} // where somebody else closes nc: closed when it is not used any more
}

type phase uint8

const (
	fresh   phase = iota // Serve has not run
	serving              // Serve runs
	served               // Serve has returned
)

// Compressed says whether permessage-deflate was negotiated: messages may come
// compressed, which Serve inflates, and may be sent so.
func (c *Conn) Compressed() bool { return c.compressed }

// TryWrite writes what the socket takes now and returns how much that was. It
// never waits. It returns 0 and no error where nothing fits, and always on a
// transport that can't tell (TLS, pipes).
func (c *Conn) TryWrite(p []byte) (n int, err error) {
	if c.closed.Load() {
		return 0, net.ErrClosed
	}
	if c.rc == nil || len(p) == 0 {
		return 0, nil
	}
	if n, err = c.try(p); n > 0 {
		c.noteWrite()
	}
	return n, c.writeError(err)
}

// Write writes p and waits for it, at most until deadline; the zero time means no
// bound. n bytes have gone out also where it returns an error.
func (c *Conn) Write(p []byte, deadline time.Time) (n int, err error) {
	if c.closed.Load() {
		return 0, net.ErrClosed
	}
	if !deadline.IsZero() {
		if err := c.nc.SetWriteDeadline(deadline); err != nil {
			return 0, c.writeError(err)
		}
		defer func() { _ = c.nc.SetWriteDeadline(time.Time{}) }()
	}
	if n, err = c.nc.Write(p); n > 0 {
		c.noteWrite()
	}
	return n, c.writeError(err)
}

// noteWrite tells the reader that a peer which has gone will be heard of.
func (c *Conn) noteWrite() {
	if !c.wrote.Load() {
		c.wrote.Store(true)
	}
}

func (c *Conn) writeError(err error) error {
	if err != nil && c.closed.Load() {
		return net.ErrClosed
	}
	return err
}

// Close ends the connection: writes fail from now on, and Serve calls nothing
// more and returns, once a callback under way is done. It returns at once, always
// nil, and can be called again, and from within a callback.
//
// What was written before Close still reaches the peer, followed by the end of
// the stream. So that a peer in the middle of sending is not reset before it has
// read that, the connection is read for up to one second more, until the peer
// hangs up: by Serve before it returns, or on a goroutine of its own where Serve
// does not run. The descriptor is released after that. Where the peer is known to
// send nothing more, or the transport can't be closed in one direction (pipes,
// connections wrapped by a listener), it is released at once.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed.Load() {
		c.mu.Unlock()
		return nil
	}
	c.closed.Store(true)
	phase, half, quiet, attached := c.phase, halfCloser(c.nc), c.quiet, c.nc != nil
	if half != nil {
		_ = half.CloseWrite()
		c.wake()
	}
	c.mu.Unlock()

	switch {
	case !attached:
		c.releaseParser()
	case phase == serving && half != nil:
		return nil // Serve releases it
	case phase == serving:
		c.closeConn() // wakes Serve
	case half != nil && !quiet:
		go func() {
			c.linger()
			c.release()
		}()
	default:
		c.release()
	}
	return nil
}

// begin lets Serve run once.
func (c *Conn) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed.Load():
		return &CloseError{Code: codeAbnormal, Err: net.ErrClosed}
	case c.phase != fresh:
		return errors.New("wsconn: Serve was called twice")
	}
	c.phase = serving
	return nil
}

// end is called when Serve has stopped for err.
func (c *Conn) end(err error) {
	c.in.release()
	c.mu.Lock()
	c.phase = served
	c.quiet = silent(err)
	closed := c.closed.Load()
	c.mu.Unlock()
	if !closed {
		return // what is left is Close's
	}
	if !c.quiet {
		c.linger()
	}
	c.release()
}

// linger reads and drops what the peer still sends, until it hangs up. The
// buffer is small since very many connections can close together.
func (c *Conn) linger() {
	if halfCloser(c.nc) == nil {
		return
	}
	nc := base(c.nc)
	_ = nc.SetReadDeadline(time.Now().Add(lingerTime))
	b := make([]byte, 1<<10)
	for {
		if _, err := nc.Read(b); err != nil {
			return
		}
	}
}

// release gives the descriptor back. Nothing reads any more.
func (c *Conn) release() {
	c.releaseParser()
	c.closeConn()
	if c.released != nil {
		close(c.released)
	}
}

// closeConn closes the connection itself, once: a wrapper may count.
func (c *Conn) closeConn() {
	c.hangUp.Do(func() {
		if c.released == nil {
			_ = c.nc.Close()
		} else {
			c.wake()
		}
	})
}

// wake makes a read and a write under way return, and others after them. What has
// no deadlines has to be closed for that.
func (c *Conn) wake() {
	if err := c.nc.SetDeadline(time.Unix(1, 0)); err != nil {
		_ = c.nc.Close()
	}
}

// releaseParser gives back what the library has pooled, and its finalizer.
func (c *Conn) releaseParser() { _ = c.ws.CloseNow() }

// base is the connection under TLS, or nc itself.
func base(nc net.Conn) net.Conn {
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return nc
}

// halfCloser is what closes the sending direction of nc without a wait, nil if
// nothing does. It is the connection under TLS: a TLS connection would wait until
// its own farewell is written.
func halfCloser(nc net.Conn) interface{ CloseWrite() error } {
	h, _ := base(nc).(interface{ CloseWrite() error })
	return h
}

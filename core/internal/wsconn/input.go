package wsconn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// bufSize is the size of the buffers that are read into: the largest frame that
// is handled without a wait of its own.
const bufSize = 16 << 10

// keepMax is the largest part of a frame that is moved out of a buffer while its
// rest is awaited. With more than that the buffer itself waits.
const keepMax = bufSize / 4

var (
	bufPool = sync.Pool{New: func() any { return new([bufSize]byte) }}
	msgPool = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}
)

// maxPooled is the largest message buffer worth keeping.
const maxPooled = 128 << 10

// errDrained is returned to the parser when a frame that is whole in memory was
// not enough for it, which only broken compressed data can bring about.
var errDrained = errors.New("message longer than its frame")

// input is what was read from the socket and not yet parsed: buf[r:w], or keep
// where there is no buffer. Its zero value is empty.
type input struct {
	buf    *[bufSize]byte
	r, w   int
	keep   []byte
	memory bool  // the parser must find what it needs in buf
	err    error // why the socket can't be read any more
}

// pending is what was read and not yet parsed.
func (in *input) pending() []byte {
	if in.buf == nil {
		return in.keep
	}
	return in.buf[in.r:in.w]
}

// grab sees that there is a buffer with room at its end.
func (in *input) grab() {
	switch {
	case in.buf == nil:
		in.buf = bufPool.Get().(*[bufSize]byte)
		in.r, in.w = 0, copy(in.buf[:], in.keep)
		in.keep = nil
	case in.r > 0:
		in.r, in.w = 0, copy(in.buf[:], in.buf[in.r:in.w])
	}
}

// park gives the buffer back before a wait, with what little is in it kept.
func (in *input) park() {
	if in.buf == nil || in.w-in.r > keepMax {
		return
	}
	if in.r < in.w {
		in.keep = append(in.keep, in.buf[in.r:in.w]...)
	}
	in.release()
}

// release gives the buffer back.
func (in *input) release() {
	if in.buf != nil {
		bufPool.Put(in.buf)
		in.buf, in.r, in.w = nil, 0, 0
	}
}

// take copies what is there into p.
func (in *input) take(p []byte) int {
	n := copy(p, in.pending())
	in.skip(n)
	return n
}

// skip passes over n bytes of what is there.
func (in *input) skip(n int) {
	switch {
	case in.buf != nil:
		in.r += n
	case n == len(in.keep):
		in.keep = nil
	default:
		in.keep = in.keep[n:]
	}
}

// tap is the connection as the library sees it: it reads through the input and
// writes nothing. The library makes its end before there is a transport where
// somebody else upgrades the connection.
type tap struct{ c *Conn }

// Read gives the parser what is in memory, or waits for the socket.
func (t tap) Read(p []byte) (int, error) {
	c := t.c
	if n := c.in.take(p); n > 0 {
		return n, nil
	}
	if c.in.memory {
		return 0, errDrained
	}
	n, err := c.readWaiting(p)
	if n == 0 && err != nil {
		c.in.err = err
	}
	if n > 0 {
		err = nil // comes again
	}
	return n, err
}

// readWaiting reads when nothing is in memory. A buffer, if one is useful, is
// taken when there is something to put in it.
func (c *Conn) readWaiting(p []byte) (int, error) {
	c.in.release()
	if c.rc == nil || len(p) >= 512 {
		return c.nc.Read(p)
	}
	if err := c.fill(); err != nil {
		return 0, err
	}
	return c.in.take(p), nil
}

// unread takes back what the parser has read ahead: what is in its bufio.Reader
// came out of the end of what was taken from buf last, and is still there.
func (c *Conn) unread() {
	if c.rc == nil {
		return // it stays where it is
	}
	n := c.br.Buffered()
	if n == 0 {
		return
	}
	if c.in.buf != nil {
		c.in.r -= n
	} else {
		b, _ := c.br.Peek(n) // never short: it is buffered
		c.in.keep = append(bytes.Clone(b), c.in.keep...)
	}
	_, _ = c.br.Discard(n)
}

// Write swallows the library's close frames: the caller sends its own.
func (t tap) Write(p []byte) (int, error) { return len(p), nil }

// Close is called by the library when it gives up, also on a timer while a read
// waits for the rest of a control frame: that read must end. The connection is
// closed by Conn.Close only.
func (t tap) Close() error {
	if t.c.closed.Load() {
		return nil // has its own deadline
	}
	return t.SetReadDeadline(time.Unix(1, 0))
}

// What follows is the rest of a net.Conn.

func (t tap) LocalAddr() net.Addr  { return t.c.nc.LocalAddr() }
func (t tap) RemoteAddr() net.Addr { return t.c.nc.RemoteAddr() }

func (t tap) SetDeadline(at time.Time) error {
	if t.c.nc == nil {
		return nil
	}
	return t.c.nc.SetDeadline(at)
}

func (t tap) SetReadDeadline(at time.Time) error {
	if t.c.nc == nil {
		return nil
	}
	return t.c.nc.SetReadDeadline(at)
}

func (t tap) SetWriteDeadline(at time.Time) error {
	if t.c.nc == nil {
		return nil
	}
	return t.c.nc.SetWriteDeadline(at)
}

// readAll appends what r has left to b.
func readAll(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

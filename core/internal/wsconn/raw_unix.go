//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package wsconn

import (
	"io"
	"net"
	"syscall"
)

// rawConn is the descriptor of nc, for sockets only: a type of someone else's
// that has one may keep bytes of its own.
func rawConn(nc net.Conn) syscall.RawConn {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		if rc, err := nc.(syscall.Conn).SyscallConn(); err == nil {
			return rc
		}
	}
	return nil
}

// serveFrames handles frames out of memory, and waits for more within one
// RawConn.Read, until one comes that has to be read in the ordinary way (nil) or
// the connection ends.
//
// Waiting there and not in a Read for each message is what saves a system call a
// message: that wait is told of bytes that come while a message is handled, and a
// Read would have to ask first. The price is that the descriptor can't be closed
// meanwhile, so Close only wakes the reader.
func (c *Conn) serveFrames() error {
	more, err := c.handleFrames() // what came with the handshake or behind a message read in the ordinary way
	if !more {
		return err
	}
	waitErr := c.rc.Read(func(fd uintptr) bool {
		for {
			n, ok := c.readFD(fd)
			if !ok {
				c.in.park()
				return false
			}
			if n == 0 {
				err = c.fault(c.in.err)
				return true
			}
			// What has been read to the last byte will wake us when more comes, but
			// the end of the stream may have come with it and will not. If something
			// was written meanwhile, a peer that has gone answers that with a reset,
			// and no read has to be spent on asking.
			drained := c.in.w < bufSize
			if more, err = c.handleFrames(); !more {
				return true
			}
			if drained && len(c.in.pending()) == 0 && c.wrote.Load() {
				c.in.park()
				return false
			}
		}
	})
	if waitErr != nil {
		c.in.err = waitErr
		return c.fault(waitErr)
	}
	return err
}

// handleFrames handles what is whole in memory. It says whether more bytes are
// needed; if not, and without an error, the next frame is one to be read in the
// ordinary way.
func (c *Conn) handleFrames() (more bool, err error) {
	for {
		b := c.in.pending()
		k, start, end := c.scan(b)
		switch {
		case c.closed.Load():
			return false, c.fault(net.ErrClosed)
		case k == partialFrame:
			return true, nil
		case k == otherFrame:
			return false, nil
		case k == controlFrame:
			c.in.skip(end)
			unmask(b[start:end], b[start-4:start])
			c.control(b[0]&0xf, b[start:end])
		default:
			c.in.memory = true
			err = c.next()
			c.in.memory = false
			if err != nil {
				return false, err
			}
		}
	}
}

// fill waits until something can be read, and reads it.
func (c *Conn) fill() error {
	err := c.rc.Read(func(fd uintptr) bool {
		_, ok := c.readFD(fd)
		if !ok {
			c.in.release()
		}
		return ok
	})
	if err != nil {
		return err
	}
	return c.in.err
}

// readFD reads what the socket has into the buffer. ok is false if it has nothing
// now; n is 0 at the end, with the input's err set.
func (c *Conn) readFD(fd uintptr) (n int, ok bool) {
	c.in.grab()
	if c.wrote.Load() {
		c.wrote.Store(false)
	}
	for {
		n, err := syscall.Read(int(fd), c.in.buf[c.in.w:])
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return 0, false
		case err != nil:
			c.in.err = err
			return 0, true
		case n == 0:
			c.in.err = io.EOF
			return 0, true
		default:
			c.in.w += n
			return n, true
		}
	}
}

// try writes what the socket takes now.
func (c *Conn) try(p []byte) (int, error) {
	c.tryBuf = p
	err := c.rc.Write(c.tryFn)
	c.tryBuf = nil
	if err != nil {
		return 0, err
	}
	return c.tryN, c.tryErr
}

func (c *Conn) tryFD(fd uintptr) bool {
	for {
		c.tryN, c.tryErr = syscall.Write(int(fd), c.tryBuf)
		if c.tryErr != syscall.EINTR { //nolint:errorlint // a system call wraps nothing
			break
		}
	}
	if c.tryN < 0 {
		c.tryN = 0
	}
	if c.tryErr == syscall.EAGAIN { //nolint:errorlint // the same
		c.tryErr = nil
	}
	return true // never waits
}

// PeerGone says whether the peer has hung up, as far as can be told without
// waiting and without reading: not while bytes that it sent before are unread. It
// is meant for watching over a handler, while which Serve can't see that, and
// doesn't wait for Serve. It is true once the connection is closed.
func (c *Conn) PeerGone() bool {
	if c.closed.Load() {
		return true
	}
	if c.rc == nil {
		return false
	}
	gone := false
	err := c.rc.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch err {
		case nil:
			gone = n == 0
		case syscall.EAGAIN, syscall.EINTR:
		default:
			gone = true
		}
	})
	return gone || err != nil
}

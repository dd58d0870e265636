//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package wsconn

import (
	"net"
	"syscall"
)

// rawConn is nil: frames are read in the ordinary way.
func rawConn(net.Conn) syscall.RawConn { return nil }

func (c *Conn) serveFrames() error { return nil }

func (c *Conn) fill() error { return nil }

func (c *Conn) try([]byte) (int, error) { return 0, nil }

func (c *Conn) tryFD(uintptr) bool { return true }

// PeerGone says whether the connection is closed; it can't look at the peer here.
func (c *Conn) PeerGone() bool { return c.closed.Load() }

package wsconn

import (
	"context"
	"net"

	"github.com/coder/websocket"
)

// Serve reads until the connection ends. It calls message for each data message,
// and control for each ping (opcode 0x9) and pong (0xA), in the order of the
// stream and on the goroutine that called it; data is valid during the call only.
// Whether text is UTF-8 is not checked.
//
// It returns an error of message as it is, and else a [*CloseError]. Unless Close
// was called the connection can still be written to then, for the close frame
// that the error asks for, and is released by Close. Serve can be called once.
func (c *Conn) Serve(message func(binary bool, data []byte) error, control func(opcode byte, data []byte)) (err error) {
	if err := c.begin(); err != nil {
		return err
	}
	c.message, c.control = message, control
	defer func() { c.end(err) }() // also when a callback panics
	for err == nil {
		if c.rc != nil {
			err = c.serveFrames()
		}
		if err == nil {
			err = c.next()
		}
	}
	return err
}

// next reads one message through the library and hands it over.
func (c *Conn) next() error {
	typ, r, err := c.ws.Reader(context.Background())
	if err != nil {
		return c.fault(err)
	}
	buf := msgPool.Get().(*[]byte)
	data, err := readAll((*buf)[:0], r)
	c.unread()
	switch {
	case err != nil:
		err = c.fault(err)
	case c.in.err != nil: // the library takes a compressed message cut short by EOF for whole
		err = c.fault(c.in.err)
	default:
		err = c.deliver(typ == websocket.MessageBinary, data)
	}
	if *buf = data; cap(data) <= maxPooled {
		msgPool.Put(buf)
	}
	return err
}

// Pending reports whether another whole message has been read already. It is for
// the message callback of Serve.
func (c *Conn) Pending() bool {
	k, _, _ := c.scan(c.in.pending())
	return k == dataFrame
}

// deliver hands a message over, unless the connection was closed meanwhile.
func (c *Conn) deliver(binary bool, data []byte) error {
	if c.closed.Load() {
		return c.fault(net.ErrClosed)
	}
	if len(c.in.pending()) == 0 {
		c.in.release() // the callback can take long
	}
	return c.message(binary, data)
}

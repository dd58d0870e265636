package chanx

import (
	"context"
	"errors"

	"github.com/chanx-go/chanx/core/internal/wire"
)

// serve runs a connection whose handshake is done, to its end.
func (c *Conn) serve(socket Socket) {
	c.hub.wheel.watch(c)
	c.attach(socket)
	how := &CloseError{Code: CloseInternal, Err: errGoexit}
	defer c.detach()
	defer func() { // also where a handler ends this goroutine
		c.answerClose(socket, how)
		c.end(how)
	}()
	c.begin()
	err := socket.Serve(c.receiver(socket), c.control)
	how, ok := errors.AsType[*CloseError](err)
	if !ok {
		how = &CloseError{Code: CloseAbnormal, Err: err}
	}
}

// detach lets go of the socket once nobody uses it any more: after Run has
// returned it may be somebody else's.
func (c *Conn) detach() {
	c.out.mu.Lock()
	c.out.awaitIdle()
	c.out.socket = nil
	c.out.mu.Unlock()
}

// receiver is what the socket calls for each message. Where it can tell that more
// messages have come together with this one, the answers to them go out together
// too: the writing goroutine gets them, and joins what there is when it is its
// turn.
func (c *Conn) receiver(socket Socket) func(binary bool, data []byte) error {
	p, ok := socket.(interface{ Pending() bool })
	if !ok {
		return c.receive
	}
	return func(binary bool, data []byte) error {
		if more := p.Pending(); more != c.out.pipelined.Load() {
			c.out.pipelined.Store(more)
		}
		return c.receive(binary, data)
	}
}

// receive takes a data message from the reader. What it returns ends Serve.
func (c *Conn) receive(binary bool, data []byte) error {
	c.hear()
	if c.closing.Load() != nil {
		return nil // nothing is handled any more
	}
	if binary {
		c.Close(CloseUnsupportedData, "messages are text")
		return nil
	}
	c.handling.Store(true) // an event may hold the lane for long
	c.lane.enter()
	defer c.received() // also where a handler ends this goroutine
	if c.overRate() {
		x := &exchange{conn: c}
		x.limited(data)
	} else if c.closing.Load() == nil {
		c.handle(data)
	}
	return nil
}

// hear notes that the client was heard of. Most messages come within a tick of
// the one before, and a load is cheaper than a store.
func (c *Conn) hear() {
	if now := c.hub.clock.Load(); now != c.seen.Load() {
		c.seen.Store(now)
	}
}

// received ends the handling of a message.
func (c *Conn) received() {
	c.hear()
	if c.consumer.limits.IdleTimeout > 0 {
		c.heard.Store(c.hub.clock.Load())
	}
	c.handling.Store(false)
	c.lane.leave(c.workLater)
}

// workLater runs the events that wait for the lane, which is held for them.
func (c *Conn) workLater() { c.hub.tasks.Go(c.work) }

func (c *Conn) work() {
	done := false
	defer func() {
		if !done { // a handler has ended this goroutine, which holds the lane
			c.workLater()
		}
	}()
	for t := c.lane.next(); t.event != nil; t = c.lane.next() {
		c.runTurn(t)
	}
	done = true
}

// control takes a ping or a pong from the reader.
func (c *Conn) control(opcode byte, data []byte) {
	c.hear()
	if opcode == wire.OpPing {
		var buf [127]byte
		_ = c.send(wire.AppendControl(buf[:0], wire.OpPong, data), "")
	}
}

// Close closes the connection with a code between 1000 and 4999 and a reason of
// at most 123 bytes. What was sent before still goes out; messages that the
// client sent and that no handler has seen yet are not handled any more. It
// doesn't wait.
func (c *Conn) Close(code CloseCode, reason string) {
	c.startClosing(&CloseError{Code: code, Reason: reason})
}

// startClosing queues a close frame behind everything that waits. Only the first
// call has an effect.
func (c *Conn) startClosing(how *CloseError) {
	if !c.closing.CompareAndSwap(nil, how) {
		return
	}
	c.lane.close()
	c.out.mu.Lock()
	c.putClose(how)
	c.out.mu.Unlock()
}

// putClose queues a close frame as the last frame of the connection. The outbox
// is locked.
func (c *Conn) putClose(how *CloseError) {
	o := &c.out
	if o.ended || o.broken != nil {
		return
	}
	frame := wire.AppendClose(nil, int(how.Code), how.Reason)
	o.queue = append(o.queue, queued{data: frame})
	o.size += len(frame)
	o.ended = true
	if o.socket != nil && !o.writing {
		c.startWriting()
	}
}

// overflow closes a connection whose client is too slow: what waits is given
// up, so that the memory is free at once.
func (c *Conn) overflow() {
	how := &CloseError{Code: CloseTooSlow, Reason: "too slow to read"}
	if !c.closing.CompareAndSwap(nil, how) {
		return
	}
	c.lane.close()
	c.out.mu.Lock()
	count, size := len(c.out.queue), 0
	for _, q := range c.out.queue {
		size += len(q.data)
	}
	c.out.queue, c.out.size = nil, c.out.size-size
	c.putClose(how)
	c.out.mu.Unlock()
	c.cancel(how)
	c.hub.observe(c.ctx, &Observation{Kind: Dropped, Consumer: c.consumer.name, ConnID: c.ID(), Count: count, Bytes: size, Err: how})
	c.hub.log.Warn("chanx: client too slow, closing", "conn", c.ID(), "consumer", c.consumer.name, "dropped", count)
}

// drain closes the connection once what it is doing is done: the handler that
// runs may end and its reply goes out, streams are cancelled, nothing new is
// handled.
func (c *Conn) drain(how *CloseError) {
	if !c.closing.CompareAndSwap(nil, how) {
		return
	}
	c.lane.close()
	c.hub.tasks.Go(func() {
		c.lane.enter()
		c.beside.finish(how)
		for _, s := range c.subscriptions() {
			s.work.finish(how)
		}
		c.out.mu.Lock()
		c.putClose(how)
		c.out.mu.Unlock()
		c.lane.leave(c.workLater)
	})
}

// flushed is told that the close frame was written. The outbox is locked.
func (c *Conn) flushed() { c.hub.wheel.after(c, c.consumer.limits.CloseTimeout) }

// abort ends the connection without more words.
func (c *Conn) abort(how *CloseError) {
	c.closing.CompareAndSwap(nil, how)
	c.lane.close()
	c.cancel(c.closing.Load())
	c.out.mu.Lock()
	socket := c.out.socket
	c.out.stop(how)
	c.out.queue, c.out.rest = nil, nil
	c.out.signal()
	if socket != nil {
		c.out.closers++
	}
	c.out.mu.Unlock()
	if socket != nil {
		_ = socket.Close()
		c.out.mu.Lock()
		c.out.closers--
		c.out.signal()
		c.out.mu.Unlock()
	}
}

// answerClose ends the closing handshake after the reader has ended: the client
// is told why, or gets its close frame back, and the socket is closed when that
// has gone out.
func (c *Conn) answerClose(socket Socket, how *CloseError) {
	c.closing.CompareAndSwap(nil, how)
	c.lane.close()
	if how.Code != CloseAbnormal {
		echo := *how
		echo.Reason = ""
		if !how.Remote {
			echo.Reason = how.Reason
		}
		c.out.mu.Lock()
		c.putClose(&echo)
		c.out.awaitIdle()
		c.out.mu.Unlock()
	}
	c.out.mu.Lock()
	c.out.stop(how) // what is sent from now on is refused, without another look at the socket
	c.out.mu.Unlock()
	_ = socket.Close()
}

// end is the last thing that happens to a connection that was opened: groups are
// left, what runs is awaited, and OnClose handlers run. how is what the reader
// saw.
func (c *Conn) end(how *CloseError) {
	if !c.ended.CompareAndSwap(false, true) {
		return
	}
	c.closing.CompareAndSwap(nil, how)
	how = c.closing.Load() // what closed the connection first is what counts
	c.hub.wheel.forget(c)
	c.lane.close()
	c.cancel(how)
	subs := c.leaveAll()
	c.lane.enter()
	defer c.gone(how) // also where an OnClose handler ends this goroutine
	c.beside.finish(how)
	for _, s := range subs {
		s.work.finish(how)
	}
	defer c.finish(subs, how)
	exitAll(subs, how) // before OnClose handlers, which may take their time
}

// finish runs the OnClose handlers of subscriptions, and then those of the connection
// itself: each of them, also where one before ends this goroutine.
func (c *Conn) finish(subs []*Subscription, how *CloseError) {
	if len(subs) > 0 {
		defer c.finish(subs[1:], how)
		c.runOnClose(subs[0].topic.handlers, subs[0].state, how)
	} else if c.opened {
		c.runOnClose(c.consumer.handlers, c.state, how)
	}
}

// gone makes the hub forget a connection.
func (c *Conn) gone(how *CloseError) {
	c.lane.leave(c.workLater)
	c.hub.remove(c)
	if c.observed {
		c.hub.observe(c.ctx, &Observation{Kind: Disconnected, Consumer: c.consumer.name, ConnID: c.ID(), Err: how})
	}
	c.hub.log.DebugContext(c.ctx, "chanx: disconnected", "conn", c.ID(), "consumer", c.consumer.name, "code", int(how.Code), "reason", how.Reason)
}

// runOnClose runs the OnClose handlers of a consumer or a topic, each with its
// panics contained.
func (c *Conn) runOnClose(s *handlers, state any, how *CloseError) {
	if len(s.onClose) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), c.consumer.limits.HandshakeTimeout)
	defer cancel()
	for _, f := range s.onClose {
		if err := contain(func() error { f(state, ctx, how); return nil }); err != nil {
			c.hub.logPanic("chanx: OnClose failed", err, "conn", c.ID(), s.kind(), s.name)
		}
	}
}

// runOnOpen runs the OnOpen handlers of a consumer or a topic. The lane is held.
func (c *Conn) runOnOpen(s *handlers, state any) {
	for _, f := range s.onOpen {
		err := contain(func() error { return f(state, c.ctx) })
		if err != nil && !errors.Is(err, ErrClosed) && c.ctx.Err() == nil {
			c.hub.logPanic("chanx: OnOpen failed", err, "conn", c.ID(), s.kind(), s.name)
		}
	}
}

// begin does what is left of opening the connection once there is a socket: its
// own topic is subscribed to, and OnOpen handlers run.
func (c *Conn) begin() {
	if c.consumer.alone == nil && len(c.consumer.onOpen) == 0 {
		return
	}
	c.handling.Store(true)
	c.lane.enter()
	defer c.received() // also where a handler ends this goroutine
	if !c.opened || c.closing.Load() != nil {
		return
	}
	for _, s := range c.subscriptions() {
		if err := s.begin(nil); err != nil {
			c.Close(CloseOverloaded, "what was missed can't be read now")
			return
		}
	}
	c.runOnOpen(c.consumer.handlers, c.state)
}

package chanxtest

import (
	"fmt"
	"reflect"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/go-json-experiment/json/jsontext"
)

// Next returns the next frame.
func (c *Client) Next() Frame {
	c.t.Helper()
	return c.view().await("a frame", anyFrame)
}

// Expect returns the next frame's message, which must be an M without fields that
// M doesn't have.
func Expect[M chanx.Message](p Peer) M {
	v := p.view()
	v.t.Helper()
	return as[M](v.Client, v.await("a frame "+nameOf[M](), anyFrame))
}

// ExpectError returns the next frame's error, which must have that reason.
func ExpectError(p Peer, reason chanx.Reason) *chanx.Error {
	v := p.view()
	v.t.Helper()
	return v.asError(v.await(fmt.Sprintf("an error %q", reason), anyFrame), reason)
}

// Collect returns the frames up to and including the next one with that action.
func Collect(p Peer, action string) []Frame {
	v := p.view()
	v.t.Helper()
	var all []Frame
	for {
		f := v.await(fmt.Sprintf("a frame %q", action), anyFrame)
		all = append(all, f)
		if f.Action == action {
			return all
		}
	}
}

// ExpectNothing fails the test if a frame waits or comes, or the connection ends,
// within [DialOptions].Quiet. In a bubble of testing/synctest that time passes
// only once everything that the server is doing is done, so nothing is missed;
// outside of one a server may be slower than that.
func (c *Client) ExpectNothing() {
	c.t.Helper()
	c.view().expectNothing()
}

// ExpectClose waits until the server closes the connection, which must be with
// that code and without a frame before that the test has not read. It returns the
// reason. [chanx.CloseAbnormal] is the code of a connection that ends without a
// close frame.
func (c *Client) ExpectClose(code chanx.CloseCode) string {
	c.t.Helper()
	timer := time.NewTimer(c.timeout)
	defer timer.Stop()
	for {
		c.mu.Lock()
		closed, changed, frames := c.closed, c.changed, c.frames
		c.mu.Unlock()
		switch {
		case len(frames) > 0:
			c.fail("want the connection closed with %d, but got %s", code, limited(frames[0].Text))
		case closed != nil && closed.Code != code:
			c.fail("want the connection closed with %d, but the %v", code, closed)
		case closed != nil:
			return closed.Reason
		}
		select {
		case <-changed:
		case <-timer.C:
			c.fail("want the connection closed with %d, but it is open after %v", code, c.timeout)
		}
	}
}

// Request sends a message with a ref of its own and returns its answer, which
// must be an Out. Frames that do not answer the request stay for others to read.
// Where completion is on, the request's completion is read too.
func Request[Out chanx.Message](p Peer, m chanx.Message) Out {
	v := p.view()
	v.t.Helper()
	ref := v.request(m)
	out := as[Out](v.Client, v.answer(ref, m.Action(), nameOf[Out]()))
	v.completion(ref, m.Action())
	return out
}

// RequestError sends a message like [Request] and returns its answer, which must
// be an error with that reason.
func RequestError(p Peer, m chanx.Message, reason chanx.Reason) *chanx.Error {
	v := p.view()
	v.t.Helper()
	ref := v.request(m)
	e := v.asError(v.answer(ref, m.Action(), fmt.Sprintf("an error %q", reason)), reason)
	v.completion(ref, m.Action())
	return e
}

// RequestStream sends a message like [Request] and returns the items of the
// stream that answers it, once stream_end has come.
func RequestStream[Out chanx.Message](p Peer, m chanx.Message) []Out {
	v := p.view()
	v.t.Helper()
	ref := v.request(m)
	var all []Out
	for {
		f := v.answer(ref, m.Action(), nameOf[Out]()+" or stream_end")
		if f.Action == "stream_end" {
			v.completion(ref, m.Action())
			return all
		}
		all = append(all, as[Out](v.Client, f))
	}
}

// nameOf names a message type for a failure's message.
func nameOf[M chanx.Message]() string {
	return fmt.Sprintf("%q (%v)", actionOf[M](), reflect.TypeFor[M]())
}

func actionOf[M chanx.Message]() string {
	var m M
	if t := reflect.TypeFor[M](); t.Kind() == reflect.Pointer {
		m = reflect.New(t.Elem()).Interface().(M)
	}
	return m.Action()
}

// as returns the message of a frame.
func as[M chanx.Message](c *Client, f Frame) M {
	c.t.Helper()
	if f.Action != actionOf[M]() {
		c.fail("want %s, but got %s", nameOf[M](), limited(f.Text))
	}
	s, err := c.schemaOf(reflect.TypeFor[M]())
	if err != nil {
		c.fail("%s is no message: %v", nameOf[M](), err)
	}
	m, err := decode[M](s, f.Payload)
	if err != nil {
		c.fail("%s is not %s: %v", limited(f.Text), nameOf[M](), err)
	}
	return m
}

// asError returns the error of a frame.
func (c *Client) asError(f Frame, reason chanx.Reason) *chanx.Error {
	c.t.Helper()
	e := f.Error()
	if e == nil || e.Reason != reason {
		c.fail("want an error %q, but got %s", reason, limited(f.Text))
	}
	return e
}

// quote writes a JSON string, with invalid UTF-8 replaced.
func quote(s string) string {
	b, _ := jsontext.AppendQuote(nil, s)
	return string(b)
}

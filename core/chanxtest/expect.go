package chanxtest

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/go-json-experiment/json/jsontext"
)

// await waits until pick finds the frame that is wanted among those that wait,
// and takes it out. It fails the test when the connection ends before, or after
// the timeout.
func (c *Client) await(want string, pick func([]Frame) int) Frame {
	c.t.Helper()
	timer := time.NewTimer(c.timeout)
	defer timer.Stop()
	for {
		c.mu.Lock()
		i := pick(c.frames)
		var f Frame
		if i >= 0 {
			f = c.frames[i]
			c.frames = slices.Delete(c.frames, i, i+1)
		}
		closed, changed := c.closed, c.changed
		c.mu.Unlock()
		switch {
		case i >= 0:
			if f.problem != nil {
				c.fail("got a frame that is wrong: %s: %v", limited(f.Text), f.problem)
			}
			return f
		case closed != nil:
			c.fail("want %s, but the %v", want, closed)
		}
		select {
		case <-changed:
		case <-timer.C:
			c.fail("want %s, but nothing came for %v", want, c.timeout)
		}
	}
}

// first picks the frame that waits longest.
func first(frames []Frame) int { return min(len(frames), 1) - 1 }

// Next returns the next frame.
func (c *Client) Next() Frame {
	c.t.Helper()
	return c.await("a frame", first)
}

// Expect returns the next frame's message, which must be an M without fields that
// M doesn't have.
func Expect[M chanx.Message](c *Client) M {
	c.t.Helper()
	return as[M](c, c.await("a frame "+nameOf[M](), first))
}

// ExpectError returns the next frame's error, which must have that reason.
func ExpectError(c *Client, reason chanx.Reason) *chanx.Error {
	c.t.Helper()
	return c.asError(c.await(fmt.Sprintf("an error %q", reason), first), reason)
}

// Collect returns the frames up to and including the next one with that action.
func Collect(c *Client, action string) []Frame {
	c.t.Helper()
	var all []Frame
	for {
		f := c.await(fmt.Sprintf("a frame %q", action), first)
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
	timer := time.NewTimer(c.quiet)
	defer timer.Stop()
	for {
		c.mu.Lock()
		var came string
		switch {
		case len(c.frames) > 0:
			came = c.frames[0].Text
		case c.closed != nil:
			came = c.closed.Error()
		}
		changed := c.changed
		c.mu.Unlock()
		if came != "" {
			c.fail("want nothing, but got %s", limited(came))
		}
		select {
		case <-changed:
		case <-timer.C:
			return
		}
	}
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
func Request[Out chanx.Message](c *Client, m chanx.Message) Out {
	c.t.Helper()
	ref := c.request(m)
	out := as[Out](c, c.answer(ref, m, nameOf[Out]()))
	c.completion(ref, m)
	return out
}

// RequestError sends a message like [Request] and returns its answer, which must
// be an error with that reason.
func RequestError(c *Client, m chanx.Message, reason chanx.Reason) *chanx.Error {
	c.t.Helper()
	ref := c.request(m)
	e := c.asError(c.answer(ref, m, fmt.Sprintf("an error %q", reason)), reason)
	c.completion(ref, m)
	return e
}

// RequestStream sends a message like [Request] and returns the items of the
// stream that answers it, once stream_end has come.
func RequestStream[Out chanx.Message](c *Client, m chanx.Message) []Out {
	c.t.Helper()
	ref := c.request(m)
	var all []Out
	for {
		f := c.answer(ref, m, nameOf[Out]()+" or stream_end")
		if f.Action == "stream_end" {
			c.completion(ref, m)
			return all
		}
		all = append(all, as[Out](c, f))
	}
}

func (c *Client) request(m chanx.Message) (ref string) {
	c.t.Helper()
	ref = c.freshRef()
	c.SendRef(ref, m)
	return ref
}

// answer returns the next frame with a ref.
func (c *Client) answer(ref string, m chanx.Message, want string) Frame {
	c.t.Helper()
	return c.await(fmt.Sprintf("%s to answer %q (ref %q)", want, m.Action(), ref), func(frames []Frame) int {
		return slices.IndexFunc(frames, func(f Frame) bool { return f.Ref == ref })
	})
}

// completion reads the completion frame of a request, where there is one.
func (c *Client) completion(ref string, m chanx.Message) {
	c.t.Helper()
	if c.contract.completes() {
		if f := c.answer(ref, m, `a frame "complete"`); f.Action != "complete" {
			c.fail(`want a frame "complete" after the answer, but got %s`, limited(f.Text))
		}
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

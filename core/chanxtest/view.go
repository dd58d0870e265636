package chanxtest

import (
	"fmt"
	"slices"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// Peer is what a test sends through and expects of: a [Client], which is the
// whole connection, or a [Topic] of it.
type Peer interface{ view() view }

func (c *Client) view() view { return view{Client: c, all: true} }
func (t *Topic) view() view  { return view{Client: t.c, topic: t.name} }

// view is the part of a connection that a test looks at.
type view struct {
	*Client

	topic string // that messages are sent to, and whose frames are seen
	all   bool   // all frames are seen
}

// sees reports whether a frame belongs to what the test looks at.
func (v view) sees(f *Frame) bool { return v.all || f.Topic == v.topic }

// place says for a failure's message where something is wanted.
func (v view) place() string {
	if v.topic == "" {
		return ""
	}
	return fmt.Sprintf(" on topic %q", v.topic)
}

// whyNothing says of a topic that was not subscribed to why nothing comes of it.
func (v view) whyNothing() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.topic == "" || v.came.of(v.topic).on {
		return ""
	}
	return ": the client is not subscribed to it"
}

// anyFrame takes the next frame.
func anyFrame(*Frame) bool { return true }

// await waits for the next frame that is seen and wanted, and takes it out of
// those that wait. It fails the test when the connection ends before, or after the
// timeout.
func (v view) await(want string, wanted func(*Frame) bool) Frame {
	v.t.Helper()
	timer := time.NewTimer(v.timeout)
	defer timer.Stop()
	for {
		v.mu.Lock()
		f, ok := v.take(func(f *Frame) bool { return v.sees(f) && wanted(f) })
		closed, changed := v.closed, v.changed
		v.mu.Unlock()
		switch {
		case ok && f.problem != nil:
			v.fail("got a frame that is wrong: %s: %v", limited(f.Text), f.problem)
		case ok:
			return f
		case closed != nil:
			v.fail("want %s%s, but the %v", want, v.place(), closed)
		}
		select {
		case <-changed:
		case <-timer.C:
			v.fail("want %s%s, but nothing came for %v%s", want, v.place(), v.timeout, v.whyNothing())
		}
	}
}

// take takes the first frame that is wanted out of those that wait. c is locked.
func (c *Client) take(wanted func(*Frame) bool) (Frame, bool) {
	for i := range c.frames {
		if f := c.frames[i]; wanted(&f) {
			c.frames = slices.Delete(c.frames, i, i+1)
			return f, true
		}
	}
	return Frame{}, false
}

func (v view) expectNothing() {
	v.t.Helper()
	timer := time.NewTimer(v.quiet)
	defer timer.Stop()
	for {
		v.mu.Lock()
		var came string
		if i := slices.IndexFunc(v.frames, func(f Frame) bool { return v.sees(&f) }); i >= 0 {
			came = v.frames[i].Text
		} else if v.closed != nil {
			came = v.closed.Error()
		}
		changed := v.changed
		v.mu.Unlock()
		if came != "" {
			v.fail("want nothing%s, but got %s", v.place(), limited(came))
		}
		select {
		case <-changed:
		case <-timer.C:
			return
		}
	}
}

func (v view) request(m chanx.Message) (ref string) {
	v.t.Helper()
	ref = v.freshRef()
	v.send(v.topic, ref, m)
	return ref
}

// answer returns the next frame with a ref. That of a topic's request must belong
// to the topic.
func (v view) answer(ref, action, want string) Frame {
	v.t.Helper()
	want = fmt.Sprintf("%s to answer %q (ref %q)", want, action, ref)
	whole := v
	whole.all = true
	f := whole.await(want, func(f *Frame) bool { return f.Ref == ref })
	if !v.sees(&f) {
		v.fail("want %s%s, but got %s", want, v.place(), limited(f.Text))
	}
	return f
}

// completion reads the completion frame of a request, where there is one.
func (v view) completion(ref, action string) {
	v.t.Helper()
	if v.contract.completes() {
		if f := v.answer(ref, action, `a frame "complete"`); f.Action != "complete" {
			v.fail(`want a frame "complete" after the answer, but got %s`, limited(f.Text))
		}
	}
}

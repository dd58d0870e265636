package chanxtest

import (
	"fmt"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

// Topic is one topic of a client's connection: see [Client.Topic]. What it sends is
// addressed to the topic, and what it expects are frames of the topic; those of
// others, and of the consumer itself, stay for others to read.
type Topic struct {
	c    *Client
	name string
}

// Topic returns a topic by its name, such as "room:lobby". Nothing is sent:
//
//	lobby := client.Topic("room:lobby").Subscribe()
//
// The empty name stands for the consumer itself, whose frames have no topic.
// Several handles on one topic are the same.
func (c *Client) Topic(name string) *Topic { return &Topic{c, name} }

// Alone returns the topic of a client that is connected to one alone: see
// [chanx.Topic.Alone]. It takes the "subscribed" that the connection begins with,
// and the test fails if none comes. To connect as a client that comes back, see
// [DialOptions].Recover.
func (c *Client) Alone() *Topic {
	c.t.Helper()
	if c.contract != nil && !c.contract.info.Alone {
		c.fail("consumer %q isn't one topic alone: use Client.Topic", c.contract.info.Consumer)
	}
	f := c.view().await(`a frame "subscribed"`, func(f *Frame) bool { return f.Topic != "" })
	if f.Action != "subscribed" {
		c.fail(`want a frame "subscribed", but got %s`, limited(f.Text))
	}
	return c.Topic(f.Topic)
}

// Name returns the topic's name, such as "room:lobby".
func (t *Topic) Name() string { return t.name }

// Subscribe subscribes to the topic, which must succeed, and returns it. Frames that
// follow the answer, such as presence_state, stay to be expected.
func (t *Topic) Subscribe() *Topic {
	t.c.t.Helper()
	t.mustBe(t.ask(t.c.freshRef(), "subscribe", nil, "subscribed"), "subscribed")
	return t
}

// Recover subscribes as a client that was there before, whose last frame of the
// topic had that position, and returns whether the server says that what was missed
// comes: it is expected like other frames. The topic must keep history.
func (t *Topic) Recover(from layer.Position) bool {
	t.c.t.Helper()
	payload := fmt.Sprintf(`{"recover":{"seq":%d,"epoch":%s}}`, from.Seq, quote(from.Epoch))
	ref := t.c.freshRef()
	t.c.mu.Lock()
	t.c.asked[ref] = from
	t.c.mu.Unlock()
	f := t.ask(ref, "subscribe", []byte(payload), "subscribed")
	t.mustBe(f, "subscribed")
	if f.place == nil {
		t.c.fail("topic %q keeps no history to recover from: %s", t.name, limited(f.Text))
	}
	return *f.place.Recovered
}

// SubscribeError subscribes to the topic, which must be refused with that reason.
func (t *Topic) SubscribeError(reason chanx.Reason) *chanx.Error {
	t.c.t.Helper()
	return t.c.asError(t.ask(t.c.freshRef(), "subscribe", nil, fmt.Sprintf("an error %q", reason)), reason)
}

// Unsubscribe unsubscribes from the topic. Frames of it that came before, and that
// the test has not read, stay.
func (t *Topic) Unsubscribe() {
	t.c.t.Helper()
	t.mustBe(t.ask(t.c.freshRef(), "unsubscribe", nil, "unsubscribed"), "unsubscribed")
}

// ExpectUnsubscribed takes the next frame of the topic, which must say that the
// server has ended the subscription: see [chanx.Subscription.Unsubscribe].
func (t *Topic) ExpectUnsubscribed() {
	t.c.t.Helper()
	t.mustBe(t.view().await(`a frame "unsubscribed"`, anyFrame), "unsubscribed")
}

// Position returns where the test is in the history of the topic: at the last frame
// of it that the test has read, or where it has subscribed if there was none yet. It
// is what a client keeps for [Topic.Recover]. The test fails where the topic keeps
// no history, or was not subscribed to.
func (t *Topic) Position() layer.Position {
	t.c.t.Helper()
	k := t.course()
	if !k.history {
		t.c.fail("there is no position in topic %q: it keeps no history, or was not subscribed to", t.name)
	}
	return k.at
}

// Recovered returns whether the subscription began with what had been missed: what
// [Topic.Recover] has returned, or, after [Client.Alone], what the server has said
// by itself.
func (t *Topic) Recovered() bool {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	return t.c.came.of(t.name).recovered
}

// course is how far the test has got: up to the first frame that waits for it.
func (t *Topic) course() course {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	for i := range t.c.frames {
		if f := &t.c.frames[i]; f.Topic == t.name {
			return f.before
		}
	}
	return t.c.came.of(t.name)
}

// Send sends a message to the topic without a ref.
func (t *Topic) Send(m chanx.Message) {
	t.c.t.Helper()
	t.c.send(t.name, "", m)
}

// SendRef sends a message to the topic with a ref.
func (t *Topic) SendRef(ref string, m chanx.Message) {
	t.c.t.Helper()
	t.c.send(t.name, ref, m)
}

// Cancel sends stream_cancel for the topic's stream with the ref.
func (t *Topic) Cancel(ref string) {
	t.c.t.Helper()
	t.c.SendRaw(t.c.envelope(t.name, ref, "stream_cancel", nil))
}

// Next returns the next frame of the topic.
func (t *Topic) Next() Frame {
	t.c.t.Helper()
	return t.view().await("a frame", anyFrame)
}

// ExpectNothing is [Client.ExpectNothing] for frames of the topic: others may come.
func (t *Topic) ExpectNothing() {
	t.c.t.Helper()
	t.view().expectNothing()
}

// ask sends a frame of the framework's and returns its answer.
func (t *Topic) ask(ref, action string, payload []byte, want string) Frame {
	t.c.t.Helper()
	v := t.view()
	t.c.SendRaw(t.c.envelope(t.name, ref, action, payload))
	f := v.answer(ref, action, want)
	v.completion(ref, action)
	return f
}

// mustBe fails the test where a frame is another one.
func (t *Topic) mustBe(f Frame, action string) {
	t.c.t.Helper()
	if f.Action != action {
		t.c.fail("want a frame %q on topic %q, but got %s", action, t.name, limited(f.Text))
	}
}

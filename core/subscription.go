package chanx

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/chanx-go/chanx/core/internal/wire"
	"github.com/chanx-go/chanx/core/layer"
)

// Subscription is one client's subscription to one topic. A topic's state usually
// embeds it:
//
//	type Room struct {
//		*chanx.Subscription
//		user User
//	}
//
// Handlers of a topic run on the lane of their connection, so those of all its
// topics and of the consumer never run at the same time. All methods are safe for
// concurrent use.
type Subscription struct {
	member
	topic *topic
	name  string
	state any
	from  *layer.Position // the client asks for what came after that
	work  *work           // what runs beside the lane; guarded by the lane, nil as long as it isn't needed
	guest *guest          // how the client is present; nil where nobody is tracked

	hold    *hold       // what waits until the client is told that it is subscribed; guarded by the outbox
	holding atomic.Bool // there is a hold
	after   uint64      // up to there the client had the history when holding ended; fixed then
	had     uint64      // up to there it has had it; guarded by the outbox
}

// Conn returns the connection, whose state is that of its consumer.
func (s *Subscription) Conn() *Conn { return s.conn }

// Topic returns the topic's name, such as "room:lobby".
func (s *Subscription) Topic() string { return s.name }

// Param returns the value of a parameter of the topic's pattern, "" if it has none
// of that name. See [Bind] for parameters of other types.
func (s *Subscription) Param(name string) string { return s.topic.pattern.param(s.name, name) }

// Send sends a message on the topic to this client alone, like [Conn.Send]. In
// open it waits until the client has been told that it is subscribed; once the
// subscription has ended the error is [ErrClosed].
func (s *Subscription) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e, err := s.topic.encodeMessage(m)
	if err != nil {
		return err
	}
	c := s.conn
	frames := c.consumer.appendFrame(nil, wire.Head{Action: string(e.Action), Topic: s.name, Seq: e.Seq}, e.Payload)
	if result := s.put(c.form(frames), c.consumer.keyOn(s.name, string(e.Key)), 0); result == sentClosed || result == sentOverflow {
		return ErrClosed
	}
	return nil
}

// Broadcast sends a message to every subscriber of the topic, on every process,
// this one included. Subscribers get it in the order in which it was broadcast
// here; it does not wait for them.
func (s *Subscription) Broadcast(ctx context.Context, m Message) error {
	return s.broadcast(ctx, m, "")
}

// BroadcastOthers is [Subscription.Broadcast] without this subscriber. A topic
// that keeps history refuses it: a client that comes back could not be told what
// not to get.
func (s *Subscription) BroadcastOthers(ctx context.Context, m Message) error {
	if s.topic.history != nil {
		return fmt.Errorf("chanx: %s keeps history, and can't leave anybody out: use Broadcast, or a topic without history for what need not be kept", s.topic.title)
	}
	return s.broadcast(ctx, m, s.conn.ID())
}

func (s *Subscription) broadcast(ctx context.Context, m Message, except string) error {
	e, err := s.topic.encodeMessage(m)
	if err != nil {
		return err
	}
	e.Except = []byte(except)
	return s.topic.publish(ctx, e, []string{s.name})
}

// Unsubscribe ends the subscription from the server's side: the client gets
// "unsubscribed" without a ref. It doesn't wait: what runs on the connection's
// lane comes first.
func (s *Subscription) Unsubscribe() { s.conn.pushEvent(&event{leave: true}, &s.member) }

// State returns the state that open has made for the connection, if it is a C:
// the consumer's, which its topics may want to see, in their open as well. It has
// none yet while the consumer's own open runs. Where the connection is for one topic
// alone, the state is the [*Conn].
func State[C any](c *Conn) (C, bool) {
	v, ok := c.state.(C)
	return v, ok
}

// dispatchTopic serves what a frame wants of a topic. It reports whether there is
// a message for a handler, and whose.
func (c *Conn) dispatchTopic(x *exchange, action string) bool {
	switch action {
	case actionSubscribe:
		c.subscribe(x)
		return false
	case actionUnsubscribe:
		c.unsubscribe(x)
		return false
	}
	if x.sub == nil {
		x.fail(c.notSubscribed(x.topic))
		return false
	}
	x.state, x.route = x.sub.state, x.sub.topic.routes[action]
	return true
}

// address finds the topic that a frame is to, and the subscription to it.
func (c *Conn) address(x *exchange, topic []byte) {
	c.groupsMu.Lock()
	if len(topic) > 0 {
		x.sub = c.topics[string(topic)]
	} else {
		for _, only := range c.topics {
			x.sub = only
		}
	}
	c.groupsMu.Unlock()
	switch {
	case x.sub != nil:
		x.topic = x.sub.name
	case len(topic) > 0:
		x.topic = string(topic)
	default:
		x.topic = c.aloneName()
	}
}

// notSubscribed says why there is no subscription to a topic.
func (c *Conn) notSubscribed(name string) *Error {
	if c.topicOf(name) == nil {
		return Errorf(UnknownTopic, "there is no topic %q here", name)
	}
	return Errorf(NotSubscribed, "subscribe to %q first", name)
}

// topicOf finds the topic whose pattern a name is of.
func (c *Conn) topicOf(name string) *topic {
	if c.consumer.alone != nil && name != c.aloneName() {
		return nil
	}
	for _, t := range c.consumer.topics {
		if t.pattern.matches(name) {
			return t
		}
	}
	return nil
}

// aloneName is the name of the connection's own topic, "" for one that the
// parameters of the path can't make.
func (c *Conn) aloneName() string {
	p := &c.consumer.alone.pattern
	values := make([]string, len(p.names))
	for i, name := range p.names {
		values[i] = c.PathValue(name)
	}
	name, _ := p.fill(values)
	return name
}

func (c *Conn) subscriptions() []*Subscription {
	c.groupsMu.Lock()
	defer c.groupsMu.Unlock()
	return slices.Collect(maps.Values(c.topics))
}

// subscribe serves a frame of that name. The lane is held.
func (c *Conn) subscribe(x *exchange) {
	from, err := recoverFrom(x.payload)
	if err != nil {
		x.fail(err)
		return
	}
	if s := x.sub; s != nil { // what it has missed it has missed before it subscribed
		s.confirmAgain(x.ref)
		x.complete(actionComplete)
		return
	}
	t := c.topicOf(x.topic)
	if t == nil {
		x.fail(c.notSubscribed(x.topic))
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.consumer.limits.HandshakeTimeout)
	s, err := c.prepare(ctx, t, x.topic)
	cancel()
	if err != nil {
		x.fail(tooLong(ctx, "subscribing", err))
		return
	}
	s.from = from
	if err := s.begin(x.ref); err != nil {
		x.fail(err)
		return
	}
	x.complete(actionComplete)
}

// prepare makes a subscription: the topic's open lets the client in, and what is
// published reaches this process. The lane is held.
func (c *Conn) prepare(ctx context.Context, t *topic, name string) (_ *Subscription, err error) {
	c.groupsMu.Lock()
	count := len(c.topics)
	c.groupsMu.Unlock()
	if limit := c.consumer.limits.Topics; limit > 0 && count >= limit {
		return nil, Errorf(TooLarge, "a connection may be subscribed to %d topics at most", limit)
	}
	s := &Subscription{topic: t, name: name, hold: &hold{}}
	s.conn, s.sub, s.state = c, s, s
	s.holding.Store(true)
	defer func() {
		if err != nil {
			c.out.mu.Lock()
			s.gone, s.hold = true, nil
			c.out.mu.Unlock()
		}
	}()
	if t.open != nil {
		err := contain(func() (err error) { s.state, err = t.open(ctx, s); return err })
		if err != nil {
			return nil, err
		}
	}
	if s.group, err = c.consumer.registry.acquire(ctx, c.consumer, groupKey{t, name}); err != nil {
		return nil, &Error{Reason: Unavailable, Detail: "the topic can't be subscribed to now", cause: fmt.Errorf("subscribing to %q: %w", name, err)}
	}
	if err := s.enter(ctx); err != nil {
		c.consumer.registry.release(s.group)
		return nil, err
	}
	c.groupsMu.Lock()
	defer c.groupsMu.Unlock()
	if c.topics == nil {
		c.topics = make(map[string]*Subscription, 1)
	}
	c.topics[name] = s
	return s, nil
}

// unsubscribe serves a frame of that name. The lane is held.
func (c *Conn) unsubscribe(x *exchange) {
	if x.sub == nil {
		x.fail(c.notSubscribed(x.topic))
		return
	}
	x.sub.end(&CloseError{Code: CloseUnsubscribed, Remote: true})
	_ = c.sendFrame(x.head(actionUnsubscribed), nil)
	x.complete(actionComplete)
}

// leave ends a subscription that the server wants to end. The lane is held.
func (s *Subscription) leave() {
	s.end(&CloseError{Code: CloseUnsubscribed})
	_ = s.conn.sendFrame(wire.Head{Action: actionUnsubscribed, Topic: s.name}, nil)
}

// end ends a subscription while its connection goes on. The lane is held.
func (s *Subscription) end(how *CloseError) {
	c := s.conn
	c.groupsMu.Lock()
	_, in := c.topics[s.name]
	delete(c.topics, s.name)
	c.groupsMu.Unlock()
	if !in {
		return // the connection has ended, and ends it
	}
	s.detach()
	s.work.finish(errUnsubscribed)
	exitAll([]*Subscription{s}, how)
	c.runOnClose(s.topic.handlers, s.state, how)
}

// giveUp undoes what prepare has done for a subscription that did not begin. The lane
// is held.
func (s *Subscription) giveUp() {
	c := s.conn
	c.groupsMu.Lock()
	_, in := c.topics[s.name]
	delete(c.topics, s.name)
	c.groupsMu.Unlock()
	if !in {
		return // the connection has ended, and ends it
	}
	s.detach()
	exitAll([]*Subscription{s}, &CloseError{Code: CloseUnsubscribed})
}

// detach makes nothing more of the topic reach the client.
func (s *Subscription) detach() {
	s.group.remove(&s.member)
	s.conn.consumer.registry.release(s.group)
}

// detachAll detaches the subscriptions of a connection that has ended.
func detachAll(topics map[string]*Subscription) []*Subscription {
	all := make([]*Subscription, 0, len(topics))
	for _, name := range slices.Sorted(maps.Keys(topics)) {
		topics[name].detach()
		all = append(all, topics[name])
	}
	return all
}

// prepareAlone makes the subscription of a connection that is for one topic alone.
func (c *Conn) prepareAlone(ctx context.Context, r *http.Request) error {
	name := c.aloneName()
	if name == "" {
		return Errorf(UnknownTopic, "there is no such topic")
	}
	q := r.URL.Query()
	var from *layer.Position
	if q.Has("recover_seq") {
		seq, err := strconv.ParseUint(q.Get("recover_seq"), 10, 64)
		if err != nil {
			return invalid("recover_seq is no position", []Violation{{Path: "/query/recover_seq", Code: "type", Message: "must be an integer from 0 on"}}, "")
		}
		from = &layer.Position{Epoch: q.Get("recover_epoch"), Seq: seq}
	}
	s, err := c.prepare(ctx, c.consumer.alone, name)
	if err != nil {
		return err
	}
	s.from = from
	return nil
}

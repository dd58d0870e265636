package chanx

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/chanx-go/chanx/core/layer"
)

// topicActions are the framework's own on frames that address a topic.
var topicActions = []string{actionSubscribe, actionUnsubscribe, actionSubscribed, actionUnsubscribed}

// TopicOptions configure a topic. The zero value, and nil, mean the defaults.
type TopicOptions struct {
	// Doc describes the topic in the documentation.
	Doc Doc
	// History makes the layer keep what is published, so that clients that were
	// away get what they have missed; nil keeps nothing.
	History *History
}

// History says how much of each topic the layer keeps. A zero field means its
// default, a negative one no limit.
type History struct {
	Frames int           // the last ones; 1000
	Age    time.Duration // that are not older; 1 h
}

var defaultHistory = History{Frames: 1000, Age: time.Hour}

func (h History) retention() layer.Retention {
	r := layer.Retention{Entries: cmp.Or(h.Frames, defaultHistory.Frames), Age: cmp.Or(h.Age, defaultHistory.Age)}
	if r.Entries < 0 {
		r.Entries = math.MaxInt32
	}
	if r.Age < 0 {
		r.Age = forever
	}
	return r
}

// Topic is a stream that clients subscribe to, many of them over one connection:
// its handlers, and the type S of the state that every subscription has. Make one
// with [NewTopic], register handlers with [On], [Forward] and the like, and give
// it to consumers with [Topics], or mount it at an address of its own: see
// [Topic.Alone]. In a process that only publishes neither is needed.
//
// The subscribers of one topic, such as "room:lobby", are a group, across all
// consumers and processes.
type Topic[S any] struct{ t *topic }

// topic is what is left of a Topic without its type.
type topic struct {
	*handlers
	options  TopicOptions
	pattern  pattern
	open     func(ctx context.Context, s *Subscription) (any, error) // nil: the subscription is its own state
	history  layer.History                                           // nil where nothing is kept
	keep     layer.Retention
	inOrder  bool      // the history has events that handlers see
	presence *presence // nil where nobody is tracked
}

// Subscribable is a [Topic] of any state.
type Subscribable interface{ subscribable() *topic }

// NewTopic makes a topic. Its name is part of what the documentation and the
// layer's channels are called, and unique among the hub's topics. The pattern is
// what its topics look like: segments between colons, with parameters that fill a
// segment or a part of one, such as "room:{room}" or "user-{id}:inbox". A
// parameter is never empty.
//
// open makes the state of a subscription. It authorizes: an [*Error], such as one
// that is [Unauthorized], refuses it with this error; any other error is logged
// and reaches the client as [Internal]. The context ends with the connection and
// after [Limits].HandshakeTimeout. open may be nil where S is *[Subscription].
//
// NewTopic panics where the topic is to keep history and the hub's layer can't.
func NewTopic[S any](hub *Hub, name, pattern string, open func(ctx context.Context, sub *Subscription) (S, error), opts *TopicOptions) *Topic[S] {
	if hub == nil {
		panic(fmt.Sprintf("chanx: topic %q needs a hub", name))
	}
	t := &topic{handlers: newHandlers(hub, "topic", name)}
	t.handlers.topic = t
	if opts != nil {
		t.options = *opts
	}
	t.options.Doc = t.options.Doc.checked(t.title)
	if t.options.Doc.Security != nil {
		panic(fmt.Sprintf("chanx: %s can't say what clients have to bring, as they connect to a consumer: let that one's Doc have Security", t.title))
	}
	if open != nil {
		t.open = func(ctx context.Context, s *Subscription) (any, error) { return open(ctx, s) }
	} else if _, ok := any((*Subscription)(nil)).(S); !ok {
		panic(fmt.Sprintf("chanx: topic %q has no open function, which only one with the state *chanx.Subscription may leave out", name))
	}
	if name == "" || strings.ContainsAny(name, "{}") {
		panic(fmt.Sprintf("chanx: a topic needs a name, which %q is not; the pattern comes after it", name))
	}
	var err error
	if t.pattern, err = parsePattern(pattern); err != nil {
		panic(fmt.Sprintf("chanx: topic %q can't have the pattern %q: %v", name, pattern, err))
	}
	if h := t.options.History; h != nil {
		var ok bool
		if t.history, ok = hub.layer.(layer.History); !ok {
			panic(fmt.Sprintf("chanx: topic %q keeps history, which the hub's layer, a %T, can't", name, hub.layer))
		}
		t.keep = h.retention()
	}
	hub.addTopic(t)
	return &Topic[S]{t}
}

func (h *Hub) addTopic(t *topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.topics[t.name] != nil {
		panic(fmt.Sprintf("chanx: the hub has a topic %q already: names are unique", t.name))
	}
	h.topics[t.name] = t
}

func (t *Topic[S]) subscribable() *topic  { return t.t }
func (t *Topic[S]) handlerSet() *handlers { return t.t.handlers }
func (t *Topic[S]) serves(S)              {}

// Name returns the name that was given to [NewTopic], such as "room"; a
// [Subscription] has the name of one topic, such as "room:lobby".
func (t *Topic[S]) Name() string { return t.t.name }

// Topics lets the connections of a consumer subscribe to topics, by frames that
// name one. Where several patterns match a topic the first one counts.
func Topics[C any](r Registrar[C], topics ...Subscribable) {
	s := r.handlerSet()
	s.mustBeOpen("Topics")
	if s.topic != nil {
		panic(fmt.Sprintf("chanx: %s can't have topics of its own: give them to a consumer", s.title))
	}
	for _, each := range topics {
		t := each.subscribable()
		if t.hub != s.hub {
			panic(fmt.Sprintf("chanx: %s and %s belong to different hubs", s.title, t.title))
		}
		for _, other := range s.topics {
			if other.pattern.same(&t.pattern) {
				panic(fmt.Sprintf("chanx: %s has two topics of the pattern %q: %q and %q", s.title, t.pattern.text, other.name, t.name))
			}
		}
		s.topics = append(s.topics, t)
	}
}

// Alone makes something to mount at an address of its own, where connecting is
// subscribing: the address has the parameters of the pattern, "subscribed" comes
// by itself, and frames without a topic are this topic's. It is a consumer with
// the topic's name, whose options these are, and a topic has one such address at
// most. open gets to see the handshake request there, as [Conn.Request].
//
// A client that comes back says what it has had, where the topic keeps history,
// with the query parameters recover_seq and recover_epoch.
func (t *Topic[S]) Alone(opts *ConsumerOptions) Mountable {
	c := newConsumer(t.t.hub, t.t.name, opts)
	c.alone = t.t
	c.topics = []*topic{t.t}
	t.t.hub.addConsumer(c)
	return &Consumer[*Conn]{c}
}

// Topic makes the name of a topic, such as "room:lobby", of the values of the
// pattern's parameters: each by itself, in their order, text, a number, a boolean, or
// what is a [fmt.Stringer]; not the struct that [Bind] fills. They are written as
// [fmt.Sprint] writes them, and a value that is empty or contains a colon then is an
// error. What [Params] says of them is checked where something is published.
func (t *Topic[S]) Topic(params ...any) (string, error) {
	values := make([]string, len(params))
	for i, p := range params {
		if !hasText(reflect.ValueOf(p)) {
			return "", fmt.Errorf("chanx: topic %q: parameter %d is a %T, which has no text: give the values one by one", t.t.name, i+1, p)
		}
		values[i] = fmt.Sprint(p)
	}
	topic, err := t.t.pattern.fill(values)
	if err != nil {
		return "", fmt.Errorf("chanx: topic %q: %w", t.t.name, err)
	}
	return topic, nil
}

// hasText reports whether fmt writes a value as what can be part of a name.
func hasText(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return false
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return true
	case reflect.Pointer:
		if v.IsNil() {
			return false
		}
	}
	_, ok := reflect.TypeAssert[fmt.Stringer](v)
	return ok
}

// Publish gives an event to the subscribers of topics, such as "room:lobby", on
// every process. It can be called from anywhere, like [Consumer.Publish], and
// returns the same errors; a topic that the pattern doesn't match is one more, with
// [UnknownTopic], or whose parameters break what [Params] declares, with [Invalid].
// Whether anybody may subscribe to it, which open says, is not asked. An event may
// be given a position with [WithSeq].
func (t *Topic[S]) Publish(ctx context.Context, event Message, topics ...string) error {
	e, err := t.t.encodeEvent(event)
	if err != nil {
		return err
	}
	return t.t.publishTo(ctx, e, topics)
}

// PublishParams is [Topic.Publish] to the one topic that the values of the
// pattern's parameters make: see [Topic.Topic].
func (t *Topic[S]) PublishParams(ctx context.Context, event Message, params ...any) error {
	topic, err := t.Topic(params...)
	if err != nil {
		return err
	}
	return t.Publish(ctx, event, topic)
}

// PublishJSON is [Topic.Publish] for an event whose payload is JSON already, such
// as the body of a request.
func (t *Topic[S]) PublishJSON(ctx context.Context, action string, payload []byte, topics ...string) error {
	e, err := t.t.eventOf(action, payload)
	if err != nil {
		return &publishError{action, err}
	}
	return t.t.publishTo(ctx, e, topics)
}

// publishTo gives an event to topics that the pattern has to match.
func (t *topic) publishTo(ctx context.Context, e *envelope.Envelope, topics []string) error {
	for _, name := range topics {
		if err := t.check(name); err != nil {
			return &publishError{string(e.Action), err}
		}
	}
	return t.publish(ctx, e, topics)
}

// check says why a name is not one of the topic's.
func (t *topic) check(name string) error {
	if !t.pattern.matches(name) {
		return Errorf(UnknownTopic, "%q is no topic of the pattern %q", name, t.pattern.text)
	}
	if t.params == nil {
		return nil
	}
	object, err := t.params.object(func(f *paramField) ([]string, error) { return []string{t.pattern.param(name, f.name)}, nil })
	if err != nil {
		return err
	}
	if vs := t.params.schema.Validate(object); len(vs) > 0 {
		return t.params.invalid(vs)
	}
	return nil
}

// freeze says that connections may be reading the topic from now on, and panics
// where it doesn't fit the consumer.
func (t *topic) freeze(c *consumer) {
	if t.history != nil && c.overflow != CloseSlow {
		panic(fmt.Sprintf("chanx: %s keeps history, and %s drops messages to slow clients, who would not know what they miss: leave its Overflow at CloseSlow, after which they come back and recover", t.title, c.title))
	}
	if t.presence != nil && c.overflow == DropOldest {
		panic(fmt.Sprintf("chanx: %s tracks presence, and %s drops messages to slow clients, who would not know who is there: give it another Overflow", t.title, c.title))
	}
	if t.frozen.Load() { // for another consumer, whose connections read it
		return
	}
	for _, r := range t.events {
		t.inOrder = t.inOrder || t.history != nil && !r.forward
	}
	t.mustNotBeTaken()
	t.frozen.Store(true)
}

// mustNotBeTaken panics where a message that the topic sends goes by the name of
// one of the framework's frames.
func (t *topic) mustNotBeTaken() {
	for _, m := range t.describe().Sends {
		if slices.Contains(topicActions, m.Action) {
			panic(fmt.Sprintf("chanx: %s: %q is one of the framework's own frames on a topic: give %v another Action", t.title, m.Action, m.Type))
		}
		if t.presence != nil && t.presence.takes(m) {
			panic(fmt.Sprintf("chanx: %s tracks presence, which has a message %q of its own: give %v another Action", t.title, m.Action, m.Type))
		}
	}
}

// sequenced is a message with its position.
type sequenced struct {
	Message

	seq uint64
}

// WithSeq gives a message that is published, broadcast or sent to a topic its
// position there, which clients get as "seq": above 0, and growing as the
// publisher counts; 0 gives it none. A topic that keeps history counts by itself
// and takes none.
func WithSeq(m Message, seq uint64) Message {
	m, _ = sequence(m) // the last one counts
	return sequenced{m, seq}
}

// sequence takes a message and its position apart.
func sequence(m Message) (Message, uint64) {
	if s, ok := m.(sequenced); ok {
		return s.Message, s.seq
	}
	return m, 0
}

// setSeq gives an envelope its publisher's position.
func (s *handlers) setSeq(e *envelope.Envelope, seq uint64) error {
	switch {
	case seq == 0:
	case s.topic == nil:
		return fmt.Errorf("%s: WithSeq is for what goes to a topic", s.title)
	case s.topic.history != nil:
		return fmt.Errorf("%s keeps history, and counts by itself: publish without WithSeq", s.title)
	}
	e.Seq = seq
	return nil
}

// checkParams says why parameters of that type can't be had.
func (s *handlers) checkParams(p *paramsType) error {
	for _, f := range p.fields {
		switch ofTopic := f.source == sourceTopic; {
		case s.topic == nil && ofTopic:
			return fmt.Errorf("%v reads {%s} from a topic, which a consumer doesn't have", p.goType, f.name)
		case s.topic != nil && !ofTopic:
			return fmt.Errorf("%v reads %q from the %s of a request, which a topic doesn't have: parameters of its pattern have a topic tag", p.goType, f.name, f.source)
		case ofTopic && !slices.Contains(s.topic.pattern.names, f.name):
			return fmt.Errorf("the pattern %q has no parameter {%s}, which %v reads", s.topic.pattern.text, f.name, p.goType)
		}
	}
	return nil
}

// encodeMessage encodes a message for the subscribers of a topic.
func (t *topic) encodeMessage(m Message) (*envelope.Envelope, error) {
	m, seq := sequence(m)
	mt, err := t.hub.types.of(reflect.TypeOf(m))
	if err != nil {
		return nil, fmt.Errorf("chanx: %w", err)
	}
	if slices.Contains(topicActions, mt.action) || t.presence != nil && t.presence.takes(MessageInfo{Action: mt.action, Type: mt.goType}) {
		return nil, fmt.Errorf("chanx: %s: %q is one of the framework's own frames on a topic: give %T another Action", t.title, mt.action, m)
	}
	payload, err := mt.appendPayload(nil, m)
	if err != nil {
		return nil, err
	}
	e := &envelope.Envelope{Action: []byte(mt.action), Payload: payload, Message: true}
	if mt.keyed {
		e.Key = []byte(queueKey(mt, m))
	}
	if err := t.setSeq(e, seq); err != nil {
		return nil, fmt.Errorf("chanx: %w", err)
	}
	return e, nil
}

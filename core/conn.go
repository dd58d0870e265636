package chanx

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/chanx-go/chanx/core/internal/wire"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The actions of the framework's own frames.
const (
	actionError          = "error"
	actionComplete       = "complete"
	actionGroupComplete  = "group_complete"
	actionEventComplete  = "event_complete"
	actionAuthentication = "authentication"
	actionStreamCancel   = "stream_cancel"
	actionStreamEnd      = "stream_end"
	actionSubscribe      = "subscribe"
	actionUnsubscribe    = "unsubscribe"
	actionSubscribed     = "subscribed"
	actionUnsubscribed   = "unsubscribed"
)

// Conn is one client's connection. A consumer's state usually embeds it:
//
//	type Chat struct {
//		*chanx.Conn
//		user User
//	}
//
// All methods are safe for concurrent use.
type Conn struct {
	hub      *Hub
	consumer *consumer
	serial   uint64 // the part of the id that is unique in the hub
	ctx      context.Context
	cancel   context.CancelCauseFunc
	state    any
	path     []pathValue
	opening  atomic.Pointer[opening] // nil once open has run

	credential atomic.Pointer[Credential] // nil for nobody

	lane   lane
	out    outbox
	beside *beside // guarded by the lane; nil as long as it isn't needed
	bucket *bucket // guarded by the lane; nil without a rate limit
	alarm  alarm

	groupsMu sync.Mutex
	left     bool // the connection has ended, and joins nothing any more
	opened   bool // open succeeded, so OnClose runs
	observed bool // the observer was told that it is connected
	groups   map[string]*member
	topics   map[string]*Subscription // by name

	seen     atomic.Int64 // tick of the hub's clock at which the client was last heard of
	heard    atomic.Int64 // the same for messages, where there is an idle timeout
	closing  atomic.Pointer[CloseError]
	handling atomic.Bool // the reader runs a handler, and hears nothing
	ended    atomic.Bool
}

// opening is what is known during open only: the request is large, and
// frameworks use it again.
type opening struct {
	request  *http.Request
	authData any
}

// pathValue is one parameter of the route.
type pathValue struct{ name, value string }

// ID identifies the connection in every process of the application. It is what
// [Consumer.PublishTo] takes.
func (c *Conn) ID() string { return c.hub.connID(c.serial) }

// Context is cancelled when the connection ends, with a [*CloseError] as its
// cause. It carries the values of the handshake request's context.
func (c *Conn) Context() context.Context { return c.ctx }

// PathValue returns the decoded value of a parameter of the route, "" if the
// route has none of that name.
func (c *Conn) PathValue(name string) string {
	for _, p := range c.path {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// Request returns the handshake request while open runs, and nil afterwards:
// take from it what the connection needs. It must not be changed.
func (c *Conn) Request() *http.Request {
	if o := c.opening.Load(); o != nil {
		return o.request
	}
	return nil
}

// Authenticated sets the data that the authentication frame carries, where the
// consumer announces its authentication. It has an effect in open only.
func (c *Conn) Authenticated(data any) {
	if o := c.opening.Load(); o != nil {
		o.authData = data
	}
}

// Send sends a message to this client alone. It doesn't wait for the client:
// what can't be written at once is queued, and bounded by the consumer's limits.
// In open it is queued until the upgrade is done. The error is [ErrClosed] once
// the connection is closing, or says why the message can't be encoded.
func (c *Conn) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	mt, err := c.hub.types.of(reflect.TypeOf(m))
	if err != nil {
		return fmt.Errorf("chanx: %w", err)
	}
	return c.sendMessage(mt, m, wire.Head{})
}

// sendMessage encodes and sends a message, with what stands in its head beside
// the action.
func (c *Conn) sendMessage(mt *messageType, m Message, h wire.Head) error {
	buf := getBuffer()
	defer putBuffer(buf)
	var err error
	if *buf, err = c.appendMessage(*buf, mt, m, h); err != nil {
		return err
	}
	return c.send(c.frame(*buf), c.keyOf(mt, m, h.Topic))
}

var headroom [wire.Headroom]byte

// appendMessage appends headroom for a frame's header and the message's JSON.
// What it returns with an error is good for its memory only.
func (c *Conn) appendMessage(b []byte, mt *messageType, m Message, h wire.Head) ([]byte, error) {
	b = append(b, headroom[:]...)
	if h.Ref == nil && h.Topic == "" && c.consumer.discriminator == defaultDiscriminator {
		b = append(b, mt.prefix...)
	} else {
		h.Discriminator, h.Action = c.consumer.discriminator, mt.action
		b = wire.AppendHead(b, h)
	}
	b, err := mt.appendPayload(b, m)
	return wire.AppendTail(b), err
}

// keyOf is what a newer message of the kind replaces in the queue, "" for
// nothing.
func (c *Conn) keyOf(mt *messageType, m Message, topic string) string {
	if !mt.keyed {
		return ""
	}
	return c.consumer.keyOn(topic, queueKey(mt, m))
}

func queueKey(mt *messageType, m Message) string {
	return mt.action + "\x00" + m.(Keyed).QueueKey()
}

// keyOn is a key of [queueKey] as it is in a connection's queue, where messages of
// several topics wait.
func (c *consumer) keyOn(topic, key string) string {
	if key == "" || c.overflow != KeepLatest {
		return ""
	}
	return topic + "\x00" + key
}

// sendFrame sends a frame of the framework's own.
func (c *Conn) sendFrame(h wire.Head, payload any) error {
	frame, err := c.ownFrame(h, payload)
	if err != nil {
		return err
	}
	return c.send(frame, "")
}

// ownFrame encodes a frame of the framework's own.
func (c *Conn) ownFrame(h wire.Head, payload any) ([]byte, error) {
	h.Discriminator = c.consumer.discriminator
	b := append(make([]byte, 0, 256), headroom[:]...)
	b = wire.AppendHead(b, h)
	if payload == nil {
		b = append(b, "null"...)
	} else {
		p, err := json.Marshal(payload, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
		if err != nil {
			return nil, fmt.Errorf("chanx: encoding %q: %w", h.Action, err)
		}
		b = append(b, p...)
	}
	return c.frame(wire.AppendTail(b)), nil
}

// frame puts the header in front of a message that has headroom.
func (c *Conn) frame(b []byte) []byte {
	if c.consumer.compression && c.out.compressed.Load() && len(b) >= compressFrom {
		return compressFrame(nil, b[wire.Headroom:])
	}
	return wire.Frame(b)
}

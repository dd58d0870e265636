package chanx

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/chanx-go/chanx/core/internal/wire"
)

const defaultDiscriminator = "action"

// ConsumerOptions configure a consumer. The zero value, and nil, mean the
// defaults.
type ConsumerOptions struct {
	// Doc describes the consumer in the documentation.
	Doc Doc
	// Limits replace the hub's, field by field.
	Limits Limits
	// Overflow says what happens when a client reads too slowly; CloseSlow by
	// default.
	Overflow Overflow
	// Authenticator finds out who a client is where no middleware does, and lets
	// clients refresh their credentials; nil for none.
	Authenticator *Authenticator
	// RateLimit bounds the frames of a client; nil for no limit.
	RateLimit *RateLimit
	// Origins are the origins that browsers may connect from beside the server's
	// own host, instead of the hub's: see [HubOptions].
	Origins []string
	// Subprotocols are the WebSocket subprotocols that the consumer accepts, in
	// order of preference; one that ends in "*" accepts what begins so, such as
	// "bearer.*".
	Subprotocols []string
	// Discriminator is the name of the field that holds the action; "action" by
	// default.
	Discriminator string
	// Completion announces with a frame that a message, a group's message or an
	// event has been handled, which lets a test read until then.
	Completion bool
	// AnnounceAuthentication accepts the connection before it tells who may not
	// have it: the client gets an authentication frame, and a refusal with
	// Unauthenticated or Forbidden closes with 4501 or 4503, which a browser can
	// read where it can't read the status of a handshake.
	AnnounceAuthentication bool
	// Compression offers permessage-deflate without context takeover. Messages
	// below 512 bytes stay as they are.
	Compression bool
}

// Consumer serves one kind of connection: its handlers, and the type C of the
// state that every connection has. Make one with [NewConsumer], register
// handlers with [On], [Reply] and the like, and mount it with an adapter. In a
// process that only publishes it need not be mounted.
type Consumer[C any] struct{ c *consumer }

// consumer is what is left of a Consumer without its type.
type consumer struct {
	*handlers
	options       *ConsumerOptions
	open          func(ctx context.Context, conn *Conn) (any, error) // nil: the connection is its own state
	limits        Limits
	overflow      Overflow
	rate          *RateLimit
	authenticator *Authenticator
	refresh       *route // of a client's frame "authentication"; nil without an authenticator
	discriminator string
	completion    bool
	compression   bool
	registry      *groups // of this process
	doc           Doc
	alone         *topic // that every connection is subscribed to and that frames without a topic belong to; nil for most
	endpoint      *Endpoint
}

// Mountable is a [Consumer] of any state: what adapters mount.
type Mountable interface{ mountable() *consumer }

// NewConsumer makes a consumer. Its name is part of what the documentation and
// the layer's channels are called, and unique in the hub.
//
// open makes the state of a connection before it is upgraded. It authorizes: an
// [*Error] refuses the handshake with the HTTP status of its reason, any other
// error with 500. The context is the request's; it also ends after
// [Limits].HandshakeTimeout, and a handshake whose open returns only after that is
// refused with 503. open may be nil where C is *[Conn].
func NewConsumer[C any](hub *Hub, name string, open func(ctx context.Context, conn *Conn) (C, error), opts *ConsumerOptions) *Consumer[C] {
	c := newConsumer(hub, name, opts)
	if open != nil {
		c.open = func(ctx context.Context, conn *Conn) (any, error) { return open(ctx, conn) }
	} else if _, ok := any((*Conn)(nil)).(C); !ok {
		panic(fmt.Sprintf("chanx: consumer %q has no open function, which only one with the state *chanx.Conn may leave out", name))
	}
	hub.addConsumer(c)
	return &Consumer[C]{c}
}

func newConsumer(hub *Hub, name string, opts *ConsumerOptions) *consumer {
	if opts == nil {
		opts = &ConsumerOptions{}
	}
	c := &consumer{
		handlers:      newHandlers(hub, "consumer", name),
		options:       opts,
		limits:        opts.Limits.or(hub.limits),
		overflow:      opts.Overflow,
		rate:          opts.RateLimit,
		discriminator: opts.Discriminator,
		completion:    opts.Completion,
		compression:   opts.Compression,
		registry:      newGroups(),
		doc:           opts.Doc.checked(fmt.Sprintf("consumer %q", name)),
	}
	if c.discriminator == "" {
		c.discriminator = defaultDiscriminator
	}
	c.mustBeValid()
	if a := opts.Authenticator; a != nil {
		own := *a
		c.authenticator, c.refresh = &own, refreshRoute(hub)
	}
	return c
}

// mustBeValid panics with what is wrong with the options.
func (c *consumer) mustBeValid() {
	switch {
	case c.name == "":
		panic("chanx: a consumer needs a name")
	case slices.Contains([]string{"payload", "version", "topic", "ref", "seq"}, c.discriminator):
		panic(fmt.Sprintf("chanx: consumer %q: the discriminator can't be %q, which is a field of the envelope", c.name, c.discriminator))
	case c.rate != nil && (c.rate.PerSecond <= 0 || c.rate.Burst < 1):
		panic(fmt.Sprintf("chanx: consumer %q: a rate limit needs PerSecond above 0 and Burst of at least 1", c.name))
	case c.overflow < CloseSlow || c.overflow > KeepLatest:
		panic(fmt.Sprintf("chanx: consumer %q: unknown overflow policy %d", c.name, c.overflow))
	}
	if a := c.options.Authenticator; a != nil {
		a.mustBeValid(c.name)
	}
	for _, o := range c.options.Origins {
		mustBeOrigin(o)
	}
	for _, p := range c.options.Subprotocols {
		if i := strings.IndexByte(p, '*'); i >= 0 && i < len(p)-1 {
			panic(fmt.Sprintf("chanx: consumer %q: subprotocol %q may have a * at its end only", c.name, p))
		}
	}
}

func (c *Consumer[C]) mountable() *consumer {
	if c == nil {
		return nil
	}
	return c.c
}

func (c *Consumer[C]) handlerSet() *handlers { return c.c.handlers }
func (c *Consumer[C]) serves(C)              {}

// Name returns the consumer's name.
func (c *Consumer[C]) Name() string { return c.c.name }

// Publish gives an event to the connections of groups, on every process. It can
// be called from anywhere: an HTTP handler, a goroutine, a program that serves
// no connection. An event that the consumer does not declare, or that breaks its
// schema, is an error with an [*Error] in it, and nothing is published; returned
// from a handler it reaches the client as [Internal], as it is not the client's
// fault. Once Publish has returned nil the layer has the event; who is in a
// group is the layer's to find out.
func (c *Consumer[C]) Publish(ctx context.Context, event Message, groups ...string) error {
	e, err := c.c.encodeEvent(event)
	if err != nil {
		return err
	}
	return c.c.publish(ctx, e, groups)
}

// PublishTo gives an event to one connection, on whichever process it is. A
// connection that has ended is not an error where another process had it; here
// it is [NotFound].
func (c *Consumer[C]) PublishTo(ctx context.Context, connID string, event Message) error {
	e, err := c.c.encodeEvent(event)
	if err != nil {
		return err
	}
	return c.c.publishTo(ctx, connID, e)
}

// PublishJSON is [Consumer.Publish] for an event whose payload is JSON already,
// such as the body of a request.
func (c *Consumer[C]) PublishJSON(ctx context.Context, action string, payload []byte, groups ...string) error {
	e, err := c.c.eventOf(action, payload)
	if err != nil {
		return &publishError{action, err}
	}
	return c.c.publish(ctx, e, groups)
}

// appendFrames appends what clients get of a message or a forwarded event: for a
// topic with its name and the place in it, where these are given.
func (c *consumer) appendFrames(dst []byte, e *envelope.Envelope, topic string, seq uint64) []byte {
	completion := actionGroupComplete
	if len(e.Text) > 0 {
		dst = append(wire.AppendHeader(dst, wire.OpText, len(e.Text)), e.Text...)
	} else {
		dst = c.appendFrame(dst, wire.Head{Action: string(e.Action), Topic: topic, Seq: seq}, e.Payload)
		if !e.Message {
			completion = actionEventComplete
		}
	}
	if !c.completion {
		return dst
	}
	return c.appendFrame(dst, wire.Head{Action: completion, Topic: topic}, []byte("null"))
}

// appendFrame appends one frame.
func (c *consumer) appendFrame(dst []byte, h wire.Head, payload []byte) []byte {
	h.Discriminator = c.discriminator
	buf := getBuffer()
	defer putBuffer(buf)
	*buf = wire.AppendHead(*buf, h)
	dst = wire.AppendHeader(dst, wire.OpText, len(*buf)+len(payload)+1)
	return wire.AppendTail(append(append(dst, *buf...), payload...))
}

// origins are those that browsers may connect from beside the server's own host.
func (c *consumer) origins() []string {
	if c.options.Origins != nil {
		return c.options.Origins
	}
	return c.hub.options.Origins
}

// subprotocol chooses among what the client offers, "" for none. A token is the
// last choice.
func (c *consumer) subprotocol(offered []string) string {
	for _, want := range c.options.Subprotocols {
		for _, have := range offered {
			if prefix, ok := strings.CutSuffix(want, "*"); have == want || ok && strings.HasPrefix(have, prefix) {
				return have
			}
		}
	}
	for _, have := range offered {
		if c.authenticator != nil && strings.HasPrefix(have, bearerProtocol) {
			return have
		}
	}
	return ""
}

// cleanPath makes an address comparable.
func cleanPath(p string) string {
	if p == "" || p[0] != '/' {
		p = "/" + p
	}
	clean := path.Clean(p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

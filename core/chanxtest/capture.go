package chanxtest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/go-json-experiment/json/jsontext"
)

// CaptureOptions configure a capture. The zero value, and nil, mean the defaults.
type CaptureOptions struct {
	// Layer delivers what is published. The default is a memory layer of the
	// capture's own.
	Layer layer.Layer
	// Swallow records what is published and delivers nothing.
	Swallow bool
}

// Capture is a layer that records what hubs publish through it: give it to
// [chanx.HubOptions]. Its methods are safe for concurrent use.
type Capture struct {
	layer   layer.Layer
	swallow bool

	mu      sync.Mutex
	entries []Captured
}

// Captured is one event or message that was published to one group or
// connection: what goes to two groups is two of them.
type Captured struct {
	Consumer string
	Group    string // "" for an event to one connection
	ConnID   string // of [chanx.Consumer.PublishTo]
	Event    bool   // published as an event; else a message that was broadcast
	Action   string
	Payload  []byte // JSON
	Except   string // the id of the connection that is left out
}

// NewCapture makes a capture.
func NewCapture(opts *CaptureOptions) *Capture {
	c := &Capture{}
	if opts != nil {
		c.layer, c.swallow = opts.Layer, opts.Swallow
	}
	if c.layer == nil {
		c.layer = layer.NewMemory()
	}
	return c
}

// Publish records data and passes it on, unless the capture swallows it.
func (c *Capture) Publish(ctx context.Context, channel string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("chanxtest: capture: %w", err)
	}
	e, err := captured(channel, data)
	if err != nil {
		return fmt.Errorf("chanxtest: capture: channel %q: %w", channel, err)
	}
	c.mu.Lock()
	c.entries = append(c.entries, e)
	c.mu.Unlock()
	if c.swallow {
		return nil
	}
	return c.layer.Publish(ctx, channel, data)
}

// Subscribe subscribes to the layer behind the capture.
func (c *Capture) Subscribe(ctx context.Context, channel string, handler func(data []byte)) (layer.Subscription, error) {
	return c.layer.Subscribe(ctx, channel, handler)
}

// Close closes the layer behind the capture. What was recorded stays.
func (c *Capture) Close() error { return c.layer.Close() }

// Entries returns what was recorded, oldest first.
func (c *Capture) Entries() []Captured {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.entries)
}

// Groups returns the groups that something was published to, sorted.
func (c *Capture) Groups() []string {
	var groups []string
	for _, e := range c.Entries() {
		if e.ConnID == "" {
			groups = append(groups, e.Group)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// Reset forgets what was recorded.
func (c *Capture) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = nil
}

// Published returns the events of type E that were recorded, oldest first, once
// for each group or connection that they were published to. A payload that is no
// E fails the test.
func Published[E chanx.Message](t testing.TB, c *Capture) []E {
	t.Helper()
	return recorded[E](t, c, true)
}

// Broadcast returns the messages of type M that were broadcast, like [Published].
func Broadcast[M chanx.Message](t testing.TB, c *Capture) []M {
	t.Helper()
	return recorded[M](t, c, false)
}

func recorded[M chanx.Message](t testing.TB, c *Capture, event bool) []M {
	t.Helper()
	s, err := schemaAlone(reflect.TypeFor[M]())
	if err != nil {
		t.Fatalf("chanxtest: %s is no message: %v", nameOf[M](), err)
	}
	var all []M
	for _, e := range c.Entries() {
		if e.Event != event || e.Action != actionOf[M]() {
			continue
		}
		m, err := decode[M](s, e.Payload)
		if err != nil {
			t.Fatalf("chanxtest: %s was published to group %q and is not %s: %v", limited(string(e.Payload)), e.Group, nameOf[M](), err)
		}
		all = append(all, m)
	}
	return all
}

// captured reads what a hub gives to its layer.
func captured(channel string, data []byte) (Captured, error) {
	var e envelope.Envelope
	if err := e.Parse(data); err != nil {
		return Captured{}, err
	}
	entry := Captured{
		Consumer: string(e.Consumer),
		ConnID:   string(e.To),
		Event:    len(e.Text) == 0,
		Action:   string(e.Action),
		Payload:  slices.Clone(e.Payload),
		Except:   string(e.Except),
	}
	if rest, ok := strings.CutPrefix(channel, "group:"); ok {
		consumer, group, _ := strings.Cut(rest, ":")
		consumer = strings.ReplaceAll(strings.ReplaceAll(consumer, "%3A", ":"), "%25", "%")
		entry.Consumer, entry.Group = consumer, group
	}
	if entry.Event {
		return entry, nil
	}
	return entry, entry.readText(e.Text)
}

// readText takes action and payload from a message as clients get it. The field
// with the action comes before the payload, whatever its name.
func (e *Captured) readText(text []byte) error {
	d := jsontext.NewDecoder(strings.NewReader(string(text)))
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		field := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		switch field {
		case "payload":
			e.Payload = slices.Clone(value)
		case "version", "topic", "ref", "seq":
		default:
			unquoted, err := jsontext.AppendUnquote(nil, value)
			if err != nil {
				return err
			}
			e.Action = string(unquoted)
		}
	}
	return nil
}

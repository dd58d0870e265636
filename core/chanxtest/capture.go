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
	// Swallow records what is published, and neither delivers nor keeps any of it.
	// Presence goes on.
	Swallow bool
}

// Capture is a layer that records what hubs publish through it: give it to
// [chanx.HubOptions]. It is a [layer.History] and a [layer.Presence] as well, as far
// as the layer behind it is; what that can't do returns an error that wraps
// [errors.ErrUnsupported]. It is a [layer.Reporter], too. What hubs say to each other to
// answer queries is passed on and not recorded. Its methods are safe for concurrent use.
type Capture struct {
	layer   layer.Layer
	swallow bool

	mu      sync.Mutex
	entries []Captured
}

// Captured is one event or message that was published to one group, topic or
// connection: what goes to two groups is two of them.
type Captured struct {
	Consumer  string // "" for what goes to a topic, which belongs to none
	Group     string // "" for what goes to a topic or one connection
	Topic     string // such as "room:lobby"; "" for what goes to a group or one connection
	TopicName string // of [chanx.Topic.Name], where there is a Topic
	ConnID    string // of [chanx.Consumer.PublishTo]
	Event     bool   // published as an event; else a message that was broadcast
	Action    string
	Payload   []byte // JSON
	Seq       uint64 // of [chanx.WithSeq]; 0 for none
	History   bool   // to be kept by the layer, which counts by itself
	Except    string // the id of the connection that is left out
}

// String says in words what was published, for a failure's message.
func (e Captured) String() string {
	kind := "message"
	if e.Event {
		kind = "event"
	}
	s := fmt.Sprintf("%s %q %s to %s", kind, e.Action, e.Payload, e.place())
	if e.Except != "" {
		s += fmt.Sprintf(" without connection %q", e.Except)
	}
	return s
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

// record keeps what is published.
func (c *Capture) record(ctx context.Context, channel string, data []byte, history bool) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("chanxtest: capture: %w", err)
	}
	e, err := captured(channel, data)
	if err != nil {
		return fmt.Errorf("chanxtest: capture: channel %q: %w", channel, err)
	}
	e.History = history
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = append(c.entries, e)
	return nil
}

// Entries returns what was recorded, oldest first.
func (c *Capture) Entries() []Captured {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.entries)
}

// Groups returns the groups that something was published to, sorted.
func (c *Capture) Groups() []string {
	return c.names(func(e *Captured) (string, bool) { return e.Group, e.ConnID == "" && e.Topic == "" })
}

// Topics returns the topics that something was published to, such as "room:lobby",
// sorted.
func (c *Capture) Topics() []string {
	return c.names(func(e *Captured) (string, bool) { return e.Topic, e.Topic != "" })
}

// names returns the names that entries have, each once and sorted.
func (c *Capture) names(of func(e *Captured) (string, bool)) []string {
	var names []string
	for _, e := range c.Entries() {
		if name, ok := of(&e); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Reset forgets what was recorded.
func (c *Capture) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = nil
}

// Published returns the events of type E that were recorded, oldest first, once
// for each group, topic or connection that they were published to. A payload that is no
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
			t.Fatalf("chanxtest: %s was published to %s and is not %s: %v", limited(string(e.Payload)), e.place(), nameOf[M](), err)
		}
		all = append(all, m)
	}
	return all
}

// place names for a failure's message where it went.
func (e Captured) place() string {
	switch {
	case e.Topic != "":
		return fmt.Sprintf("topic %q", e.Topic)
	case e.ConnID != "":
		return fmt.Sprintf("connection %q", e.ConnID)
	}
	return fmt.Sprintf("group %q", e.Group)
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
		Event:    len(e.Text) == 0 && !e.Message,
		Action:   string(e.Action),
		Payload:  slices.Clone(e.Payload),
		Seq:      e.Seq,
		Except:   string(e.Except),
	}
	kind, rest, _ := strings.Cut(channel, ":")
	of, name, _ := strings.Cut(rest, ":")
	of = strings.ReplaceAll(strings.ReplaceAll(of, "%3A", ":"), "%25", "%")
	switch kind {
	case "group":
		entry.Consumer, entry.Group = of, name
	case "topic":
		entry.TopicName, entry.Topic = of, name
	}
	if len(e.Text) == 0 {
		return entry, nil
	}
	var err error
	entry.Action, entry.Payload, err = readText(e.Text)
	return entry, err
}

// readText takes action and payload from a message as clients get it. The field
// with the action comes before the payload, whatever its name.
func readText(text []byte) (action string, payload []byte, err error) {
	d := jsontext.NewDecoder(strings.NewReader(string(text)))
	if _, err := d.ReadToken(); err != nil {
		return "", nil, err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return "", nil, err
		}
		field := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return "", nil, err
		}
		switch field {
		case "payload":
			payload = slices.Clone(value)
		case "version", "topic", "ref", "seq":
		default:
			unquoted, err := jsontext.AppendUnquote(nil, value)
			if err != nil {
				return "", nil, err
			}
			action = string(unquoted)
		}
	}
	return action, payload, nil
}

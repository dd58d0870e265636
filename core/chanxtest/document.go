package chanxtest

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"weak"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/chanx-go/chanx/core/schema"
)

// document is the AsyncAPI document of a hub, read back from its text. Its methods
// are safe for concurrent use.
type document struct {
	spec    *spec.Document
	schemas *schema.Document

	mu       sync.Mutex
	channels map[string]*channel // by id
}

// channel is what may be said on one.
type channel struct {
	id       string
	sends    []message // by the server
	receives []message
}

// message is a frame of a channel. Its id is that on the channel.
type message struct {
	id, action string
	frame      *schema.Validator
}

// documents are those of hubs, each made once for what is mounted there: a test may
// open hundreds of connections, and all that is known of each is its hub. They go
// when their hubs go.
var documents = struct {
	sync.Mutex
	of map[weak.Pointer[chanx.Hub]]*made
}{of: map[weak.Pointer[chanx.Hub]]*made{}}

// made is the document of what was mounted on a hub.
type made struct {
	sync.Mutex
	mounted  []chanx.EndpointInfo
	document *document
}

// documentOf returns the document of a hub on which that is mounted.
func documentOf(hub *chanx.Hub, mounted []chanx.EndpointInfo) (*document, error) {
	key := weak.Make(hub)
	documents.Lock()
	m := documents.of[key]
	if m == nil {
		m = &made{}
		documents.of[key] = m
		runtime.AddCleanup(hub, forget, key)
	}
	documents.Unlock()
	m.Lock()
	defer m.Unlock()
	if m.document != nil && reflect.DeepEqual(m.mounted, mounted) {
		return m.document, nil
	}
	d, err := newDocument(hub, mounted)
	if err != nil {
		return nil, fmt.Errorf("there is no document to hold frames against: %w", err)
	}
	m.mounted, m.document = mounted, d
	return d, nil
}

func forget(hub weak.Pointer[chanx.Hub]) {
	documents.Lock()
	defer documents.Unlock()
	delete(documents.of, hub)
}

// newDocument makes the document of a hub. The security schemes that consumers name
// are the program's to explain, and say nothing of frames.
func newDocument(hub *chanx.Hub, mounted []chanx.EndpointInfo) (*document, error) {
	opts := &asyncapi.Options{SecuritySchemes: map[string]*spec.SecurityScheme{}}
	for _, info := range mounted {
		for _, name := range info.Doc.Security {
			opts.SecuritySchemes[name] = &spec.SecurityScheme{Type: "http", Scheme: "bearer"}
		}
	}
	text, err := asyncapi.Generate(hub, opts)
	if err != nil {
		return nil, err
	}
	return readDocument(text)
}

func readDocument(text []byte) (d *document, err error) {
	d = &document{channels: map[string]*channel{}}
	if d.spec, err = spec.Parse(text); err != nil {
		return nil, err
	}
	if d.schemas, err = schema.ReadDocument(text); err != nil {
		return nil, err
	}
	return d, nil
}

// channel finds the channel of a consumer, or of a topic that it has, as a client
// finds it: by the address and the topic's name. The title tells consumers apart that
// share an address.
func (d *document) channel(info *chanx.EndpointInfo, topic *chanx.TopicInfo) (*channel, error) {
	name, title := "", info.Consumer
	if topic != nil {
		name = topic.Topic
		if !info.Alone {
			title += "_" + name
		}
	}
	found := ""
	for _, id := range slices.Sorted(maps.Keys(d.spec.Channels)) {
		c := d.spec.Channels[id]
		same := c.Topic == nil && topic == nil || c.Topic != nil && topic != nil && c.Topic.Name == name
		if same && unnamed(c.Address) == unnamed(info.Path) && (found == "" || c.Title == title) {
			found = id
		}
	}
	if found == "" {
		return nil, fmt.Errorf("it has no channel for %q at %q", title, info.Path)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.channels[found]; c != nil {
		return c, nil
	}
	c, err := d.read(found)
	if err == nil {
		d.channels[found] = c
	}
	return c, err
}

var pathParam = regexp.MustCompile(`\{[^}]*\}`)

// unnamed is an address without the names of its parameters, which a document spells
// with fewer letters.
func unnamed(address string) string { return pathParam.ReplaceAllString(address, "{}") }

// read reads what operations say of a channel.
func (d *document) read(id string) (*channel, error) {
	sends, receives := map[string]bool{}, map[string]bool{}
	ref := "#/channels/" + id
	for _, op := range d.spec.Operations {
		if op.Channel != nil && op.Channel.Ref == ref {
			into := sends
			if op.Action == "receive" {
				into = receives
			}
			d.mention(into, id, op.Messages)
		}
		if r := op.Reply; r != nil && r.Channel != nil && r.Channel.Ref == ref {
			d.mention(sends, id, r.Messages)
		}
	}
	c := &channel{id: id}
	for _, message := range slices.Sorted(maps.Keys(d.spec.Channels[id].Messages)) {
		m, err := d.message(id, message)
		if err != nil {
			return nil, err
		}
		if sends[message] {
			c.sends = append(c.sends, m)
		}
		if receives[message] {
			c.receives = append(c.receives, m)
		}
	}
	return c, nil
}

// mention notes the messages of a channel that an operation has: none means all.
func (d *document) mention(into map[string]bool, channel string, messages []*spec.Message) {
	for _, m := range messages {
		into[strings.TrimPrefix(m.Ref, "#/channels/"+channel+"/messages/")] = true
	}
	if len(messages) == 0 {
		for id := range d.spec.Channels[channel].Messages {
			into[id] = true
		}
	}
}

// message reads the schema of a channel's message, where that stands.
func (d *document) message(channel, id string) (message, error) {
	m, at := d.spec.Channels[channel].Messages[id], "/channels/"+channel+"/messages/"+id
	for m.Ref != "" {
		at = strings.TrimPrefix(m.Ref, "#")
		next := d.spec.Components.Messages[strings.TrimPrefix(at, "/components/messages/")]
		if next == nil {
			return message{}, fmt.Errorf("it has no %s", m.Ref)
		}
		m = next
	}
	frame, err := d.schemas.Validator(at + "/payload")
	return message{id, m.Name, frame}, err
}

// fitting returns the ids of the messages that a frame is.
func fitting(frame []byte, messages []message) []string {
	var ids []string
	for _, m := range messages {
		if m.frame.Validate(frame) == nil {
			ids = append(ids, m.id)
		}
	}
	return ids
}

// exactlyOne says why a frame isn't exactly one of the messages.
func (c *channel) exactlyOne(frame []byte, action string, messages []message) error {
	ids := fitting(frame, messages)
	switch len(ids) {
	case 1:
		return nil
	case 0:
		return c.none(frame, action, messages)
	}
	return fmt.Errorf("on channel %q it is all of the messages %q", c.id, ids)
}

// none says why a frame is none of the messages.
func (c *channel) none(frame []byte, action string, messages []message) error {
	var problems []string
	for _, m := range messages {
		if m.action != action {
			continue
		}
		for _, v := range m.frame.Validate(frame) {
			problems = append(problems, fmt.Sprintf("%q %s", v.Path, v.Message))
		}
	}
	if problems == nil {
		return fmt.Errorf("channel %q has no message %q there", c.id, action)
	}
	return fmt.Errorf("it is no message %q of channel %q: %s", action, c.id, strings.Join(problems, "; "))
}

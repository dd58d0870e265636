package main

import (
	"encoding/json"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/examples/showcase/internal/server"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the document that tests compare with")

const sampleFile = "testdata/chanx-sample.asyncapi.json"

// written is the document that the program writes.
func written(t *testing.T, framework string) string {
	t.Helper()
	return writtenTo(t, framework, "asyncapi.json")
}

// writtenTo is what the program writes to a file of that name.
func writtenTo(t *testing.T, framework, name string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := run(t.Context(), []string{"-framework", framework, "-asyncapi", name}, io.Discard); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDocument(t *testing.T) {
	for _, name := range []string{"showcase.asyncapi.json", "showcase.asyncapi.yaml"} {
		got, golden := writtenTo(t, "chi", name), filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got), -update writes it:\n%s", name, diff)
		}
	}
}

// A consumer has the same address in every framework, however it is mounted there.
func TestDocumentIsTheSameInEveryFramework(t *testing.T) {
	want := written(t, "chi")
	for _, framework := range server.Frameworks() {
		if diff := cmp.Diff(want, written(t, framework)); diff != "" {
			t.Errorf("(-chi +%s):\n%s", framework, diff)
		}
	}
}

// Every channel of the sample application is here, topics too, with its address, and
// with its messages, who sends them, and their payloads. What there is besides are
// the framework's own frames.
func TestSampleDocument(t *testing.T) {
	text, err := os.ReadFile(sampleFile)
	if err != nil {
		t.Fatal(err)
	}
	sample, ours := meaningOf(t, text), meaningOf(t, []byte(written(t, "chi")))
	own := []string{"error", "subscribe", "subscribed", "unsubscribe", "unsubscribed"}
	for id, want := range sample {
		got, ok := ours[id]
		if !ok {
			t.Errorf("there is no channel %s", id)
			continue
		}
		for action := range got.Frames {
			if _, ok := want.Frames[action]; !ok && slices.Contains(own, action) {
				delete(got.Frames, action)
				delete(got.Received, action)
				delete(got.Sent, action)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("channel %s (-sample +ours):\n%s", id, diff)
		}
	}
	if len(sample) != 11 {
		t.Errorf("%d channels were compared", len(sample))
	}
}

// meaning is what a document says of a channel, however it says it.
type meaning struct {
	Address  string
	Params   []string
	Topic    topic
	Frames   map[string]frame // by action
	Received map[string]bool  // actions that clients send
	Sent     map[string]bool  // actions that clients get, as a reply or otherwise
}

// topic is which topics a channel is of, all but the details.
type topic struct {
	Name, Pattern string
	Parameters    []string
}

// frame is a message, without what the framework adds.
type frame struct {
	Payload  any  // the schema
	Required bool // there has to be a payload
}

type document map[string]any

func parsed(t *testing.T, text []byte) document {
	t.Helper()
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func meaningOf(t *testing.T, text []byte) map[string]meaning {
	t.Helper()
	d := parsed(t, text)
	all := map[string]meaning{}
	for id, v := range d.at("#/channels") {
		channel := v.(map[string]any)
		m := meaning{Address: channel["address"].(string), Frames: map[string]frame{}, Received: map[string]bool{}, Sent: map[string]bool{}}
		params, _ := channel["parameters"].(map[string]any)
		m.Params = slices.Sorted(maps.Keys(params))
		if of, ok := channel["x-topic"].(map[string]any); ok {
			m.Topic = topicOf(of)
		}
		for _, message := range channel["messages"].(map[string]any) {
			schema := d.deref(d.deref(message)["payload"])
			required, _ := schema["required"].([]any)
			m.Frames[d.action(message)] = frame{
				Payload:  d.shape(schema["properties"].(map[string]any)["payload"]),
				Required: slices.Contains(required, any("payload")),
			}
		}
		all[id] = m
	}
	for _, op := range d.operations() {
		for _, message := range op.received {
			all[op.channel].Received[d.action(message)] = true
		}
		for _, message := range op.sent {
			all[op.channel].Sent[d.action(message)] = true
		}
	}
	return all
}

// operation is who says what on a channel.
type operation struct {
	channel        string
	received, sent []any // references to messages
}

func (d document) operations() map[string]operation {
	all := map[string]operation{}
	for id, v := range d.at("#/operations") {
		op := v.(map[string]any)
		o := operation{channel: strings.TrimPrefix(refOf(op["channel"]), "#/channels/")}
		messages, _ := op["messages"].([]any)
		if op["action"] == "receive" {
			o.received = messages
		} else {
			o.sent = messages
		}
		if reply, ok := op["reply"].(map[string]any); ok {
			replies, _ := reply["messages"].([]any)
			o.sent = append(o.sent, replies...)
		}
		all[id] = o
	}
	return all
}

func topicOf(object map[string]any) topic {
	t := topic{Name: object["name"].(string), Pattern: object["pattern"].(string)}
	for _, name := range object["parameters"].([]any) {
		t.Parameters = append(t.Parameters, name.(string))
	}
	return t
}

// at returns the object that a reference refers to.
func (d document) at(ref string) map[string]any {
	object := map[string]any(d)
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		object, _ = object[name].(map[string]any)
	}
	return object
}

func refOf(v any) string {
	object, _ := v.(map[string]any)
	ref, _ := object["$ref"].(string)
	return ref
}

// deref follows references, and keeps what stands beside them.
func (d document) deref(v any) map[string]any {
	object, _ := v.(map[string]any)
	ref := refOf(object)
	if ref == "" {
		return object
	}
	object = maps.Clone(object)
	delete(object, "$ref")
	merged := maps.Clone(d.deref(d.at(ref)))
	maps.Copy(merged, object)
	return merged
}

// action is what tells a message from others.
func (d document) action(message any) string {
	properties := d.deref(d.deref(message)["payload"])["properties"].(map[string]any)
	action, _ := properties["action"].(map[string]any)["const"].(string)
	return action
}

// shape is a schema by what it accepts: without references, texts, and other ways
// of saying the same.
func (d document) shape(v any) any {
	s := map[string]any{}
	for keyword, value := range d.deref(v) {
		switch keyword {
		case "title", "description", "examples":
		case "properties":
			members := map[string]any{}
			for name, member := range value.(map[string]any) {
				members[name] = d.shape(member)
			}
			s[keyword] = members
		case "items":
			s[keyword] = d.shape(value)
		case "additionalProperties":
			if value != true && !reflect.DeepEqual(value, map[string]any{}) {
				s[keyword] = d.shape(value)
			}
		case "anyOf":
			maps.Copy(s, d.union(value.([]any)))
		case "allOf":
			for _, each := range value.([]any) {
				maps.Copy(s, d.shape(each).(map[string]any))
			}
		case "required":
			names := slices.Clone(value.([]any))
			slices.SortFunc(names, compareText)
			s[keyword] = names
		default:
			s[keyword] = value
		}
	}
	if s["type"] == "null" {
		delete(s, "default")
	}
	return s
}

// union is what several schemas accept: types alone are a list of types.
func (d document) union(schemas []any) map[string]any {
	var types, shapes []any
	for _, each := range schemas {
		shape := d.shape(each).(map[string]any)
		shapes = append(shapes, shape)
		if len(shape) == 1 && shape["type"] != nil {
			types = append(types, shape["type"])
		}
	}
	if len(types) == len(schemas) {
		return map[string]any{"type": types}
	}
	return map[string]any{"anyOf": shapes}
}

func compareText(a, b any) int { return strings.Compare(a.(string), b.(string)) }

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

const golden = "testdata/showcase.asyncapi.json"

// written is the document that the program writes.
func written(t *testing.T, framework string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "asyncapi.json")
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
	got := written(t, "chi")
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
		t.Errorf("(-want +got), -update writes it:\n%s", diff)
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
// with its messages, their direction and their payloads.
func TestSampleDocument(t *testing.T) {
	text, err := os.ReadFile("testdata/chanx-sample.asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	sample, ours := meaningOf(t, text), meaningOf(t, []byte(written(t, "chi")))
	compared := 0
	for id, want := range sample {
		compared++
		if route, ok := sample[want.Topic.Name]; ok { // it has operations there only
			want.Received = route.Received
		}
		got := ours[id]
		for action := range got.Payloads {
			if _, ok := want.Payloads[action]; !ok {
				delete(got.Payloads, action)
				delete(got.Received, action)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("channel %s (-sample +ours):\n%s", id, diff)
		}
	}
	if compared != 11 {
		t.Errorf("%d channels were compared", compared)
	}
}

// meaning is what a document says of a channel, however it says it.
type meaning struct {
	Address  string
	Params   []string
	Topic    topic
	Payloads map[string]any  // the schema by action
	Received map[string]bool // actions that clients send
}

// topic is which topics a channel is of, all but the details.
type topic struct {
	Name, Pattern string
	Parameters    []string
}

type document map[string]any

func meaningOf(t *testing.T, text []byte) map[string]meaning {
	t.Helper()
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	all := map[string]meaning{}
	for id, v := range d.at("#/channels") {
		channel := v.(map[string]any)
		m := meaning{Address: channel["address"].(string), Payloads: map[string]any{}, Received: map[string]bool{}}
		params, _ := channel["parameters"].(map[string]any)
		m.Params = slices.Sorted(maps.Keys(params))
		if of, ok := channel["x-topic"].(map[string]any); ok {
			m.Topic = topicOf(of)
		}
		for _, message := range channel["messages"].(map[string]any) {
			action, payload := d.frame(message)
			m.Payloads[action] = d.shape(payload)
		}
		all[id] = m
	}
	for _, v := range d.at("#/operations") {
		op := v.(map[string]any)
		if op["action"] != "receive" {
			continue
		}
		channel, _ := strings.CutPrefix(refOf(op["channel"]), "#/channels/")
		for _, message := range op["messages"].([]any) {
			action, _ := d.frame(message)
			all[channel].Received[action] = true
		}
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

// frame returns a message's action and the schema of its payload.
func (d document) frame(message any) (string, any) {
	properties := d.deref(d.deref(message)["payload"])["properties"].(map[string]any)
	action, _ := properties["action"].(map[string]any)["const"].(string)
	return action, properties["payload"]
}

// shape is a schema by what it accepts: without references, texts, and other ways
// of saying the same.
func (d document) shape(v any) any {
	schema := d.deref(v)
	s := map[string]any{}
	for keyword, value := range schema {
		switch keyword {
		case "title", "description":
		case "properties":
			members := map[string]any{}
			for name, member := range value.(map[string]any) {
				members[name] = d.shape(member)
			}
			s[keyword] = members
		case "additionalProperties":
			if value != true && !reflect.DeepEqual(value, map[string]any{}) {
				s[keyword] = value
			}
		case "anyOf":
			types := []any{}
			for _, each := range value.([]any) {
				types = append(types, d.deref(each)["type"])
			}
			s["type"] = types
		default:
			s[keyword] = value
		}
	}
	if s["type"] == "null" {
		delete(s, "default")
	}
	return s
}

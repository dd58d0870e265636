package asyncapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the documents that tests compare with")

func TestGolden(t *testing.T) {
	golden(t, "testdata/full.json", generate(t, fullHub(false), &asyncapi.Options{Title: "Test", Version: "0.1.0", Description: "For <tests> & more"}))
}

// golden compares a document with a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got), -update writes it:\n%s", diff)
	}
}

// The order of registering and mounting makes no difference, and neither do maps.
func TestStable(t *testing.T) {
	for _, hub := range []func(backwards bool) *chanx.Hub{fullHub, topicHub} {
		want := generate(t, hub(false), nil)
		for i := range 20 {
			if got := generate(t, hub(i%2 == 1), nil); !bytes.Equal(want, got) {
				t.Fatalf("another document:\n%s", cmp.Diff(string(want), string(got)))
			}
		}
	}
}

func TestDefaults(t *testing.T) {
	text := generate(t, newHub(), nil)
	want := map[string]any{
		"asyncapi": "3.0.0", "defaultContentType": "application/json",
		"info":     map[string]any{"title": "WebSocket API", "version": "1.0.0"},
		"channels": map[string]any{}, "operations": map[string]any{}, "components": map[string]any{},
	}
	if diff := cmp.Diff(want, at(t, text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOperations(t *testing.T) {
	text := generate(t, fullHub(false), nil)
	got := map[string]string{}
	for name := range keys(at(t, text, "operations")) {
		got[name], _ = at(t, text, "operations", name, "action").(string)
	}
	want := map[string]string{
		"full.ask": "receive", "full.shout": "receive", "full.typing": "receive", "full.stream_cancel": "receive",
		"full.typing.send": "send", "full.loose": "send", "full.answer": "send", "full.hello": "send",
		"full.error": "send", "full.authentication": "send", "full.authentication.refresh": "receive", "full.complete": "send", "full.group_complete": "send", "full.event_complete": "send",
		"plain.ping": "receive", "plain.loose": "receive", "plain.error": "send",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, want := range map[string][]any{
		"full.ask":                    {"#/channels/full/messages/answer"},
		"full.shout":                  {"#/channels/full/messages/token", "#/channels/full/messages/stream_end"},
		"full.typing":                 nil,
		"full.stream_cancel":          nil,
		"full.authentication.refresh": {"#/channels/full/messages/authentication"},
		"plain.ping":                  {"#/channels/plain/messages/pong"},
	} {
		var refs []any
		replies, _ := at(t, text, "operations", name, "reply", "messages").([]any)
		for _, m := range replies {
			refs = append(refs, m.(map[string]any)["$ref"])
		}
		if diff := cmp.Diff(want, refs); diff != "" {
			t.Errorf("the replies of %s (-want +got):\n%s", name, diff)
		}
	}
}

// A payload may be missing where null would do, and nowhere else.
func TestRequired(t *testing.T) {
	text := generate(t, fullHub(false), nil)
	for id, want := range map[string][]any{
		"ask":           {"action", "payload"},
		"shout":         {"action", "payload"},
		"stream_cancel": {"action", "ref"},
		"complete":      {"action"},
		"full.error":    {"action", "payload"},
		"plain.error":   {"type", "payload"},
		"ping":          {"type"},
	} {
		if diff := cmp.Diff(any(want), at(t, text, "components", "messages", id, "payload", "required")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
}

// Only what answers, or is answered, has a ref.
func TestRef(t *testing.T) {
	text := generate(t, fullHub(false), nil)
	for id, want := range map[string]bool{
		"ask": true, "answer": true, "token": true, "stream_end": true, "full.error": true, "complete": true, "typing": true,
		"hello": false, "full.loose": false, "plain.loose": true, "authentication": true, "authentication.refresh": true, "group_complete": false, "event_complete": false,
	} {
		m := at(t, text, "components", "messages", id)
		if _, ok := m.(map[string]any); !ok {
			t.Errorf("there is no message %s", id)
			continue
		}
		properties := at(t, text, "components", "messages", id, "payload", "properties")
		if keys(properties)["ref"] != want || keys(m)["correlationId"] != want {
			t.Errorf("%s: ref %v, correlationId %v, want %v", id, keys(properties)["ref"], keys(m)["correlationId"], want)
		}
	}
}

func TestHandshake(t *testing.T) {
	text := generate(t, fullHub(false), nil)
	params := map[string]any{
		"room": map[string]any{"description": "The room", "enum": []any{"go", "rust"}, "default": "go", "examples": []any{"rust"}},
		"page": map[string]any{"examples": []any{"3"}},
	}
	if diff := cmp.Diff(any(params), at(t, text, "channels", "full", "parameters")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ws := []string{"channels", "full", "bindings", "ws"}
	for part, want := range map[string]map[string]bool{"query": set("tag", "limit"), "headers": set("X-Token"), "x-cookies": set("theme")} {
		if diff := cmp.Diff(want, keys(at(t, text, append(ws, part, "properties")...))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", part, diff)
		}
	}
	if got := at(t, text, append(ws, "headers", "required")...); !cmp.Equal(got, any([]any{"X-Token"})) {
		t.Errorf("required are %v", got)
	}
	if keys(at(t, text, "components", "schemas"))["Place"] {
		t.Error("the parameters' own type is among the schemas, though nothing refers to it")
	}
}

// The frames of the framework are documented as they are.
func TestOwnPayloads(t *testing.T) {
	text := generate(t, fullHub(false), nil)
	for name, value := range map[string]any{
		"ErrorPayload":     chanx.Error{Violations: []chanx.Violation{{}}},
		"ViolationPayload": chanx.Violation{Params: map[string]any{"min": 1}},
	} {
		b, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(keys(at(t, b)), keys(at(t, text, "components", "schemas", name, "properties"))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// odd is named by a test.
type odd struct{}

func (odd) Action() string { return "odd/one: ~ü" }

type even struct {
	N int `json:"n"`
}

func (even) Action() string { return "odd/one: ~ü" }

// Names are free; ids are not.
func TestIDs(t *testing.T) {
	hub := newHub()
	for name, address := range map[string]string{"a b": "/1/{x y}/{x_y}", "a_b": "/2", "a.b": "/3", "a": "/4"} {
		c := chanx.NewConsumer[conn](hub, name, nil, nil)
		chanx.On(c, func(conn, context.Context, odd) error { return nil })
		chanx.Mount(c, address)
	}
	text := generate(t, hub, nil)
	if diff := cmp.Diff(set("a", "a.b", "a_b", "a_b_2"), keys(at(t, text, "channels"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := at(t, text, "channels", "a_b_2", "title"); got != "a b" {
		t.Errorf("a_b_2 is %q", got)
	}
	if got := at(t, text, "channels", "a_b_2", "address"); got != "/1/{x_y_2}/{x_y}" {
		t.Errorf("the address is %q", got)
	}
	if got := at(t, text, "components", "messages", "odd_one____", "name"); got != "odd/one: ~ü" {
		t.Errorf("the message is %q", got)
	}
	if n := len(keys(at(t, text, "operations"))); n != 8 {
		t.Errorf("there are %d operations, want 8", n)
	}
}

// Two types by one name on a channel are one message, so that a frame matches one.
func TestTwoTypesOfOneAction(t *testing.T) {
	hub := newHub()
	c := chanx.NewConsumer[conn](hub, "c", nil, nil)
	chanx.On(c, func(conn, context.Context, odd) error { return nil }, chanx.Sends[even]())
	chanx.Mount(c, "/")
	text := generate(t, hub, nil)
	const id = "odd_one____"
	if diff := cmp.Diff(set("error", id), keys(at(t, text, "channels", "c", "messages"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []any{map[string]any{"$ref": "#/components/schemas/Even"}, map[string]any{"type": "null"}}
	if diff := cmp.Diff(any(want), at(t, text, "components", "messages", id, "payload", "properties", "payload", "anyOf")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(set("c."+id, "c."+id+".send", "c.error"), keys(at(t, text, "operations"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// ruled has a rule that JSON Schema can't say: the hub's validator checks it.
type ruled struct {
	A string `json:"a"`
	B string `json:"b" validate:"eqfield=A"`
}

func (ruled) Action() string { return "ruled" }

type validator struct{}

func (validator) Struct(any) error { return nil }

func TestRulesOfTheValidator(t *testing.T) {
	hub := chanx.NewHub(&chanx.HubOptions{Validator: validator{}})
	c := chanx.NewConsumer[conn](hub, "c", nil, nil)
	chanx.On(c, func(conn, context.Context, ruled) error { return nil })
	chanx.Mount(c, "/")
	text := generate(t, hub, nil)
	if diff := cmp.Diff(set("a", "b"), keys(at(t, text, "components", "schemas", "Ruled", "properties"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

package check_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checker says which messages of a channel a frame is.
type checker struct {
	*testing.T

	messages map[string]*jsonschema.Schema
	seen     map[string]bool
}

func newChecker(t *testing.T, text []byte, channel string) *checker {
	t.Helper()
	d := parse(t, text)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	if err := compiler.AddResource("document.json", d); err != nil {
		t.Fatal(err)
	}
	c := &checker{t, map[string]*jsonschema.Schema{}, map[string]bool{}}
	for name := range member(d, "channels", channel, "messages") {
		ref := member(d, "channels", channel, "messages", name)["$ref"].(string)
		schema, err := compiler.Compile("document.json" + ref + "/payload")
		if err != nil {
			t.Fatal(err)
		}
		c.messages[name] = schema
	}
	return c
}

// is fails the test unless a frame is one message, and just that one.
func (c *checker) is(text, want string) {
	c.Helper()
	frame, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		c.Fatal(err)
	}
	var got []string
	for name, schema := range c.messages {
		if schema.Validate(frame) == nil {
			got = append(got, name)
		}
	}
	if len(got) != 1 || got[0] != want {
		c.Errorf("%s is %q, want %q alone: %v", text, got, want, c.messages[want].Validate(frame))
	}
	c.seen[want] = true
}

// Whatever goes over a connection is one of the messages that its document has.
func TestFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		mux := http.NewServeMux()
		mux.Handle("/{room}/everything", everything(hub))
		c := newChecker(t, documentOf(t, hub), "everything")
		client := chanxtest.Dial(t, mux, "/go/everything", named("ada"))
		const tree = `{"name":"oak","kind":"leaf","children":[],"parent":null,"weight":1.5,"planted":"2026-01-02T03:04:05Z","image":"","page":{"items":[]}}`
		for _, step := range []struct {
			frame string
			is    string
			want  string // the frames that come, in order where it matters
		}{
			{"", "", "authentication noise"},
			{`{"type":"grow","ref":"1","payload":` + tree + `}`, "grow", "grown complete"},
			{`{"type":"count","ref":"2"}`, "count", "number stream_end complete"},
			{`{"type":"stream_cancel","ref":"2"}`, "stream_cancel", "complete"},
			{`{"type":"noise","payload":{"A":true,"B":false}}`, "noise", "complete noise group_complete"},
			{`{"type":"authentication","ref":"3","payload":{"token":"ada"}}`, "authentication.refresh", "authentication complete"},
			{`{"type":"authentication","payload":{"token":"bob"}}`, "authentication.refresh", "error complete"},
			{`{"type":"authentication","payload":{"token":""}}`, "", "error complete"},
			{`{"type":"grow","payload":{}}`, "", "error complete"},
			{`{"type":"nothing"}`, "", "error complete"},
			{`{}`, "", "error complete"},
		} {
			if step.frame != "" {
				client.SendRaw(step.frame)
			}
			if step.is != "" {
				c.is(step.frame, step.is)
			}
			for range strings.FieldsSeq(step.want) {
				f := client.Next()
				if !strings.Contains(" "+step.want+" ", " "+f.Action+" ") {
					t.Errorf("%s comes after %s", f.Text, step.frame)
					continue
				}
				c.is(f.Text, f.Action)
			}
		}
		for name := range c.messages {
			if !c.seen[name] && name != "event_complete" {
				t.Errorf("no frame was %q", name)
			}
		}
	})
}

// What the server refuses, the document refuses, too.
func TestRefusedFrames(t *testing.T) {
	hub := newHub(t)
	everything(hub)
	c := newChecker(t, documentOf(t, hub), "everything")
	for _, text := range []string{
		`{}`, `[]`, `null`,
		`{"payload":null}`,
		`{"type":"count","payload":1}`,
		`{"type":"count","ref":1}`,
		`{"type":"authentication"}`,
		`{"type":"authentication","payload":{}}`,
		`{"type":"authentication","payload":{"token":""}}`,
		`{"type":"authentication","payload":{"status_code":200}}`,
		`{"type":"noise"}`,
		`{"type":"noise","payload":null}`,
		`{"type":"noise","payload":{"A":true}}`,
		`{"type":"nothing","payload":null}`,
		`{"action":"count"}`,
	} {
		frame, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for name, schema := range c.messages {
			if schema.Validate(frame) == nil {
				t.Errorf("%s is %q", text, name)
			}
		}
	}
}

package spec_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, text string) *spec.Document {
	t.Helper()
	d, err := spec.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func resolved(t *testing.T, text string) *spec.Document {
	t.Helper()
	d := parse(t, text)
	if err := d.Resolve(); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParseErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":          {`{"asyncapi":"3.0.0",}`, "spec: at byte 19: "},
		"twice":            {`{"asyncapi":"3.0.0","channels":{"a":{"address":"/a","address":"/b"}}}`, `spec: /channels/a/address: duplicate object member name`},
		"another type":     {`{"asyncapi":"3.0.0","channels":{"a~b/c":{"address":1}}}`, "spec: /channels/a~0b~1c/address: a number is of the wrong type here"},
		"an array":         {`[]`, "an array is of the wrong type here"},
		"nothing":          {``, "spec: at byte 0: "},
		"an older version": {`{"asyncapi":"2.6.0","info":{"title":"t","version":"1"}}`, "it is AsyncAPI 2.6.0, and only 3 is understood"},
		"OpenAPI":          {`{"openapi":"3.1.0"}`, "it is an OpenAPI document"},
		"something":        {`{"info":{}}`, `it has no member "asyncapi"`},
		"UTF-8":            {"{\"asyncapi\":\"3.0.0\",\"id\":\"\xff\"}", "spec: /id: invalid UTF-8"},
	} {
		_, err := spec.Parse([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if _, ok := errors.AsType[*spec.ParseError](err); !ok {
			t.Errorf("%s: a %T", name, err)
		}
	}
}

const chat = `{
	"asyncapi": "3.0.0", "info": {"title": "t", "version": "1", "tags": [{"$ref": "#/components/tags/a"}]},
	"servers": {"here": {"$ref": "#/components/servers/main"}},
	"channels": {
		"chat": {"address": "/chat", "servers": [{"$ref": "#/servers/here"}],
			"messages": {"say": {"$ref": "#/components/messages/say"}, "said": {"$ref": "#/components/messages/alias"}}},
		"again": {"$ref": "#/components/channels/again"}
	},
	"operations": {
		"say": {"action": "receive", "channel": {"$ref": "#/channels/chat"}, "messages": [{"$ref": "#/channels/chat/messages/say"}],
			"security": [{"$ref": "#/components/securitySchemes/bearer"}], "reply": {"$ref": "#/components/replies/said"}},
		"repeat": {"action": "send", "channel": {"$ref": "#/channels/again"}, "messages": [{"$ref": "#/channels/again/messages/a~1%62"}]}
	},
	"components": {
		"servers": {"main": {"host": "example.org", "protocol": "wss", "security": [{"$ref": "#/components/securitySchemes/bearer"}]}},
		"channels": {"again": {"address": "/again", "messages": {"a/b": {"name": "ab"}}}},
		"messages": {"say": {"name": "say", "payload": {"$ref": "#/components/schemas/Say"}}, "alias": {"$ref": "#/components/messages/said"},
			"said": {"name": "said", "payload": {"type": "object", "properties": {"by": {"$ref": "#/components/schemas/Say"}, "at": {"items": [true, {"type": "string"}]}}}}},
		"schemas": {"Say": {"type": "object", "properties": {"text": {"const": 12345678901234567890}}}},
		"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
		"replies": {"said": {"channel": {"$ref": "#/channels/chat"}, "messages": [{"$ref": "#/channels/chat/messages/said"}]}},
		"tags": {"a": {"name": "A", "externalDocs": {"$ref": "#/components/externalDocs/more"}}}, "externalDocs": {"more": {"url": "https://example.org"}}
	}
}`

func TestResolve(t *testing.T) {
	d := resolved(t, chat)
	for range 2 {
		say, c := d.Operations["say"], d.Channels["chat"]
		if say.Channel != c || say.Reply.Channel != c || d.Operations["repeat"].Channel != d.Channels["again"] || d.Channels["again"] != d.Components.Channels["again"] {
			t.Error("the channels of operations are not those of the document")
		}
		if say.Messages[0] != c.Messages["say"] || c.Messages["say"] != d.Components.Messages["say"] || say.Reply.Messages[0] != c.Messages["said"] {
			t.Error("the messages of operations are not those of the channel")
		}
		if got := d.Operations["repeat"].Messages[0].Name; got != "ab" {
			t.Errorf("by way of another reference, and with escapes: %q", got)
		}
		bearer := spec.SecurityScheme{Ref: "#/components/securitySchemes/bearer", Type: "http", Scheme: "bearer"}
		if diff := cmp.Diff([]spec.SecurityScheme{bearer}, say.Security); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		server := spec.Server{Ref: "#/servers/here", Host: "example.org", Protocol: "wss", Security: []spec.SecurityScheme{bearer}}
		if diff := cmp.Diff([]spec.Server{server}, c.Servers); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if tag := d.Info.Tags[0]; tag.Name != "A" || tag.ExternalDocs.URL != "https://example.org" {
			t.Errorf("the tag is %+v", tag)
		}
		if err := d.Resolve(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestResolveFaults(t *testing.T) {
	for name, c := range map[string]struct{ channels, want string }{
		"dangling":         {`{"a": {"messages": {"m": {"$ref": "#/components/messages/m"}}}}`, `/channels/a/messages/m: "#/components/messages/m" is not there`},
		"of another kind":  {`{"a": {"$ref": "#/info"}}`, `/channels/a: "#/info" is something else than is needed here`},
		"a text":           {`{"a": {"$ref": "#/x-text"}}`, `/channels/a: "#/x-text" is something else than is needed here: `},
		"a cycle":          {`{"a": {"$ref": "#/channels/b"}, "b": {"$ref": "#/channels/a"}}`, `/channels/a: "#/channels/b" refers to itself`},
		"a cycle by way":   {`{"a": {"$ref": "#/channels/a/messages/x"}}`, `/channels/a: "#/channels/a/messages/x" refers to itself`},
		"elsewhere":        {`{"a": {"$ref": "b.json#/x"}}`, `/channels/a: "b.json#/x": it is in another document`},
		"not a pointer":    {`{"a": {"$ref": "#anchor"}}`, `/channels/a: "#anchor" is not a JSON Pointer`},
		"null":             {`{"a": null}`, `/channels/a: it is null`},
		"null by a ref":    {`{"a": {"$ref": "#/channels/b"}, "b": null}`, `/channels/a: "#/channels/b" is null`},
		"null in a list":   {`{"a": {"x-of": 1, "messages": {"m": null}}}`, `/channels/a/messages/m: it is null`},
		"several, ordered": {`{"b": null, "a": null}`, "/channels/a: it is null\n/channels/b: it is null"},
	} {
		d := parse(t, `{"asyncapi":"3.0.0","info":{"title":"t","version":"1"},"x-text":"text","channels":`+c.channels+`}`)
		if err := d.Resolve(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestSchema(t *testing.T) {
	for when, d := range map[string]*spec.Document{"before": parse(t, chat), "after": resolved(t, chat)} {
		for ref, want := range map[string]string{
			"#/components/schemas/Say":                                                   `{"type":"object","properties":{"text":{"const":12345678901234567890}}}`,
			"#/components/schemas/Say/properties/text/const":                             `12345678901234567890`,
			"#/channels/chat/messages/said/payload/properties/by":                        `{"$ref":"#/components/schemas/Say"}`,
			"#/channels/chat/messages/said/payload/properties/at":                        `{"items":[true,{"type":"string"}]}`,
			"#/components/messages/said/payload/properties/at/items":                     `[true,{"type":"string"}]`,
			"#/components/messages/alias/payload/properties/at/items/1/type":             `"string"`,
			"#/components/messages/said/payload/properties/by/properties/text":           `{"const":12345678901234567890}`,
			"#/operations/say/reply/messages/0/payload/properties/by/properties/text":    `{"const":12345678901234567890}`,
			"#/components/replies/said/messages/0/payload/properties/by/properties/text": `{"const":12345678901234567890}`,
		} {
			got, err := d.Schema(ref)
			if err != nil || strings.Join(strings.Fields(string(got)), "") != want {
				t.Errorf("%s resolving, %s is %s %v, want %s", when, ref, got, err, want)
			}
		}
		for _, ref := range []string{
			"", "x", "#x", "#/%zz", "b.json#/a", "#/components/schemas/No", "#/components/messages/said/payload/properties/at/items/01",
			"#/components/messages/said/payload/properties/at/items/2", "#/components/messages/said/payload/type/x", "#/info/contact/name", "#/operations/say/messages/-1",
		} {
			if got, err := d.Schema(ref); err == nil {
				t.Errorf("%q is %s", ref, got)
			}
		}
	}
}

func TestDiscriminator(t *testing.T) {
	for payload, want := range map[string]string{
		`{"properties":{"action":{"const":"a"},"kind":{"const":"k"}},"required":["action"]}`: "action=a",
		`{"properties":{"action":{"const":"a"},"kind":{"const":"k"}},"required":["kind"]}`:   "kind=k",
		`{"properties":{"action":{"const":"a"},"kind":{"const":"k"}}}`:                       "action=a",
		`{"properties":{"type":{"enum":["t"]},"kind":{"const":1}}}`:                          "type=t",
		`{"allOf":[{"properties":{"type":{"allOf":[]}}},{"$ref":"#/components/schemas/A"}]}`: "action=A",
		`{"$ref":"#/components/schemas/Loop"}`:                                               "=name",
		`{"$ref":"#/components/schemas/No"}`:                                                 "=name",
		`{"properties":1}`:                                                                   "=name",
		`true`:                                                                               "=name",
		``:                                                                                   "=name",
	} {
		d := parse(t, `{"asyncapi":"3.0.0","components":{"schemas":{
			"A":{"properties":{"action":{"$ref":"#/components/schemas/Const"}},"required":["action"]}, "Const":{"const":"A"},
			"Loop":{"allOf":[{"$ref":"#/components/schemas/Loop"}]}}}}`)
		member, action := d.Discriminator(&spec.Message{Name: "name", Payload: []byte(payload)})
		if got := member + "=" + action; got != want {
			t.Errorf("%s: %s, want %s", payload, got, want)
		}
	}
}

// The documents of the repository are read, and none of what they say is lost.
func TestRead(t *testing.T) {
	for _, name := range []string{"../testdata/full.json", "../testdata/topics.json", "../../../examples/showcase/testdata/showcase.asyncapi.json", "../../../examples/showcase/testdata/chanx-sample.asyncapi.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d := resolved(t, string(text))
		for id, op := range d.Operations {
			for _, m := range op.Messages {
				if member, _ := d.Discriminator(m); member == "" {
					t.Errorf("%s: a message of %s has no discriminator", name, id)
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(chat))
	f.Add([]byte(`{"asyncapi":"3.0.0","channels":{"a":{"$ref":"#/channels/a/messages/b/"}},"x-a":{"$ref":"#/x-a"}}`))
	f.Add([]byte(`{"asyncapi":"3","components":{"messages":{"a":{"payload":{"$ref":"#/components/messages/a/payload/x"}}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := spec.Parse(text)
		if err != nil {
			return
		}
		if err := d.Resolve(); err != nil {
			return
		}
		for _, c := range d.Channels {
			for _, m := range c.Messages {
				d.Discriminator(m)
			}
		}
		if err := d.Resolve(); err != nil {
			t.Errorf("a second time: %v", err)
		}
	})
}

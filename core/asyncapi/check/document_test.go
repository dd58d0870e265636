package check_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi/check"
)

// base is a document with a bit of everything that rules are about, and no fault.
const base = `{
  "asyncapi": "3.0.0",
  "info": {"title": "Test", "version": "1", "tags": [{"name": "a"}]},
  "defaultContentType": "application/json",
  "servers": {"main": {"host": "{region}.example.com:8080", "protocol": "wss", "variables": {"region": {"enum": ["eu", "us"], "default": "eu"}}, "security": [{"$ref": "#/components/securitySchemes/login"}]}},
  "channels": {
    "chat": {
      "address": "/chat/{room}",
      "parameters": {"room": {"enum": ["go", "js"], "examples": ["go"]}},
      "x-topic": {"name": "room", "pattern": "room:{room}", "parameters": ["room"], "parameterSchemas": {"room": {"type": "string"}}},
      "messages": {"say": {"$ref": "#/components/messages/say"}, "said": {"$ref": "#/components/messages/said"}, "left": {"$ref": "#/components/messages/left"}}
    },
    "other": {"address": "/other", "messages": {"left": {"$ref": "#/components/messages/left"}}}
  },
  "operations": {
    "say": {"action": "receive", "channel": {"$ref": "#/channels/chat"}, "messages": [{"$ref": "#/channels/chat/messages/say"}], "reply": {"channel": {"$ref": "#/channels/chat"}, "messages": [{"$ref": "#/channels/chat/messages/said"}]}},
    "left": {"action": "send", "channel": {"$ref": "#/channels/chat"}, "messages": [{"$ref": "#/channels/chat/messages/left"}]},
    "other": {"action": "send", "channel": {"$ref": "#/channels/other"}}
  },
  "components": {
    "securitySchemes": {"login": {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "https://example.com", "availableScopes": {"read": "Read"}}}, "scopes": ["read"]}},
    "messages": {
      "say": {"correlationId": {"location": "$message.payload#/ref"}, "payload": {"type": "object", "properties": {"action": {"type": "string", "const": "say"}, "ref": {"type": "string"}, "payload": {"$ref": "#/components/schemas/Tree"}}, "required": ["action", "payload"]},
        "examples": [{"name": "oak", "payload": {"action": "say", "payload": {"name": "oak", "kids": []}}}]},
      "said": {"payload": {"type": "object", "properties": {"action": {"type": "string", "const": "said"}}, "required": ["action"]}},
      "left": {"payload": {"type": "object", "properties": {"action": {"type": "string", "const": "left"}}, "required": ["action"]}}
    },
    "schemas": {"Tree": {"type": "object", "properties": {"name": {"type": "string", "minLength": 2, "default": "ash", "examples": ["elm"]}, "kids": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}, "required": ["name"]}}
  }
}`

// Each fault is found, at its place, and nothing else.
func TestFaults(t *testing.T) {
	if found := problems(t, []byte(base)); len(found) > 0 {
		t.Fatalf("the document has faults before it is spoiled: %v", found)
	}
	for _, c := range []struct{ from, to, rule, want string }{
		{`"address": "/other"`, `"addrs": "/other"`, "structure", `/channels/other/addrs: unknown member, did you mean "address"?`},
		{`"title": "Test", `, ``, "structure", `/info: the member "title" is missing`},
		{`"action": "receive"`, `"action": "receives"`, "structure", `/operations/say/action: must be one of ["send","receive"], is "receives", did you mean "receive"?`},
		{`"type": "oauth2"`, `"type": "oauth"`, "structure", `/components/securitySchemes/login/type: `},
		{`"type": "array"`, `"type": "aray"`, "structure", `/components/schemas/Tree/properties/kids/type: `},
		{`"minLength": 2`, `"minLength": "2"`, "structure", `/components/schemas/Tree/properties/name/minLength: must be of type integer, is of type string`},
		{`{"type": "string"}}},`, `{"type": "text"}}},`, "structure", `/channels/chat/x-topic/parameterSchemas/room/type: `},
		{`"kids": {"type"`, `"name": {}, "kids": {"type"`, "duplicate-member", `/components/schemas/Tree/properties/name: it is there twice`},
		{`"minLength": 2`, `"minLength": 1e999999999`, "limit", `/components/schemas/Tree/properties/name/minLength: the number`},
		{`"items": {"$ref": "#/components/schemas/Tree"}`, `"items": {"$ref": "#/components/schemas/Bush"}`, "dangling-reference", `/components/schemas/Tree/properties/kids/items: "#/components/schemas/Bush" is not there`},
		{`"items": {"$ref": "#/components/schemas/Tree"}`, `"items": {"$ref": "#/components/messages/left"}`, "reference-kind", `/components/schemas/Tree/properties/kids/items: `},
		{`"items": {"$ref": "#/components/schemas/Tree"}`, `"items": {"$ref": "other.json"}`, "external-reference", `/components/schemas/Tree/properties/kids/items: `},
		{`"items": {"$ref": "#/components/schemas/Tree"}`, `"items": {"$ref": "#/components/schemas/Tree", "title": "x"}`, "beside-reference", `/components/schemas/Tree/properties/kids/items: `},
		{`"schemas": {`, `"schemas": {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}, `, "reference-cycle", `/components/schemas/A: `},
		{`"schemas": {`, `"schemas": {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}, `, "reference-cycle", `/components/schemas/A: the schema is a part of itself`},
		{`"channel": {"$ref": "#/channels/other"}}
  },
  "components": {`, `"channel": {"$ref": "#/components/channels/spare"}}
  },
  "components": {"channels": {"spare": {"address": "/spare"}},`, "operation-channel", `/operations/other/channel: `},
		{`"messages": [{"$ref": "#/channels/chat/messages/left"}]`, `"messages": [{"$ref": "#/components/messages/left"}]`, "foreign-message", `/operations/left/messages/0: `},
		{`"messages": [{"$ref": "#/channels/chat/messages/said"}]`, `"messages": [{"$ref": "#/channels/other/messages/left"}]`, "foreign-message", `/operations/say/reply/messages/0: `},
		{`"operations": {`, `"operations": {"again": {"action": "send", "channel": {"$ref": "#/channels/chat"}, "messages": [{"$ref": "#/channels/chat/messages/left"}]}, `, "duplicate-operation", `/operations/left: "again" does the same`},
		{`"address": "/other"`, `"address": "/other/{id}"`, "undeclared-parameter", `/channels/other: {id} stands in the address`},
		{`"address": "/chat/{room}"`, `"address": "/chat"`, "unused-parameter", `/channels/chat/parameters/room: `},
		{`"address": "/other"`, `"address": "/other?a=b"`, "address", `/channels/other/address: `},
		{`"address": "/other"`, `"address": "/other/{"`, "address", `/channels/other/address: `},
		{`"examples": ["go"]`, `"examples": ["c"]`, "example", `/channels/chat/parameters/room/examples/0: `},
		{`{region}.example.com:8080`, `wss://{region}.example.com`, "server-host", `/servers/main/host: `},
		{`{region}.example.com:8080`, `{region}.example.com/api`, "server-host", `/servers/main/host: `},
		{`{region}.example.com:8080`, `example.com`, "unused-parameter", `/servers/main/variables/region: `},
		{`"default": "eu"`, `"default": "asia"`, "example", `/servers/main/variables/region/default: `},
		{`#/components/securitySchemes/login`, `#/components/securitySchemes/logout`, "dangling-reference", `/servers/main/security/0: `},
		{`#/components/securitySchemes/login`, `#/components/schemas/Tree`, "reference-kind", `/servers/main/security/0: `},
		{`"scopes": ["read"]`, `"scopes": ["write"]`, "security-scope", `/components/securitySchemes/login/scopes/0: `},
		{`"payload": {"name": "oak"`, `"payload": {"name": "o"`, "example", `/components/messages/say/examples/0/payload/payload/name: the schema refuses it`},
		{`"default": "ash"`, `"default": "a"`, "example", `/components/schemas/Tree/properties/name/default: `},
		{`"examples": ["elm"]`, `"examples": ["e"]`, "example", `/components/schemas/Tree/properties/name/examples/0: `},
		{`"const": "left"`, `"const": "said"`, "ambiguous-messages", `/channels/chat/messages/said: a frame can be this and "left"`},
		{`"required": ["name"]`, `"required": ["name"], "prefixItems": []`, "later-draft", `/components/schemas/Tree/prefixItems: `},
		{`"parameters": ["room"]`, `"parameters": ["rooms"]`, "topic", `/channels/chat/x-topic: {room}`},
		{`"schemas": {`, `"schemas": {"A B": {}, `, "id", `/components/schemas/A B: `},
		{`"servers": {"main"`, `"servers": {"ma in"`, "id", `/servers/ma in: `},
		{`$message.payload#/ref`, `$message.payload#/reference`, "correlation-location", `/components/messages/say/correlationId: `},
		{`[{"name": "a"}]`, `[{"name": "a"}, {"name": "a", "description": "again"}]`, "duplicate-tag", `/info/tags/1: `},
	} {
		t.Run(c.rule+" "+c.to, func(t *testing.T) {
			if strings.Count(base, c.from) == 0 {
				t.Fatalf("%q is not in the document", c.from)
			}
			found := problems(t, []byte(strings.Replace(base, c.from, c.to, 1)))
			at := false
			for _, p := range found {
				at = at || p.Rule == c.rule && strings.HasPrefix(p.String(), c.want)
				if p.Rule != c.rule {
					t.Errorf("%s, not asked for: %s", p.Rule, p)
				}
			}
			if !at {
				t.Errorf("got %v, want %s: %s", found, c.rule, c.want)
			}
		})
	}
}

// What goes different ways, or differs in what is required, is told apart.
func TestToldApart(t *testing.T) {
	const where = `"payload": {"type": "object", "properties": {"action": {"type": "string", "const": "left"}}, "required": ["action"]}`
	for _, payload := range []string{
		`{"oneOf": [{"type": "string"}, {"type": "object", "properties": {"action": {"enum": ["a", "b"]}}, "required": ["action"]}]}`,
		`{"allOf": [{"properties": {"action": {"type": "null"}}}, {"required": ["action"]}]}`,
		`{"type": "object", "properties": {"other": {}}, "required": ["other"], "additionalProperties": false}`,
		`{"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {"type": "record", "name": "A", "fields": []}}`,
	} {
		for _, p := range problems(t, []byte(strings.Replace(base, where, `"payload": `+payload, 1))) {
			if p.Rule == "ambiguous-messages" {
				t.Errorf("%s: %s", payload, p)
			}
		}
	}
}

func TestNotADocument(t *testing.T) {
	for text, want := range map[string]string{
		``:                            "EOF",
		`[]`:                          "not a JSON object",
		`{} {}`:                       "something follows",
		"{\n  \"a\": }":               "line 2, column 8",
		`{}`:                          `has no string "asyncapi"`,
		`{"asyncapi":"2.6.0"}`:        `"2.6.0" is not a version that is known`,
		`{"asyncapi":"3.2.0"}`:        `"3.2.0" is not a version that is known`,
		strings.Repeat(`{"a":`, 5000): "levels deep",
	} {
		if _, err := check.Document([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want %q", text, err, want)
		}
	}
}

// Schemas that mean more work than they look like are not applied.
func TestBomb(t *testing.T) {
	var schemas strings.Builder
	for i := range 60 {
		fmt.Fprintf(&schemas, `"S%d": {"allOf": [{"$ref": "#/components/schemas/S%d"}, {"$ref": "#/components/schemas/S%d"}]}, `, i, i+1, i+1)
	}
	text := strings.Replace(base, `"schemas": {`, `"schemas": {`+schemas.String()+`"S60": {}, "Bomb": {"allOf": [{"$ref": "#/components/schemas/S0"}], "default": 1}, `, 1)
	found := problems(t, []byte(text))
	if len(found) != 1 || found[0].Rule != "limit" {
		t.Errorf("got %v", found)
	}
}

// FuzzDocument must come back, whatever the text is.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(base))
	f.Add([]byte(`{"asyncapi":"3.1.0","info":{"$ref":"#"},"channels":{"$ref":"#/channels"}}`))
	f.Add([]byte(`{"asyncapi":"3.0.0","components":{"schemas":{"A":{"$ref":"#/components/schemas/A/properties/x"},"B":{"properties":{"$ref":{"$ref":"#/components/schemas/B"}},"default":{}}}}}`))
	f.Add([]byte(`{"asyncapi":"3.0.0","info":{"title":"","version":""},"components":{"schemas":{"A":{"$id":"http://a","$schema":"http://b","pattern":"(?=a)","default":"x","multipleOf":0.1}}}}`))
	if text, err := os.ReadFile("../testdata/full.json"); err == nil {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := check.Document(text)
		if err != nil {
			return
		}
		again, _ := check.Document(text)
		if fmt.Sprint(first) != fmt.Sprint(again) {
			t.Errorf("two answers:\n%v\n%v", first, again)
		}
	})
}

func ExampleDocument() {
	found, err := check.Document([]byte(`{
		"asyncapi": "3.0.0",
		"info": {"title": "Chat", "version": "1.0.0"},
		"channels": {"chat": {"addrs": "/chat"}}
	}`))
	if err != nil {
		fmt.Println(err)
	}
	for _, p := range found {
		fmt.Println(p)
	}
	// Output: /channels/chat/addrs: unknown member, did you mean "address"?
}

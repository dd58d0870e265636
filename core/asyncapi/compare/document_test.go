package compare_test

import (
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi/compare"
	"github.com/google/go-cmp/cmp"
)

// rooms is a document with something of everything.
const rooms = `{"asyncapi": "3.0.0", "info": {"title": "Rooms", "version": "1"},
	"servers": {"main": {"host": "example.org", "protocol": "wss", "pathname": "/api", "description": "d"}},
	"channels": {
		"rooms": {"address": "/rooms/{room}", "parameters": {"room": {"enum": ["go", "rust"]}}, "x-subprotocols": ["v1", "bearer.*"],
			"messages": {"say": {"$ref": "#/components/messages/say"}, "said": {"$ref": "#/components/messages/said"}, "ok": {"$ref": "#/components/messages/ok"}, "news": {"$ref": "#/components/messages/news"}},
			"bindings": {"ws": {"method": "GET", "query": {"type": "object", "properties": {"limit": {"type": "integer"}}}}}},
		"log": {"address": "/rooms/{room}", "parameters": {"room": {}}, "x-topic": {"name": "log", "pattern": "log:{name}", "parameters": ["name"], "parameterSchemas": {"name": {"type": "string"}}, "history": true, "presence": true},
			"messages": {"line": {"$ref": "#/components/messages/news"}}}
	},
	"operations": {
		"rooms.say": {"action": "receive", "channel": {"$ref": "#/channels/rooms"}, "summary": "Say it", "messages": [{"$ref": "#/channels/rooms/messages/say"}],
			"security": [{"$ref": "#/components/securitySchemes/bearer"}],
			"reply": {"messages": [{"$ref": "#/channels/rooms/messages/said"}]}},
		"rooms.news": {"action": "send", "channel": {"$ref": "#/channels/rooms"}, "messages": [{"$ref": "#/channels/rooms/messages/news"}]},
		"log.line": {"action": "send", "channel": {"$ref": "#/channels/log"}, "messages": [{"$ref": "#/channels/log/messages/line"}]}
	},
	"components": {
		"messages": {
			"say": {"name": "say", "payload": {"type": "object", "properties": {"action": {"const": "say"}, "ref": {"type": "string"}}, "required": ["action"]}, "correlationId": {"location": "$message.payload#/ref"}},
			"said": {"name": "said", "payload": {"type": "object", "properties": {"action": {"const": "said"}}, "required": ["action"]}},
			"ok": {"name": "ok", "payload": {"type": "object", "properties": {"action": {"const": "ok"}}, "required": ["action"]}},
			"news": {"name": "news", "payload": {"type": "object", "properties": {"action": {"const": "news"}}, "required": ["action"]}}
		},
		"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}, "key": {"type": "httpApiKey", "in": "query", "name": "token"}}
	}}`

// changes of rooms: a part is replaced, or all of several. What it means, there and
// back.
var documentChanges = []struct {
	name        string
	replace     []string
	there, back compare.Level
	text        string // in the message of the way there
}{
	// The document.
	{"info", []string{`"version": "1"}`, `"version": "2", "x-a": 1}`}, compare.Documentation, compare.Documentation, "another extensions, version"},
	{"the specification", []string{`"asyncapi": "3.0.0"`, `"asyncapi": "3.1.0"`}, compare.Documentation, compare.Documentation, "another asyncapi"},
	{"the host", []string{`"example.org"`, `"example.com"`}, compare.Breaking, compare.Breaking, "the API is not served at wss://example.org/api any more"},
	{"the protocol", []string{`"wss"`, `"ws"`}, compare.Breaking, compare.Breaking, "wss://example.org/api"},
	{"another server", []string{`"servers": {`, `"servers": {"second": {"host": "b.example.org", "protocol": "wss"}, `}, compare.Compatible, compare.Breaking, "the API is served at wss://b.example.org, too"},
	{"the server's name", []string{`"main"`, `"first"`}, "", "", ""},
	{"the server of the request", []string{`"servers": {`, `"servers": {"current": {"host": "localhost:80", "protocol": "ws"}, `}, "", "", ""},
	{"no servers", []string{`"servers": {"main"`, `"x-servers": {"main"`}, "", "", ""},
	{"what is said of the server", []string{`"description": "d"`, `"description": "e"`}, compare.Documentation, compare.Documentation, "another description"},
	{"the server's security", []string{`"description": "d"`, `"description": "d", "security": [{"type": "http", "scheme": "basic"}]`}, compare.Breaking, compare.Compatible, "clients need credentials now: basic authentication"},
	{"variables", []string{`"description": "d"`, `"description": "d", "variables": {"a": {"default": "b"}}`}, compare.Breaking, compare.Breaking, "the server has other variables"},

	// Channels.
	{"another address", []string{`"/rooms/{room}", "parameters": {"room": {"e`, `"/room/{room}", "parameters": {"room": {"e`}, compare.Breaking, compare.Breaking, "the address was /rooms/{room}, and is /room/{room}"},
	{"the name of a parameter", []string{`"/rooms/{room}", "parameters": {"room": {"e`, `"/rooms/{name}", "parameters": {"name": {"e`}, "", "", ""},
	{"a value of a parameter", []string{`["go", "rust"]`, `["go"]`}, compare.Breaking, compare.Compatible, `"rust" is not possible any more`},
	{"any value", []string{`"enum": ["go", "rust"]`, `"description": ""`}, compare.Compatible, compare.Breaking, `any value is possible, not only "go", "rust"`},
	{"what is said of a parameter", []string{`"enum": ["go", "rust"]`, `"enum": ["go", "rust"], "default": "go"`}, compare.Documentation, compare.Documentation, "another default"},
	{"the channel's id", []string{`"rooms": {`, `"chat": {`, "#/channels/rooms", "#/channels/chat"}, compare.Documentation, compare.Documentation, `the channel was called "rooms", and is called "chat"`},
	{"a channel", []string{`"log": {"address"`, `"more": {"address": "/more"}, "log": {"address"`}, compare.Compatible, compare.Breaking, "there is a channel at /more"},
	{"what is said of a channel", []string{`"log": {`, `"log": {"tags": [{"name": "x"}],`}, compare.Documentation, compare.Documentation, "another tags"},
	{"a subprotocol", []string{`["v1", "bearer.*"]`, `["bearer.*"]`}, compare.Breaking, compare.Compatible, `the subprotocol "v1" is not accepted any more`},
	{"a subprotocol of many", []string{`["v1", "bearer.*"]`, `["v1", "bearer.*", "bearer.x"]`}, "", "", ""},
	{"the method", []string{`"method": "GET"`, `"method": "POST"`}, compare.Breaking, compare.Breaking, "the handshake's method was GET, and is POST"},
	{"a parameter of the query", []string{`{"limit": `, `{"page": {"type": "integer"}, "limit": `}, compare.Compatible, compare.Compatible, `there is an optional property "page"`},
	{"a required parameter", []string{`{"limit": {"type": "integer"}}`, `{"limit": {"type": "integer"}}, "required": ["limit"]`}, compare.Breaking, compare.Compatible, `the property "limit" is required now`},
	{"headers", []string{`"method": "GET"`, `"headers": {"type": "object", "properties": {"X": {"type": "string"}}, "required": ["X"]}`}, compare.Breaking, compare.Compatible, `there is a required property "X"`},
	{"cookies", []string{`"method": "GET"`, `"x-cookies": {"type": "object", "properties": {"X": {"type": "string"}}}`}, compare.Compatible, compare.Compatible, `there is an optional property "X"`},

	// Security.
	{"another scheme", []string{`"security": [{"$ref": "#/components/securitySchemes/bearer"}]`, `"security": [{"$ref": "#/components/securitySchemes/key"}]`}, compare.Breaking, compare.Breaking, "bearer authentication is not taken any more"},
	{"one scheme more", []string{`"security": [`, `"security": [{"$ref": "#/components/securitySchemes/key"}, `}, compare.Compatible, compare.Breaking, `a key in the query's parameter "token" is taken, too`},
	{"no security", []string{`"security": [{"$ref": "#/components/securitySchemes/bearer"}]`, `"security": []`}, compare.Compatible, compare.Breaking, "clients need no credentials any more"},
	{"optional", []string{`"x-subprotocols"`, `"x-security-optional": true, "x-subprotocols"`}, compare.Compatible, compare.Breaking, "credentials are optional now"},
	{"the scheme's name", []string{`"bearer":`, `"token":`, "securitySchemes/bearer", "securitySchemes/token"}, "", "", ""},
	{"scopes", []string{`"scheme": "bearer"`, `"scheme": "bearer", "scopes": ["b", "a"]`}, compare.Breaking, compare.Breaking, "bearer authentication is not taken any more"},

	// Topics.
	{"the pattern", []string{`"log:{name}"`, `"logs:{name}"`}, compare.Breaking, compare.Breaking, "the topic was log:{name}, and is logs:{name}"},
	{"the name in the pattern", []string{`"log:{name}", "parameters": ["name"], "parameterSchemas": {"name"`, `"log:{log}", "parameters": ["log"], "parameterSchemas": {"log"`}, "", "", ""},
	{"the topic's name", []string{`"x-topic": {"name": "log"`, `"x-topic": {"name": "journal"`}, "", "", ""},
	{"no topic", []string{`"x-topic"`, `"x-no-topic"`}, compare.Breaking, compare.Breaking, "it was the topic log:{name}, and is none"},
	{"history", []string{`"history": true`, `"history": false`}, compare.Breaking, compare.Compatible, "the topic has no history any more"},
	{"presence", []string{`"presence": true`, `"presence": false`}, compare.Breaking, compare.Compatible, "the topic has no presence any more"},
	{"a parameter of the topic", []string{`{"name": {"type": "string"}}`, `{"name": {"type": "string", "maxLength": 3}}`}, compare.Breaking, compare.Compatible, "maxLength is 3"},
	{"no schema of it", []string{`{"name": {"type": "string"}}`, `{}`}, "", "", ""},

	// Messages.
	{"a message that clients send", []string{`"operations": {`, `"operations": {"more": {"action": "receive", "channel": {"$ref": "#/channels/rooms"}, "messages": [{"$ref": "#/channels/rooms/messages/news"}]},`}, compare.Compatible, compare.Breaking, `there is a message "news", which clients send`},
	{"a message that the server sends", []string{`"action": "send", "channel": {"$ref": "#/channels/rooms"}, "messages": [`, `"action": "send", "channel": {"$ref": "#/channels/rooms"}, "messages": [{"$ref": "#/channels/rooms/messages/said"}, `}, compare.Compatible, compare.Breaking, "it comes unasked, too"},
	{"the other way", []string{`"log.line": {"action": "send"`, `"log.line": {"action": "receive"`}, compare.Breaking, compare.Breaking, `there is no message "news" any more, which the server sends`},
	{"the operation's name", []string{`"rooms.say"`, `"say"`}, "", "", ""},
	{"the message's name", []string{`"line"`, `"row"`, `messages/line`, `messages/row`}, "", "", ""},
	{"the action", []string{`{"const": "say"}`, `{"const": "speak"}`}, compare.Breaking, compare.Breaking, `there is no message "say" any more, which clients send`},
	{"all messages", []string{`"log.line": {"action": "send", "channel": {"$ref": "#/channels/log"}, "messages": [{"$ref": "#/channels/log/messages/line"}]}`, `"log.line": {"action": "send", "channel": {"$ref": "#/channels/log"}}`}, "", "", ""},
	{"what is said of a message", []string{`"name": "say"`, `"name": "say", "summary": "x", "deprecated": true`}, compare.Documentation, compare.Documentation, "another deprecated, summary"},
	{"what is said of an operation", []string{`"Say it"`, `"Tell it"`}, compare.Documentation, compare.Documentation, "another summary of the operation"},
	{"the content type", []string{`"name": "say"`, `"name": "say", "contentType": "text/plain"`}, compare.Breaking, compare.Breaking, "the content type was application/json, and is text/plain"},
	{"the content type, said otherwise", []string{`"name": "say"`, `"name": "say", "contentType": "application/json"`}, "", "", ""},
	{"the discriminator", []string{`"action": {"const": "say"}, "ref": {"type": "string"}}, "required": ["action"]`, `"type": {"const": "say"}, "ref": {"type": "string"}}, "required": ["type"]`}, compare.Breaking, compare.Breaking, `the member that tells messages apart was "action", and is "type"`},
	{"the action, which need not be said to be required", []string{`"ref": {"type": "string"}}, "required": ["action"]`, `"ref": {"type": "string"}}`}, "", "", ""},
	{"a reply", []string{`"reply": {"messages": [`, `"reply": {"messages": [{"$ref": "#/channels/rooms/messages/ok"}, `}, compare.Breaking, compare.Breaking, `it may be answered with "ok", too`},
	{"no reply", []string{`"reply": {"messages": [{"$ref": "#/channels/rooms/messages/said"}]}`, `"x-reply": 0`}, compare.Breaking, compare.Breaking, `it is not answered with "said" any more`},
	{"the correlation", []string{`, "correlationId": {"location": "$message.payload#/ref"}`, ``}, compare.Breaking, compare.Compatible, "can't be told by $message.payload#/ref any more"},
	{"another correlation", []string{`"$message.payload#/ref"`, `"$message.payload#/id"`}, compare.Breaking, compare.Breaking, "were told by $message.payload#/ref, and are by $message.payload#/id"},
	{"headers of a message", []string{`"name": "say"`, `"name": "say", "headers": {"type": "object", "properties": {"x": {}}, "required": ["x"]}`}, compare.Breaking, compare.Compatible, `there is a required property "x"`},
	{"no payload", []string{`"name": "news", "payload": {"type": "object", "properties": {"action": {"const": "news"}}, "required": ["action"]}`, `"name": "news"`}, compare.Breaking, compare.Compatible, "is possible, too"},
}

func TestDocuments(t *testing.T) {
	for _, c := range documentChanges {
		for _, pair := range c.replace {
			if strings.Contains(rooms, pair) {
				break
			}
			t.Fatalf("%s: the document has no %s", c.name, pair)
		}
		changed := strings.NewReplacer(c.replace...).Replace(rooms)
		there, back := documents(t, rooms, changed), documents(t, changed, rooms)
		if worst(there) != c.there || worst(back) != c.back {
			t.Errorf("%s: %q and back %q, want %q and %q\n%+v\n%+v", c.name, worst(there), worst(back), c.there, c.back, there, back)
		}
		if !mentions(there, c.text) {
			t.Errorf("%s: nothing says %q: %+v", c.name, c.text, there)
		}
		pointersLead(t, c.name, there, rooms, changed)
		pointersLead(t, c.name, back, changed, rooms)
	}
}

// A change of a schema that several messages have is one change, which names them
// all, those with schemas that contain each other, too.
func TestChangesAreSaidOnce(t *testing.T) {
	document := func(rule string) string {
		return `{"asyncapi": "3.0.0", "info": {"title": "t", "version": "1"},
			"channels": {"c": {"address": "/", "messages": {"a": {"$ref": "#/components/messages/a"}, "b": {"$ref": "#/components/messages/b"}}}},
			"operations": {"c": {"action": "receive", "channel": {"$ref": "#/channels/c"}}, "d": {"action": "send", "channel": {"$ref": "#/channels/c"}, "messages": [{"$ref": "#/channels/c/messages/a"}]}},
			"components": {
				"schemas": {
					"A": {"type": "object", "properties": {"b": {"anyOf": [{"$ref": "#/components/schemas/B"}, {"type": "null"}]}, "text": {"type": "string"` + rule + `}}},
					"B": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/A"}}}},
				"messages": {
					"a": {"payload": {"properties": {"action": {"const": "a"}, "payload": {"$ref": "#/components/schemas/A"}}}},
					"b": {"payload": {"properties": {"action": {"const": "b"}, "payload": {"$ref": "#/components/schemas/B"}}}}}}}`
	}
	want := []compare.Change{{
		Level: compare.Breaking, Old: "/components/schemas/A/properties/text", New: "/components/schemas/A/properties/text/maxLength",
		Message: "maxLength is 5, and there was none", In: []string{"c: a, which clients send", "c: b, which clients send"},
	}}
	if diff := cmp.Diff(want, documents(t, document(""), document(`, "maxLength": 5`))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A document whose references lead nowhere is an error that says whose.
func TestUnresolved(t *testing.T) {
	good := parse(t, []byte(rooms))
	bad := parse(t, []byte(strings.Replace(rooms, `"$ref": "#/channels/rooms"`, `"$ref": "#/channels/no"`, 1)))
	for _, c := range []struct{ name, want string }{{"old", "the old document: "}, {"new", "the new document: "}} {
		x, y := bad, good
		if c.name == "new" {
			x, y = good, bad
		}
		if _, err := compare.Documents(x, y); err == nil || !strings.Contains(err.Error(), c.want+`/operations/rooms.say/channel: "#/channels/no" is not there`) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Chanx's documents don't say that the action is required. They can be compared with
// ours, and what we leave out or add is found.
func TestAnotherFramework(t *testing.T) {
	const folder = "../../../examples/showcase/testdata/"
	changes := documents(t, read(t, folder+"chanx-sample.asyncapi.json"), read(t, folder+"showcase.asyncapi.json"))
	for _, c := range changes {
		if c.Level != compare.Breaking {
			continue
		}
		if !strings.HasPrefix(c.Message, "it is not answered with ") && c.Message != `there is a required property "topic"` {
			t.Errorf("%+v", c)
		}
	}
}

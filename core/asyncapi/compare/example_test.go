package compare_test

import (
	"fmt"

	"github.com/chanx-go/chanx/core/asyncapi/compare"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

func ExampleDocuments() {
	// Clients could say "" once; the server says "" now.
	const published = `{"asyncapi": "3.0.0", "channels": {"chat": {"address": "/chat", "messages": {
		"say":  {"payload": {"properties": {"action": {"const": "say"},  "payload": {"type": "string"}}}},
		"said": {"payload": {"properties": {"action": {"const": "said"}, "payload": {"type": "string", "minLength": 1}}}}}}},
		"operations": {
			"say":  {"action": "receive", "channel": {"$ref": "#/channels/chat"}, "messages": [{"$ref": "#/channels/chat/messages/say"}]},
			"said": {"action": "send",    "channel": {"$ref": "#/channels/chat"}, "messages": [{"$ref": "#/channels/chat/messages/said"}]}}}`
	const changed = `{"asyncapi": "3.0.0", "channels": {"chat": {"address": "/chat", "messages": {
		"say":  {"payload": {"properties": {"action": {"const": "say"},  "payload": {"type": "string", "minLength": 1}}}},
		"said": {"payload": {"properties": {"action": {"const": "said"}, "payload": {"type": "string"}}}}}}},
		"operations": {
			"say":  {"action": "receive", "channel": {"$ref": "#/channels/chat"}, "messages": [{"$ref": "#/channels/chat/messages/say"}]},
			"said": {"action": "send",    "channel": {"$ref": "#/channels/chat"}, "messages": [{"$ref": "#/channels/chat/messages/said"}]}}}`
	old, err := spec.Parse([]byte(published))
	if err != nil {
		fmt.Println(err)
		return
	}
	now, err := spec.Parse([]byte(changed))
	if err != nil {
		fmt.Println(err)
		return
	}
	changes, err := compare.Documents(old, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range changes {
		fmt.Println(c.Level, c.In, c.Message)
	}
	// Output:
	// breaking [chat: said, which the server sends] minLength was 1, and there is none
	// breaking [chat: say, which clients send] minLength is 1, and there was none
}

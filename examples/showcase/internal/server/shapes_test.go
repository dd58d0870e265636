package server_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shapes are the payloads that clients of the sample application know, by
// action: a client that was generated from its document must work here.
var shapes = map[string]string{
	"analytics":                  analyticsShape,
	"analytics_notification":     analyticsShape,
	"chat":                       messageShape,
	"chat_notification":          messageShape,
	"extra_passthrough":          textShape,
	"extra_request":              textShape,
	"extra_response":             textShape,
	"job":                        `{"type":"object","required":["content"],"properties":{"content":{"type":"string"},"type":{"type":"string","default":"default"}}}`,
	"job_status":                 `{"type":"object","additionalProperties":{}}`,
	"notification":               notificationShape,
	"notification_broadcast":     notificationShape,
	"ping":                       nullShape,
	"pong":                       nullShape,
	"reliable_chat":              messageShape,
	"reliable_chat_notification": messageShape,
	"room_chat":                  roomShape,
	"room_notification":          roomShape,
	"system_echo":                messageShape,
	"user_joined_notification":   messageShape,
	"user_left_notification":     messageShape,
	"user_message":               messageShape,

	// Ours.
	"echo":       echoShape,
	"echo_reply": echoShape,
	"identity":   `{"type":"object","required":["sub"],"properties":{"sub":{"type":"string"}}}`,
	"publish":    publishShape,
	"published":  publishShape,
	"whoami":     nullShape,
}

const (
	nullShape         = `{"type":"null"}`
	textShape         = `{"type":"string"}`
	messageShape      = `{"type":"object","required":["message"],"properties":{"message":{"type":"string"}}}`
	analyticsShape    = `{"type":"object","required":["event"],"properties":{"event":{"type":"string"},"data":{"default":null}}}`
	notificationShape = `{"type":"object","required":["message"],"properties":{"message":{"type":"string"},"type":{"type":"string","default":"user"}}}`
	roomShape         = `{"type":"object","required":["message"],"properties":{"message":{"type":"string"},"room_name":{"type":["string","null"],"default":null},"status":{"type":"string","enum":["PENDING","DELIVERED","FAILED"],"default":"PENDING"}}}`
	echoShape         = `{"type":"object","required":["text"],"properties":{"text":{"type":"string","minLength":1,"maxLength":65536}}}`
	publishShape      = `{"type":"object","required":["seq","t","text"],"properties":{"seq":` + int64Shape + `,"t":` + int64Shape + `,"text":{"type":"string","minLength":1,"maxLength":65536}}}`
	int64Shape        = `{"type":"integer","format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807}`
)

// routes are the messages of each route: what clients send, and what they get.
var routes = map[string][2][]string{
	"/ws/system":            {{"ping", "user_message"}, {"pong", "system_echo"}},
	"/ws/chat":              {{"chat", "extra_request", "ping"}, {"chat_notification", "extra_passthrough", "extra_response", "pong", "user_joined_notification", "user_left_notification"}},
	"/ws/reliable":          {{"ping", "reliable_chat"}, {"chat_notification", "pong", "reliable_chat_notification"}},
	"/ws/notifications":     {{"notification", "ping"}, {"notification_broadcast", "pong"}},
	"/ws/analytics":         {{"analytics", "ping"}, {"analytics_notification", "pong"}},
	"/ws/background_jobs":   {{"job", "ping"}, {"extra_response", "job_status", "pong"}},
	"/ws/room/{room_name}":  {{"ping", "room_chat"}, {"pong", "room_notification"}},
	"/ws/private":           {{"ping", "whoami"}, {"identity", "pong"}},
	"/ws/bench":             {{"echo", "ping"}, {"echo_reply", "pong"}},
	"/ws/bench/room/{name}": {{"echo", "ping", "publish"}, {"echo_reply", "pong", "published"}},
}

func TestShapes(t *testing.T) {
	each(t, func(s *showcase) {
		got := map[string][2][]string{}
		for _, endpoint := range s.app.Hub.Endpoints() {
			info := endpoint.Describe()
			var actions [2][]string
			for _, op := range info.Receives {
				actions[0] = append(actions[0], op.Message.Action)
				sameShape(s, op.Message.Action, op.Message.Schema.JSON())
			}
			for _, m := range info.Sends {
				actions[1] = append(actions[1], m.Action)
				sameShape(s, m.Action, m.Schema.JSON())
			}
			got[info.Path] = actions
		}
		if diff := cmp.Diff(routes, got); diff != "" {
			s.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func sameShape(t testing.TB, action string, schema []byte) {
	t.Helper()
	var want, got any
	if err := json.Unmarshal([]byte(shapes[action]), &want); err != nil {
		t.Errorf("%s: %v", action, err)
		return
	}
	if err := json.Unmarshal(schema, &got); err != nil {
		t.Errorf("%s: %v", action, err)
		return
	}
	if diff := cmp.Diff(want, bare(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", action, diff)
	}
}

// bare leaves out of a schema what says nothing about values.
func bare(schema any) any {
	object, ok := schema.(map[string]any)
	if !ok {
		return schema
	}
	delete(object, "$schema")
	delete(object, "description")
	for name, member := range object {
		object[name] = bare(member)
	}
	return object
}

package server_test

import (
	"encoding/json"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
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

// topicShapes are those of a topic's messages that are others than a consumer's.
var topicShapes = map[string]string{
	"echo":             postShape,
	"post":             postShape,
	"posted":           postShape,
	"presence_changed": `{"type":"object","required":["user","online"],"properties":{"user":{"type":"string"},"online":{"type":"boolean"}}}`,
	"room_event":       postShape,

	// Ours.
	"presence_joined": `{"type":"object","required":["key","info"],"properties":{"key":{"type":"string"},"info":{"$ref":"#/definitions/Guest"}},"definitions":{"Guest":` + guestShape + `}}`,
	"presence_left":   `{"type":"object","required":["key"],"properties":{"key":{"type":"string"}}}`,
	"presence_state": `{"type":"object","required":["members"],"properties":{"members":{"type":"array","items":{"$ref":"#/definitions/MemberGuest"}}},
		"definitions":{"Guest":` + guestShape + `,"MemberGuest":{"type":"object","required":["key","info"],"properties":{"key":{"type":"string"},"info":{"$ref":"#/definitions/Guest"}}}}}`,
}

const (
	nullShape         = `{"type":"null"}`
	textShape         = `{"type":"string"}`
	messageShape      = `{"type":"object","required":["message"],"properties":{"message":{"type":"string"}}}`
	analyticsShape    = `{"type":"object","required":["event"],"properties":{"event":{"type":"string"},"data":{"default":null}}}`
	notificationShape = `{"type":"object","required":["message"],"properties":{"message":{"type":"string"},"type":{"type":"string","default":"user"}}}`
	roomShape         = `{"type":"object","required":["message"],"properties":{"message":{"type":"string"},"room_name":{"type":["string","null"],"default":null},"status":{"type":"string","enum":["PENDING","DELIVERED","FAILED"],"default":"PENDING"}}}`
	postShape         = `{"type":"object","required":["body"],"properties":{"body":{"type":"string"},"author":{"type":"string","default":"anonymous"}}}`
	guestShape        = `{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}`
	echoShape         = `{"type":"object","required":["text"],"properties":{"text":{"type":"string","minLength":1,"maxLength":65536}}}`
	publishShape      = `{"type":"object","required":["seq","t","text"],"properties":{"seq":` + int64Shape + `,"t":` + int64Shape + `,"text":{"type":"string","minLength":1,"maxLength":65536}}}`
	int64Shape        = `{"type":"integer","format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807}`
)

// routes are the messages of each route, and of each topic there: what clients
// send, and what they get.
var routes = map[string][2][]string{
	"/ws/system":            {{"ping", "user_message"}, {"pong", "system_echo"}},
	"/ws/topics":            {{"ping"}, {"pong"}},
	"/ws/chat":              {{"chat", "extra_request", "ping"}, {"chat_notification", "extra_passthrough", "extra_response", "pong", "user_joined_notification", "user_left_notification"}},
	"/ws/reliable":          {{"ping", "reliable_chat"}, {"chat_notification", "pong", "reliable_chat_notification"}},
	"/ws/notifications":     {{"notification", "ping"}, {"notification_broadcast", "pong"}},
	"/ws/analytics":         {{"analytics", "ping"}, {"analytics_notification", "pong"}},
	"/ws/background_jobs":   {{"job", "ping"}, {"extra_response", "job_status", "pong"}},
	"/ws/room/{room_name}":  {{"ping", "room_chat"}, {"pong", "room_notification"}},
	"/ws/private":           {{"ping", "whoami"}, {"identity", "pong"}},
	"/ws/bench":             {{"echo", "ping"}, {"echo_reply", "pong"}},
	"/ws/bench/room/{name}": {{"echo", "ping", "publish"}, {"echo_reply", "pong", "published"}},
	"/ws/lounge":            {{"ping"}, {"pong"}},

	"/ws/topics/room/{room_name}": {},

	"/ws/topics room:{room_name}":                  {{"echo", "post"}, {"posted", "room_event"}},
	"/ws/topics presence:{user}":                   {nil, {"presence_changed"}},
	"/ws/topics/room/{room_name} room:{room_name}": {{"echo", "post"}, {"posted", "room_event"}},
	"/ws/lounge lobby:{room_name}":                 {{"post"}, {"presence_joined", "presence_left", "presence_state", "room_event"}},
	"/ws/lounge presence:{user}":                   {nil, {"presence_changed"}},
}

func TestShapes(t *testing.T) {
	each(t, func(s *showcase) {
		got := map[string][2][]string{}
		for _, endpoint := range s.app.Hub.Endpoints() {
			info := endpoint.Describe()
			got[info.Path] = actions(s, &info.HandlersInfo, shapes)
			for _, topic := range info.Topics {
				got[info.Path+" "+topic.Pattern] = actions(s, &topic.HandlersInfo, topicShapes)
			}
		}
		if diff := cmp.Diff(routes, got); diff != "" {
			s.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// actions are the messages that handlers take and send, which must have their
// shapes.
func actions(t testing.TB, info *chanx.HandlersInfo, shapes map[string]string) (all [2][]string) {
	t.Helper()
	for _, op := range info.Receives {
		all[0] = append(all[0], op.Message.Action)
		sameShape(t, shapes, op.Message)
	}
	for _, m := range info.Sends {
		all[1] = append(all[1], m.Action)
		sameShape(t, shapes, m)
	}
	return all
}

func sameShape(t testing.TB, shapes map[string]string, m chanx.MessageInfo) {
	t.Helper()
	var want, got any
	if err := json.Unmarshal([]byte(shapes[m.Action]), &want); err != nil {
		t.Errorf("%s: %v", m.Action, err)
		return
	}
	if err := json.Unmarshal(m.Schema.JSON(), &got); err != nil {
		t.Errorf("%s: %v", m.Action, err)
		return
	}
	if diff := cmp.Diff(want, bare(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", m.Action, diff)
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

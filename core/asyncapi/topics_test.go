package asyncapi_test

import (
	"context"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/google/go-cmp/cmp"
)

func TestGoldenTopics(t *testing.T) {
	golden(t, "testdata/topics.json", generate(t, topicHub(false), &asyncapi.Options{Title: "Topics"}))
}

func TestTopicChannels(t *testing.T) {
	text := generate(t, topicHub(false), nil)
	channels := set("topic_hub", "topic_hub_room_topic", "topic_hub_presence_topic", "topic_hub_log_topic", "topic_hub_lobby_topic", "room_topic", "log_topic")
	if diff := cmp.Diff(channels, keys(at(t, text, "channels"))); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	for id, want := range map[string]struct {
		address, title, about string
		topic                 any
		messages              map[string]bool
	}{
		"topic_hub": {"/ws/topics", "topic_hub", "Several topics multiplexed over a single connection", nil, set("ping", "pong", "error")},
		"topic_hub_room_topic": {
			"/ws/topics", "topic_hub_room_topic", "A chat room, addressed as room:<room_name>.",
			map[string]any{"name": "room_topic", "pattern": "room:{room_name}", "parameters": []any{"room_name"}},
			set("post", "echo", "posted", "room_event", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "error"),
		},
		"room_topic": {
			"/ws/topics/room/{room_name}", "room_topic", "A chat room, addressed as room:<room_name>.",
			map[string]any{"name": "room_topic", "pattern": "room:{room_name}", "parameters": []any{"room_name"}},
			set("post", "echo", "posted", "room_event", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "error"),
		},
		"topic_hub_lobby_topic": {
			"/ws/topics", "topic_hub_lobby_topic", "",
			map[string]any{"name": "lobby_topic", "pattern": "lobby", "parameters": []any{}, "presence": true},
			set("typing", "presence_state", "presence_joined", "presence_left", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "error"),
		},
		"topic_hub_log_topic": {
			"/ws/topics", "topic_hub_log_topic", "Line by line.", logTopic(),
			set("ask", "answer", "stream_end", "stream_cancel", "hello", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "error"),
		},
		"log_topic": {
			"/logs/{name}/{shard}", "log_topic", "Line by line.", logTopic(),
			set("ask", "answer", "stream_end", "stream_cancel", "hello", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "error",
				"complete", "group_complete", "event_complete", "authentication"),
		},
	} {
		about, _ := topicChannel(t, text, id, "description").(string)
		got := []any{topicChannel(t, text, id, "address"), topicChannel(t, text, id, "title"), about, topicChannel(t, text, id, "x-topic"), keys(topicChannel(t, text, id, "messages"))}
		if diff := cmp.Diff([]any{want.address, want.title, want.about, want.topic, want.messages}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	if got := topicChannel(t, text, "log_topic", "summary"); got != "One log" {
		t.Errorf("the summary of the route of its own is %q", got)
	}
	if got := topicChannel(t, text, "topic_hub_log_topic", "summary"); got != "A log" {
		t.Errorf("the summary of the topic is %q", got)
	}
}

func logTopic() any {
	return map[string]any{
		"name": "log_topic", "pattern": "log:{name}:shard-{shard}", "parameters": []any{"name", "shard"}, "history": true,
		"parameterSchemas": map[string]any{
			"name":  map[string]any{"type": "string", "description": "Which log", "enum": []any{"access", "errors"}, "examples": []any{"errors"}},
			"shard": map[string]any{"type": "integer", "format": "int64", "minimum": 0., "maximum": 9223372036854775807.},
		},
	}
}

// What the parameters of the pattern are is said of those of the address, too.
func TestTopicAddress(t *testing.T) {
	text := generate(t, topicHub(false), nil)
	want := map[string]any{
		"name":  map[string]any{"description": "Which log", "enum": []any{"access", "errors"}, "examples": []any{"errors"}},
		"shard": map[string]any{},
	}
	if diff := cmp.Diff(any(want), topicChannel(t, text, "log_topic", "parameters")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for id, want := range map[string]map[string]bool{
		"log_topic": set("recover_seq", "recover_epoch"), "room_topic": set(), "topic_hub_log_topic": set(),
	} {
		query := topicChannel(t, text, id, "bindings", "ws", "query")
		if diff := cmp.Diff(want, keys(topicChannel(t, text, id, "bindings", "ws", "query", "properties"))); diff != "" {
			t.Errorf("the query of %s (-want +got):\n%s", id, diff)
		}
		if keys(query)["required"] {
			t.Errorf("%s needs a query", id)
		}
	}
}

func TestTopicOperations(t *testing.T) {
	text := generate(t, topicHub(false), nil)
	all := map[string]string{}
	for name := range keys(at(t, text, "operations")) {
		if strings.HasPrefix(name, "topic_hub_log_topic.") || strings.HasPrefix(name, "room_topic.") {
			all[name], _ = at(t, text, "operations", name, "action").(string)
		}
	}
	want := map[string]string{
		"room_topic.post": "receive", "room_topic.echo": "receive", "room_topic.room_event": "send", "room_topic.error": "send",
		"room_topic.subscribe": "receive", "room_topic.subscribed": "send", "room_topic.unsubscribe": "receive", "room_topic.unsubscribed": "send",
		"topic_hub_log_topic.ask": "receive", "topic_hub_log_topic.stream_cancel": "receive", "topic_hub_log_topic.hello": "send", "topic_hub_log_topic.error": "send",
		"topic_hub_log_topic.subscribe": "receive", "topic_hub_log_topic.subscribed": "send", "topic_hub_log_topic.unsubscribe": "receive", "topic_hub_log_topic.unsubscribed": "send",
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if keys(at(t, text, "operations"))["topic_hub_room_topic.subscribed"] {
		t.Error("subscribed is pushed, though it always answers")
	}
	for name, want := range map[string]string{"subscribe": "subscribed", "unsubscribe": "unsubscribed", "echo": "posted"} {
		ref := map[string]any{"$ref": "#/channels/topic_hub_room_topic/messages/" + want}
		if diff := cmp.Diff(any([]any{ref}), at(t, text, "operations", "topic_hub_room_topic."+name, "reply", "messages")); diff != "" {
			t.Errorf("the reply of %s (-want +got):\n%s", name, diff)
		}
	}
}

// envelope is what a message of a channel has beside action and payload, with a *
// after what it must have.
func envelope(t *testing.T, text []byte, channel, action string) string {
	t.Helper()
	id := componentOf(t, text, channel, action)
	required := map[string]bool{}
	names, _ := at(t, text, "components", "messages", id, "payload", "required").([]any)
	for _, name := range names {
		required[name.(string)] = true
	}
	var all []string
	for _, name := range []string{"payload", "ref", "topic", "version", "seq"} {
		if !keys(at(t, text, "components", "messages", id, "payload", "properties"))[name] {
			continue
		}
		if required[name] {
			name += "*"
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

// componentOf is the id of a channel's message among the components.
func componentOf(t *testing.T, text []byte, channel, action string) string {
	t.Helper()
	ref, _ := topicChannel(t, text, channel, "messages", action, "$ref").(string)
	id, ok := strings.CutPrefix(ref, "#/components/messages/")
	if !ok {
		t.Fatalf("%s has no message %s", channel, action)
	}
	return id
}

// The server's frames say which topic they are about and in which version, the
// client's have to say the topic where there are others.
func TestTopicEnvelopes(t *testing.T) {
	text := generate(t, topicHub(false), nil)
	for _, want := range []struct{ channel, action, envelope string }{
		{"topic_hub", "ping", "payload ref"},
		{"topic_hub", "error", "payload* ref"},
		{"topic_hub_room_topic", "post", "payload* ref topic* version"},
		{"topic_hub_room_topic", "posted", "payload* ref topic* version*"},
		{"topic_hub_room_topic", "room_event", "payload* topic* version* seq"},
		{"topic_hub_room_topic", "error", "payload* ref topic* version*"},
		{"topic_hub_room_topic", "subscribe", "payload ref topic* version"},
		{"topic_hub_room_topic", "subscribed", "payload ref topic* version*"},
		{"topic_hub_room_topic", "unsubscribed", "payload ref topic* version*"},
		{"topic_hub_lobby_topic", "typing", "payload* ref topic* version seq"},
		{"topic_hub_lobby_topic", "presence_state", "payload* topic* version*"},
		{"topic_hub_lobby_topic", "presence_left", "payload* topic* version*"},
		{"topic_hub_log_topic", "subscribe", "payload ref topic* version"},
		{"topic_hub_log_topic", "subscribed", "payload* ref topic* version*"},
		{"topic_hub_log_topic", "stream_cancel", "payload ref* topic* version"},
		{"topic_hub_log_topic", "stream_end", "payload ref topic* version*"},
		{"topic_hub_log_topic", "hello", "payload* topic* version* seq"},
		{"room_topic", "post", "payload* ref topic version"},
		{"room_topic", "subscribe", "payload ref topic version"},
		{"room_topic", "room_event", "payload* topic* version* seq"},
		{"log_topic", "authentication", "payload*"},
		{"log_topic", "complete", "payload ref topic* version*"},
		{"log_topic", "event_complete", "payload topic* version*"},
	} {
		if got := envelope(t, text, want.channel, want.action); got != want.envelope {
			t.Errorf("%s on %s has %q, want %q", want.action, want.channel, got, want.envelope)
		}
	}
}

// Only messages that are written differently are different components.
func TestTopicComponents(t *testing.T) {
	text := generate(t, topicHub(false), nil)
	for _, want := range []struct{ channel, action, id string }{
		{"topic_hub", "error", "error"},
		{"topic_hub_room_topic", "error", "error.topic"},
		{"topic_hub_log_topic", "error", "error.topic"},
		{"room_topic", "error", "error.topic"},
		{"log_topic", "error", "error.topic"},
		{"topic_hub_room_topic", "post", "post"},
		{"room_topic", "post", "post.alone"},
		{"room_topic", "posted", "posted"},
		{"topic_hub_presence_topic", "subscribe", "subscribe"},
		{"topic_hub_lobby_topic", "subscribe", "subscribe"},
		{"topic_hub_log_topic", "subscribe", "subscribe.history"},
		{"room_topic", "subscribe", "subscribe.alone"},
		{"log_topic", "subscribe", "subscribe.alone_history"},
		{"log_topic", "subscribed", "subscribed.history"},
		{"log_topic", "unsubscribe", "unsubscribe.alone"},
	} {
		if got := componentOf(t, text, want.channel, want.action); got != want.id {
			t.Errorf("%s on %s is %q, want %q", want.action, want.channel, got, want.id)
		}
	}
}

// A topic's messages keep to the topic: what differs has the channel's name.
func TestTopicsOfOneAction(t *testing.T) {
	hub := newHub()
	c := chanx.NewConsumer[conn](hub, "c", nil, nil)
	one := chanx.NewTopic[sub](hub, "one", "one", nil, nil)
	two := chanx.NewTopic[sub](hub, "two", "two", nil, nil)
	chanx.On(one, func(sub, context.Context, odd) error { return nil })
	chanx.On(two, func(sub, context.Context, even) error { return nil })
	chanx.Topics(c, one, two)
	chanx.Mount(c, "/")
	text := generate(t, hub, nil)
	const action = "odd_one____"
	for _, topic := range []string{"c_one", "c_two"} {
		if got := componentOf(t, text, topic, action); got != topic+"."+action {
			t.Errorf("it is %q", got)
		}
		if got := componentOf(t, text, topic, "subscribe"); got != "subscribe" {
			t.Errorf("it is %q", got)
		}
	}
}

// The id of a consumer is its name, whatever topics are called.
func TestTopicIDs(t *testing.T) {
	hub := newHub()
	topic := chanx.NewTopic[sub](hub, "c", "c:{it's}", nil, nil)
	other := chanx.NewTopic[sub](hub, "b_c", "b", nil, nil)
	for name, topics := range map[string][]chanx.Subscribable{"a": {topic, other}, "a_b": {topic}, "a_b_c": nil, "a c": {topic}, "a_c": nil} {
		c := chanx.NewConsumer[conn](hub, name, nil, nil)
		chanx.Topics(c, topics...)
		chanx.Mount(c, "/"+name)
	}
	chanx.Mount(topic.Alone(nil), "/{it's}")
	text := generate(t, hub, nil)
	for id, want := range map[string][2]any{
		"a": {"/a", nil}, "a_b": {"/a_b", nil}, "a_b_c": {"/a_b_c", nil}, "a_c": {"/a_c", nil}, "a_c_2": {"/a c", nil},
		"a_c_3": {"/a", "c"}, "a_b_c_2": {"/a", "b_c"}, "a_b_c_3": {"/a_b", "c"}, "a_c_c": {"/a c", "c"},
		"c": {"/{it_s}", "c"},
	} {
		got := [2]any{topicChannel(t, text, id, "address"), topicChannel(t, text, id, "x-topic", "name")}
		if got != want {
			t.Errorf("%s is %v, want %v", id, got, want)
		}
	}
	if n := len(keys(at(t, text, "channels"))); n != 10 {
		t.Errorf("there are %d channels", n)
	}
}

package chanxtest

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	chanx "github.com/chanx-go/chanx/core"
)

// faulty is a document as the generator doesn't write them.
const faulty = `{
	"asyncapi": "3.0.0",
	"info": {"title": "T", "version": "1"},
	"channels": {
		"all": {"address": "/a/{x_1}", "title": "all", "messages": {
			"one": {"$ref": "#/components/messages/one"},
			"two": {"name": "one", "payload": {"required": ["action"]}},
			"in": {"name": "in", "payload": {"type": "object"}},
			"never": {"name": "never", "payload": true}
		}},
		"other": {"address": "/a/{y}", "title": "other", "messages": {"x": {"name": "x", "payload": {"const": 1}}}},
		"lost": {"address": "/lost", "messages": {"x": {"$ref": "#/components/messages/gone"}}},
		"strange": {"address": "/strange", "messages": {"x": {"name": "x", "payload": {"if": true}}}},
		"topic": {"address": "/a/{z}", "x-topic": {"name": "t", "pattern": "t", "parameters": []}, "messages": {}}
	},
	"operations": {
		"in": {"action": "receive", "channel": {"$ref": "#/channels/all"}, "messages": [{"$ref": "#/channels/all/messages/in"}],
			"reply": {"channel": {"$ref": "#/channels/all"}, "messages": [{"$ref": "#/channels/all/messages/one"}]}},
		"two": {"action": "send", "channel": {"$ref": "#/channels/all"}, "messages": [{"$ref": "#/channels/all/messages/two"}]},
		"x": {"action": "send", "channel": {"$ref": "#/channels/other"}}
	},
	"components": {"messages": {"one": {"name": "one", "payload": {"properties": {"action": {"const": "one"}}, "required": ["action"]}}}}
}`

func TestExactlyOne(t *testing.T) {
	d, err := readDocument([]byte(faulty))
	if err != nil {
		t.Fatal(err)
	}
	all, err := d.channel(&chanx.EndpointInfo{Consumer: "all", Path: "/a/{x~1}"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := d.channel(&chanx.EndpointInfo{Consumer: "other", Path: "/a/{y}"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		c           *channel
		messages    []message
		text, wrong string
	}{
		{all, all.sends, `{"action":"two"}`, ""},
		{all, all.sends, `{"action":"one"}`, `on channel "all" it is all of the messages ["one" "two"]`},
		{all, all.sends, `{}`, `it is no message "one" of channel "all": "/action" is required; "/action" is required`},
		{all, all.receives, `{}`, ""},
		{all, all.receives, `7`, `channel "all" has no message "one" there`},
		{other, other.sends, `1`, ""},
		{other, other.receives, `1`, `channel "other" has no message "one" there`},
	} {
		got := ""
		if err := test.c.exactlyOne([]byte(test.text), "one", test.messages); err != nil {
			got = err.Error()
		}
		if got != test.wrong {
			t.Errorf("%s: got %q, want %q", test.text, got, test.wrong)
		}
	}
}

func TestChannelsOfADocument(t *testing.T) {
	d, err := readDocument([]byte(faulty))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, topic, wrong string }{
		{"/a/{z}", "t", ""},
		{"/a/{z}", "u", `it has no channel for "c_u" at "/a/{z}"`},
		{"/b", "", `it has no channel for "c" at "/b"`},
		{"/lost", "", `it has no #/components/messages/gone`},
		{"/strange", "", `keyword "if" is not supported`},
	} {
		var topic *chanx.TopicInfo
		if test.topic != "" {
			topic = &chanx.TopicInfo{Topic: test.topic}
		}
		_, err := d.channel(&chanx.EndpointInfo{Consumer: "c", Path: test.path}, topic)
		if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%s %s: got %v, want %q", test.path, test.topic, err, test.wrong)
		}
	}
	for _, text := range []string{`{`, `{"asyncapi":"2.6.0"}`} {
		if _, err := readDocument([]byte(text)); err == nil {
			t.Errorf("%s is a document", text)
		}
	}
}

// A document does not keep its hub, nor outlives it.
func TestDocumentsGoWithTheirHubs(t *testing.T) {
	known := func(key weak.Pointer[chanx.Hub]) bool {
		documents.Lock()
		defer documents.Unlock()
		return documents.of[key] != nil
	}
	key := func() weak.Pointer[chanx.Hub] {
		hub := chanx.NewHub(nil)
		c := chanx.NewConsumer(hub, "c", func(context.Context, *chanx.Conn) (int, error) { return 0, nil }, nil)
		chanx.Mount(c, "/")
		first, err := documentOf(hub, mountedOn(hub))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := documentOf(hub, mountedOn(hub)); err != nil || again != first {
			t.Errorf("the document is made twice: %v", err)
		}
		if err := hub.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		return weak.Make(hub)
	}()
	if !known(key) && key.Value() != nil {
		t.Error("the document is gone before its hub")
	}
	for range 200 {
		if runtime.GC(); !known(key) {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Error("the hub is kept")
}

package check_test

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

type sub = *chanx.Subscription

// feedParams are the parameters of a pattern.
type feedParams struct {
	Name string `topic:"name" minLength:"2" doc:"The feed" example:"go"`
}

// person is who is there.
type person struct {
	Tree *tree `json:"tree"`
}

// leave makes the server end the subscription.
type leave struct{}

func (leave) Action() string { return "leave" }

// topics are what a hub has of them.
type topics struct {
	feed, plain         *chanx.Topic[sub]
	many, alone, simple *chanx.Endpoint
}

// newTopics mounts a consumer with two topics, of which one has every kind of
// frame, and both on routes of their own.
func newTopics(hub *chanx.Hub) *topics {
	ts := &topics{
		feed: chanx.NewTopic[sub](hub, "feed", "feed:{name}", nil, &chanx.TopicOptions{
			Doc: chanx.Doc{Summary: "A feed", Tags: []string{"feeds"}}, History: &chanx.History{},
		}),
		plain: chanx.NewTopic[sub](hub, "plain", "plain:{x y}-z", nil, nil),
	}
	chanx.Params[feedParams](ts.feed)
	chanx.TrackPresence(ts.feed, func(s sub) (string, person) { return s.Conn().ID(), person{} }, &chanx.PresenceOptions{Grace: -1})
	chanx.Reply(ts.feed, func(_ sub, _ context.Context, m grow) (grown, error) { return grown(m), nil })
	chanx.Stream(ts.feed, func(sub, context.Context, count) iter.Seq2[number, error] {
		return func(yield func(number, error) bool) { yield(1, nil) }
	})
	chanx.Forward[number](ts.feed)
	for _, topic := range []*chanx.Topic[sub]{ts.feed, ts.plain} {
		chanx.On(topic, func(s sub, ctx context.Context, m noise) error { return s.Broadcast(ctx, m) }, chanx.Sends[noise]())
		chanx.On(topic, func(s sub, _ context.Context, _ leave) error { s.Unsubscribe(); return nil })
	}
	options := &chanx.ConsumerOptions{Completion: true, AnnounceAuthentication: true, Discriminator: "type", Authenticator: byName}
	many := chanx.NewConsumer(hub, "many", func(_ context.Context, conn conn) (conn, error) {
		conn.Authenticated("ada")
		return conn, nil
	}, options)
	chanx.Params[params](many)
	chanx.On(many, func(conn, context.Context, count) error { return nil })
	chanx.Topics(many, ts.feed, ts.plain)
	ts.many = chanx.Mount(many, "/{room}/many")
	ts.alone = chanx.Mount(ts.feed.Alone(options), "/feeds/{name}")
	ts.simple = chanx.Mount(ts.plain.Alone(nil), "/plain/{x y}")
	return ts
}

const oak = `{"name":"oak","kind":"leaf","children":[],"parent":null,"weight":1.5,"planted":"2026-01-02T03:04:05Z","image":"","page":{"items":[]}}`

// step is a frame that a client sends, as the message that it is, and the frames
// that it gets then, in any order.
type step struct {
	frame, is, want string
}

// walkThrough sends frames, and checks them and what comes. channel says which
// channel's a frame is.
func walkThrough(t *testing.T, client *chanxtest.Client, channel func(topic string) *checker, steps []step) {
	t.Helper()
	for _, s := range steps {
		if s.frame != "" {
			client.SendRaw(s.frame)
		}
		if s.is != "" {
			name, action, _ := strings.Cut(s.is, " ")
			channel(name).is(s.frame, action)
		}
		for range strings.FieldsSeq(s.want) {
			f := client.Next()
			if !strings.Contains(" "+s.want+" ", " "+f.Action+" ") {
				t.Errorf("%s comes after %s", f.Text, s.frame)
				continue
			}
			channel(f.Topic).is(f.Text, f.Action)
		}
	}
}

// all fails the test unless every message of the channel was a frame.
func (c *checker) all() {
	c.Helper()
	for name := range c.messages {
		if !c.seen[name] {
			c.Errorf("no frame was %q", name)
		}
	}
}

// channels are those of the consumer with several topics.
type channels struct{ many, feed, plain *checker }

// of returns the channel of a frame's topic.
func (c channels) of(topic string) *checker {
	switch kind, _, _ := strings.Cut(topic, ":"); kind {
	case "feed":
		return c.feed
	case "plain":
		return c.plain
	}
	return c.many
}

// all fails the test unless every message of every channel was a frame, but for
// what nobody publishes there.
func (c channels) all() {
	c.plain.seen["event_complete"] = true
	c.many.seen["event_complete"], c.many.seen["group_complete"] = true, true
	for _, each := range []*checker{c.many, c.feed, c.plain} {
		each.all()
	}
}

// Whatever goes over a connection is one message of its topic's channel.
func TestTopicFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		ts := newTopics(hub)
		mux := http.NewServeMux()
		mux.Handle("/{room}/many", ts.many)
		text := documentOf(t, hub)
		c := channels{newChecker(t, text, "many"), newChecker(t, text, "many_feed"), newChecker(t, text, "many_plain")}
		client := chanxtest.Dial(t, mux, "/go/many", named("ada"))
		walkThrough(t, client, c.of, []step{
			{"", "", "authentication"},
			{`{"type":"count","ref":"1"}`, " count", "complete"},
			{`{"type":"authentication","payload":{"token":"ada"}}`, " authentication.refresh", "authentication complete"},
			{`{"topic":"feed:go","type":"subscribe","ref":"2"}`, "feed: subscribe", "subscribed presence_state complete"},
			{`{"topic":"feed:go","type":"subscribe","payload":{"recover":{"seq":0,"epoch":"?"}}}`, "feed: subscribe", "subscribed complete"},
			{`{"topic":"feed:go","type":"subscribe","payload":{"recover":1},"ref":"3"}`, "", "error complete"},
			{`{"topic":"plain:a-z","type":"subscribe","payload":null,"version":1}`, "plain: subscribe", "subscribed complete"},
			{`{"topic":"plain:a-z","type":"noise","payload":{"A":true,"B":false}}`, "plain: noise", "noise group_complete complete"},
			{`{"topic":"feed:go","type":"noise","payload":{"A":true,"B":false}}`, "feed: noise", "noise group_complete complete"},
			{`{"topic":"feed:go","type":"grow","ref":"4","payload":` + oak + `}`, "feed: grow", "grown complete"},
			{`{"topic":"feed:go","type":"count","ref":"5","version":1}`, "feed: count", "number stream_end complete"},
			{`{"topic":"feed:go","type":"stream_cancel","ref":"5"}`, "feed: stream_cancel", "complete"},
			{`{"topic":"feed:go","type":"unsubscribe","ref":"6"}`, "feed: unsubscribe", "unsubscribed complete"},
			{`{"topic":"feed:go","type":"unsubscribe","ref":"7"}`, "feed: unsubscribe", "error complete"},
			{`{"topic":"feed:rust","type":"subscribe"}`, "feed: subscribe", "subscribed presence_state complete"},
			{`{"topic":"feed:rust","type":"leave"}`, "feed: leave", "unsubscribed complete"},
			{`{"topic":"plain:a-z","type":"leave"}`, "plain: leave", "unsubscribed complete"},
			{`{"topic":"plain:a-z","type":"leave"}`, "plain: leave", "error complete"},
			{`{"topic":"plain:a-z","type":"unsubscribe"}`, "plain: unsubscribe", "error complete"},
			{`{"topic":"nothing","type":"subscribe"}`, "", "error complete"},
			{`{"topic":1}`, "", "error complete"},
		})
		publish(t, ts.feed, 7, "feed:go")
		other := chanxtest.Dial(t, mux, "/go/many", named("bob"))
		walkThrough(t, other, c.of, []step{
			{"", "", "authentication"},
			{`{"topic":"feed:go","type":"subscribe"}`, "feed: subscribe", "subscribed presence_state complete"},
		})
		place := other.Topic("feed:go").Position()
		publish(t, ts.feed, 8, "feed:go")
		walkThrough(t, other, c.of, []step{{"", "", "number event_complete"}})
		again := `{"topic":"feed:go","type":"subscribe","payload":{"recover":{"seq":` + jsonOf(t, place.Seq) + `,"epoch":` + jsonOf(t, place.Epoch) + `}}}`
		walkThrough(t, client, c.of, []step{{again, "feed: subscribe", "subscribed number event_complete presence_state complete"}})
		walkThrough(t, other, c.of, []step{{"", "", "presence_joined"}})
		client.Close(chanx.CloseNormal, "")
		walkThrough(t, other, c.of, []step{{"", "", "presence_left"}})
		c.feed.is(`{"version":1,"topic":"feed:go","type":"subscribed","payload":{"recovered":false,"seq":9,"epoch":"?"}}`, "subscribed")
		c.all()
	})
}

// On a route of its own a topic need not be named.
func TestAloneFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		ts := newTopics(hub)
		mux := http.NewServeMux()
		mux.Handle("/feeds/{name}", ts.alone)
		c := newChecker(t, documentOf(t, hub), "feed")
		channel := func(string) *checker { return c }
		client := chanxtest.Dial(t, mux, "/feeds/go", named("ada"))
		walkThrough(t, client, channel, []step{
			{"", "", "authentication subscribed presence_state"},
			{`{"type":"noise","payload":{"A":true,"B":false}}`, " noise", "noise group_complete complete"},
			{`{"type":"grow","ref":"1","payload":` + oak + `}`, " grow", "grown complete"},
			{`{"type":"authentication","payload":{"token":"ada"}}`, " authentication.refresh", "authentication complete"},
			{`{"type":"count","ref":"2","topic":"feed:go"}`, " count", "number stream_end complete"},
			{`{"type":"stream_cancel","ref":"2"}`, " stream_cancel", "complete"},
			{`{"type":"subscribe","ref":"3"}`, " subscribe", "subscribed complete"},
			{`{"topic":"feed:go","type":"unsubscribe"}`, " unsubscribe", "unsubscribed complete"},
			{`{"type":"noise","payload":{"A":true,"B":false}}`, " noise", "error complete"},
			{`{"type":"subscribe","version":1}`, " subscribe", "subscribed presence_state complete"},
			{`{"type":"nothing"}`, "", "error complete"},
			{`{"topic":"feed:other","type":"subscribe"}`, " subscribe", "error complete"},
			{`{"topic":"","type":"subscribe","ref":"4"}`, " subscribe", "subscribed complete"},
			{`{}`, "", "error complete"},
			{`[]`, "", "error complete"},
		})
		publish(t, ts.feed, 7, "feed:go")
		walkThrough(t, client, channel, []step{{"", "", "number event_complete"}})
		other := chanxtest.Dial(t, mux, "/feeds/go?recover_seq=0&recover_epoch=?", named("bob"))
		walkThrough(t, other, channel, []step{{"", "", "authentication subscribed presence_state"}})
		walkThrough(t, client, channel, []step{{"", "", "presence_joined"}})
		other.Close(chanx.CloseNormal, "")
		walkThrough(t, client, channel, []step{{"", "", "presence_left"}, {`{"type":"leave"}`, " leave", "unsubscribed complete"}})
		c.all()
	})
}

// What the server refuses, or takes for another channel's, is no message of the
// topic.
func TestRefusedTopicFrames(t *testing.T) {
	hub := newHub(t)
	newTopics(hub)
	text := documentOf(t, hub)
	for channel, frames := range map[string][]string{
		"many_feed": {
			`{"type":"noise","payload":{"A":true,"B":false}}`,
			`{"type":"subscribe"}`,
			`{"topic":"feed:go","type":"subscribe","payload":{"recover":1}}`,
			`{"topic":"feed:go","type":"subscribe","payload":{"recover":{"seq":1}}}`,
			`{"topic":"feed:go","type":"subscribe","version":2}`,
			`{"topic":1,"type":"subscribe"}`,
			`{"topic":"feed:go","type":"subscribed","payload":null,"version":1}`,
			`{"topic":"feed:go","type":"error","payload":{"reason":"x","detail":"x"}}`,
			`{"version":1,"type":"error","payload":{"reason":"x","detail":"x"}}`,
			`{"version":1,"topic":"feed:go","seq":0,"type":"number","payload":1}`,
			`{"type":"authentication","payload":{"token":"ada"}}`,
			`{"version":1,"topic":"feed:go","type":"authentication","payload":{"status_code":200,"status_text":"OK","data":null}}`,
		},
		"many": {`{"topic":"feed:go","type":"subscribe"}`, `{"type":"noise","payload":{"A":true,"B":false}}`, `{"type":"stream_cancel","ref":"1"}`},
		"feed": {`{"type":"subscribed","payload":{"recovered":false,"seq":9,"epoch":"?"}}`, `{"type":"error","payload":{"reason":"x","detail":"x"}}`},
	} {
		c := newChecker(t, text, channel)
		for _, text := range frames {
			frame, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			for name, schema := range c.messages {
				if schema.Validate(frame) == nil {
					t.Errorf("on %s %s is %q", channel, text, name)
				}
			}
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func publish(t *testing.T, topic *chanx.Topic[sub], n number, name string) {
	t.Helper()
	if err := topic.Publish(t.Context(), n, name); err != nil {
		t.Fatal(err)
	}
}

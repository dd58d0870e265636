package adaptertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
)

func reportCases() []testCase {
	return []testCase{
		{name: "log/101 once and then silence", run: logOfSocket},
		{name: "log/status of refusals", run: logOfRefusals},
		{name: "events/from a plain route", run: eventsFromRoutes},
		{name: "topics/subscribed, recovered", run: topics},
		{name: "topics/on a route of its own", run: topicAlone},
	}
}

// The framework logs a socket as what the client saw, once, and has nothing more to
// say of it.
func logOfSocket(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s.Group("/group"), "/ws", s.peers("peers", nil), nil)
	s.start()
	for i := range 3 {
		c := s.open("/group/ws")
		c.echoed("hello")
		s.eventually("the request is logged", func() bool { return len(s.access.lines()) == i+1 })
		if i == 2 {
			c.drop()
			break
		}
		c.close(1000)
		c.ends(1000)
	}
	s.nobodyLeft()
	s.end()
	if got := s.access.lines(); !slices.Equal(got, []string{"101 GET /group/ws", "101 GET /group/ws", "101 GET /group/ws"}) {
		s.Errorf("the access log is %q", got)
	}
	s.quiet()
}

func logOfRefusals(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", &hooks{open: func(context.Context, *chanx.Conn) error {
		return chanx.Errorf(chanx.Forbidden, "no")
	}}), nil)
	s.start()
	s.refused("/ws", http.StatusForbidden)
	s.request(http.MethodGet, "/ws", nil)
	s.refused("/nowhere", http.StatusNotFound)
	want := []string{"403 GET /ws", "426 GET /ws", "404 GET /nowhere"}
	s.eventually("the requests are logged", func() bool { return len(s.access.lines()) >= len(want) })
	if got := s.access.lines(); !slices.Equal(got, want) {
		s.Errorf("the access log is %q, want %q", got, want)
	}
}

// An application's own routes publish what its sockets hear.
func eventsFromRoutes(k *kit) {
	s := k.site(siteOptions{})
	c := s.peers("peers", nil)
	s.mount(s, "/ws", c, nil)
	s.Get(s.pattern("/publish/{text}"), func(ctx Context) error {
		if err := c.Publish(ctx.Context(), news{strings.Clone(ctx.Header("X-Tag"))}, everybody); err != nil {
			return err
		}
		return ctx.Answer(http.StatusOK, "published")
	})
	s.start()
	ann, bob := s.open("/ws"), s.open("/ws")
	ann.echoed("hello")
	bob.echoed("hello")
	for i := range 20 {
		text := fmt.Sprintf("news %d", i)
		if got := s.get("/publish/it", http.Header{"X-Tag": {text}}); got != "published" {
			s.Errorf("the route says %q", got)
		}
		for _, client := range []*client{ann, bob} {
			client.expect(`{"action":"news","payload":{"text":"` + text + `"}}`)
		}
	}
}

// boards makes a topic with history.
func (s *site) boards() *chanx.Topic[*chanx.Subscription] {
	t := chanx.NewTopic[*chanx.Subscription](s.hub, "board", "board:{id}", nil, &chanx.TopicOptions{History: &chanx.History{Frames: 100}})
	chanx.Forward[news](t)
	return t
}

// subscribed is the payload of that frame.
type subscribed struct {
	Recovered bool   `json:"recovered"`
	Seq       uint64 `json:"seq"`
	Epoch     string `json:"epoch"`
}

// subscribes makes the client subscribe to a topic.
func (c *client) subscribes(topic, payload string) subscribed {
	c.Helper()
	c.send(`{"topic":"` + topic + `","ref":"s","action":"subscribe"` + payload + `}`)
	var frame struct {
		Payload subscribed `json:"payload"`
	}
	text := c.next()
	if err := json.Unmarshal([]byte(text), &frame); err != nil || !strings.Contains(text, `"action":"subscribed"`) {
		c.Fatalf("got %s", brief(text))
	}
	return frame.Payload
}

func topics(k *kit) {
	s := k.site(siteOptions{})
	board := s.boards()
	live := s.peers("live", nil)
	chanx.Topics(live, board)
	s.mount(s, "/live", live, nil)
	s.start()
	publish := func(text string) {
		if err := board.Publish(context.Background(), news{text}, "board:a"); err != nil {
			s.Errorf("publish: %v", err)
		}
	}
	pushed := func(at subscribed, n uint64, text string) string {
		return fmt.Sprintf(`{"version":1,"topic":"board:a","seq":%d,"action":"news","payload":{"text":%q}}`, at.Seq+n, text)
	}
	c := s.open("/live")
	at := c.subscribes("board:a", "")
	publish("one")
	c.expect(pushed(at, 1, "one"))
	c.drop()
	publish("two")
	publish("three")
	c = s.open("/live")
	again := c.subscribes("board:a", fmt.Sprintf(`,"payload":{"recover":{"seq":%d,"epoch":%q}}`, at.Seq+1, at.Epoch))
	if !again.Recovered {
		s.Errorf("nothing was recovered: %+v", again)
	}
	c.expect(pushed(at, 2, "two"), pushed(at, 3, "three"))
	c.echoed("the consumer is there too")
}

func topicAlone(k *kit) {
	s := k.site(siteOptions{})
	board := s.boards()
	s.mount(s.Group("/boards"), "/{id}", board.Alone(nil), nil)
	s.start()
	c := s.open("/boards/a%20b")
	if got := c.next(); !strings.Contains(got, `"topic":"board:a b"`) || !strings.Contains(got, `"action":"subscribed"`) {
		s.Fatalf("got %s", brief(got))
	}
	if err := board.Publish(context.Background(), news{"one"}, "board:a b"); err != nil {
		s.Errorf("publish: %v", err)
	}
	if got := c.next(); !strings.Contains(got, `"action":"news","payload":{"text":"one"}`) {
		s.Errorf("got %s", brief(got))
	}
}

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
		{name: "documents/served", run: document},
		{name: "documents/addresses with prefixes", run: addresses},
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

// documented returns the addresses in a document.
func (s *site) documented(target string) []string {
	s.Helper()
	var doc struct {
		AsyncAPI string `json:"asyncapi"`
		Channels map[string]struct {
			Address string `json:"address"`
		} `json:"channels"`
	}
	if err := json.Unmarshal([]byte(s.get(target, nil)), &doc); err != nil || !strings.HasPrefix(doc.AsyncAPI, "3.") {
		s.Fatalf("the document is not one: %q, %v", doc.AsyncAPI, err)
	}
	var all []string
	for _, c := range doc.Channels {
		all = append(all, c.Address)
	}
	slices.Sort(all)
	return all
}

func document(k *kit) {
	s := k.site(siteOptions{})
	s.Docs("/asyncapi", s.hub)
	s.mount(s, "/rooms/{room}", s.peers("peers", nil), nil)
	s.start()
	if got := s.documented("/asyncapi.json"); !slices.Equal(got, []string{"/rooms/{room}"}) {
		s.Errorf("the addresses are %q", got)
	}
	a := s.request(http.MethodGet, "/asyncapi.json", nil)
	tag := a.header.Get("ETag")
	if a.header.Get("Content-Type") != "application/json" || tag == "" {
		s.Errorf("the document comes with %v", a.header)
	}
	if head := s.request(http.MethodHead, "/asyncapi.json", nil); head.status != http.StatusOK || head.header.Get("ETag") != tag || head.body != "" ||
		head.header.Get("Content-Length") != fmt.Sprint(len(a.body)) {
		s.Errorf("HEAD is answered with %d, %v", head.status, head.header)
	}
	if same := s.request(http.MethodGet, "/asyncapi.json", http.Header{"If-None-Match": {tag}}); same.status != http.StatusNotModified || same.body != "" {
		s.Errorf("a document that is known is answered with %d and %d bytes", same.status, len(same.body))
	}
	if again := s.request(http.MethodGet, "/asyncapi.json", http.Header{"If-None-Match": {`"other"`}}); again.status != http.StatusOK || again.body != a.body {
		s.Errorf("another document is answered with %d", again.status)
	}
	if post := s.request(http.MethodPost, "/asyncapi.json", nil); post.status != http.StatusMethodNotAllowed && post.status != http.StatusNotFound {
		s.Errorf("POST is answered with %d", post.status)
	}
}

// Documents know where everything is, also where that comes after them, and are
// served in groups too.
func addresses(k *kit) {
	s := k.site(siteOptions{})
	api := s.Group(s.pattern("/api/{version}"), tags("x"))
	api.Docs("/docs", s.hub)
	s.mount(api.Group(s.pattern("/{tenant}")), "/rooms/{room}", s.peers("rooms", nil), nil)
	s.mount(s, "/files/{path...}", s.peers("files", nil), nil)
	s.mount(api, "/lobby", s.peers("lobby", nil), nil)
	s.start()
	want := []string{"/api/{version}/lobby", "/api/{version}/{tenant}/rooms/{room}", "/files/{path}"}
	if got := s.documented("/api/v1/docs.json"); !slices.Equal(got, want) {
		s.Errorf("the addresses are %q, want %q", got, want)
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

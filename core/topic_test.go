package chanx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/google/go-cmp/cmp"
)

func letIn(_ context.Context, s *chanx.Subscription) (*chanx.Subscription, error) { return s, nil }

// A pattern takes what fits it and nothing else, and gives its parameters.
func TestTopicPatterns(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 600)
	tests := []struct {
		pattern, topic string
		params         []any // nil where the topic doesn't fit
	}{
		{"feed", "feed", []any{}},
		{"feed", "feeds", nil},
		{"feed", "feed:", nil},
		{"room:{id}", "room:5", []any{"5"}},
		{"room:{id}", "room:é \"{}", []any{"é \"{}"}},
		{"room:{id}", "room:", nil},
		{"room:{id}", "room:a:b", nil},
		{"room:{id}", "Room:5", nil},
		{"room:{id}", "room:a\nb", []any{"a\nb"}},
		{"user-{id}:inbox", "user-7:inbox", []any{"7"}},
		{"user-{id}:inbox", "user-:inbox", nil},
		{"user-{id}:inbox", "user-7:outbox", nil},
		{"{a}:x{b}y:{c}", "1:x2y:3", []any{"1", "2", "3"}},
		{"{a}:x{b}y:{c}", "1:xy:3", nil},
		{"{a}:aba{b}aba", "1:ababa", nil},
		{"a::{b}", "a::1", []any{"1"}},
		{"a::{b}", "a:1", nil},
		{"room:{id}", "room:" + long, nil},
		{"room:{id}", "room:\xff", nil},
	}
	for _, tt := range tests {
		hub := chanx.NewHub(nil)
		topic := chanx.NewTopic(hub, "t", tt.pattern, letIn, nil)
		chanx.Forward[note](topic)
		err := topic.Publish(t.Context(), note{"x"}, tt.topic)
		if e, ok := errors.AsType[*chanx.Error](err); tt.params == nil && (!ok || e.Reason != chanx.UnknownTopic) || tt.params != nil && err != nil {
			t.Errorf("%s: publishing to %q: %v", tt.pattern, tt.topic, err)
		}
		if tt.params == nil {
			continue
		}
		if got, err := topic.Topic(tt.params...); got != tt.topic || err != nil {
			t.Errorf("%s of %q is %q, %v", tt.pattern, tt.params, got, err)
		}
	}
	hub := chanx.NewHub(nil)
	topic := chanx.NewTopic(hub, "t", "room:{id}:{part}", letIn, nil)
	chanx.Forward[note](topic)
	for _, params := range [][]any{{}, {1}, {1, 2, 3}, {"", "x"}, {"a:b", "x"}, {"x", ""}, {long, "x"}, {"x", "\xff"}, {nil, "x"}, {new(int), "x"}, {(*url.URL)(nil), "x"}} {
		if name, err := topic.Topic(params...); err == nil || !strings.Contains(err.Error(), `topic "t"`) {
			t.Errorf("of %q is %q, %v", params, name, err)
		}
		if err := topic.PublishParams(t.Context(), note{"x"}, params...); err == nil {
			t.Errorf("an event was published to %q", params)
		}
	}
	if name, err := topic.Topic(&url.URL{Path: "a"}, true); name != "room:a:true" || err != nil {
		t.Errorf("a pointer that has a text makes %q, %v", name, err)
	}
	if name, err := topic.Topic(7, time.Second); name != "room:7:1s" || err != nil {
		t.Errorf("numbers and the like make %q, %v", name, err)
	}
}

// Parameters have types.
func TestBindTopic(t *testing.T) {
	t.Parallel()
	type params struct {
		ID   int    `topic:"id" minimum:"1"`
		Key  string `topic:"key" format:"uuid"`
		Flag bool   `topic:"flag"`
	}
	tests := map[string]string{
		"x:7:6ba7b810-9dad-11d1-80b4-00c04fd430c8:true": "{7 6ba7b810-9dad-11d1-80b4-00c04fd430c8 true}",
		"x:0:6ba7b810-9dad-11d1-80b4-00c04fd430c8:true": "invalid: /topic/id",
		"x:7:6ba7b810:true":                             "invalid: /topic/key",
		"x:a:b:c":                                       "invalid: /topic/id /topic/key /topic/flag",
	}
	for topic, want := range tests {
		synctest.Test(t, func(t *testing.T) {
			got := ""
			l := newLab(t, labOptions{register: func(l *lab) {
				chanx.Topics(l, chanx.NewTopic(l.hub, "x", "x:{id}:{key}:{flag}", func(_ context.Context, s *chanx.Subscription) (*chanx.Subscription, error) {
					p, err := chanx.Bind[params](s)
					got = fmt.Sprint(p)
					if e, ok := errors.AsType[*chanx.Error](err); ok {
						got = string(e.Reason) + ":"
						for _, v := range e.Violations {
							got += " " + v.Path
						}
					}
					return s, err
				}, nil))
			}})
			c := openRaw(t, l.mux, "/ws")
			c.send(fmt.Sprintf(`{"topic":%q,"action":"subscribe"}`, topic))
			c.take()
			if got != want {
				t.Errorf("%s: %s, want %s", topic, got, want)
			}
		})
	}
}

// The publisher can give frames their positions where the layer doesn't count.
func TestWithSeq(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{register: registerTopics})
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"topic":"room:1","action":"subscribe"}`, `{"topic":"log:1","action":"subscribe"}`)
		c.take()
		room := l.topics.room
		for _, err := range []error{
			room.Publish(t.Context(), chanx.WithSeq(note{"one"}, 142), "room:1"),
			room.PublishParams(t.Context(), chanx.WithSeq(chanx.WithSeq(&alarm{Level: 1}, 7), 1<<53), 1),
			room.Publish(t.Context(), note{"three"}, "room:1"),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		want := []string{
			`{"version":1,"topic":"room:1","seq":142,"action":"note","payload":{"text":"one"}}`,
			`{"version":1,"topic":"room:1","seq":9007199254740992,"action":"notice","payload":{"text":"room:1!"}}`,
			`{"version":1,"topic":"room:1","action":"note","payload":{"text":"three"}}`,
		}
		got := c.take()
		slices.Sort(got) // what handlers see comes beside the rest
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("came (-want +got):\n%s", diff)
		}
		for name, err := range map[string]error{
			"counts by itself":         l.topics.log.Publish(t.Context(), chanx.WithSeq(note{"x"}, 1), "log:1"),
			"WithSeq is for what goes": l.Publish(t.Context(), chanx.WithSeq(note{"x"}, 1), "all"),
			"there is no message":      room.Publish(t.Context(), chanx.WithSeq(chanx.WithSeq(nil, 1), 2), "room:1"),
		} {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("want %q, got %v", name, err)
			}
		}
		if got := c.take(); len(got) > 0 {
			t.Errorf("came %q", got)
		}
	})
}

// The consumer's middleware wraps messages to topics too, outside of the topic's
// own, and both see to whom a message is.
func TestTopicMiddleware(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{register: func(l *lab) {
			makeTopics(l)
			chanx.Use(l, func(c *client, ctx context.Context, r *chanx.Request, next chanx.Next) error {
				c.lab.journal.add(fmt.Sprintf("consumer %s %q %s", r.Action, r.Topic, r.Ref))
				return next(ctx)
			})
			chanx.Use(l.topics.room, func(s *listener, ctx context.Context, r *chanx.Request, next chanx.Next) error {
				s.lab.journal.add(fmt.Sprintf("topic %s %q %s", r.Action, r.Topic, r.Ref))
				if m, ok := r.Message.(echo); ok && m.Text == "no" {
					return chanx.Errorf(chanx.Forbidden, "no")
				}
				return next(ctx)
			})
			mountTopics(l)
		}})
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"topic":"room:1","action":"subscribe"}`, `{"topic":"room:1","ref":"1","action":"ping"}`, `{"ref":"2","action":"ping"}`,
			`{"topic":"room:1","ref":"3","action":"echo","payload":{"text":"no"}}`)
		if got := c.take(); !strings.Contains(got[3], `"reason":"forbidden"`) {
			t.Errorf("came %q", got)
		}
		want := []string{
			"joined room:1", `consumer ping "room:1" 1`, `topic ping "room:1" 1`, `consumer ping "" 2`,
			`consumer echo "room:1" 3`, `topic echo "room:1" 3`,
		}
		if diff := cmp.Diff(want, l.journal.take()); diff != "" {
			t.Errorf("happened (-want +got):\n%s", diff)
		}
		c = openRaw(t, l.mux, "/room/1") // which is not the consumer's
		c.send(`{"ref":"1","action":"ping"}`)
		c.take()
		if diff := cmp.Diff([]string{"joined room:1", `topic ping "room:1" 1`}, l.journal.take()); diff != "" {
			t.Errorf("on the route happened (-want +got):\n%s", diff)
		}
	})
}

// However a subscription ends, its hooks run once, the last one after everything
// else of it.
func TestTopicHooks(t *testing.T) {
	t.Parallel()
	const (
		subscribe   = `{"topic":"room:1","action":"subscribe"}`
		unsubscribe = `{"topic":"room:1","action":"unsubscribe"}`
	)
	tests := map[string]struct {
		path string
		do   func(l *lab, c *rawClient)
		left string
	}{
		"the client unsubscribes": {"/ws", func(_ *lab, c *rawClient) { c.send(unsubscribe, unsubscribe) }, "unsubscribed"},
		"the server unsubscribes": {"/ws", func(_ *lab, c *rawClient) {
			c.send(`{"topic":"room:1","action":"quit"}`, `{"topic":"room:1","action":"quit"}`)
		}, "unsubscribed"},
		"both do":                       {"/ws", func(_ *lab, c *rawClient) { c.send(`{"topic":"room:1","action":"quit"}`, unsubscribe) }, "unsubscribed"},
		"the client goes":               {"/ws", func(_ *lab, c *rawClient) { c.close(1001, "bye") }, "connection closed with 1001 (bye)"},
		"the client unsubscribes, goes": {"/ws", func(_ *lab, c *rawClient) { c.send(unsubscribe); c.close(1000, "") }, "unsubscribed"},
		"the connection breaks":         {"/ws", func(_ *lab, c *rawClient) { c.drop() }, "connection closed with 1006"},
		"the server closes":             {"/ws", func(_ *lab, c *rawClient) { c.send(`{"action":"bye","payload":{"code":4000,"reason":"enough"}}`) }, "connection closed with 4000 (enough)"},
		"the hub ends":                  {"/ws", func(l *lab, _ *rawClient) { _ = l.hub.Shutdown(context.Background()) }, "connection closed with 1012"},
		"a stream runs": {"/ws", func(_ *lab, c *rawClient) {
			c.send(`{"topic":"room:1","action":"count","payload":{"to":9,"every":1000}}`, unsubscribe)
		}, "unsubscribed"},
		"a handler runs beside": {"/ws", func(_ *lab, c *rawClient) {
			c.send(`{"topic":"room:1","action":"later","payload":{"after":9000}}`, unsubscribe)
		}, "unsubscribed"},
		"on a route, the client unsubscribes": {"/room/1", func(_ *lab, c *rawClient) { c.send(`{"action":"unsubscribe"}`) }, "unsubscribed"},
		"on a route, the client goes":         {"/room/1", func(_ *lab, c *rawClient) { c.close(1000, "") }, "connection closed with 1000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, labOptions{register: registerTopics})
				c := openRaw(t, l.mux, tt.path)
				if tt.path == "/ws" {
					c.send(subscribe)
				}
				c.take()
				if diff := cmp.Diff([]string{"joined room:1"}, l.journal.take()); diff != "" {
					t.Errorf("happened (-want +got):\n%s", diff)
				}
				tt.do(l, c)
				<-time.After(20 * time.Second)
				c.drop()
				<-time.After(20 * time.Second)
				synctest.Wait()
				happened := slices.DeleteFunc(l.journal.take(), func(line string) bool { return !strings.HasPrefix(line, "left") })
				if len(happened) != 1 || !strings.HasPrefix(happened[0], "left room:1: "+tt.left) {
					t.Errorf("happened %q, want %q once", happened, tt.left)
				}
			})
		})
	}
}

// A route refuses whom its topic doesn't let in before the upgrade.
func TestTopicAloneRefuses(t *testing.T) {
	t.Parallel()
	l := newLab(t, labOptions{register: registerTopics})
	server := httptest.NewServer(l.mux)
	defer server.Close()
	tests := map[string]int{
		"/room/secret":                        http.StatusForbidden,
		"/room/full":                          http.StatusUnprocessableEntity,
		"/room/hidden":                        http.StatusInternalServerError,
		"/room/panic":                         http.StatusInternalServerError,
		"/room/a:b":                           http.StatusNotFound,
		"/room/%ff":                           http.StatusNotFound,
		"/room/" + strings.Repeat("x", 600):   http.StatusNotFound,
		"/log/1?recover_seq=x":                http.StatusBadRequest,
		"/log/1?recover_seq=-1":               http.StatusBadRequest,
		"/log/1?recover_seq=1&recover_epoch=": http.StatusSwitchingProtocols,
	}
	for path, want := range tests {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEA==",
		} {
			r.Header.Set(name, value)
		}
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%.40s: %s, want %d", path, resp.Status, want)
		}
	}
	if happened := l.journal.take(); len(happened) != 0 {
		t.Errorf("happened %q", happened)
	}
}

// Topics whose names could be taken for each other's in the layer are apart.
func TestTopicsAreApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		names := []string{"a", "a:b", "a%3Ab", "a%", "a%3A", "group:a"}
		var topics []*chanx.Topic[*chanx.Subscription]
		l := newLab(t, labOptions{register: func(l *lab) {
			for i, name := range names {
				topic := chanx.NewTopic(l.hub, name, fmt.Sprintf("%d:{x}", i), letIn, nil)
				chanx.Forward[note](topic)
				chanx.Topics(l, topic)
				topics = append(topics, topic)
			}
			same := chanx.NewTopic(l.hub, "same", "0:{y}", letIn, nil) // as on no consumer, but published to
			chanx.Forward[note](same)
			topics = append(topics, same)
		}})
		c := openRaw(t, l.mux, "/ws")
		for i := range names {
			c.send(fmt.Sprintf(`{"topic":"%d:b","action":"subscribe"}`, i))
		}
		c.take()
		for i := range names {
			if err := topics[i].PublishParams(t.Context(), note{"x"}, "b"); err != nil {
				t.Error(err)
			}
			want := fmt.Sprintf(`{"version":1,"topic":"%d:b","action":"note","payload":{"text":"x"}}`, i)
			if got := c.take(); len(got) != 1 || got[0] != want {
				t.Errorf("%s: came %q", names[i], got)
			}
		}
		for _, err := range []error{
			topics[len(names)].Publish(t.Context(), note{"x"}, "0:b"),
			l.Publish(t.Context(), note{"x"}, "0:b", "a:b", "topic:a:0:b"),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		if got := c.take(); len(got) != 0 {
			t.Errorf("came %q", got)
		}
	})
}

// Whoever publishes while others come and go: nobody panics, and nobody gets what
// is published after it was told that it is unsubscribed.
func TestPublishRacesUnsubscribe(t *testing.T) {
	t.Parallel()
	l := newLab(t, labOptions{register: registerTopics})
	listener := serveMemory(t, l.mux)
	stop := make(chan struct{})
	var publishers, clients sync.WaitGroup
	for range 2 {
		publishers.Go(func() {
			for {
				for _, topic := range []string{"room:1", "room:2"} {
					err := errors.Join(l.topics.room.Publish(context.Background(), note{topic}, topic),
						l.topics.room.Publish(context.Background(), alarm{Level: 1}, topic))
					if err != nil {
						t.Error(err)
					}
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for range 4 {
		clients.Go(func() {
			conn, err := listener.Dial(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			c := handshakeRaw(t, conn, "/ws")
			for i := range 60 {
				topic := fmt.Sprintf("room:%d", 1+i%2)
				c.send(fmt.Sprintf(`{"topic":%q,"action":"subscribe"}`, topic), fmt.Sprintf(`{"topic":%q,"action":"unsubscribe"}`, topic))
				if i%3 == 0 {
					c.send(fmt.Sprintf(`{"topic":%q,"action":"subscribe"}`, topic), fmt.Sprintf(`{"topic":%q,"action":"quit"}`, topic))
				}
				subscribed, ends := false, 1
				if i%3 == 0 {
					ends = 2
				}
				for ends > 0 {
					_, data, err := c.readFrame()
					if err != nil {
						t.Errorf("reading: %v", err)
						return
					}
					line := string(data)
					switch {
					case !strings.Contains(line, `"topic":"`+topic+`"`):
						t.Errorf("of %s came %s", topic, line)
					case strings.Contains(line, `"unsubscribed"`):
						subscribed, ends = false, ends-1
					case strings.Contains(line, `"subscribed"`):
						subscribed = true
					case !subscribed:
						t.Errorf("without a subscription came %s", line)
					case strings.Contains(line, `"note"`) && !strings.Contains(line, `{"text":"`+topic+`"}`):
						t.Errorf("misdelivered: %s", line)
					}
				}
			}
			c.drop()
		})
	}
	clients.Wait()
	close(stop)
	publishers.Wait()
}

// Who is unsubscribed in open is subscribed first, also where connecting subscribes.
func TestUnsubscribeInOpen(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/ws", "/x"} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, labOptions{register: func(l *lab) {
				topic := chanx.NewTopic(l.hub, "x", "x", func(_ context.Context, s *chanx.Subscription) (*chanx.Subscription, error) {
					s.Unsubscribe()
					return s, nil
				}, nil)
				chanx.OnOpen(topic, func(*chanx.Subscription, context.Context) error { l.journal.add("joined"); return nil })
				chanx.OnClose(topic, func(_ *chanx.Subscription, _ context.Context, how *chanx.CloseError) {
					l.journal.add("left: " + how.Error())
				})
				chanx.Topics(l, topic)
				l.mux.Handle("/x", chanx.Mount(topic.Alone(nil), "/x"))
			}})
			c := openRaw(t, l.mux, path)
			if path == "/ws" {
				c.send(`{"topic":"x","action":"subscribe"}`)
			}
			want := []string{
				`{"version":1,"topic":"x","action":"subscribed","payload":null}`,
				`{"version":1,"topic":"x","action":"unsubscribed","payload":null}`,
			}
			if diff := cmp.Diff(want, c.take()); diff != "" {
				t.Errorf("%s: came (-want +got):\n%s", path, diff)
			}
			if diff := cmp.Diff([]string{"joined", "left: unsubscribed"}, l.journal.take()); diff != "" {
				t.Errorf("%s: happened (-want +got):\n%s", path, diff)
			}
		})
	}
}

// Nothing that an application sends can be taken for the framework's own frames.
func TestTopicSendsNoFrameOfTheFramework(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{register: func(l *lab) {
			topic := chanx.NewTopic(l.hub, "x", "x", letIn, nil)
			chanx.TrackPresence(topic, whoIs, nil)
			chanx.OnOpen(topic, func(s *chanx.Subscription, ctx context.Context) error {
				for _, send := range []func(context.Context, chanx.Message) error{s.Send, s.Broadcast, s.BroadcastOthers} {
					for _, m := range []chanx.Message{subscribeMessage{}, leftMessage{}, &leftMessage{}} {
						if err := send(ctx, m); err == nil || !strings.Contains(err.Error(), "framework's own") {
							t.Errorf("no error for a %T, or another: %v", m, err)
						}
					}
				}
				return nil
			})
			chanx.Topics(l, topic)
		}})
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"topic":"x","action":"subscribe"}`)
		if got := c.take(); len(got) != 2 || !strings.Contains(got[1], `"presence_state"`) {
			t.Errorf("came %q", got)
		}
	})
}

package chanxtest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/coder/websocket"
)

func TestTopicFailures(t *testing.T) {
	tests := []struct {
		name string
		test func(s *rooms, c *chanxtest.Client)
		want string
	}{
		{"another message", func(_ *rooms, c *chanxtest.Client) {
			room := c.Topic("room:go").Subscribe()
			room.Send(Post{"hi"})
			chanxtest.Expect[Joined](room)
		}, `want "joined" (chanxtest_test.Joined), but got {"version":1,"topic":"room:go","action":"posted","payload":{"text":"hi"}}
	-> {"topic":"room:go","ref":"test-1","action":"subscribe"}
	<- {"version":1,"topic":"room:go","ref":"test-1","action":"subscribed","payload":null}
	-> {"topic":"room:go","action":"post","payload":{"text":"hi"}}`},
		{"another topic", func(_ *rooms, c *chanxtest.Client) {
			a, b := c.Topic("room:a").Subscribe(), c.Topic("room:b").Subscribe()
			a.Send(Post{"hi"})
			chanxtest.Expect[Posted](b)
		}, `want a frame "posted" (chanxtest_test.Posted) on topic "room:b", but nothing came for 5s`},
		{"a topic's, and not the consumer's", func(_ *rooms, c *chanxtest.Client) {
			c.Topic("room:a").Subscribe().Send(Post{"hi"})
			chanxtest.Expect[Posted](c.Topic(""))
		}, `want a frame "posted" (chanxtest_test.Posted), but nothing came for 5s`},
		{"a topic's, where the client's comes first", func(_ *rooms, c *chanxtest.Client) {
			c.Topic("room:a").Subscribe().Send(Post{"hi"})
			chanxtest.Expect[Pong](c)
		}, `want "pong" (chanxtest_test.Pong), but got {"version":1,"topic":"room:a","action":"posted"`},
		{"a refused subscription", func(_ *rooms, c *chanxtest.Client) { c.Topic("room:closed").Subscribe() },
			`want a frame "subscribed" on topic "room:closed", but got {"version":1,"topic":"room:closed","ref":"test-1","action":"error","payload":{"reason":"unauthorized"`},
		{"a subscription that isn't refused", func(_ *rooms, c *chanxtest.Client) { c.Topic("room:go").SubscribeError(chanx.Unauthorized) },
			`want an error "unauthorized", but got {"version":1,"topic":"room:go","ref":"test-1","action":"subscribed"`},
		{"another refusal", func(_ *rooms, c *chanxtest.Client) { c.Topic("room:closed").SubscribeError(chanx.UnknownTopic) },
			`want an error "unknown_topic", but got {"version":1,"topic":"room:closed","ref":"test-1","action":"error"`},
		{"unsubscribing unsubscribed", func(_ *rooms, c *chanxtest.Client) { c.Topic("room:go").Unsubscribe() },
			`want a frame "unsubscribed" on topic "room:go", but got {"version":1,"topic":"room:go","ref":"test-1","action":"error","payload":{"reason":"not_subscribed"`},
		{"an error to a request", func(_ *rooms, c *chanxtest.Client) { chanxtest.Request[Posted](c.Topic("room:go"), Echo{"hi"}) },
			`want "posted" (chanxtest_test.Posted), but got {"version":1,"topic":"room:go","ref":"test-1","action":"error"`},
		{"no answer to a request", func(_ *rooms, c *chanxtest.Client) {
			chanxtest.Request[Posted](c.Topic("room:go").Subscribe(), Post{"hi"})
		}, `want "posted" (chanxtest_test.Posted) to answer "post" (ref "test-2") on topic "room:go", but nothing came for 5s`},
		{"something in place of nothing", func(_ *rooms, c *chanxtest.Client) {
			room := c.Topic("room:go").Subscribe()
			room.Send(Post{"hi"})
			room.ExpectNothing()
		}, `want nothing on topic "room:go", but got {"version":1,"topic":"room:go","action":"posted"`},
		{"the end in place of nothing", func(_ *rooms, c *chanxtest.Client) {
			room := c.Topic("room:go").Subscribe()
			c.SendBinary([]byte{1})
			room.ExpectNothing()
		}, `want nothing on topic "room:go", but got connection closed with 1003`},
		{"subscribed still", func(_ *rooms, c *chanxtest.Client) {
			room := c.Topic("room:go").Subscribe()
			room.Send(Post{"hi"})
			room.ExpectUnsubscribed()
		}, `want a frame "unsubscribed" on topic "room:go", but got {"version":1,"topic":"room:go","action":"posted"`},
		{"a frame before the end", func(_ *rooms, c *chanxtest.Client) {
			c.Topic("room:go").Subscribe().Send(Post{"hi"})
			c.ExpectClose(chanx.CloseNormal)
		}, `want the connection closed with 1000, but got {"version":1,"topic":"room:go"`},
		{"recovering what isn't kept", func(_ *rooms, c *chanxtest.Client) { c.Topic("room:go").Recover(layer.Position{}) },
			`topic "room:go" keeps no history to recover from: {"version":1`},
		{"recovering what is closed", func(_ *rooms, c *chanxtest.Client) { c.Topic("room:closed").Recover(layer.Position{}) },
			`want a frame "subscribed" on topic "room:closed", but got {"version":1,"topic":"room:closed","ref":"test-1","action":"error"`},
		{"a position without history", func(_ *rooms, c *chanxtest.Client) { c.Topic("room:go").Subscribe().Position() },
			`there is no position in topic "room:go": it keeps no history, or was not subscribed to`},
		{"a position before subscribing", func(_ *rooms, c *chanxtest.Client) { c.Topic("log:a").Position() },
			`there is no position in topic "log:a"`},
		{"not alone", func(_ *rooms, c *chanxtest.Client) { c.Alone() },
			`consumer "all" isn't one topic alone: use Client.Topic`},
		{"waiting before subscribing", func(_ *rooms, c *chanxtest.Client) { c.Topic("room:go").Next() },
			`want a frame on topic "room:go", but nothing came for 5s: the client is not subscribed to it`},
		{"an undeclared message", func(_ *rooms, c *chanxtest.Client) {
			c.Topic("room:go").Subscribe().Send(Leak{})
			c.Next()
		}, `"action":"secret","payload":null}: topic "a_room" does not declare the message "secret": add chanx.Sends[M]() to the handler ` +
			`that sends it, or chanx.Outgoing[M](topic) where none does`},
		{"an undeclared message that nobody reads", func(_ *rooms, c *chanxtest.Client) {
			c.Topic("room:go").Subscribe().Send(Leak{})
			c.Topic("room:other").Subscribe().ExpectNothing()
		}, `the client got a frame that the test did not read: {"version":1,"topic":"room:go","action":"secret","payload":null}: topic "a_room"`},
		{"a message that breaks its schema", func(_ *rooms, c *chanxtest.Client) {
			room := c.Topic("room:go").Subscribe()
			room.Send(Leak{Number: true})
			room.Next()
		}, `the document disagrees: it is no message "posted" of channel "all_a_room": "/payload/text" must be a string, not a number`},
		{"a field that the test doesn't know", func(_ *rooms, c *chanxtest.Client) {
			lobby := c.Topic("lobby").Subscribe()
			chanxtest.Expect[chanx.PresenceState[struct{}]](lobby)
		}, `lacks a field of it: `},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRooms(t, nil, nil)
				got := failureOf(t, func(t testing.TB) {
					t.Helper()
					test.test(s, chanxtest.Dial(t, s, "/all/ann", nil))
				})
				if !strings.Contains(got, test.want) || strings.Contains(got, "---") {
					t.Errorf("failed with\n%s\nwant\n%s", got, test.want)
				}
			})
		})
	}
}

func TestRecoverWhileDialling(t *testing.T) {
	withRooms(t, func(t *testing.T, s *rooms) {
		got := failureOf(t, func(t testing.TB) {
			t.Helper()
			chanxtest.Dial(t, s, "/all/ann", &chanxtest.DialOptions{Recover: &layer.Position{Epoch: "one"}})
		})
		if want := `consumer "all" isn't one topic alone: use Topic.Recover`; !strings.Contains(got, want) {
			t.Errorf("failed with\n%s\nwant\n%s", got, want)
		}
	})
}

// script is a server that sends what it is told to.
type script []string

func (s script) ServeHTTP(w http.ResponseWriter, r *http.Request) { speak(w, r, s, false) }

// answers is a server that answers each frame with the next of its own.
type answers []string

func (s answers) ServeHTTP(w http.ResponseWriter, r *http.Request) { speak(w, r, s, true) }

// speak sends frames, each of them after one of the client's if it is an answer.
func speak(w http.ResponseWriter, r *http.Request, frames []string, answer bool) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	for _, frame := range frames {
		if answer {
			if _, _, err := ws.Read(r.Context()); err != nil {
				return
			}
		}
		if ws.Write(r.Context(), websocket.MessageText, []byte(frame)) != nil {
			return
		}
	}
	<-ws.CloseRead(r.Context()).Done()
}

const (
	inRoom  = `{"version":1,"topic":"room:go","action":"subscribed","payload":null}`
	outRoom = `{"version":1,"topic":"room:go","action":"unsubscribed","payload":null}`
	posted  = `{"version":1,"topic":"room:go","action":"posted","payload":{"text":"hi"}}`
)

// entry is a frame of a history.
func entry(seq string) string {
	return `{"version":1,"topic":"log:a","seq":` + seq + `,"action":"posted","payload":{"text":"hi"}}`
}

// inLog is a subscription to a history.
func inLog(place string) string {
	return `{"version":1,"topic":"log:a","action":"subscribed","payload":{` + place + `}}`
}

// What breaks the protocol is found, whoever the server is.
func TestContractOfTopics(t *testing.T) {
	const at5, at8 = `"recovered":false,"seq":5,"epoch":"e"`, `"recovered":false,"seq":8,"epoch":"e"`
	tests := []struct {
		name, path string
		frames     script
		want       string // in what is wrong with the last frame; "" for nothing
	}{
		{"a subscription", "/all/ann", script{inRoom, posted, outRoom, inRoom, posted}, ""},
		{"errors of any topic", "/all/ann", script{
			`{"version":1,"topic":"","action":"error","payload":{"reason":"unknown_topic","detail":""}}`,
			`{"version":1,"topic":"nowhere","action":"error","payload":{"reason":"unknown_topic","detail":""}}`,
		}, ""},
		{"a completion where there is none", "/all/ann", script{`{"version":1,"topic":"nowhere","action":"complete","payload":null}`},
			`the document disagrees: channel "all" has no message "complete" there`},
		{"an error that isn't one", "/all/ann", script{`{"version":1,"topic":"room:go","action":"error","payload":7}`}, "its payload is no error"},
		{"an unknown topic", "/all/ann", script{`{"version":1,"topic":"room:","action":"subscribed","payload":null}`},
			`consumer "all" has no topic of that name: it has the patterns ["room:{room}" "log:{name}" "lobby"]`},
		{"a longer topic", "/all/ann", script{`{"version":1,"topic":"lobby:x","action":"subscribed","payload":null}`}, "has no topic of that name"},
		{"a shorter topic", "/all/ann", script{`{"version":1,"topic":"lobb","action":"subscribed","payload":null}`}, "has no topic of that name"},
		{"no version", "/all/ann", script{`{"topic":"room:go","action":"subscribed","payload":null}`}, `has no "version"`},
		{"before subscribing", "/all/ann", script{posted}, `it came while the client was not subscribed to "room:go"`},
		{"after unsubscribing", "/all/ann", script{inRoom, outRoom, posted}, `it came while the client was not subscribed`},
		{"unsubscribed twice", "/all/ann", script{inRoom, outRoom, outRoom}, `it came while the client was not subscribed`},
		{"subscribed without a topic", "/all/ann", script{`{"action":"subscribed","payload":null}`}, `does not declare the message "subscribed"`},
		{"a message of another topic", "/all/ann", script{inRoom, `{"version":1,"topic":"room:go","action":"presence_left","payload":{"key":"a"}}`},
			`topic "a_room" does not declare the message "presence_left"`},
		{"presence", "/all/ann", script{
			`{"version":1,"topic":"lobby","action":"subscribed","payload":null}`,
			`{"version":1,"topic":"lobby","action":"presence_state","payload":{"members":[{"key":"a","info":{"name":"a"}}]}}`,
			`{"version":1,"topic":"lobby","action":"presence_joined","payload":{"key":"a","info":{"name":"b"}}}`,
			`{"version":1,"topic":"lobby","action":"presence_left","payload":{"key":"a"}}`,
		}, ""},
		{"presence with strange info", "/all/ann", script{
			`{"version":1,"topic":"lobby","action":"subscribed","payload":null}`,
			`{"version":1,"topic":"lobby","action":"presence_joined","payload":{"key":"a","info":7}}`,
		}, `"/payload/info" must be an object`},
		{"a topic's message without topic", "/all/ann", script{`{"action":"posted","payload":{"text":"hi"}}`}, `consumer "all" does not declare the message "posted"`},
		{"the consumer's message on a topic", "/all/ann", script{inRoom, `{"version":1,"topic":"room:go","action":"pong","payload":null}`},
			`topic "a_room" does not declare the message "pong"`},
		{"a payload of unsubscribed", "/all/ann", script{inRoom, `{"version":1,"topic":"room:go","action":"unsubscribed","payload":{}}`}, `"/payload" must be null, not an object`},
		{"authentication", "/all/ann", script{`{"action":"authentication","payload":{}}`}, `consumer "all" does not announce its authentication`},
		{"authentication on a topic", "/all/ann", script{inRoom, `{"version":1,"topic":"room:go","action":"authentication","payload":{}}`},
			`does not declare the message "authentication"`},

		{"positions of a publisher", "/all/ann", script{inRoom, strings.Replace(posted, `"action"`, `"seq":9,"action"`, 1), strings.Replace(posted, `"action"`, `"seq":3,"action"`, 1)}, ""},
		{"a position of 0", "/all/ann", script{inRoom, strings.Replace(posted, `"action"`, `"seq":0,"action"`, 1)}, `its "seq" is no position`},
		{"a position without a topic", "/all/ann", script{`{"seq":1,"action":"pong","payload":null}`}, `it has a "seq", which is for what is published to a topic`},
		{"a position of an answer", "/all/ann", script{inRoom, strings.Replace(posted, `"action"`, `"seq":9,"ref":"1","action"`, 1)}, `it has a "seq", which is for what is published`},
		{"a position of unsubscribed", "/all/ann", script{inRoom, strings.Replace(outRoom, `"action"`, `"seq":9,"action"`, 1)}, `it has a "seq", which is for what is published`},
		{"a position of an error", "/all/ann", script{`{"version":1,"topic":"x","seq":1,"action":"error","payload":{"reason":"conflict","detail":""}}`},
			`it has a "seq", which is for what is published`},

		{"history", "/all/ann", script{inLog(at5), entry("6"), entry("8"), inLog(at8), entry("9")}, ""},
		{"a loss", "/all/ann", script{inLog(at5), entry("6"), inLog(at8), entry("9")}, ""},
		{"a place before what was delivered", "/all/ann", script{inLog(at5), entry("6"), inLog(at5)},
			`it says that the client is at 5, and the client was at 6 already`},
		{"a place ahead of what was delivered", "/all/ann", script{inLog(at5), entry("6"), inLog(at8), entry("7")},
			`its place in the topic, 7, is not after 8, where the client was already`},
		{"recovered while subscribed", "/all/ann", script{inLog(at5), entry("6"), inLog(`"recovered":true,"seq":8,"epoch":"e"`)},
			`it says that what was missed comes next, to a client that was subscribed already`},
		{"recovered", "/all/ann", script{inLog(`"recovered":true,"seq":5,"epoch":"e"`), entry("3"), entry("4"), entry("5")}, ""},
		{"another epoch", "/all/ann", script{inLog(at5), entry("6"), inLog(`"recovered":false,"seq":0,"epoch":"f"`), entry("1"), entry("2")}, ""},
		{"a place of before subscribing", "/all/ann", script{inLog(at5), entry("5")}, `its place in the topic, 5, is not after 5, where the client was already`},
		{"a place twice", "/all/ann", script{inLog(at5), entry("6"), entry("6")}, `its place in the topic, 6, is not after 6`},
		{"a place before", "/all/ann", script{inLog(`"recovered":true,"seq":5,"epoch":"e"`), entry("4"), entry("3")}, `its place in the topic, 3, is not after 4`},
		{"no place", "/all/ann", script{`{"version":1,"topic":"log:a","action":"subscribed","payload":null}`}, `topic "a_log" keeps history, and it does not say where that is`},
		{"a place without history", "/all/ann", script{strings.Replace(inRoom, "null", `{`+at5+`}`, 1)}, `topic "a_room" keeps no history, and it says where that is`},
		{"half a place", "/all/ann", script{inLog(`"recovered":false,"seq":5`)}, "its payload is neither null nor a place in a topic's history"},
		{"no epoch", "/all/ann", script{inLog(`"recovered":false,"seq":5,"epoch":""`)}, "its payload is neither null nor a place"},
		{"more than a place", "/all/ann", script{inLog(at5 + `,"more":1`)}, "its payload is neither null nor a place"},

		{"alone", "/room/go", script{inRoom, posted, `{"version":1,"topic":"room:go","action":"error","payload":{"reason":"rate_limited","detail":""}}`}, ""},
		{"an error alone, without the topic", "/room/go", script{`{"action":"error","payload":{"reason":"rate_limited","detail":""}}`},
			`the document disagrees: it is no message "error" of channel "a_room": "/topic" is required; "/version" is required`},
		{"alone without the topic", "/room/go", script{inRoom, `{"action":"posted","payload":{"text":"hi"}}`},
			`it has no topic, and the connection is for one alone: send "posted" with its Subscription`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRooms(t, nil, nil)
				read := 0
				got := failureOf(t, func(t testing.TB) {
					t.Helper()
					c := chanxtest.Dial(t, test.frames, test.path, &chanxtest.DialOptions{Hub: s.hub})
					for range test.frames {
						c.Next()
						read++
					}
				})
				if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
					t.Errorf("failed with\n%s\nwant\n%s", got, test.want)
				}
				if want := len(test.frames) - 1; test.want != "" && read != want {
					t.Errorf("%d frames were right, want %d", read, want)
				}
			})
		})
	}
}

func TestWrongAnswers(t *testing.T) {
	from := layer.Position{Epoch: "e", Seq: 5}
	recovered := strings.Replace(inLog(`"recovered":true,"seq":7,"epoch":"e"`), `"action"`, `"ref":"test-1","action"`, 1)
	tests := []struct {
		name   string
		frames answers
		test   func(c *chanxtest.Client)
		want   string
	}{
		{"of another topic", answers{`{"version":1,"topic":"room:a","ref":"test-1","action":"error","payload":{"reason":"conflict","detail":""}}`},
			func(c *chanxtest.Client) { c.Topic("room:b").Subscribe() },
			`want subscribed to answer "subscribe" (ref "test-1") on topic "room:b", but got {"version":1,"topic":"room:a"`},
		{"of no topic", answers{`{"ref":"test-1","action":"error","payload":{"reason":"conflict","detail":""}}`},
			func(c *chanxtest.Client) { chanxtest.RequestError(c.Topic("room:b"), Post{"hi"}, chanx.Conflict) },
			`want an error "conflict" to answer "post" (ref "test-1") on topic "room:b", but got {"ref":"test-1"`},
		{"another epoch", answers{strings.Replace(recovered, `"e"`, `"f"`, 1)},
			func(c *chanxtest.Client) { c.Topic("log:a").Recover(from) },
			`it says that the client can go on from epoch "e" in epoch "f"`},
		{"from too far back", answers{recovered, entry("5")}, func(c *chanxtest.Client) {
			log := c.Topic("log:a")
			log.Recover(from)
			c.Send(Ping{})
			log.Next()
		}, `its place in the topic, 5, is not after 5`},
		{"not alone at first", answers{`{"version":1,"topic":"room:a","action":"error","payload":{"reason":"conflict","detail":""}}`},
			func(c *chanxtest.Client) {
				c.Send(Ping{})
				c.Alone()
			}, `want a frame "subscribed", but got {"version":1,"topic":"room:a","action":"error"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRooms(t, nil, nil)
				opts := &chanxtest.DialOptions{Hub: s.hub, Consumer: "all"}
				if strings.Contains(test.name, "alone") {
					opts.Consumer = "a_room"
				}
				got := failureOf(t, func(t testing.TB) {
					t.Helper()
					test.test(chanxtest.Dial(t, test.frames, "/", opts))
				})
				if !strings.Contains(got, test.want) {
					t.Errorf("failed with\n%s\nwant\n%s", got, test.want)
				}
			})
		})
	}
}

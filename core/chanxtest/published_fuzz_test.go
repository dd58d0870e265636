package chanxtest_test

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"testing"
	"unicode/utf8"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// Wide has something of every kind in its payload.
type Wide struct {
	Name  string         `json:"name" minLength:"1" maxLength:"3" pattern:"^[a-z]*$"`
	Count int8           `json:"count,omitzero" maximum:"7" multipleOf:"2"`
	Tags  []string       `json:"tags" default:"[]" uniqueItems:"true" maxItems:"2"`
	By    map[string]int `json:"by,omitempty" minProperties:"1"`
	Next  *Wide          `json:"next"`
	Kind  string         `json:"kind" enum:"a,b" default:"a"`
}

func (Wide) Action() string { return "wide" }

func (*school) Wide(context.Context, Wide) (Pong, error) { return Pong{}, nil }

// newFuzzed mounts a consumer with topics at /all, and one of the topics alone.
func newFuzzed(t testing.TB) http.Handler {
	t.Helper()
	hub := chanx.NewHub(nil)
	t.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	completing := &chanx.ConsumerOptions{Completion: true}
	all := chanx.NewConsumer(hub, "fuzzed", openSchool, completing)
	chanx.Reply(all, (*school).Wide)
	chanx.Reply(all, func(*school, context.Context, Ping) (Pong, error) { return Pong{}, nil })
	chanx.Stream(all, func(*school, context.Context, Question) iter.Seq2[*Token, error] {
		return func(yield func(*Token, error) bool) { yield(&Token{1}, nil) }
	})
	room := chanx.NewTopic(hub, "room", "room:{room}", openRoom, nil)
	chanx.Reply(room, (*Room).Echo)
	kept := chanx.NewTopic(hub, "log", "log:{room}", openRoom, &chanx.TopicOptions{History: &chanx.History{Frames: 4}})
	chanx.Reply(kept, (*Room).Echo)
	chanx.Topics(all, room, kept)
	mux := http.NewServeMux()
	mux.Handle("/all", chanx.Mount(all, "/all"))
	mux.Handle("/log/{room}", chanx.Mount(kept.Alone(completing), "/log/{room}"))
	return mux
}

// FuzzPublished holds what the server says of any frame against the document, for a
// consumer, one of its topics, and a topic alone.
func FuzzPublished(f *testing.F) {
	for _, text := range []string{
		`{"ref":"1","action":"wide","payload":{"name":"a","next":{"name":"b","next":null}}}`,
		`{"ref":"1","action":"wide","payload":{"name":"","count":3,"tags":["a","a"],"by":{},"next":1,"kind":"c"}}`,
		`{"ref":"1","action":"wide","payload":{"name":"a","count":2.0,"next":null}}`,
		`{"action":"wide"}`, `{"action":"wide","payload":null,"ref":1}`, `{"ref":"1","action":"ping","payload":{}}`,
		`{"ref":"1","action":"pong"}`, `{"ref":"2","topic":"room:a","action":"echo","payload":{"text":"x"}}`,
		`{"ref":"2","topic":"room:a","action":"unsubscribe","payload":7}`, `{"ref":"2","topic":"log:a","action":"subscribe"}`,
		`{"ref":"2","topic":"room:b","action":"subscribe","payload":{"recover":{"seq":1,"epoch":"e"}}}`,
		`{"ref":"2","topic":"log:b","action":"subscribe","payload":{"recover":{"seq":-1,"epoch":7}}}`,
		`{"ref":"2","topic":"log:b","action":"subscribe","payload":{"recover":null}}`,
		`{"ref":"3","topic":"","action":"wide","payload":{"name":"a","next":null}}`, `{"ref":"3","topic":null,"action":"ping"}`,
		`{"version":1,"ref":"4","action":"stream_cancel"}`, `{"version":1.0,"ref":"4","action":"wide"}`, `{"action":"stream_cancel"}`,
		`{"ref":"5","action":"ask","payload":{"words":1}}`, `{"ref":"","action":"nope"}`, `[]`, `{"a":1,"a":1}`, `{"é":"\u00e9"}`,
	} {
		f.Add(text)
	}
	mux := newFuzzed(f)
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 4_000 {
			return
		}
		c := chanxtest.Dial(t, mux, "/all", nil)
		c.Topic("room:a").Subscribe()
		holdAnswers(c, text)
		holdAnswers(chanxtest.Dial(t, mux, "/log/a", nil), text)
	})
}

// holdAnswers sends a text and looks at what comes, up to the answer of a frame that
// the server always takes.
func holdAnswers(c *chanxtest.Client, text string) {
	const last = "the last one"
	c.SendRaw(text)
	c.Cancel(last)
	for ended := false; !ended; {
		ended = c.Next().Ref == last
	}
}

// Every combination of what may stand in a frame is held against the document.
func TestPublishedAndEveryFrame(t *testing.T) {
	actions := []string{
		``, `"wide"`, `"ping"`, `"ask"`, `"echo"`, `"subscribe"`, `"unsubscribe"`, `"stream_cancel"`, `"pong"`, `"error"`, `"authentication"`, `7`, `null`,
	}
	payloads := []string{
		``, `null`, `{}`, `7`, `{"text":"x"}`, `{"text":null}`, `{"words":1}`, `{"words":1.0}`, `{"words":1e400}`, `{"words":0.5}`,
		`{"name":"a","next":null}`, `{"name":"a","next":{"name":"abcd","next":null}}`, `{"name":"A","next":null}`,
		`{"name":"a","next":null,"count":8}`, `{"name":"a","next":null,"count":-2e0,"tags":["a","\u0061"]}`,
		`{"name":"a","next":null,"by":{},"kind":"c"}`, `{"name":"a","next":null,"kind":"b","more":[{}]}`,
		`{"recover":{"seq":0,"epoch":"e"}}`, `{"recover":{"seq":-1,"epoch":"e"}}`, `{"recover":null}`, `{"recover":{}}`, `{"token":"t"}`,
	}
	heads := []string{
		``, `"topic":""`, `"topic":"room:a"`, `"topic":"log:a"`, `"topic":"log:"`, `"topic":"nowhere"`, `"topic":null`, `"topic":[]`,
		`"version":1`, `"version":1.0`, `"version":2`, `"version":"1"`, `"version":1,"topic":"log:a"`, `"version":1.0,"topic":"room:a"`,
		`"version":null,"topic":"room:a"`, `"seq":1,"topic":"room:a"`, `"Action":"wide"`,
	}
	mux := newFuzzed(t)
	for _, path := range []string{"/all", "/log/a"} {
		c := chanxtest.Dial(t, mux, path, nil)
		for i := range len(actions) * len(payloads) * len(heads) {
			text := `{"ref":"` + strconv.Itoa(i) + `"`
			for name, value := range map[string]string{
				``:           heads[i%len(heads)],
				`"payload":`: payloads[i/len(heads)%len(payloads)],
				`"action":`:  actions[i/len(heads)/len(payloads)],
			} {
				if value != "" {
					text += "," + name + value
				}
			}
			holdAnswers(c, text+"}")
		}
	}
}

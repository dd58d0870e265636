package chanxtest_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/schema"
)

// Grade is a message whose schema a test can have changed: what is published of it
// isn't what is enforced then.
type Grade struct {
	Mark mark `json:"mark"`
}

func (Grade) Action() string { return "grade" }

// Validate refuses what no schema does, in the words of one.
func (g Grade) Validate() error {
	if g.Mark != "unlucky" {
		return nil
	}
	return &schema.InvalidError{Violations: []schema.Violation{{Path: "/mark", Code: "enum", Message: "is unlucky"}}}
}

type mark string

var markSchema atomic.Value // of a string

func (mark) JSONSchema() string { return markSchema.Load().(string) }

// Graded is a message that is written otherwise than its schema says.
type Graded struct {
	Rank rank `json:"rank"`
}

func (Graded) Action() string { return "graded" }

type rank int

func (rank) JSONSchema() string { return `{"type":"string"}` }

func (r rank) MarshalJSON() ([]byte, error) { return []byte("7"), nil }

// Report is a message that leaves out what its schema has.
type Report struct{ body }

func (Report) Action() string { return "report" }

type body struct {
	Text string `json:"text"`
}

func (body) JSONSchema() string           { return `{"type":"object","required":["text"]}` }
func (body) MarshalJSON() ([]byte, error) { return []byte(`{}`), nil }

type school struct{ *chanx.Conn }

func openSchool(_ context.Context, conn *chanx.Conn) (*school, error) { return &school{conn}, nil }

func (*school) Grade(context.Context, Grade) (Pong, error)    { return Pong{}, nil }
func (*school) Rank(context.Context, Ping) (Graded, error)    { return Graded{}, nil }
func (*school) Report(context.Context, Kick) (Report, error)  { return Report{}, nil }
func (*school) Ask(context.Context, Question) (*Token, error) { return &Token{1}, nil }

// newSchool mounts a consumer at /school while marks have one schema, and returns the
// hub once they have another.
func newSchool(t *testing.T, enforced, published string, opts *chanx.ConsumerOptions) (*chanx.Hub, http.Handler) {
	t.Helper()
	hub := chanx.NewHub(nil)
	t.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	markSchema.Store(enforced)
	c := chanx.NewConsumer(hub, "school", openSchool, opts)
	chanx.Reply(c, (*school).Grade)
	chanx.Reply(c, (*school).Rank)
	chanx.Reply(c, (*school).Report)
	chanx.Reply(c, (*school).Ask)
	mux := http.NewServeMux()
	mux.Handle("/school/{class}", chanx.Mount(c, "/school/{class}"))
	markSchema.Store(published)
	return hub, mux
}

const (
	anyMark   = `{"type":"string"}`
	shortMark = `{"type":"string","maxLength":1}`
)

func TestPublished(t *testing.T) {
	tests := []struct {
		name                string
		enforced, published string
		test                func(c *chanxtest.Client)
		want                string // "" for nothing
	}{
		{"agreement", anyMark, anyMark, func(c *chanxtest.Client) {
			chanxtest.Request[Pong](c, Grade{"good"})
			c.Send(Grade{"good"})
			chanxtest.Expect[Pong](c)
		}, ""},
		{"a message that is written otherwise", anyMark, anyMark, func(c *chanxtest.Client) {
			c.Send(Ping{})
			c.Next()
		}, `got a frame that is wrong: {"action":"graded","payload":{"rank":7}}: the document disagrees: ` +
			`it is no message "graded" of channel "school": "/payload/rank" must be a string, not a number`},
		{"an answer of another shape", anyMark, anyMark, func(c *chanxtest.Client) {
			c.Send(Kick{})
			c.Next()
		}, `the document disagrees: it is no message "report" of channel "school": "/payload/text" is required`},
		{"one that nobody reads", anyMark, anyMark, func(c *chanxtest.Client) {
			c.Send(Kick{})
			synctest.Wait()
		}, `the client got a frame that the test did not read: {"action":"report","payload":{}}: the document disagrees`},
		{"less is published than is taken", anyMark, shortMark, func(c *chanxtest.Client) { chanxtest.Request[Pong](c, Grade{"good"}) },
			`the document disagrees: the server takes {"ref":"test-1","action":"grade","payload":{"mark":"good"}}: ` +
				`it is no message "grade" of channel "school": "/payload/mark" must be at most 1 character long`},
		{"less, as it is written", anyMark, shortMark, func(c *chanxtest.Client) {
			c.SendRaw(`{"ref":"1","action":"grade","payload":{"mark":"good"}}`)
			c.Next()
		}, `the document disagrees: the server takes {"ref":"1",`},
		{"more is published than is taken", shortMark, anyMark, func(c *chanxtest.Client) { chanxtest.RequestError(c, Grade{"good"}, chanx.Invalid) },
			`the document disagrees: the server refuses {"ref":"test-1","action":"grade","payload":{"mark":"good"}} as "invalid", ` +
				`which is the message "grade" of channel "school"`},
		{"refused by both", shortMark, shortMark, func(c *chanxtest.Client) { chanxtest.RequestError(c, Grade{"good"}, chanx.Invalid) }, ""},
		{"refused by what is no schema", anyMark, anyMark, func(c *chanxtest.Client) { chanxtest.RequestError(c, Grade{"unlucky"}, chanx.Invalid) }, ""},
		{"no messages", anyMark, anyMark, func(c *chanxtest.Client) {
			for _, text := range []string{
				`{"ref":"1","action":"nope"}`, `{"action":"nope"}`, `nonsense`, `{"action":7}`, `{"ref":7,"action":"ask"}`,
				`{"topic":7,"action":"ask"}`, `{"ref":"2"}`, `{"version":"1","ref":"3","action":"ask"}`, `{"a":1,"a":2,"action":"ask"}`,
				`{"ref":"` + strings.Repeat("r", 600) + `","action":"ask","payload":{"words":1}}`,
			} {
				c.SendRaw(text)
				if e := c.Next().Error(); e == nil || e.Reason != chanx.Malformed && e.Reason != chanx.UnknownAction {
					panic(text + " is not refused as such")
				}
			}
		}, ""},
		{"no refusals of the shape", anyMark, anyMark, func(c *chanxtest.Client) {
			for text, reason := range map[string]chanx.Reason{
				`{"version":2,"ref":"1","action":"ask","payload":{"words":1}}`: chanx.UnsupportedVersion,
				`{"topic":"x","ref":"2","action":"ask","payload":{"words":1}}`: chanx.UnknownTopic,
			} {
				c.SendRaw(text)
				chanxtest.ExpectError(c, reason)
			}
		}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, mux := newSchool(t, test.enforced, test.published, nil)
				got := failureOf(t, func(t testing.TB) {
					t.Helper()
					test.test(chanxtest.Dial(t, mux, "/school/a", nil))
				})
				if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
					t.Errorf("failed with\n%s\nwant\n%s", got, test.want)
				}
			})
		})
	}
}

// What servers answer that aren't ours.
func TestPublishedAndAnswers(t *testing.T) {
	const (
		ask      = `{"ref":"1","action":"ask","payload":{"words":1}}`
		plainAsk = `{"action":"ask","payload":{"words":1}}`
		nothing  = `{"ref":"1","action":"nothing"}`
		token    = `{"ref":"1","action":"token","payload":{"n":1}}`
		complete = `{"ref":"1","action":"complete","payload":null}`
	)
	refusal := func(reason, more string) string {
		return `{"ref":"1","action":"error","payload":{"reason":"` + reason + `","detail":""` + more + `}}`
	}
	plainly := func(frame string) string { return strings.Replace(frame, `"ref":"1",`, "", 1) }
	violation := func(path, code string) string {
		return refusal("invalid", `,"errors":[{"path":"`+path+`","code":"`+code+`","message":"m"}]`)
	}
	tests := []struct {
		name           string
		sends, answers []string
		want           string // "" for nothing
	}{
		{"taken", []string{ask}, []string{token}, ""},
		{"completed", []string{ask, ask}, []string{token, complete}, ""},
		{"no message taken", []string{nothing}, []string{token}, `the server takes {"ref":"1","action":"nothing"}: channel "school" has no message "nothing" there`},
		{"no message completed", []string{nothing}, []string{complete}, `the server takes {"ref":"1","action":"nothing"}`},
		{"completed after an error", []string{nothing, nothing}, []string{refusal("unknown_action", ""), complete}, ""},
		{"a topic that nobody has", []string{`{"topic":"x",` + ask[1:]}, []string{token}, `the server takes {"topic":"x","ref":"1",`},
		{"no object", []string{ask, ask + "}"}, []string{token, token}, ""},
		{"an unknown action that is known", []string{ask}, []string{refusal("unknown_action", "")},
			`the server refuses ` + ask + ` as "unknown_action", which is the message "ask" of channel "school"`},
		{"malformed that isn't", []string{ask}, []string{refusal("malformed", "")}, `the server refuses ` + ask + ` as "malformed"`},
		{"which of two", []string{nothing, ask}, []string{refusal("unknown_action", ""), token}, ""},
		{"malformed without a ref", []string{plainAsk}, []string{plainly(refusal("malformed", ""))},
			`the server refuses a frame as "malformed", and it allows every one that was sent without a ref`},
		{"once of two without a ref", []string{plainAsk, plainly(nothing)}, []string{plainly(token), plainly(refusal("unknown_action", ""))}, ""},
		{"twice of two without a ref", []string{plainly(nothing), plainAsk},
			[]string{plainly(refusal("unknown_action", "")), plainly(refusal("unknown_action", ""))}, `the server refuses a frame as "unknown_action"`},
		{"invalid by a schema", []string{strings.Replace(ask, "1}", `"1"}`, 1)}, []string{violation("/payload/words", "type")}, ""},
		{"invalid by what is no schema", []string{ask}, []string{violation("/payload/words", "lucky")}, ""},
		{"invalid elsewhere", []string{ask}, []string{violation("/topic", "type")}, ""},
		{"invalid without violations", []string{ask}, []string{refusal("invalid", "")}, ""},
		{"refused for other reasons", []string{ask, nothing}, []string{refusal("conflict", ""), refusal("conflict", "")}, ""},
		{"an error of another ref", []string{plainAsk}, []string{strings.Replace(refusal("malformed", ""), `"1"`, `"2"`, 1)}, ""},
		{"a cancelled stream that there isn't", []string{`{"ref":"1","action":"stream_cancel"}`}, []string{complete}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub, _ := newSchool(t, anyMark, anyMark, &chanx.ConsumerOptions{Completion: true})
				got := failureOf(t, func(t testing.TB) {
					t.Helper()
					c := chanxtest.Dial(t, answers(test.answers), "/school/a", &chanxtest.DialOptions{Hub: hub})
					for _, text := range test.sends {
						c.SendRaw(text)
						c.Next()
					}
				})
				if !strings.Contains(got, test.want) || test.want != "" && !strings.Contains(got, "the document disagrees: ") || (got == "") != (test.want == "") {
					t.Errorf("failed with\n%s\nwant\n%s", got, test.want)
				}
			})
		})
	}
}

// A document that can't be made is no test's to overlook.
func TestNoDocument(t *testing.T) {
	_, mux := newSchool(t, anyMark, `{"type":"strong"}`, nil)
	got := failureOf(t, func(t testing.TB) {
		t.Helper()
		chanxtest.Dial(t, mux, "/school/a", nil)
	})
	if want := `chanxtest: dial ws://chanx.test/school/a: there is no document to hold frames against: asyncapi: `; !strings.Contains(got, want) {
		t.Errorf("failed with\n%s\nwant\n%s", got, want)
	}
}

// What is mounted later is in the document of those who connect then.
func TestMountedLater(t *testing.T) {
	hub, mux := newSchool(t, anyMark, anyMark, &chanx.ConsumerOptions{Doc: chanx.Doc{Security: []string{"session"}}})
	first := chanxtest.Dial(t, mux, "/school/a", nil)
	later := chanx.NewConsumer(hub, "later", openSchool, nil)
	chanx.Reply(later, (*school).Ask)
	second := chanxtest.Dial(t, chanx.Mount(later, "/later"), "/later", nil)
	chanxtest.Request[*Token](second, Question{1})
	chanxtest.Request[*Token](first, Question{1})
}

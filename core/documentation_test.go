package chanx_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/google/go-cmp/cmp"
)

// picky has a rule of its own.
type picky struct {
	A string `json:"a"`
	B string `json:"b"`
}

func (picky) Action() string { return "picky" }

func (p picky) Validate() error {
	if p.A == p.B {
		return errors.New("a and b are the same")
	}
	return nil
}

func replyEcho(*chanx.Conn, context.Context, echo) (echoed, error) { return echoed{}, nil }

func mapNote(*chanx.Conn, context.Context, note) (notice, error) { return notice{}, nil }

// examplesOf are the examples of operations, by action and in order.
func examplesOf(ops ...chanx.Operation) []string {
	var all []string
	for _, op := range ops {
		for _, e := range op.Examples {
			all = append(all, fmt.Sprintf("%s %s", e.Message.Action, e.Payload))
		}
	}
	return all
}

func TestExamples(t *testing.T) {
	consumer := chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), "room", nil, nil)
	chanx.Reply(consumer, replyEcho, chanx.Examples(echo{Text: "hi", N: 2}, echoed{Text: "hi"}), chanx.Examples(said{"so"}, &said{"by a pointer"}), chanx.Sends[said]())
	chanx.On(consumer, handlerOf[ping], chanx.Examples(ping{}))
	chanx.On(consumer, handlerOf[*picky], chanx.Examples(picky{"1", "2"}))
	chanx.Stream(consumer, func(*chanx.Conn, context.Context, count) iter.Seq2[number, error] { return nil }, chanx.Examples(number{1}))
	chanx.MapEvent(consumer, mapNote, chanx.Examples(notice{Text: "mapped"}))
	chanx.Forward[alarm](consumer, chanx.Examples(alarm{Level: 3}))
	chanx.Outgoing[price](consumer, chanx.Examples(price{}), chanx.Summary("What it costs"))
	info := chanx.Mount(consumer, "/room").Describe()

	want := []string{
		`number {"n":1}`, `echo {"text":"hi","n":2}`, `echoed {"text":"hi"}`, `said {"text":"so"}`, `said {"text":"by a pointer"}`,
		`picky {"a":"1","b":"2"}`, `ping null`,
	}
	if diff := cmp.Diff(want, examplesOf(info.Receives...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"alarm", "notice"}, actionsOf(info.Events...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"price"}, actionsOf(info.Outgoing...)); diff != "" || info.Outgoing[0].Doc.Summary != "What it costs" {
		t.Errorf("%+v (-want +got):\n%s", info.Outgoing, diff)
	}
}

// actionsOf are the actions of the examples of operations.
func actionsOf(ops ...chanx.Operation) []string {
	var all []string
	for _, op := range ops {
		for _, e := range op.Examples {
			all = append(all, e.Message.Action)
		}
	}
	return all
}

func TestDocumentationMisuse(t *testing.T) {
	type registrar = chanx.Registrar[*chanx.Conn]
	for words, register := range map[string]func(r registrar){
		`consumer "room": an example chanx_test.said of "echo": … belongs to the registration that has chanx_test.said, or to chanx.Sends`: func(r registrar) {
			chanx.Reply(r, replyEcho, chanx.Examples(said{}))
		},
		`an example chanx_test.echo of "echo": {"text":""} can't be one … /payload/text`: func(r registrar) { chanx.Reply(r, replyEcho, chanx.Examples(echo{})) },
		`an example chanx_test.picky of "picky": … can't be one`:                         func(r registrar) { chanx.On(r, handlerOf[picky], chanx.Examples(picky{})) },
		`an example <nil> of "echo": there is no message`:                                func(r registrar) { chanx.Reply(r, replyEcho, chanx.Examples(nil)) },
		`an example chanx_test.note of "note": clients neither send it … nor get it`:     func(r registrar) { chanx.MapEvent(r, mapNote, chanx.Examples(note{})) },
		`WithSeq is for what goes to a topic`:                                            func(r registrar) { chanx.Outgoing[said](r, chanx.Examples(chanx.WithSeq(said{}, 1))) },
		`"ping" has two places to see also, "https://a.example" and "https://b.example"`: func(r registrar) {
			chanx.On(r, handlerOf[ping], chanx.SeeAlso("https://a.example", ""), chanx.SeeAlso("https://b.example", ""))
		},
		`"ping": the documentation refers to "/docs": give a whole URL`: func(r registrar) { chanx.On(r, handlerOf[ping], chanx.SeeAlso("/docs", "")) },
		`consumer "room": "said": an extension can't be called "cost"`:  func(r registrar) { chanx.Outgoing[said](r, chanx.Extension("cost", 1)) },
		`the documentation has an extension "x-topic" of its own`:       func(r registrar) { chanx.On(r, handlerOf[ping], chanx.Extension("x-topic", 1)) },
		`"ping" has two extensions "x-cost"`: func(r registrar) {
			chanx.On(r, handlerOf[ping], chanx.Extension("x-cost", 1), chanx.Extension("x-cost", 1))
		},
		`the value of the extension "x-f" can't be written as JSON`:        func(r registrar) { chanx.On(r, handlerOf[ping], chanx.Extension("x-f", func() {})) },
		`"said" that is sent outside of any handler can't have Concurrent`: func(r registrar) { chanx.Outgoing[said](r, chanx.Concurrent()) },
		`"said" that is sent outside of any handler … Sends`:               func(r registrar) { chanx.Outgoing[said](r, chanx.Sends[notice]()) },
	} {
		t.Run(words, func(t *testing.T) {
			consumer := chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), "room", nil, nil)
			mustPanic(t, words, func() { register(consumer) })
		})
	}
}

func TestDocMisuse(t *testing.T) {
	for words, doc := range map[string]chanx.Doc{
		`refers to "docs": give a whole URL`:            {ExternalDocs: &chanx.Link{URL: "docs"}},
		`an extension can't be called "owner"`:          {Extensions: map[string]any{"owner": "us"}},
		`an extension can't be called "x-"`:             {Extensions: map[string]any{"x-": "us"}},
		`an extension can't be called "x-a b"`:          {Extensions: map[string]any{"x-a b": "us"}},
		`an extension "x-subprotocols" of its own`:      {Extensions: map[string]any{"x-subprotocols": 1}},
		`the value of the extension "x-f" can't be`:     {Extensions: map[string]any{"x-f": make(chan int)}},
		`an extension "x-security-optional" of its own`: {Extensions: map[string]any{"x-security-optional": true}},
	} {
		mustPanic(t, `consumer "room": … `+words, func() {
			chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), "room", nil, &chanx.ConsumerOptions{Doc: doc})
		})
		mustPanic(t, `topic "room": … `+words, func() {
			chanx.NewTopic[*chanx.Subscription](chanx.NewHub(nil), "room", "room", nil, &chanx.TopicOptions{Doc: doc})
		})
	}
	mustPanic(t, `topic "room" can't say what clients have to bring … consumer`, func() {
		chanx.NewTopic[*chanx.Subscription](chanx.NewHub(nil), "room", "room", nil, &chanx.TopicOptions{Doc: chanx.Doc{Security: []string{"bearer"}}})
	})
}

// What a doc says is what it said when the consumer was made.
func TestDocIsCopied(t *testing.T) {
	doc := chanx.Doc{
		Tags: []string{"a"}, Security: []string{"key"}, ExternalDocs: &chanx.Link{URL: "https://example.com"},
		Extensions: map[string]any{"x-owner": map[string]any{"team": "chat"}},
	}
	consumer := chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), "room", nil, &chanx.ConsumerOptions{Doc: doc})
	doc.Tags[0], doc.Security[0], doc.ExternalDocs.URL, doc.Extensions["x-owner"] = "b", "b", "b", "b"
	got := chanx.Mount(consumer, "/room").Describe().Doc
	want := fmt.Sprintf("%v %v %v %s", []string{"a"}, []string{"key"}, "https://example.com", `{"team":"chat"}`)
	if text := fmt.Sprintf("%v %v %v %s", got.Tags, got.Security, got.ExternalDocs.URL, got.Extensions["x-owner"]); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestDescribeAuthenticator(t *testing.T) {
	for want, a := range map[string]*chanx.Authenticator{
		"<nil>":                                {},
		"&{Authorization   false}":             {Verify: verifyNobody},
		"&{X-Token session token true}":        {Verify: verifyNobody, Header: "x-token", Cookie: "session", Query: "token", Optional: true},
		"&{Authorization session  false}":      {Verify: verifyNobody, Header: "authorization", Cookie: "session"},
		"&{Proxy-Authorization  access true}":  {Verify: verifyNobody, Header: "Proxy-Authorization", Query: "access", Optional: true},
		"&{Authorization  access_token false}": {Verify: verifyNobody, Query: "access_token"},
	} {
		opts := &chanx.ConsumerOptions{}
		if a.Verify != nil {
			opts.Authenticator = a
		}
		consumer := chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), "room", nil, opts)
		if got := fmt.Sprint(chanx.Mount(consumer, "/room").Describe().Authenticator); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func verifyNobody(context.Context, string) (any, error) { return nil, nil }

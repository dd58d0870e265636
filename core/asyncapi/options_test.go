package asyncapi_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/google/go-cmp/cmp"
)

func TestEveryOption(t *testing.T) {
	golden(t, "testdata/options.json", generate(t, documentedHub(false), allOptions()))
}

// What handlers and consumers say doesn't depend on when they say it.
func TestEveryOptionIsStable(t *testing.T) {
	want := generate(t, documentedHub(false), allOptions())
	for i := range 10 {
		if got := generate(t, documentedHub(i%2 == 1), allOptions()); string(got) != string(want) {
			t.Fatalf("(-want +got):\n%s", cmp.Diff(string(want), string(got)))
		}
	}
}

func TestVersions(t *testing.T) {
	for given, want := range map[string]string{"": "3.0.0", "3.0.0": "3.0.0", "3.1.0": "3.1.0"} {
		if got := at(t, generate(t, newHub(), &asyncapi.Options{AsyncAPI: given}), "asyncapi"); got != want {
			t.Errorf("%q makes %v", given, got)
		}
	}
}

// The ids change, and what they are ids of doesn't.
func TestCamelCase(t *testing.T) {
	hub := newHub()
	for name, address := range map[string]string{"chat_room": "/1/{room_name}", "chat.room": "/2", "chatRoom2": "/3", "URLs": "/4", "ü": "/5"} {
		c := chanx.NewConsumer[conn](hub, name, nil, nil)
		chanx.On(c, func(conn, context.Context, changed) error { return nil })
		chanx.Forward[changed](c)
		chanx.Mount(c, address)
	}
	text := generate(t, hub, &asyncapi.Options{CamelCase: true})
	if diff := cmp.Diff(set("chatRoom", "chatRoom2", "chatRoom3", "uRLs", "_"), keys(at(t, text, "channels"))); diff != "" {
		t.Errorf("channels (-want +got):\n%s", diff)
	}
	if got := at(t, text, "channels", "chatRoom3", "address"); got != "/1/{room_name}" {
		t.Errorf("the address of chat_room is %v", got)
	}
	if diff := cmp.Diff(set("presenceChanged", "error"), keys(at(t, text, "components", "messages"))); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if got := at(t, text, "components", "messages", "presenceChanged", "name"); got != "presence_changed" {
		t.Errorf("the message is called %v", got)
	}
	if diff := cmp.Diff(set("Changed", "ErrorPayload", "ViolationPayload"), keys(at(t, text, "components", "schemas"))); diff != "" {
		t.Errorf("schemas (-want +got):\n%s", diff)
	}
	for id := range keys(at(t, text, "operations")) {
		if strings.ContainsAny(id[1:], "._-") {
			t.Errorf("there is an operation %s", id)
		}
	}
	want := map[string]any{"$ref": "#/channels/chatRoom2/messages/presenceChanged"}
	messages, _ := at(t, text, "operations", "chatRoom2PresenceChangedSend", "messages").([]any)
	if !slices.ContainsFunc(messages, func(m any) bool { return cmp.Equal(m, any(want)) }) {
		t.Errorf("the messages of an operation are %v", messages)
	}
}

func TestWrongOptions(t *testing.T) {
	server := func(change func(*spec.Server)) *asyncapi.Options {
		s := &spec.Server{Host: "example.com", Protocol: "wss"}
		change(s)
		return &asyncapi.Options{Servers: map[string]*spec.Server{"main": s}}
	}
	scheme := func(s spec.SecurityScheme) *asyncapi.Options {
		return &asyncapi.Options{SecuritySchemes: map[string]*spec.SecurityScheme{"key": &s}}
	}
	for want, opts := range map[string]*asyncapi.Options{
		`AsyncAPI is "2.6.0": there are 3.0.0 and 3.1.0`:                           {AsyncAPI: "2.6.0"},
		`TermsOfService "terms" is no whole URL`:                                   {TermsOfService: "terms"},
		`Contact.URL "//x" is no whole URL`:                                        {Contact: &spec.Contact{URL: "//x"}},
		`Contact.Email "nobody" is no address`:                                     {Contact: &spec.Contact{Email: "nobody"}},
		`Contact has an extension "room"`:                                          {Contact: &spec.Contact{Extensions: spec.Extensions{"room": 1}}},
		`License has no Name`:                                                      {License: &spec.License{URL: "https://example.com"}},
		`License.URL "::" is no whole URL`:                                         {License: &spec.License{Name: "MIT", URL: "::"}},
		`Tags[1] has no Name`:                                                      {Tags: []spec.Tag{{Name: "a"}, {}}},
		`Tags has two of the name "a"`:                                             {Tags: []spec.Tag{{Name: "a"}, {Name: "a"}}},
		`Tags[0].ExternalDocs has no URL`:                                          {Tags: []spec.Tag{{Name: "a", ExternalDocs: &spec.ExternalDocs{}}}},
		`Tags[0] has an extension "y"`:                                             {Tags: []spec.Tag{{Name: "a", Extensions: spec.Extensions{"y": 1}}}},
		`ExternalDocs.URL "docs" is no whole URL`:                                  {ExternalDocs: &spec.ExternalDocs{URL: "docs"}},
		`Options has an extension "owner": its name must be "x-"`:                  {Extensions: spec.Extensions{"owner": 1}},
		`what is given can't be written`:                                           {Extensions: spec.Extensions{"x-f": func() {}}},
		`Servers has an id "a b"`:                                                  {Servers: map[string]*spec.Server{"a b": {Host: "a", Protocol: "ws"}}},
		`Servers["current"] is the server that a request came to: choose another`:  {Servers: map[string]*spec.Server{"current": {Host: "a", Protocol: "ws"}}},
		`Servers["main"] is nil`:                                                   {Servers: map[string]*spec.Server{"main": nil}},
		`Servers["main"] has no Host`:                                              server(func(s *spec.Server) { s.Host = "" }),
		`Servers["main"] has the Host "wss://example.com" with a scheme`:           server(func(s *spec.Server) { s.Host = "wss://example.com" }),
		`Servers["main"] has the Host "example.com/ws", which is more than a name`: server(func(s *spec.Server) { s.Host = "example.com/ws" }),
		`Servers["main"] has no Protocol: give "wss" or "ws"`:                      server(func(s *spec.Server) { s.Protocol = "" }),
		`Servers["main"] has the Pathname "api", which does not begin`:             server(func(s *spec.Server) { s.Pathname = "api" }),
		`Servers["main"] has {region} in it, and no such variable`:                 server(func(s *spec.Server) { s.Host = "{region}.example.com" }),
		`Servers["main"].Tags[0] has no Name`:                                      server(func(s *spec.Server) { s.Tags = []spec.Tag{{}} }),
		`Servers["main"].ExternalDocs has no URL`:                                  server(func(s *spec.Server) { s.ExternalDocs = &spec.ExternalDocs{} }),
		`Servers["main"] has an extension "y"`:                                     server(func(s *spec.Server) { s.Extensions = spec.Extensions{"y": 1} }),
		`Servers["main"].Security[0] has the type "basic"`:                         server(func(s *spec.Server) { s.Security = []spec.SecurityScheme{{Type: "basic"}} }),
		`the server "main" refers to the security scheme "#/components/securitySchemes/none", which is not in the document`: server(func(s *spec.Server) {
			s.Security = []spec.SecurityScheme{{Ref: "#/components/securitySchemes/none"}}
		}),
		`SecuritySchemes has an id "a b"`:                                  {SecuritySchemes: map[string]*spec.SecurityScheme{"a b": {Type: "plain"}}},
		`SecuritySchemes["key"] is nil`:                                    {SecuritySchemes: map[string]*spec.SecurityScheme{"key": nil}},
		`SecuritySchemes["key"] has the type "jwt": there are X509,`:       scheme(spec.SecurityScheme{Type: "jwt"}),
		`SecuritySchemes["key"] of the type http needs "scheme"`:           scheme(spec.SecurityScheme{Type: "http"}),
		`SecuritySchemes["key"] of the type http can't have "name"`:        scheme(spec.SecurityScheme{Type: "http", Scheme: "basic", Name: "a"}),
		`SecuritySchemes["key"] has a bearerFormat, which is for`:          scheme(spec.SecurityScheme{Type: "http", Scheme: "basic", BearerFormat: "JWT"}),
		`SecuritySchemes["key"] of the type httpApiKey needs "in"`:         scheme(spec.SecurityScheme{Type: "httpApiKey", Name: "a"}),
		`SecuritySchemes["key"] of the type httpApiKey can't be in "body"`: scheme(spec.SecurityScheme{Type: "httpApiKey", Name: "a", In: "body"}),
		`SecuritySchemes["key"] of the type apiKey can't be in "header"`:   scheme(spec.SecurityScheme{Type: "apiKey", In: "header"}),
		`SecuritySchemes["key"] of the type oauth2 needs "flows"`:          scheme(spec.SecurityScheme{Type: "oauth2"}),
		`SecuritySchemes["key"].OpenIDConnectURL "x" is no whole URL`:      scheme(spec.SecurityScheme{Type: "openIdConnect", OpenIDConnectURL: "x"}),
	} {
		text, err := asyncapi.Generate(newHub(), opts)
		if err == nil || !strings.HasPrefix(err.Error(), "asyncapi: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with\n%s\n%s", err, want, text)
		}
	}
}

func TestAllThatIsWrong(t *testing.T) {
	_, err := asyncapi.Generate(newHub(), &asyncapi.Options{AsyncAPI: "4", License: &spec.License{}, Tags: []spec.Tag{{}}})
	for _, want := range []string{"AsyncAPI is", "License has no Name", "Tags[0] has no Name"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing: %v", want, err)
		}
	}
}

func TestUnknownSecurity(t *testing.T) {
	hub := newHub()
	chanx.Mount(chanx.NewConsumer[conn](hub, "vault", nil, &chanx.ConsumerOptions{Doc: chanx.Doc{Security: []string{"key"}}}), "/vault")
	_, err := asyncapi.Generate(hub, nil)
	if err == nil || !strings.Contains(err.Error(), `consumer "vault" names the security scheme "key"`) {
		t.Errorf("the error is %v", err)
	}
}

// What clients have to bring is on every operation, and nowhere else.
func TestSecurity(t *testing.T) {
	for name, test := range map[string]struct {
		auth     *chanx.Authenticator
		named    []string
		ids      []string
		optional any
	}{
		"none":                      {},
		"bearer":                    {auth: &chanx.Authenticator{Verify: verify}, ids: []string{"bearer"}},
		"every key":                 {auth: &chanx.Authenticator{Verify: verify, Header: "x-token", Cookie: "Sid.1", Query: "token"}, ids: []string{"header_x_token", "cookie_sid_1", "query_token"}},
		"optional":                  {auth: &chanx.Authenticator{Verify: verify, Optional: true}, ids: []string{"bearer"}, optional: true},
		"middleware":                {named: []string{"session", "basic"}, ids: []string{"session", "basic"}},
		"middleware lets nobody in": {auth: &chanx.Authenticator{Verify: verify, Optional: true}, named: []string{"session"}, ids: []string{"session", "bearer"}},
		"named twice":               {auth: &chanx.Authenticator{Verify: verify}, named: []string{"bearer", "bearer"}, ids: []string{"bearer"}},
	} {
		hub := newHub()
		c := chanx.NewConsumer[conn](hub, "c", nil, &chanx.ConsumerOptions{Authenticator: test.auth, Doc: chanx.Doc{Security: test.named}})
		chanx.Reply(c, func(conn, context.Context, ping) (pong, error) { return pong{}, nil })
		chanx.Mount(c, "/c")
		opts := &asyncapi.Options{}
		if test.named != nil {
			opts.SecuritySchemes = map[string]*spec.SecurityScheme{
				"session": {Type: "httpApiKey", In: "cookie", Name: "sid"}, "basic": {Type: "http", Scheme: "basic"},
				"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
			}
		}
		text := generate(t, hub, opts)
		var want any
		var refs []any
		for _, id := range test.ids {
			refs = append(refs, map[string]any{"$ref": "#/components/securitySchemes/" + id})
			want = refs
			if at(t, text, "components", "securitySchemes", id) == nil {
				t.Errorf("%s: there is no scheme %s", name, id)
			}
		}
		for id := range keys(at(t, text, "operations")) {
			if diff := cmp.Diff(want, at(t, text, "operations", id, "security")); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", name, id, diff)
			}
		}
		if got := at(t, text, "channels", "c", "x-security-optional"); got != test.optional {
			t.Errorf("%s: optional is %v", name, got)
		}
		if test.named != nil && at(t, text, "components", "securitySchemes", "bearer", "bearerFormat") != "JWT" {
			t.Errorf("%s: the scheme of the options has not taken the place of ours", name)
		}
	}
}

func TestSecuritySchemes(t *testing.T) {
	hub := newHub()
	for i, a := range []*chanx.Authenticator{
		{Verify: verify},
		{Verify: verify, Header: "X-Token", Cookie: "sid", Query: "a-b"},
		{Verify: verify, Query: "a_b"},
	} {
		name := string(rune('a' + i))
		chanx.Mount(chanx.NewConsumer[conn](hub, name, nil, &chanx.ConsumerOptions{Authenticator: a}), "/"+name)
	}
	want := map[string]any{
		"bearer":         map[string]any{"type": "http", "scheme": "bearer", "description": "A token, or the subprotocol `bearer.<token>`"},
		"header_x_token": map[string]any{"type": "httpApiKey", "in": "header", "name": "X-Token"},
		"cookie_sid":     map[string]any{"type": "httpApiKey", "in": "cookie", "name": "sid"},
		"query_a_b":      map[string]any{"type": "httpApiKey", "in": "query", "name": "a-b"},
		"query_a_b_2":    map[string]any{"type": "httpApiKey", "in": "query", "name": "a_b"},
	}
	if diff := cmp.Diff(any(want), at(t, generate(t, hub, nil), "components", "securitySchemes")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSubprotocols(t *testing.T) {
	for _, test := range []struct {
		accepts []string
		auth    *chanx.Authenticator
		want    any
	}{
		{},
		{accepts: []string{"v2", "v1"}, want: []any{"v2", "v1"}},
		{auth: &chanx.Authenticator{Verify: verify}, want: []any{"bearer.*"}},
		{accepts: []string{"bearer.*", "v1"}, auth: &chanx.Authenticator{Verify: verify}, want: []any{"bearer.*", "v1"}},
	} {
		hub := newHub()
		chanx.Mount(chanx.NewConsumer[conn](hub, "c", nil, &chanx.ConsumerOptions{Subprotocols: test.accepts, Authenticator: test.auth}), "/c")
		if diff := cmp.Diff(test.want, at(t, generate(t, hub, nil), "channels", "c", "x-subprotocols")); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.accepts, diff)
		}
	}
}

// Examples are whole frames, as clients send or get them.
func TestExamples(t *testing.T) {
	text := generate(t, documentedHub(false), &asyncapi.Options{SecuritySchemes: allOptions().SecuritySchemes})
	for channel, messages := range map[string]map[string][]string{
		"guarded.by_all": {
			"ask":    {`{"action":"ask","payload":{"text":"why?"}}`},
			"answer": {`{"action":"answer","payload":{"text":"because","by":{"name":"ada"}}}`, `{"action":"answer","payload":{"text":"who knows","by":null}}`},
			"typing": {`{"action":"typing","payload":{"on":true}}`, `{"action":"typing","payload":{"on":false}}`},
			"loose":  {`{"action":"loose","payload":{"a":1}}`},
			"hello":  {`{"action":"hello","payload":{"text":"hi <b>"}}`},
			"error":  nil,
		},
		"open": {"ping": {`{"type":"ping"}`}, "pong": {`{"type":"pong","payload":null}`}},
		"guarded.by_all_log_topic": {
			"post":  {`{"action":"post","topic":"log:errors:shard-0","payload":{"body":"a line","author":"ada"}}`},
			"hello": {`{"action":"hello","topic":"log:errors:shard-0","version":1,"payload":{"text":"a line"}}`},
		},
		"log_topic": {
			"post":  {`{"action":"post","payload":{"body":"a line","author":"ada"}}`},
			"hello": {`{"action":"hello","topic":"log:errors:shard-0","version":1,"payload":{"text":"a line"}}`},
		},
	} {
		for id, want := range messages {
			ref, _ := at(t, text, "channels", channel, "messages", id).(map[string]any)["$ref"].(string)
			examples, _ := at(t, text, append(strings.Split(strings.TrimPrefix(ref, "#/"), "/"), "examples")...).([]any)
			var got []any
			for _, e := range examples {
				got = append(got, e.(map[string]any)["payload"])
			}
			var frames []any
			for _, frame := range want {
				var v any
				if err := json.Unmarshal([]byte(frame), &v); err != nil {
					t.Fatal(err)
				}
				frames = append(frames, v)
			}
			if diff := cmp.Diff(frames, got); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", id, channel, diff)
			}
		}
	}
}

// What is said of one thing is said where that is, and on a route of a topic's own
// by the route before the topic.
func TestLinksAndExtensions(t *testing.T) {
	text := generate(t, documentedHub(false), &asyncapi.Options{SecuritySchemes: allOptions().SecuritySchemes})
	for path, want := range map[string]any{
		"channels/guarded.by_all/externalDocs/url":           "https://example.com/guarded",
		"channels/guarded.by_all/x-owner":                    "us",
		"channels/guarded.by_all_log_topic/externalDocs/url": "https://example.com/log",
		"channels/guarded.by_all_log_topic/x-owner":          "them",
		"channels/log_topic/externalDocs/url":                "https://example.com/log",
		"channels/log_topic/x-owner":                         "us",
		"channels/log_topic/x-lines":                         true,
		"components/messages/ask/externalDocs/description":   "On *asking*",
		"components/messages/ask/x-cost":                     3.0,
		"operations/guarded.by_all.ask/x-cost":               3.0,
		"components/messages/answer/x-cost":                  nil,
		"operations/guarded.by_all.hello/summary":            "A greeting",
		"components/messages/ask/x-roles":                    []any{"user"},
	} {
		if diff := cmp.Diff(want, at(t, text, strings.Split(path, "/")...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

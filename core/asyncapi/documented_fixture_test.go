package asyncapi_test

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

func verify(_ context.Context, token string) (any, error) { return token, nil }

// allOptions has everything that options can have but what is for serving.
func allOptions() *asyncapi.Options {
	docs := func(url string) *spec.ExternalDocs {
		return &spec.ExternalDocs{URL: url, Description: "More of *it*"}
	}
	return &asyncapi.Options{
		Title: "Test", Version: "0.2.0", Description: "With **everything**.",
		TermsOfService: "https://example.com/terms",
		Contact:        &spec.Contact{Name: "The team", URL: "https://example.com/team", Email: "team@example.com", Extensions: spec.Extensions{"x-room": 7}},
		License:        &spec.License{Name: "MIT", URL: "https://opensource.org/license/mit"},
		Tags: []spec.Tag{
			{Name: "all", Description: "All that there *is*", ExternalDocs: docs("https://example.com/all")},
			{Name: "unused"},
		},
		ExternalDocs: docs("https://example.com/docs"),
		Servers: map[string]*spec.Server{
			"production": {Host: "{region}.example.com", Pathname: "/api", Protocol: "wss", Title: "Production", Variables: map[string]*spec.ServerVariable{
				"region": {Enum: []string{"eu", "us"}, Default: "eu"},
			}, Security: []spec.SecurityScheme{{Ref: "#/components/securitySchemes/session"}}},
			"local": {Host: "localhost:8080", Protocol: "ws"},
		},
		SecuritySchemes: map[string]*spec.SecurityScheme{
			"session": {Type: "httpApiKey", In: "cookie", Name: "sid"},
			"basic":   {Type: "http", Scheme: "basic", Description: "For *machines*"},
		},
		Extensions: spec.Extensions{"x-owner": map[string]any{"team": "chat"}},
		CamelCase:  true,
		AsyncAPI:   "3.1.0",
	}
}

// documentedHub has everything that handlers, consumers and topics can say.
// backwards registers and mounts the other way around.
func documentedHub(backwards bool) *chanx.Hub {
	hub := newHub()
	guarded := chanx.NewConsumer[conn](hub, "guarded.by_all", nil, &chanx.ConsumerOptions{
		Doc: chanx.Doc{
			Summary: "Everything", Tags: []string{"all"}, Security: []string{"session", "basic"},
			ExternalDocs: &chanx.Link{URL: "https://example.com/guarded", Description: "The *guard*"},
			Extensions:   map[string]any{"x-owner": "us"},
		},
		Subprotocols:  []string{"v2", "v1"},
		Authenticator: &chanx.Authenticator{Verify: verify, Header: "X-Token", Cookie: "sid", Query: "token", Optional: true},
	})
	open := chanx.NewConsumer[conn](hub, "open", nil, &chanx.ConsumerOptions{
		Discriminator: "type", Authenticator: &chanx.Authenticator{Verify: verify, Optional: true},
	})
	log := chanx.NewTopic[sub](hub, "log_topic", "log:{name}:shard-{shard}", nil, &chanx.TopicOptions{
		Doc: chanx.Doc{ExternalDocs: &chanx.Link{URL: "https://example.com/log"}, Extensions: map[string]any{"x-owner": "them", "x-lines": true}},
	})
	chanx.Topics(guarded, log)
	steps := []func(){
		func() {
			chanx.Reply(guarded, func(conn, context.Context, ask) (answer, error) { return answer{}, nil },
				chanx.Examples(ask{"why?"}, answer{"because", &author{"ada"}}, answer{Text: "who knows"}), chanx.SeeAlso("https://example.com/ask", "On *asking*"),
				chanx.Extension("x-cost", 3), chanx.Extension("x-roles", []string{"user"}))
		},
		func() {
			chanx.On(guarded, func(conn, context.Context, typing) error { return nil }, chanx.Sends[loose](), chanx.Examples(typing{true}, loose{"a": 1}))
		},
		func() { chanx.Forward[typing](guarded, chanx.Examples(typing{true}, typing{false})) },
		func() {
			chanx.Outgoing[hello](guarded, chanx.Summary("A greeting"), chanx.Tags("all"), chanx.Examples(hello{"hi <b>"}), chanx.Deprecated())
		},
		func() {
			chanx.Reply(open, func(conn, context.Context, ping) (pong, error) { return pong{}, nil }, chanx.Examples(ping{}, pong{}))
		},
		func() { chanx.Params[logParams](log) },
		func() {
			chanx.On(log, func(sub, context.Context, post) error { return nil }, chanx.Examples(post{"a line", "ada"}))
		},
		func() { chanx.Forward[hello](log, chanx.Examples(hello{"a line"})) },
	}
	mounts := []func(){
		func() { chanx.Mount(guarded, "/guarded") },
		func() { chanx.Mount(open, "/open") },
		func() {
			chanx.Mount(log.Alone(&chanx.ConsumerOptions{Doc: chanx.Doc{Extensions: map[string]any{"x-owner": "us"}}}), "/logs/{name}/{shard}")
		},
	}
	for _, steps := range [][]func(){steps, mounts} {
		for i, step := range steps {
			if backwards {
				step = steps[len(steps)-1-i]
			}
			step()
		}
	}
	return hub
}

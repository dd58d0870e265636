package asyncapi_test

import (
	"context"
	"fmt"
	"net/http"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/go-json-experiment/json"
)

func ExampleGenerate() {
	hub := chanx.NewHub(nil)
	chat := chanx.NewConsumer[*chanx.Conn](hub, "chat", nil, nil)
	chanx.Reply(chat, func(*chanx.Conn, context.Context, ping) (pong, error) { return pong{}, nil }, chanx.Summary("Check the connection"))
	chanx.Mount(chat, "/ws/chat") // as adapters do

	text, err := asyncapi.Generate(hub, &asyncapi.Options{Title: "Chat", Version: "2.1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var document struct {
		Operations map[string]struct {
			Action  string `json:"action"`
			Summary string `json:"summary"`
		} `json:"operations"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(document.Operations["chat.ping"])
	// Output: {receive Check the connection}
}

func ExampleHandler() {
	hub := chanx.NewHub(nil)
	mux := http.NewServeMux()
	docs := asyncapi.Handler(hub, &asyncapi.Options{Title: "Chat"})
	for _, path := range asyncapi.Paths("/asyncapi") { // the page, and the document as JSON and YAML
		mux.Handle(path, docs)
	}
	// Output:
}

// A consumer behind middleware of the framework names what that asks for.
func ExampleOptions_security() {
	hub := chanx.NewHub(nil)
	chat := chanx.NewConsumer[*chanx.Conn](hub, "chat", nil, &chanx.ConsumerOptions{
		Doc: chanx.Doc{Summary: "One room for everybody", Tags: []string{"chat"}, Security: []string{"session"}},
	})
	chanx.Mount(chat, "/ws/chat") // as adapters do

	text, err := asyncapi.Generate(hub, &asyncapi.Options{
		Title:   "Chat",
		Tags:    []spec.Tag{{Name: "chat", Description: "People who talk"}},
		Servers: map[string]*spec.Server{"production": {Host: "chat.example.com", Protocol: "wss"}},
		SecuritySchemes: map[string]*spec.SecurityScheme{
			"session": {Type: "httpApiKey", In: "cookie", Name: "sid"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var document spec.Document
	if err := json.Unmarshal(text, &document); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(document.Operations["chat.error"].Security[0].Ref)
	// Output: #/components/securitySchemes/session
}

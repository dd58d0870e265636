package asyncapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
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
	mux.Handle("GET /asyncapi.json", asyncapi.Handler(hub, &asyncapi.Options{Title: "Chat"}))
	// Output:
}

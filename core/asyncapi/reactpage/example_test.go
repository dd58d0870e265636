package reactpage_test

import (
	"net/http"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/reactpage"
)

func ExamplePage() {
	hub := chanx.NewHub(nil)
	docs := asyncapi.Handler(hub, &asyncapi.Options{Title: "Chat", Page: reactpage.Page()})
	mux := http.NewServeMux()
	for _, path := range asyncapi.Paths("/asyncapi") {
		mux.Handle("GET "+path, docs)
	}
	// Output:
}

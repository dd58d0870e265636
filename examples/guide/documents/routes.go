// Package documents is the code of docs/asyncapi.md.
package documents

import (
	"net/http"
	"net/netip"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// NewRouter serves the hub's documentation to who has a password.
func NewRouter(hub *chanx.Hub, passwords map[string]string) http.Handler {
	r := chi.NewRouter()
	r.Route("/internal", func(r chi.Router) {
		r.Use(middleware.BasicAuth("documentation", passwords))
		chanxchi.Docs(r, "/asyncapi", hub, docs())
	})
	return r
}

// docs is what the document can't know from the hub.
func docs() *asyncapi.Options {
	return &asyncapi.Options{
		Title:          "Orders",
		Version:        "2.1.0",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	}
}

package chanxchi

import (
	"log/slog"
	"net/http"
	"sync"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/go-chi/chi/v5"
)

// Docs serves the AsyncAPI document of the hub's consumers, and the page that shows
// it, for GET and HEAD:
//
//	chanxchi.Docs(r, "/asyncapi", hub, nil) // GET /asyncapi, /asyncapi.json and /asyncapi.yaml
//
// Middleware of the router applies, so that a sub-router's can protect them. The
// document is made at the first request. On a chi router, the root's or a
// sub-router's, that calls [Locate] with the root first, so that addresses have the
// prefixes of sub-routers; a consumer that can't be at its address makes it a 500.
//
// opts may be nil. Docs panics where they are wrong, and for a path that
// [asyncapi.Paths] has no use for.
func Docs(r Router, path string, hub *chanx.Hub, opts *asyncapi.Options) {
	d := &docs{handler: asyncapi.Handler(hub, opts)}
	for _, p := range asyncapi.Paths(path) {
		r.Handle("GET "+p, d)
		r.Handle("HEAD "+p, d)
	}
}

// docs serves the documentation once every consumer has its whole address.
type docs struct {
	handler   http.Handler
	located   sync.Once
	misplaced error
}

func (d *docs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rctx := chi.RouteContext(r.Context()); rctx != nil && rctx.Routes != nil {
		d.located.Do(func() { d.misplaced = Locate(rctx.Routes) })
	}
	if d.misplaced != nil {
		slog.ErrorContext(r.Context(), "chanxchi: no AsyncAPI document", "error", d.misplaced)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	d.handler.ServeHTTP(w, r)
}

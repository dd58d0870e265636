package chanxecho

import (
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/labstack/echo/v4"
)

// Docs serves the AsyncAPI document of the hub's consumers, and the page that shows
// it, for GET and HEAD:
//
//	chanxecho.Docs(e, "/asyncapi", hub, nil) // GET /asyncapi, /asyncapi.json and /asyncapi.yaml
//
// Middleware of the router applies, so that a group's can protect them. The document
// is made at the first request.
//
// opts may be nil. Docs panics where they are wrong, and for a path that
// [asyncapi.Paths] has no use for.
func Docs(r Router, path string, hub *chanx.Hub, opts *asyncapi.Options) {
	handler := echo.WrapHandler(asyncapi.Handler(hub, opts))
	for _, p := range asyncapi.Paths(path) {
		r.GET(p, handler)
		r.HEAD(p, handler)
	}
}

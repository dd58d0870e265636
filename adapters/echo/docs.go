package chanxecho

import (
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/labstack/echo/v4"
)

// Docs serves the AsyncAPI document of the hub's consumers at path + ".json", for
// GET and HEAD:
//
//	chanxecho.Docs(e, "/asyncapi", hub, nil) // GET /asyncapi.json
//
// The document is made at the first request. opts may be nil.
func Docs(r Router, path string, hub *chanx.Hub, opts *asyncapi.Options) {
	document := echo.WrapHandler(asyncapi.Handler(hub, opts))
	r.GET(path+".json", document)
	r.HEAD(path+".json", document)
}

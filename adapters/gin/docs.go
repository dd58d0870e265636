package chanxgin

import (
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/gin-gonic/gin"
)

// Docs serves the AsyncAPI document of the hub's consumers at path + ".json":
//
//	chanxgin.Docs(r, "/asyncapi", hub, nil) // GET /asyncapi.json
//
// The document is made at the first request. opts may be nil.
func Docs(r Router, path string, hub *chanx.Hub, opts *asyncapi.Options) {
	document := gin.WrapH(asyncapi.Handler(hub, opts))
	r.GET(path+".json", document)
	r.HEAD(path+".json", document)
}

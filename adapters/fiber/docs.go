package chanxfiber

import (
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
)

// Docs serves the AsyncAPI document of the hub's consumers at path + ".json", for
// GET and HEAD:
//
//	chanxfiber.Docs(app, "/asyncapi", hub, nil) // GET /asyncapi.json
//
// The document is made at the first request. opts may be nil.
func Docs(r fiber.Router, path string, hub *chanx.Hub, opts *asyncapi.Options) {
	r.Get(path+".json", adaptor.HTTPHandler(asyncapi.Handler(hub, opts)))
}

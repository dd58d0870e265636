package chanxfiber

import (
	"net/http"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/gofiber/fiber/v2"
)

// Docs serves the AsyncAPI document of the hub's consumers, and the page that shows
// it, for GET and HEAD:
//
//	chanxfiber.Docs(app, "/asyncapi", hub, nil) // GET /asyncapi, /asyncapi.json and /asyncapi.yaml
//
// Middleware of the router applies, so that a group's can protect them. The document
// is made at the first request. Which server it names, and who is a proxy to be
// trusted, is the matter of opts, and not of fiber's own settings.
//
// opts may be nil. Docs panics where they are wrong, and for a path that
// [asyncapi.Paths] has no use for.
func Docs(r fiber.Router, path string, hub *chanx.Hub, opts *asyncapi.Options) {
	handler := asyncapi.Handler(hub, opts)
	for _, p := range asyncapi.Paths(path) {
		r.Get(p, func(c *fiber.Ctx) error { // for HEAD, too
			req, err := request(c)
			if err != nil {
				return fiber.ErrBadRequest
			}
			handler.ServeHTTP(newResponse(c), req)
			return nil
		})
	}
}

// response is fiber's response as one of net/http.
type response struct {
	to      *fiber.Ctx
	header  http.Header
	written bool
}

// newResponse makes a response that knows what a middleware has said of encodings.
func newResponse(c *fiber.Ctx) *response {
	r := &response{to: c, header: http.Header{}}
	for _, name := range []string{fiber.HeaderVary, fiber.HeaderContentEncoding} {
		if value := c.GetRespHeader(name); value != "" {
			r.header.Set(name, strings.Clone(value))
		}
	}
	return r
}

func (r *response) Header() http.Header { return r.header }

func (r *response) WriteHeader(status int) {
	if r.written {
		return
	}
	r.written = true
	for name, values := range r.header {
		r.to.Set(name, strings.Join(values, ", "))
	}
	r.to.Status(status)
}

func (r *response) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.to.Write(p)
}

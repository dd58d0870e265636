// Package chanxecho mounts chanx consumers on echo's routers and groups.
//
//	e := echo.New()
//	e.Use(middleware.RequestLogger(), middleware.Recover())
//	chanxecho.Handle(e.Group("/ws"), "/rooms/:room", chat, nil)
//
// Authentication middleware runs on the upgrade request as on any other, and the
// values that it puts into the request's context are there for the connection's
// whole life, under conn.Context() too. Those of echo's own context are not: that
// one serves other requests as soon as the handshake is over.
//
// A handshake that is refused with a [*chanx.Error] is an [*echo.HTTPError] of the
// same status, with the former in it, which echo's error handler answers. Echo's
// own writes the JSON that chanx does everywhere.
package chanxecho

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/labstack/echo/v4"
)

// Router is what a consumer can be mounted on: an [*echo.Echo], whatever host its
// [echo.Echo.Host] is for, or an [*echo.Group].
type Router interface {
	GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
	HEAD(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
}

// Options configure a mounted consumer. nil means the defaults.
type Options struct {
	// Identity finds out who the client is, from echo's context as the middleware
	// left it, for [chanx.Identity]: a value of the program's, or a
	// [chanx.Credential] with one, which expires. nil is nobody. It must not keep
	// the context. An error refuses the handshake: a [*chanx.Error] with the status
	// of its reason, an [*echo.HTTPError] as it is, any other with 500. Without this
	// option it is what is at "user" in the context, where echo-jwt leaves its token,
	// else nobody.
	Identity func(echo.Context) (any, error)

	// Prefix is the path under which the whole of echo is mounted in something else,
	// such as [http.StripPrefix]; groups need not say theirs. It completes the
	// address that is documented.
	Prefix string
}

// Handle mounts a consumer at a path of the router, in echo's own syntax, such as
// "/rooms/:room", or "/files/*", whose rest is the parameter "path". Its address
// has the prefixes of groups in front. For middleware of its own, give it a group:
//
//	chanxecho.Handle(e.Group("", auth), "/rooms/:room", chat, nil)
//
// It panics where the path is not one of echo's, and where the consumer can't be
// mounted there; see [chanx.Mount].
func Handle(r Router, path string, consumer chanx.Mountable, opts *Options) {
	addressOf(path) // panics while nothing is registered yet
	h := &handler{identity: user}
	var prefix string
	if opts != nil {
		prefix = opts.Prefix
		if opts.Identity != nil {
			h.identity = opts.Identity
		}
	}
	route := r.GET(path, h.serve) // nobody else knows the groups' prefixes
	mustBeApart(route.Path, path)
	h.endpoint = chanx.Mount(consumer, prefix+addressOf(route.Path))
}

// user is who echo-jwt has found the client to be.
func user(c echo.Context) (any, error) { return c.Get("user"), nil }

// handler serves one mounted consumer.
type handler struct {
	endpoint *chanx.Endpoint // nil where mounting has failed: echo can't take a route back
	identity func(echo.Context) (any, error)
}

func (h *handler) serve(c echo.Context) error {
	if h.endpoint == nil || overlong(c) {
		return echo.ErrNotFound
	}
	r := c.Request()
	w := &writer{c.Response().Writer, c.Response(), r}
	var refusal *echo.HTTPError
	err := h.endpoint.Upgrade(w, &chanx.Handshake{
		Request:   r,
		PathValue: func(name string) string { return param(c, r, name) },
		Identify: func() (id any, err error) {
			id, err = h.identity(c)
			refusal, err = own(err)
			return id, err
		},
	})
	switch {
	case err == nil:
		return nil
	case refusal != nil:
		return refusal
	}
	return w.refuse(err)
}

// overlong reports whether a parameter has more than the one segment that it
// stands for: echo gives a path's last one all that is left of the URL.
func overlong(c echo.Context) bool {
	names := c.ParamNames()
	for i, value := range c.ParamValues() {
		if names[i] != "*" && strings.Contains(value, "/") {
			return true
		}
	}
	return false
}

// param returns the decoded value of a parameter: echo leaves it as it stands in
// the URL where that has an encoded slash or the like.
func param(c echo.Context, r *http.Request, name string) string {
	i := slices.Index(c.ParamNames(), name)
	if i < 0 && name == restName {
		i = slices.Index(c.ParamNames(), "*")
	}
	if i < 0 {
		return r.PathValue(name) // of a ServeMux around echo
	}
	value := c.ParamValues()[i]
	if r.URL.RawPath == "" {
		return value
	}
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}

// Package chanxgin mounts chanx consumers on gin engines and groups.
//
//	r := gin.Default()
//	ws := r.Group("/ws", auth)
//	chanxgin.Handle(ws, "/rooms/:room", chat, nil)
//
// Middleware runs on the upgrade request as on any other. The handler returns as
// soon as the connection is upgraded; nothing of the [gin.Context], which gin
// uses again then, stays with the connection.
package chanxgin

import (
	"errors"
	"maps"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/gin-gonic/gin"
)

// Router is what a consumer can be mounted on: a [*gin.Engine] or a
// [*gin.RouterGroup].
type Router interface {
	gin.IRoutes
	BasePath() string
}

// Options configure a mounted consumer. nil means the defaults.
type Options struct {
	// Identity finds out who the client is, from the context as the middleware
	// left it, for [chanx.Identity]: a value of the program's, or a
	// [chanx.Credential] with one, which expires. nil is nobody. An error refuses
	// the handshake: a [*chanx.Error] with the status of its reason, any other
	// with 500. The context must not be kept.
	//
	// nil means what gin.BasicAuth leaves, which is the value of "user", else what
	// gin-jwt leaves, the value of "identity", else nobody. No other key of the
	// context reaches the connection.
	Identity func(*gin.Context) (any, error)

	// Prefix is the path in front of the engine that gin can't know, as behind
	// [http.StripPrefix]. It completes the address that is documented; parameters
	// in it stand in braces, and have the values of [http.Request.PathValue].
	Prefix string

	// ErrorHandler answers a handshake that is refused, in the program's own way.
	// The status is set and so are headers such as Retry-After; the error has been
	// given to [gin.Context.Error], and the middleware in front sees it whatever
	// the handler does. nil means the body of [chanx.Refusal].
	ErrorHandler func(*gin.Context, error)
}

// Handle mounts a consumer at a path of the router, such as "/rooms/:room" or
// "/files/*path", for GET.
//
// It panics where the consumer can't be mounted there; see [chanx.Mount].
func Handle(r Router, path string, consumer chanx.Mountable, opts *Options) {
	h := &handler{}
	if opts != nil {
		h.options = *opts
	}
	if h.options.Identity == nil {
		h.options.Identity = usual
	}
	var address string
	address, h.pattern = parse(r.BasePath(), path)
	h.endpoint = chanx.Mount(consumer, h.options.Prefix+address)
	r.GET(path, h.serve)
}

// usual is who the usual middleware has found.
func usual(c *gin.Context) (any, error) {
	for _, key := range []string{gin.AuthUserKey, "identity"} {
		if who, ok := c.Get(key); ok {
			return who, nil
		}
	}
	return nil, nil
}

// handler serves one mounted consumer.
type handler struct {
	endpoint *chanx.Endpoint
	options  Options
	pattern  pattern
}

func (h *handler) serve(c *gin.Context) {
	params := h.pattern.values(c.Request.URL, c.Params)
	w := newWriter(c)
	err := h.endpoint.Upgrade(w, &chanx.Handshake{
		Request: c.Request,
		PathValue: func(name string) string {
			if value, ok := params.Get(name); ok {
				return value
			}
			return c.Request.PathValue(name) // of a ServeMux in front
		},
		Identify: func() (any, error) { return h.options.Identity(c) },
	})
	if err != nil && !w.over() {
		h.refuse(c, err)
	}
}

// refuse answers a handshake, and tells middleware why.
func (h *handler) refuse(c *gin.Context, err error) {
	c.Abort()
	said := c.Error(err)
	if _, ok := errors.AsType[*chanx.Error](err); ok {
		_ = said.SetType(gin.ErrorTypePublic)
	}
	if c.Writer.Written() {
		return // what middleware has answered
	}
	status, header, body := chanx.Refusal(err)
	maps.Copy(c.Writer.Header(), header)
	c.Status(status)
	if h.options.ErrorHandler == nil {
		_, _ = c.Writer.Write(body)
		return
	}
	c.Writer.Header().Del("Content-Type")
	h.options.ErrorHandler(c, err)
}

// Package chanxmux is the code of docs/writing-an-adapter.md: it mounts chanx
// consumers on routers of gorilla/mux.
package chanxmux

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/gorilla/mux"
)

// Options configure a mounted consumer. nil means the defaults.
type Options struct {
	// Identity finds out who the client is, from the request as the middleware left
	// it, for [chanx.Identity]. An error refuses the handshake. nil: nobody is
	// identified.
	Identity func(*http.Request) (any, error)
	// Prefix is the path under which the root router is itself mounted, as behind
	// [http.StripPrefix]. It completes the address that is documented.
	Prefix string
}

// Handle mounts a consumer at a path template of a router or a subrouter, such as
// "/rooms/{room}". The root must have been made with UseEncodedPath, or an encoded
// slash can't be told from a slash.
//
// It panics where the consumer can't be mounted there; see [chanx.Mount].
func Handle(r *mux.Router, path string, consumer chanx.Mountable, opts *Options) {
	var o Options
	if opts != nil {
		o = *opts
	}
	route := r.Path(path).Methods(http.MethodGet)
	template, err := route.GetPathTemplate() // with the prefixes of subrouters
	if err != nil {
		panic(fmt.Sprintf("chanxmux: the path %q: %v", path, err))
	}
	endpoint := chanx.Mount(consumer, o.Prefix+addressOf(template))
	route.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := &chanx.Handshake{
			Request:   r,
			PathValue: func(name string) string { return pathValue(r, name) },
		}
		if o.Identity != nil {
			h.Identify = func() (any, error) { return o.Identity(r) }
		}
		if err := endpoint.Upgrade(w, h); err != nil {
			chanx.Refuse(w, err)
		}
	})
}

// Docs serves the AsyncAPI document of the hub's consumers, and the page that shows
// it. opts may be nil.
func Docs(r *mux.Router, path string, hub *chanx.Hub, opts *asyncapi.Options) {
	handler := asyncapi.Handler(hub, opts)
	for _, p := range asyncapi.Paths(path) {
		r.Path(p).Methods(http.MethodGet, http.MethodHead).Handler(handler)
	}
}

// pathValue returns the decoded value of a parameter.
func pathValue(r *http.Request, name string) string {
	value, ok := mux.Vars(r)[name]
	if !ok {
		return r.PathValue(name) // of a ServeMux around the router
	}
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}

// addressOf leaves the regular expressions out of a path template.
func addressOf(template string) string {
	var address strings.Builder
	depth, expression := 0, false
	for _, c := range template {
		switch {
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == ':' && depth == 1:
			expression = true
		}
		if depth == 0 || !expression {
			address.WriteRune(c)
		}
		if depth == 0 {
			expression = false
		}
	}
	return address.String()
}

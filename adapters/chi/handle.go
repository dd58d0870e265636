// Package chanxchi mounts chanx consumers on chi routers and on the standard
// library's [http.ServeMux].
//
//	r := chi.NewRouter()
//	r.Use(middleware.Logger)
//	chanxchi.Handle(r, "/ws/rooms/{room}", chat, nil)
//
// Authentication middleware runs on the upgrade request as on any other, and the
// values that it puts into the request's context are there for the connection's
// whole life, under conn.Context() too.
package chanxchi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// Router is what a consumer can be mounted on: a [chi.Router], a
// [*http.ServeMux], and whatever else takes patterns like theirs.
type Router interface {
	Handle(pattern string, handler http.Handler)
}

// Options configure a mounted consumer. nil means the defaults.
type Options struct {
	// Identity finds out who the client is, from the request as the middleware
	// left it, for [chanx.Identity]: a value of the program's, or a
	// [chanx.Credential] with one, which expires. nil is nobody. An error refuses
	// the handshake: a [*chanx.Error] with the status of its reason, any other
	// with 500. Without this option nobody is identified; what middleware put into
	// the request's context can be read from conn.Context() all the same.
	Identity func(*http.Request) (any, error)

	// Prefix is the path under which the router is itself mounted. A chi
	// sub-router need not say it: [Locate], or the first request, finds it. A
	// ServeMux behind [http.StripPrefix] can't know it, nor can a chi router that
	// is mounted on something other than chi. It completes the address that is
	// documented.
	Prefix string

	// ErrorHandler answers a handshake that is refused, in the program's own way.
	// Headers such as Retry-After are set; [chanx.Refusal] says which status the
	// error has. nil means [chanx.Refuse].
	ErrorHandler func(http.ResponseWriter, *http.Request, error)
}

// Handle mounts a consumer at a pattern of the router: for chi such as
// "/rooms/{room}", "/users/{id:[0-9]+}" or "/files/*" (whose rest is the
// parameter "path"), for a ServeMux such as "GET /rooms/{room}" or
// "/files/{path...}".
//
// It panics where the consumer can't be mounted there; see [chanx.Mount].
func Handle(r Router, pattern string, consumer chanx.Mountable, opts *Options) {
	if strings.Contains(pattern, "/:") {
		panic(fmt.Sprintf("chanxchi: the pattern %q has a colon behind a slash, which is no parameter here: write {name}", pattern))
	}
	h := &handler{pattern: pattern, chiParams: map[string]string{}}
	if opts != nil {
		h.options = *opts
	}
	address := h.options.Prefix + addressOf(pattern, h.chiParams)
	routes, isChi := r.(chi.Routes)
	if isChi {
		mustBeFree(routes, pattern)
	}
	if h.chi = isChi; isChi && h.options.Prefix == "" {
		h.endpoint = chanx.MountBelow(consumer, address)
	} else {
		h.endpoint = chanx.Mount(consumer, address)
	}
	r.Handle(pattern, h)
}

// mustBeFree panics where a consumer is at the pattern already, or at one that
// differs in the names of parameters only, which chi would silently replace.
func mustBeFree(routes chi.Routes, pattern string) {
	address, shape := addressOf(pattern, nil), shapeOf(pattern)
	for _, route := range routes.Routes() {
		for _, there := range route.Handlers {
			if chain, ok := there.(*chi.ChainHandler); ok { // of inline middleware
				there = chain.Endpoint
			}
			if _, ok := there.(*handler); ok && (addressOf(route.Pattern, nil) == address || shapeOf(route.Pattern) == shape) {
				panic(fmt.Sprintf("chanxchi: another consumer is mounted at %q: %q needs another path", route.Pattern, pattern))
			}
		}
	}
}

// Locate gives every consumer that is mounted below root its whole address, with
// the prefixes of sub-routers. Call it once all routes are there: what is made
// from the addresses, such as documentation, is right from then on. The error is
// that of a consumer that can't be at its address, as another one is, or as the
// address lacks a parameter that the consumer's [chanx.Params] name.
func Locate(root chi.Routes) error {
	return chi.Walk(root, func(_, route string, next http.Handler, _ ...func(http.Handler) http.Handler) error {
		if h, ok := next.(*handler); ok && h.options.Prefix == "" {
			err := h.endpoint.SetPath(addressOf(route, nil))
			h.located.Do(func() { h.misplaced = err })
			return err
		}
		return nil
	})
}

// handler serves one mounted consumer.
type handler struct {
	endpoint  *chanx.Endpoint
	options   Options
	pattern   string
	chi       bool              // the pattern is chi's
	chiParams map[string]string // name in the address → name in the pattern, where they differ

	located   sync.Once
	misplaced error
}

// locate gives the endpoint its whole address at the first request, unless
// [Locate] has. chi leaves out the slash at a pattern's end.
func (h *handler) locate(whole string) error {
	h.located.Do(func() {
		if h.options.Prefix != "" {
			return
		}
		if strings.HasSuffix(h.pattern, "/") && !strings.HasSuffix(whole, "/") {
			whole += "/"
		}
		h.misplaced = h.endpoint.SetPath(addressOf(whole, nil))
	})
	return h.misplaced
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hs := &chanx.Handshake{Request: r}
	if rctx := chi.RouteContext(r.Context()); rctx != nil {
		// chi uses its route context again for other requests once we return.
		rctx = rctx.Clone()
		r = r.WithContext(context.WithValue(r.Context(), chi.RouteCtxKey, rctx))
		hs.Request = r
		if h.chi {
			hs.PathValue = func(name string) string { return h.chiParam(r, rctx, name) }
			if err := h.locate(rctx.RoutePattern()); err != nil {
				hs.Identify = func() (any, error) { return nil, err }
			}
		}
	}
	if h.options.Identity != nil && hs.Identify == nil {
		hs.Identify = func() (any, error) { return h.options.Identity(r) }
	}
	if err := h.endpoint.Upgrade(w, hs); err != nil {
		h.refuse(w, r, err)
		return
	}
	settle(w)
}

// refuse answers a handshake that is not upgraded.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if h.options.ErrorHandler == nil {
		chanx.Refuse(w, err)
		return
	}
	_, header, _ := chanx.Refusal(err)
	header.Del("Content-Type")
	maps.Copy(w.Header(), header)
	h.options.ErrorHandler(w, r, err)
}

// chiParam returns the decoded value of a parameter: chi leaves it as it stands
// in the URL where that has an encoded slash or the like.
func (h *handler) chiParam(r *http.Request, rctx *chi.Context, name string) string {
	if other, ok := h.chiParams[name]; ok {
		name = other
	}
	if !slices.Contains(rctx.URLParams.Keys, name) {
		return r.PathValue(name) // of a ServeMux around chi
	}
	value := rctx.URLParam(name)
	if r.URL.RawPath == "" {
		return value
	}
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}

// settle tells chi's logging writers that the answer was 101: they can't see
// what goes out on a hijacked connection, and would say 000, or 200.
func settle(w http.ResponseWriter) {
	for w != nil {
		if ww, ok := w.(middleware.WrapResponseWriter); ok {
			ww.Discard()
			ww.WriteHeader(http.StatusSwitchingProtocols)
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = u.Unwrap()
	}
}

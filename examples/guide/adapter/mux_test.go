package chanxmux_test

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/asyncapi"
	chanxmux "github.com/chanx-go/chanx/examples/guide/adapter"
	"github.com/gorilla/mux"
)

func TestAdapter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Adapter{
		New: func(_ testing.TB, o adaptertest.Options) adaptertest.App { return newApp(o) },
		Pattern: func(address string) string {
			return strings.ReplaceAll(address, "...}", ":.*}")
		},
		Routes: []adaptertest.Route{{
			Pattern: "/users/{id:[0-9]{1,3}}/ws", Address: "/users/{id}/ws",
			Path: "/users/42/ws", Values: map[string]string{"id": "42"},
		}},
		Misuse: []string{"/rooms/{room", "/rooms/{}", "/rooms/{a}/{a}"},
		Middleware: []adaptertest.Middleware{{
			Kind: "body limit", Name: "http.MaxBytesHandler",
			Use: func(_ testing.TB, a adaptertest.App) {
				a.(*app).mux.Use(func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 1) })
			},
		}},
	})
}

// app is an application of gorilla/mux.
type app struct {
	router

	server http.Server
}

func newApp(o adaptertest.Options) *app {
	r := mux.NewRouter().UseEncodedPath()
	return &app{router{r}, http.Server{
		Handler: logged(r, o), ErrorLog: log.New(o.Log, "", 0),
		ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, IdleTimeout: o.Timeout,
	}}
}

func (a *app) Serve(l net.Listener) error         { return a.server.Serve(l) }
func (a *app) Shutdown(ctx context.Context) error { return a.server.Shutdown(ctx) }

// router is a router, or one below it.
type router struct{ mux *mux.Router }

func (r router) Handle(pattern string, c chanx.Mountable, identity func(adaptertest.Context) (any, error)) {
	opts := &chanxmux.Options{}
	if identity != nil {
		opts.Identity = func(req *http.Request) (any, error) { return identity(&request{nil, req}) }
	}
	chanxmux.Handle(r.mux, pattern, c, opts)
}

func (r router) Group(prefix string, middleware ...func(adaptertest.Context, func() error) error) adaptertest.Router {
	route := r.mux.NewRoute()
	if prefix != "" {
		route = route.PathPrefix(prefix)
	}
	inner := route.Subrouter()
	for _, f := range middleware {
		inner.Use(func(next http.Handler) http.Handler { return wrap(f, next) })
	}
	return router{inner}
}

func (r router) Get(pattern string, handler func(adaptertest.Context) error) {
	r.mux.HandleFunc(pattern, func(w http.ResponseWriter, req *http.Request) {
		if handler(&request{w, req}) != nil {
			http.Error(w, "failed", http.StatusInternalServerError)
		}
	}).Methods(http.MethodGet)
}

func (r router) Docs(path string, hub *chanx.Hub, opts *asyncapi.Options) {
	chanxmux.Docs(r.mux, path, hub, opts)
}

func wrap(f func(adaptertest.Context, func() error) error, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, called := &request{w, r}, false
		err := f(c, func() error {
			called = true
			next.ServeHTTP(w, c.r)
			return nil
		})
		if err != nil && !called {
			http.Error(w, "failed", http.StatusInternalServerError)
		}
	})
}

// request is what net/http has in place of a framework's context.
type request struct {
	w http.ResponseWriter
	r *http.Request
}

type storeKey string

func (c *request) Header(name string) string      { return c.r.Header.Get(name) }
func (c *request) SetHeader(name, value string)   { c.w.Header().Set(name, value) }
func (c *request) Get(key string) any             { return c.Context().Value(storeKey(key)) }
func (c *request) Context() context.Context       { return c.r.Context() }
func (c *request) SetContext(ctx context.Context) { c.r = c.r.WithContext(ctx) }

func (c *request) Set(key string, value any) {
	c.SetContext(context.WithValue(c.Context(), storeKey(key), value))
}

func (c *request) Answer(status int, text string) error {
	c.w.WriteHeader(status)
	_, err := c.w.Write([]byte(text))
	return err
}

// logged writes the access log, and recovers.
func logged(h http.Handler, o adaptertest.Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{w, http.StatusOK}
		defer func() {
			if v := recover(); v != nil {
				fmt.Fprintln(o.Log, "panic:", v)
				if s.status != http.StatusSwitchingProtocols {
					s.WriteHeader(http.StatusInternalServerError)
				}
			}
			fmt.Fprintln(o.AccessLog, s.status, r.Method, r.URL.Path)
		}()
		h.ServeHTTP(s, r)
	})
}

// statusWriter knows the status of the answer, that of a connection which is taken
// over too.
type statusWriter struct {
	http.ResponseWriter

	status int
}

func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err == nil {
		s.status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}

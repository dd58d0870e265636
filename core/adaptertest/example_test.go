package adaptertest_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/asyncapi"
)

// app is an application of net/http alone. It needs no adapter: an endpoint is a
// handler.
type app struct {
	router

	server http.Server
}

func newApp(o adaptertest.Options) *app {
	mux := http.NewServeMux()
	a := &app{router: router{mux: mux}}
	a.server = http.Server{
		Handler: logged(mux, o), ErrorLog: log.New(o.Log, "", 0),
		ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, IdleTimeout: o.Timeout,
	}
	return a
}

func (a *app) Serve(l net.Listener) error         { return a.server.Serve(l) }
func (a *app) Shutdown(ctx context.Context) error { return a.server.Shutdown(ctx) }

// router is a ServeMux, or what stands for a group of its routes.
type router struct {
	mux        *http.ServeMux
	prefix     string
	middleware []func(c adaptertest.Context, next func() error) error
}

func (r router) Handle(pattern string, c chanx.Mountable, identity func(adaptertest.Context) (any, error)) {
	endpoint := chanx.Mount(c, strings.ReplaceAll(r.prefix+pattern, "...}", "}"))
	r.handle(r.prefix+pattern, func(w http.ResponseWriter, req *http.Request) {
		h := &chanx.Handshake{Request: req}
		if identity != nil {
			h.Identify = func() (any, error) { return identity(&requestContext{w, req}) }
		}
		if err := endpoint.Upgrade(w, h); err != nil {
			chanx.Refuse(w, err)
		} else if s, ok := w.(*statusWriter); ok {
			s.status = http.StatusSwitchingProtocols
		}
	})
}

func (r router) Group(prefix string, middleware ...func(adaptertest.Context, func() error) error) adaptertest.Router {
	all := append([]func(adaptertest.Context, func() error) error{}, r.middleware...)
	return router{r.mux, r.prefix + prefix, append(all, middleware...)}
}

func (r router) Get(pattern string, handler func(adaptertest.Context) error) {
	r.handle("GET "+r.prefix+pattern, func(w http.ResponseWriter, req *http.Request) {
		if handler(&requestContext{w, req}) != nil {
			http.Error(w, "failed", http.StatusInternalServerError)
		}
	})
}

func (r router) Docs(path string, hub *chanx.Hub, opts *asyncapi.Options) {
	handler := asyncapi.Handler(hub, opts)
	for _, p := range asyncapi.Paths(path) {
		r.handle("GET "+r.prefix+p, handler.ServeHTTP) // for HEAD, too
	}
}

// handle registers a handler behind the group's middleware.
func (r router) handle(pattern string, h http.HandlerFunc) {
	for _, mw := range slices.Backward(r.middleware) {
		next := h
		h = func(w http.ResponseWriter, req *http.Request) {
			c := &requestContext{w, req}
			called := false
			err := mw(c, func() error {
				called = true
				next(w, c.r)
				return nil
			})
			if err != nil && !called {
				http.Error(w, "failed", http.StatusInternalServerError)
			}
		}
	}
	r.mux.HandleFunc(pattern, h)
}

// requestContext is what net/http has in place of a framework's context.
type requestContext struct {
	w http.ResponseWriter
	r *http.Request
}

type storeKey string

func (c *requestContext) Header(name string) string      { return c.r.Header.Get(name) }
func (c *requestContext) SetHeader(name, value string)   { c.w.Header().Set(name, value) }
func (c *requestContext) Get(key string) any             { return c.Context().Value(storeKey(key)) }
func (c *requestContext) Context() context.Context       { return c.r.Context() }
func (c *requestContext) SetContext(ctx context.Context) { c.r = c.r.WithContext(ctx) }

func (c *requestContext) Set(key string, value any) {
	c.SetContext(context.WithValue(c.Context(), storeKey(key), value))
}

func (c *requestContext) Answer(status int, text string) error {
	c.w.WriteHeader(status)
	_, err := c.w.Write([]byte(text))
	return err
}

// logged writes the access log, and recovers.
func logged(h http.Handler, o adaptertest.Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
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

type statusWriter struct {
	http.ResponseWriter

	status int
}

func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// The whole of what the test of an adapter says. The types of this file are what it
// needs for net/http.
func TestAdapter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Adapter{
		New: func(_ testing.TB, o adaptertest.Options) adaptertest.App { return newApp(o) },
	})
}

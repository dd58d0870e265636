package chitest

import (
	"context"
	"log"
	"net"
	"net/http"

	"github.com/chanx-go/chanx/core/adaptertest"
)

// server is what both applications are served by.
type server struct{ http.Server }

func newServer(h http.Handler, o adaptertest.Options) server {
	return server{http.Server{
		Handler: h, ErrorLog: log.New(o.Log, "", 0),
		ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, IdleTimeout: o.Timeout,
	}}
}

func (s *server) Serve(l net.Listener) error         { return s.Server.Serve(l) }
func (s *server) Shutdown(ctx context.Context) error { return s.Server.Shutdown(ctx) }

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

// handlerOf makes a handler of a plain route's function.
func handlerOf(f func(adaptertest.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if f(&requestContext{w, r}) != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}
	}
}

// middlewareOf makes a middleware of the suite's. An error that comes after next
// has nobody to be told to.
func middlewareOf(f func(c adaptertest.Context, next func() error) error) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, called := &requestContext{w, r}, false
			err := f(c, func() error {
				called = true
				next.ServeHTTP(w, c.r)
				return nil
			})
			if err != nil && !called {
				http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			}
		})
	}
}

// identityOf makes an adapter's option.
func identityOf(f func(adaptertest.Context) (any, error)) func(*http.Request) (any, error) {
	if f == nil {
		return nil
	}
	return func(r *http.Request) (any, error) { return f(&requestContext{nil, r}) }
}

package gintest

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"

	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/gin-gonic/gin"
)

// app is an application of gin as the guide recommends it.
type app struct {
	router

	engine *gin.Engine
	server http.Server
}

func newApp(o adaptertest.Options) *app {
	r := gin.New()
	r.UseRawPath = true // an encoded slash is part of a value
	r.Use(gin.LoggerWithConfig(gin.LoggerConfig{
		Output: o.AccessLog,
		Formatter: func(p gin.LogFormatterParams) string {
			return fmt.Sprintln(p.StatusCode, p.Method, p.Request.URL.Path)
		},
	}), gin.RecoveryWithWriter(o.Log))
	return &app{
		router: router{&r.RouterGroup},
		engine: r,
		server: http.Server{
			Handler: r, ErrorLog: log.New(o.Log, "", 0),
			ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, IdleTimeout: o.Timeout,
		},
	}
}

func (a *app) Serve(l net.Listener) error         { return a.server.Serve(l) }
func (a *app) Shutdown(ctx context.Context) error { return a.server.Shutdown(ctx) }

// pattern writes an address as gin does.
func pattern(address string) string {
	segments := strings.Split(address, "/")
	for i, segment := range segments {
		name, isParam := strings.CutPrefix(segment, "{")
		if !isParam {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if rest, ok := strings.CutSuffix(name, "..."); ok {
			segments[i] = "*" + rest
		} else {
			segments[i] = ":" + name
		}
	}
	return strings.Join(segments, "/")
}

// router is an engine's routes, or a group's.
type router struct{ group *gin.RouterGroup }

func (r router) Handle(pattern string, c chanx.Mountable, identity func(adaptertest.Context) (any, error)) {
	var opts *chanxgin.Options
	if identity != nil {
		opts = &chanxgin.Options{
			Identity: func(c *gin.Context) (any, error) { return identity(requestContext{c}) },
		}
	}
	chanxgin.Handle(r.group, pattern, c, opts)
}

func (r router) Group(prefix string, middleware ...func(adaptertest.Context, func() error) error) adaptertest.Router {
	group := r.group.Group(prefix)
	for _, mw := range middleware {
		group.Use(func(c *gin.Context) {
			called := false
			err := mw(requestContext{c}, func() error {
				called = true
				c.Next()
				return nil
			})
			fail(c, err)
			if !called {
				c.Abort()
			}
		})
	}
	return router{group}
}

func (r router) Get(pattern string, handler func(adaptertest.Context) error) {
	r.group.GET(pattern, func(c *gin.Context) { fail(c, handler(requestContext{c})) })
}

func (r router) Docs(path string, hub *chanx.Hub, opts *asyncapi.Options) {
	chanxgin.Docs(r.group, path, hub, opts)
}

// fail says an error gin's way.
func fail(c *gin.Context, err error) {
	switch {
	case err == nil:
	case c.Writer.Written():
		_ = c.Error(err)
	default:
		_ = c.AbortWithError(http.StatusInternalServerError, err)
	}
}

// requestContext is gin's context as the suite wants it.
type requestContext struct{ c *gin.Context }

func (r requestContext) Header(name string) string      { return r.c.GetHeader(name) }
func (r requestContext) SetHeader(name, value string)   { r.c.Header(name, value) }
func (r requestContext) Set(key string, value any)      { r.c.Set(key, value) }
func (r requestContext) Context() context.Context       { return r.c.Request.Context() }
func (r requestContext) SetContext(ctx context.Context) { r.c.Request = r.c.Request.WithContext(ctx) }

func (r requestContext) Get(key string) any {
	value, _ := r.c.Get(key)
	return value
}

func (r requestContext) Answer(status int, text string) error {
	r.c.String(status, "%s", text)
	return nil
}

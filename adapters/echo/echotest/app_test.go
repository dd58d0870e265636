package echotest

import (
	"context"
	"fmt"
	"log"
	"net"
	"strings"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// app is an application of echo as the guide recommends it.
type app struct {
	router

	echo *echo.Echo
}

func newApp(o adaptertest.Options) *app {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Logger.SetOutput(o.Log)
	e.StdLogger = log.New(o.Log, "", 0)
	e.Server.ReadTimeout, e.Server.WriteTimeout, e.Server.IdleTimeout = o.Timeout, o.Timeout, o.Timeout
	e.Use(middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{
		LogStatus: true, LogMethod: true, LogURIPath: true, HandleError: true,
		LogValuesFunc: func(_ echo.Context, v middleware.RequestLoggerValues) error {
			_, err := fmt.Fprintln(o.AccessLog, v.Status, v.Method, v.URIPath)
			return err
		},
	}), middleware.Recover())
	return &app{router{e.Group("")}, e}
}

func (a *app) Serve(l net.Listener) error {
	a.echo.Listener = l
	return a.echo.Start("")
}

func (a *app) Shutdown(ctx context.Context) error { return a.echo.Shutdown(ctx) }

// pattern writes an address as echo does.
func pattern(address string) string {
	segments := strings.Split(address, "/")
	for i, segment := range segments {
		name, isParam := strings.CutPrefix(segment, "{")
		if !isParam {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if strings.HasSuffix(name, "...") {
			segments[i] = "*"
		} else {
			segments[i] = ":" + name
		}
	}
	return strings.Join(segments, "/")
}

// router is an application's routes, or a group's.
type router struct{ group *echo.Group }

func (r router) Handle(pattern string, c chanx.Mountable, identity func(adaptertest.Context) (any, error)) {
	var opts *chanxecho.Options
	if identity != nil {
		opts = &chanxecho.Options{
			Identity: func(c echo.Context) (any, error) { return identity(requestContext{c}) },
		}
	}
	chanxecho.Handle(r.group, pattern, c, opts)
}

func (r router) Group(prefix string, middleware ...func(adaptertest.Context, func() error) error) adaptertest.Router {
	group := r.group.Group(prefix)
	for _, mw := range middleware {
		group.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				return mw(requestContext{c}, func() error { return next(c) })
			}
		})
	}
	return router{group}
}

func (r router) Get(pattern string, handler func(adaptertest.Context) error) {
	r.group.GET(pattern, func(c echo.Context) error { return handler(requestContext{c}) })
}

func (r router) Docs(path string, hub *chanx.Hub, opts *asyncapi.Options) {
	chanxecho.Docs(r.group, path, hub, opts)
}

// requestContext is echo's context as the suite wants it.
type requestContext struct{ c echo.Context }

func (r requestContext) Header(name string) string            { return r.c.Request().Header.Get(name) }
func (r requestContext) SetHeader(name, value string)         { r.c.Response().Header().Set(name, value) }
func (r requestContext) Get(key string) any                   { return r.c.Get(key) }
func (r requestContext) Set(key string, value any)            { r.c.Set(key, value) }
func (r requestContext) Context() context.Context             { return r.c.Request().Context() }
func (r requestContext) Answer(status int, text string) error { return r.c.String(status, text) }

func (r requestContext) SetContext(ctx context.Context) {
	r.c.SetRequest(r.c.Request().WithContext(ctx))
}

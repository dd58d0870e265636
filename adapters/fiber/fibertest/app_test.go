package fibertest

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/logger"
	recovery "github.com/gofiber/fiber/v2/middleware/recover"
)

// app is an application of fiber as the guide recommends it.
type app struct {
	router

	fiber *fiber.App
}

func newApp(o adaptertest.Options) *app {
	f := fiber.New(fiber.Config{
		DisableStartupMessage: true,
		ErrorHandler:          publicError,
		ReadBufferSize:        32 << 10, // or headers with a long token are refused with 431
		ReadTimeout:           o.Timeout,
		WriteTimeout:          o.Timeout,
		IdleTimeout:           o.Timeout,
	})
	f.Server().Logger = log.New(o.Log, "", 0)
	f.Use(
		logger.New(logger.Config{Output: o.AccessLog, Format: "${status} ${method} ${path}\n"}),
		recovery.New(recovery.Config{EnableStackTrace: true, StackTraceHandler: func(_ *fiber.Ctx, v any) {
			fmt.Fprintf(o.Log, "panic: %v\n%s", v, debug.Stack())
		}}),
	)
	return &app{router{f, nil}, f}
}

// publicError tells a client no more of an error than its status, unless it is one
// that is made for that.
func publicError(c *fiber.Ctx, err error) error {
	if _, ok := errors.AsType[*fiber.Error](err); !ok {
		err = fiber.ErrInternalServerError
	}
	return fiber.DefaultErrorHandler(c, err)
}

func (a *app) Serve(l net.Listener) error         { return a.fiber.Listener(l) }
func (a *app) Shutdown(ctx context.Context) error { return a.fiber.ShutdownWithContext(ctx) }

// pattern writes an address as fiber does.
func pattern(address string) string {
	segments := strings.Split(address, "/")
	for i, segment := range segments {
		name, isParam := strings.CutPrefix(segment, "{")
		if !isParam {
			continue
		}
		if segments[i] = ":" + strings.TrimSuffix(name, "}"); strings.HasSuffix(name, "...}") {
			segments[i] = "*"
		}
	}
	return strings.Join(segments, "/")
}

// router is an app's routes, or a group's.
type router struct {
	fiber.Router

	groups []*[]string // the routes of the group, and of those around it
}

func (r router) Handle(pattern string, c chanx.Mountable, identity func(adaptertest.Context) (any, error)) {
	var opts *chanxfiber.Options
	if identity != nil {
		opts = &chanxfiber.Options{
			Identity: func(c *fiber.Ctx) (any, error) { return identity(requestContext{c}) },
		}
	}
	chanxfiber.Handle(r.Router, pattern, c, opts)
	r.owns(pattern)
}

// Group makes a group whose middleware is there for its own routes: to fiber it is
// that of everything below the prefix, and there may be none.
func (r router) Group(prefix string, middleware ...func(adaptertest.Context, func() error) error) adaptertest.Router {
	own := new([]string)
	var handlers []fiber.Handler
	for _, mw := range middleware {
		handlers = append(handlers, func(c *fiber.Ctx) error {
			if slices.ContainsFunc(*own, func(pattern string) bool { return fiber.RoutePatternMatch(c.Path(), pattern) }) {
				return mw(requestContext{c}, c.Next)
			}
			return c.Next()
		})
	}
	return router{r.Router.Group(prefix, handlers...), append(slices.Clip(r.groups), own)}
}

// owns takes note of a route of a group.
func (r router) owns(pattern string) {
	for _, group := range r.groups {
		*group = append(*group, r.Router.(*fiber.Group).Prefix+pattern)
	}
}

func (r router) Get(pattern string, handler func(adaptertest.Context) error) {
	r.Router.Get(pattern, func(c *fiber.Ctx) error { return handler(requestContext{c}) })
	r.owns(pattern)
}

func (r router) Docs(path string, hub *chanx.Hub, opts *asyncapi.Options) {
	chanxfiber.Docs(r.Router, path, hub, opts)
	for _, p := range asyncapi.Paths(path) {
		r.owns(p)
	}
}

// requestContext is fiber's context as the suite wants it.
type requestContext struct{ c *fiber.Ctx }

func (r requestContext) Header(name string) string      { return r.c.Get(name) }
func (r requestContext) SetHeader(name, value string)   { r.c.Set(name, value) }
func (r requestContext) Get(key string) any             { return r.c.Locals(key) }
func (r requestContext) Set(key string, value any)      { r.c.Locals(key, value) }
func (r requestContext) Context() context.Context       { return r.c.UserContext() }
func (r requestContext) SetContext(ctx context.Context) { r.c.SetUserContext(ctx) }

func (r requestContext) Answer(status int, text string) error {
	return r.c.Status(status).SendString(text)
}

// authorization is the header of that name.
func authorization(value string) http.Header { return http.Header{"Authorization": {value}} }

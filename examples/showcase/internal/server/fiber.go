package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/chanx-go/chanx/examples/showcase/internal/web"
	jwtware "github.com/gofiber/contrib/jwt"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	recovery "github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/golang-jwt/jwt/v5"
)

// Fiber serves the showcase with fiber.
func Fiber(a *app.App) *fiber.App {
	tokens := jwtware.New(jwtware.Config{
		SigningKey:   jwtware.SigningKey{JWTAlg: jwtware.HS256, Key: []byte(app.Secret)},
		ErrorHandler: func(*fiber.Ctx, error) error { return fiber.ErrUnauthorized }, // also where there is no token
	})
	f := fiber.New(fiber.Config{
		DisableStartupMessage: true,
		ErrorHandler:          publicError,
		ReadTimeout:           30 * time.Second,
		IdleTimeout:           2 * time.Minute,
	})
	f.Use(recovery.New())
	ws := f.Group("/ws")
	chanxfiber.Handle(ws, "/system", a.System, nil)
	chanxfiber.Handle(ws, "/chat", a.Chat, nil)
	chanxfiber.Handle(ws, "/reliable", a.Reliable, nil)
	chanxfiber.Handle(ws, "/notifications", a.Notifications, nil)
	chanxfiber.Handle(ws, "/analytics", a.Analytics, nil)
	chanxfiber.Handle(ws, "/background_jobs", a.Jobs, nil)
	chanxfiber.Handle(ws, "/room/:room_name", a.Room, nil)
	chanxfiber.Handle(ws, "/topics", a.TopicHub, nil)
	chanxfiber.Handle(ws, "/topics/room/:room_name", a.OneRoom, nil)
	chanxfiber.Handle(ws, "/lounge", a.Lounge, nil)
	chanxfiber.Handle(ws, "/bench", a.Bench, nil)
	chanxfiber.Handle(ws, "/bench/room/:name", a.BenchRoom, nil)
	private := ws.Group("/private", fiberSubprotocol, tokens) // a group's middleware answers for all below its prefix
	chanxfiber.Handle(private, "", a.Private, &chanxfiber.Options{Identity: fiberUser})
	chanxfiber.Docs(f, "/asyncapi", a.Hub, app.Docs())
	f.Use(adaptor.HTTPHandler(web.Handler(a)))
	return f
}

// publicError tells a client no more than the status of an error that isn't fiber's.
func publicError(c *fiber.Ctx, err error) error {
	if _, ok := errors.AsType[*fiber.Error](err); !ok {
		slog.Error("the server failed", "path", c.Path(), "error", err)
		err = fiber.ErrInternalServerError
	}
	return fiber.DefaultErrorHandler(c, err)
}

// fiberSubprotocol puts a token among the subprotocols where fiber's middleware
// looks for it.
func fiberSubprotocol(c *fiber.Ctx) error {
	if token := chanx.OfferedToken(c.Get("Sec-WebSocket-Protocol")); token != "" && c.Get(fiber.HeaderAuthorization) == "" {
		c.Request().Header.Set(fiber.HeaderAuthorization, "Bearer "+token)
	}
	return c.Next()
}

// fiberUser is who fiber's middleware let in.
func fiberUser(c *fiber.Ctx) (any, error) {
	return app.HolderOf(c.Locals("user").(*jwt.Token).Claims)
}

// fiberServer serves an app of fiber, which is not on net/http.
type fiberServer struct {
	app  *fiber.App
	over context.Context
	end  context.CancelFunc
}

func overFiber(app *fiber.App) Server {
	over, end := context.WithCancel(context.Background())
	return fiberServer{app, over, end}
}

// Serve ends also where Shutdown came first, of which fiber knows nothing by then.
func (s fiberServer) Serve(listener net.Listener) error {
	defer context.AfterFunc(s.over, func() { _ = listener.Close() })()
	return s.app.Listener(listener)
}

func (s fiberServer) Shutdown(ctx context.Context) error {
	defer s.end()
	return s.app.ShutdownWithContext(ctx)
}

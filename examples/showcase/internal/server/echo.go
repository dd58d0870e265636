package server

import (
	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/chanx-go/chanx/examples/showcase/internal/web"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// Echo serves the showcase with echo.
func Echo(a *app.App) *echo.Echo {
	tokens := echojwt.WithConfig(echojwt.Config{
		SigningKey:       []byte(app.Secret),
		TokenLookup:      "header:Authorization:Bearer ",
		TokenLookupFuncs: []middleware.ValuesExtractor{echoSubprotocol},
	})
	e := echo.New()
	e.Use(middleware.Recover())
	ws := e.Group("/ws")
	chanxecho.Handle(ws, "/system", a.System, nil)
	chanxecho.Handle(ws, "/chat", a.Chat, nil)
	chanxecho.Handle(ws, "/reliable", a.Reliable, nil)
	chanxecho.Handle(ws, "/notifications", a.Notifications, nil)
	chanxecho.Handle(ws, "/analytics", a.Analytics, nil)
	chanxecho.Handle(ws, "/background_jobs", a.Jobs, nil)
	chanxecho.Handle(ws, "/room/:room_name", a.Room, nil)
	chanxecho.Handle(ws, "/topics", a.TopicHub, nil)
	chanxecho.Handle(ws, "/topics/room/:room_name", a.OneRoom, nil)
	chanxecho.Handle(ws, "/lounge", a.Lounge, nil)
	chanxecho.Handle(ws, "/bench", a.Bench, nil)
	chanxecho.Handle(ws, "/bench/room/:name", a.BenchRoom, nil)
	private := ws.Group("/private", tokens) // a group's middleware answers for all below its prefix
	chanxecho.Handle(private, "", a.Private, &chanxecho.Options{Identity: echoUser})
	chanxecho.Docs(e, "/asyncapi", a.Hub, app.Docs())
	e.Any("/*", echo.WrapHandler(web.Handler(a)))
	return e
}

// echoSubprotocol is another place where echo-jwt looks for a token.
func echoSubprotocol(c echo.Context) ([]string, error) {
	token := chanx.OfferedToken(c.Request().Header.Values("Sec-WebSocket-Protocol")...)
	if token == "" {
		return nil, echojwt.ErrJWTMissing
	}
	return []string{token}, nil
}

// echoUser is who echo-jwt let in.
func echoUser(c echo.Context) (any, error) {
	return app.HolderOf(c.Get("user").(*jwt.Token).Claims)
}

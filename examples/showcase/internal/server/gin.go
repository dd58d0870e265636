package server

import (
	"net/http"
	"time"

	jwt "github.com/appleboy/gin-jwt/v2"
	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/chanx-go/chanx/examples/showcase/internal/web"
	"github.com/gin-gonic/gin"
)

// Gin serves the showcase with gin.
func Gin(a *app.App) (http.Handler, error) {
	tokens, err := jwt.New(&jwt.GinJWTMiddleware{
		Key:     []byte(app.Secret),
		Timeout: time.Hour,
		Unauthorized: func(c *gin.Context, _ int, message string) {
			c.String(http.StatusUnauthorized, message) // also where the token is not one at all
		},
	})
	if err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode) // it would print every route
	r := gin.New()
	r.UseRawPath = true // a%2Fb is one room, and not two segments of a path
	r.Use(gin.Recovery())
	ws := r.Group("/ws")
	chanxgin.Handle(ws, "/system", a.System, nil)
	chanxgin.Handle(ws, "/chat", a.Chat, nil)
	chanxgin.Handle(ws, "/reliable", a.Reliable, nil)
	chanxgin.Handle(ws, "/notifications", a.Notifications, nil)
	chanxgin.Handle(ws, "/analytics", a.Analytics, nil)
	chanxgin.Handle(ws, "/background_jobs", a.Jobs, nil)
	chanxgin.Handle(ws, "/room/:room_name", a.Room, nil)
	chanxgin.Handle(ws, "/topics", a.TopicHub, nil)
	chanxgin.Handle(ws, "/topics/room/:room_name", a.OneRoom, nil)
	chanxgin.Handle(ws, "/lounge", a.Lounge, nil)
	chanxgin.Handle(ws, "/bench", a.Bench, nil)
	chanxgin.Handle(ws, "/bench/room/:name", a.BenchRoom, nil)
	private := ws.Group("/private", ginSubprotocol, tokens.MiddlewareFunc())
	chanxgin.Handle(private, "", a.Private, &chanxgin.Options{Identity: ginUser})
	chanxgin.Docs(r, "/asyncapi", a.Hub, app.Docs())
	r.NoRoute(ginFound, gin.WrapH(web.Handler(a)))
	return r, nil
}

// ginFound takes back that there is no route: a handler of the rest of them says so,
// or writes what it has without a status.
func ginFound(c *gin.Context) { c.Status(http.StatusOK) }

// ginSubprotocol puts a token among the subprotocols where gin-jwt looks for it.
func ginSubprotocol(c *gin.Context) {
	h := c.Request.Header
	if token := chanx.OfferedToken(h.Values("Sec-WebSocket-Protocol")...); token != "" && h.Get("Authorization") == "" {
		h.Set("Authorization", "Bearer "+token)
	}
}

// ginUser is who gin-jwt let in.
func ginUser(c *gin.Context) (any, error) {
	claims := jwt.ExtractClaims(c)
	subject, _ := claims["sub"].(string)
	expires, _ := claims["exp"].(float64) // gin-jwt insists on it
	return app.Holder(subject, time.Unix(int64(expires), 0))
}

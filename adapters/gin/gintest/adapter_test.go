package gintest

import (
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/gin-contrib/cors"
	"github.com/gin-contrib/gzip"
	"github.com/gin-contrib/requestid"
	"github.com/gin-contrib/secure"
	"github.com/gin-contrib/timeout"
	"github.com/gin-gonic/gin"
	"github.com/ulule/limiter/v3"
	ginlimiter "github.com/ulule/limiter/v3/drivers/middleware/gin"
	"github.com/ulule/limiter/v3/drivers/store/memory"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"

	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode) // its debug mode lists every route
	os.Exit(m.Run())
}

func TestAdapter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Adapter{
		New:     func(_ testing.TB, o adaptertest.Options) adaptertest.App { return newApp(o) },
		Pattern: pattern,
		Routes: []adaptertest.Route{
			{Pattern: "/v:version/ws", Address: "/v{version}/ws", Path: "/v2/ws", Values: map[string]string{"version": "2"}},
			{Pattern: "/files/*path", Address: "/files/{path}", Path: "/files/", Values: map[string]string{"path": ""}},
			{Pattern: `/rooms/\:all`, Address: "/rooms/:all", Path: "/rooms/:all"},
		},
		Misuse:     []string{"/ws/{room}", "/ws/:", "/ws/:a:b", "/ws/*rest/more", "/ws*rest"},
		Middleware: inFront(),
		Auth:       []adaptertest.Auth{basicAuth, jwtAuth, jwtAuthWithExpiry, sessionAuth},
	})
}

// inFront is the middleware that stands in front of sockets.
func inFront() []adaptertest.Middleware {
	return []adaptertest.Middleware{
		{Kind: "gzip", Name: "gin-contrib/gzip", Use: using(gzip.Gzip(gzip.BestSpeed))},
		{Kind: "gzip", Name: "gin-contrib/gzip, of everything", Use: using(gzip.Gzip(gzip.BestSpeed, gzip.WithCustomShouldCompressFn(acceptsGzip)))},
		{Kind: "timeout", Name: "gin-contrib/timeout", Use: using(timeout.New(timeout.WithTimeout(adaptertest.Timeout)))},
		{Kind: "recovery", Name: "gin.Recovery", Use: using(gin.Recovery())},
		{Kind: "logger", Name: "gin.Logger", Use: using(gin.LoggerWithWriter(io.Discard))},
		{Kind: "body limit", Name: "http.MaxBytesReader", Use: using(limitBody)},
		{Kind: "CORS", Name: "gin-contrib/cors", Use: using(cors.Default())},
		{Kind: "secure headers", Name: "gin-contrib/secure", Use: using(secure.New(secureHeaders))},
		{Kind: "request ID", Name: "gin-contrib/requestid", Use: using(requestid.New())},
		{Kind: "rate limit", Name: "ulule/limiter", Use: using(limitRate())},
		{Kind: "tracing", Name: "otelgin", Use: using(otelgin.Middleware("adaptertest"))},
		{Kind: "CSRF", Name: "http.CrossOriginProtection", Use: around(http.NewCrossOriginProtection().Handler)},
		{
			Kind: "timeout that buffers", Name: "http.TimeoutHandler", Refused: http.StatusInternalServerError,
			Use: around(func(next http.Handler) http.Handler {
				return http.TimeoutHandler(next, adaptertest.Timeout, "too late")
			}),
		},
		{Kind: "no keep-alive", Name: "http.Server.SetKeepAlivesEnabled", Use: func(_ testing.TB, a adaptertest.App) {
			a.(*app).server.SetKeepAlivesEnabled(false)
		}},
	}
}

// limitBody bounds what a handler can read.
func limitBody(c *gin.Context) { c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, 1) }

// limitRate allows so many requests and no more: a socket is one.
func limitRate() gin.HandlerFunc {
	return ginlimiter.NewMiddleware(limiter.New(memory.NewStore(), limiter.Rate{Period: time.Hour, Limit: 3}))
}

var secureHeaders = secure.Config{FrameDeny: true, ContentTypeNosniff: true, ContentSecurityPolicy: "default-src 'self'"}

// around puts middleware of net/http around the engine.
func around(mw func(http.Handler) http.Handler) func(testing.TB, adaptertest.App) {
	return func(_ testing.TB, a adaptertest.App) {
		app := a.(*app)
		app.server.Handler = mw(app.engine)
	}
}

func using(mw ...gin.HandlerFunc) func(testing.TB, adaptertest.App) {
	return func(_ testing.TB, a adaptertest.App) { a.(*app).engine.Use(mw...) }
}

// acceptsGzip is how much less careful middleware decides.
func acceptsGzip(c *gin.Context) bool { return c.GetHeader("Accept-Encoding") != "" }

// authorization is the header of that name.
func authorization(value string) http.Header { return http.Header{"Authorization": {value}} }

var basicAuth = adaptertest.Auth{
	Kind: "basic auth",
	Name: "gin.BasicAuth",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		private := a.(*app).engine.Group("", gin.BasicAuth(gin.Accounts{"ann": "secret of ann", "bob": "secret of bob"}))
		chanxgin.Handle(private, pattern, c, nil)
	},
	Valid: func(_ testing.TB, _, user string) http.Header {
		return authorization(basic(user, "secret of "+user))
	},
	Wrong: func(_ testing.TB, _, user string) http.Header {
		return authorization(basic(user, "a guess"))
	},
	Secrets: []any{gin.AuthUserKey, gin.ContextKey},
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// jwtAuth is gin-jwt's middleware, whose identity is found without an option.
var jwtAuth = adaptertest.Auth{
	Kind: "JWT",
	Name: "gin-jwt",
	Mount: func(t testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		private := a.(*app).engine.Group("", newJWT(t).MiddlewareFunc())
		chanxgin.Handle(private, pattern, c, nil)
	},
	Valid: func(t testing.TB, _, user string) http.Header {
		return authorization("Bearer " + token(t, secret, user, time.Hour))
	},
	Wrong: func(t testing.TB, _, user string) http.Header {
		return authorization("Bearer " + token(t, "a guess", user, time.Hour))
	},
	Expired: func(t testing.TB, _, user string) http.Header {
		return authorization("Bearer " + token(t, secret, user, -time.Minute))
	},
	Secrets: []any{"JWT_TOKEN", "JWT_PAYLOAD", "identity"},
}

// jwtAuthWithExpiry is the same with an option that knows when the token expires,
// and with the token where a browser can put it.
var jwtAuthWithExpiry = adaptertest.Auth{
	Kind: "JWT",
	Name: "gin-jwt, in a subprotocol",
	Mount: func(t testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		private := a.(*app).engine.Group("", tokenFromSubprotocol, newJWT(t).MiddlewareFunc())
		chanxgin.Handle(private, pattern, c, &chanxgin.Options{Identity: userOfToken})
	},
	Valid: func(t testing.TB, _, user string) http.Header {
		return http.Header{"Sec-Websocket-Protocol": {"bearer." + token(t, secret, user, time.Hour)}}
	},
	Wrong: func(t testing.TB, _, user string) http.Header {
		return http.Header{"Sec-Websocket-Protocol": {"bearer." + token(t, "a guess", user, time.Hour)}}
	},
	Expired: func(t testing.TB, _, user string) http.Header {
		return http.Header{"Sec-Websocket-Protocol": {"bearer." + token(t, secret, user, -time.Minute)}}
	},
	Secrets: jwtAuth.Secrets,
}

package echotest

import (
	"encoding/base64"
	"io"
	"net/http"
	"testing"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"go.opentelemetry.io/contrib/instrumentation/github.com/labstack/echo/otelecho"
)

func TestAdapter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Adapter{
		New:     func(_ testing.TB, o adaptertest.Options) adaptertest.App { return newApp(o) },
		Pattern: pattern,
		Routes: []adaptertest.Route{
			{Pattern: "/v:version/ws", Address: "/v{version}/ws", Path: "/v2/ws", Values: map[string]string{"version": "2"}},
			{Pattern: "/files/*", Address: "/files/{path}", Path: "/files/", Values: map[string]string{"path": ""}},
			{Pattern: `/rooms/\:all`, Address: "/rooms/:all", Path: "/rooms/:all"},
		},
		Misuse:     []string{"/ws/{room}", "/ws/:", "/ws/:/more", "/ws/*/more"},
		Middleware: inFront(),
		Auth:       []adaptertest.Auth{basicAuth, keyAuth, jwtAuth, jwtAuthWithExpiry, sessionAuth},
	})
}

// inFront is the middleware that stands in front of sockets.
func inFront() []adaptertest.Middleware {
	return []adaptertest.Middleware{
		{Kind: "gzip", Name: "middleware.Gzip", Use: using(middleware.Gzip())},
		{Kind: "timeout", Name: "middleware.ContextTimeout", Use: using(middleware.ContextTimeout(adaptertest.Timeout))},
		{
			Kind: "timeout that buffers", Name: "middleware.Timeout", Refused: http.StatusInternalServerError,
			Use: using(buffering()),
		},
		{
			Kind: "timeout that buffers", Name: "http.TimeoutHandler", Refused: http.StatusInternalServerError,
			Use: using(echo.WrapMiddleware(func(next http.Handler) http.Handler {
				return http.TimeoutHandler(next, adaptertest.Timeout, "too late")
			})),
		},
		{Kind: "recovery", Name: "middleware.Recover", Use: using(middleware.Recover())},
		{
			Kind: "logger", Name: "middleware.Logger",
			Use: using(middleware.LoggerWithConfig(middleware.LoggerConfig{Output: io.Discard})), //nolint:staticcheck // deprecated, and still in use
		},
		{Kind: "body limit", Name: "middleware.BodyLimit", Use: using(middleware.BodyLimit("1B"))},
		{Kind: "body dump", Name: "middleware.BodyDump", Use: using(middleware.BodyDump(func(echo.Context, []byte, []byte) {}))},
		{Kind: "CORS", Name: "middleware.CORS", Use: using(middleware.CORS())},
		{Kind: "CSRF", Name: "middleware.CSRF", Use: using(middleware.CSRF())},
		{Kind: "secure headers", Name: "middleware.Secure", Use: using(middleware.Secure())},
		{Kind: "request ID", Name: "middleware.RequestID", Use: using(middleware.RequestID())},
		{Kind: "tracing", Name: "otelecho", Use: using(otelecho.Middleware("adaptertest"))},
		{Kind: "no keep-alive", Name: "http.Server.SetKeepAlivesEnabled", Use: func(_ testing.TB, a adaptertest.App) {
			a.(*app).echo.Server.SetKeepAlivesEnabled(false)
		}},
		{Kind: "rate limit", Name: "middleware.RateLimiter", Use: using(middleware.RateLimiter(middleware.NewRateLimiterMemoryStore(20)))},
	}
}

// buffering is echo's Timeout, which has a TimeoutHandler of net/http inside.
func buffering() echo.MiddlewareFunc {
	config := middleware.DefaultTimeoutConfig
	config.Timeout = adaptertest.Timeout
	return middleware.TimeoutWithConfig(config) //nolint:staticcheck // deprecated, and still in use
}

func using(mw ...echo.MiddlewareFunc) func(testing.TB, adaptertest.App) {
	return func(_ testing.TB, a adaptertest.App) { a.(*app).echo.Use(mw...) }
}

// behind mounts a consumer behind an authentication.
func behind(a adaptertest.App, auth echo.MiddlewareFunc, pattern string, c chanx.Mountable, opts *chanxecho.Options) {
	chanxecho.Handle(a.(*app).echo.Group("", auth), pattern, c, opts)
}

// named is who a middleware's own function says that the client is.
var named = &chanxecho.Options{Identity: func(c echo.Context) (any, error) { return c.Get("name"), nil }}

// authorization is the header of that name.
func authorization(value string) http.Header { return http.Header{"Authorization": {value}} }

var basicAuth = adaptertest.Auth{
	Kind: "basic auth",
	Name: "middleware.BasicAuth",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		behind(a, middleware.BasicAuth(func(name, password string, c echo.Context) (bool, error) {
			c.Set("name", name)
			c.Set("password", password)
			return password == "secret of "+name, nil
		}), pattern, c, named)
	},
	Valid: func(_ testing.TB, _, user string) http.Header {
		return authorization(basic(user, "secret of "+user))
	},
	Wrong: func(_ testing.TB, _, user string) http.Header {
		return authorization(basic(user, "a guess"))
	},
	Secrets: []any{"name", "password"},
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// keyAuth takes keys from a header of their own. Without one it answers 400.
var keyAuth = adaptertest.Auth{
	Kind: "API key",
	Name: "middleware.KeyAuth",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		users := map[string]string{"key of ann": "ann", "key of bob": "bob"}
		behind(a, middleware.KeyAuthWithConfig(middleware.KeyAuthConfig{
			KeyLookup: "header:X-Api-Key",
			Validator: func(key string, c echo.Context) (bool, error) {
				user, ok := users[key]
				c.Set("name", user)
				c.Set("key", key)
				return ok, nil
			},
		}), pattern, c, named)
	},
	Valid: func(_ testing.TB, _, user string) http.Header {
		return http.Header{"X-Api-Key": {"key of " + user}}
	},
	Wrong: func(_ testing.TB, _, _ string) http.Header {
		return http.Header{"X-Api-Key": {"a guess"}}
	},
	Expired: func(_ testing.TB, _, user string) http.Header {
		return http.Header{"X-Api-Key": {"old key of " + user}}
	},
	Missing: http.StatusBadRequest,
	Secrets: []any{"name", "key"},
}

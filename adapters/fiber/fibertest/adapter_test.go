package fibertest

import (
	"net/http"
	"testing"

	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/gofiber/contrib/otelfiber/v2"
	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/gofiber/fiber/v2/middleware/cache"
	"github.com/gofiber/fiber/v2/middleware/compress"
	"github.com/gofiber/fiber/v2/middleware/cors"
	"github.com/gofiber/fiber/v2/middleware/csrf"
	"github.com/gofiber/fiber/v2/middleware/etag"
	"github.com/gofiber/fiber/v2/middleware/helmet"
	"github.com/gofiber/fiber/v2/middleware/limiter"
	"github.com/gofiber/fiber/v2/middleware/logger"
	recovery "github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/gofiber/fiber/v2/middleware/requestid"
	"github.com/gofiber/fiber/v2/middleware/timeout"
)

// answersLast is why some cases can't be passed.
const answersLast = "fiber answers a request when all middleware has returned: an error of a middleware behind the handler " +
	"is the answer, the log says so, and there is no socket"

func TestAdapter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Adapter{
		New:     func(_ testing.TB, o adaptertest.Options) adaptertest.App { return newApp(o) },
		Pattern: pattern,
		Routes: []adaptertest.Route{
			{Pattern: "/users/:id<int>", Address: "/users/{id}", Path: "/users/42", Values: map[string]string{"id": "42"}},
			{Pattern: "/rooms/:room?", Address: "/rooms/{room}", Path: "/rooms", Values: map[string]string{"room": ""}},
			{Pattern: "/flights/:from-:to", Address: "/flights/{from}-{to}", Path: "/flights/LEJ-BER", Values: map[string]string{"from": "LEJ", "to": "BER"}},
			{Pattern: "/files/+", Address: "/files/{path}", Path: "/files/a/b%2Fc", Values: map[string]string{"path": "a/b/c"}},
			{Pattern: "/a/*/b/*", Address: "/a/{path}/b/{path2}", Path: "/a/1/2/b/3", Values: map[string]string{"path": "1/2", "path2": "3"}},
			{Pattern: `/rooms/\:all`, Address: "/rooms/:all", Path: "/rooms/:all"},
		},
		Misuse: []string{"/ws/{room}", "/ws/:", "/ws/:a/:a", "/ws/:path/*", "/ws/:id<regex([)>"},
		Middleware: []adaptertest.Middleware{
			{Kind: "gzip", Name: "compress", Use: using(compress.New())},
			{Kind: "timeout", Name: "timeout.NewWithContext", Use: using(timeout.NewWithContext(next, adaptertest.Timeout))},
			{Kind: "recovery", Name: "recover", Use: using(recovery.New())},
			{Kind: "logger", Name: "logger", Use: func(t testing.TB, a adaptertest.App) {
				using(logger.New(logger.Config{Output: t.Output()}))(t, a)
			}},
			{Kind: "ETag", Name: "etag", Use: using(etag.New())},
			{Kind: "rate limit", Name: "limiter", Use: using(limiter.New(limiter.Config{Max: 3}))},
			{Kind: "cache", Name: "cache, with Next", Use: using(cache.New(cache.Config{Next: websocket.IsWebSocketUpgrade}))},
			{Kind: "CORS", Name: "cors", Use: using(cors.New())},
			{Kind: "CSRF", Name: "csrf", Use: using(csrf.New())},
			{Kind: "secure headers", Name: "helmet", Use: using(helmet.New())},
			{Kind: "request ID", Name: "requestid", Use: using(requestid.New())},
			{Kind: "no keep-alive", Name: "fiber.Config.DisableKeepalive", Use: func(_ testing.TB, a adaptertest.App) {
				a.(*app).fiber.Server().DisableKeepalive = true
			}},
			{Kind: "tracing", Name: "otelfiber", Use: using(otelfiber.Middleware())},
			{Kind: "request ID", Name: "net/http's, with adaptor.HTTPMiddleware", Use: using(adaptor.HTTPMiddleware(numbered))},
		},
		Auth: []adaptertest.Auth{basicAuth, keyAuth, jwtAuth, jwtAuthWithExpiry, sessionAuth},
		Impossible: map[string]string{
			"handshake/HTTP/2":                   "fasthttp has no HTTP/2",
			"middleware/panic after the upgrade": answersLast,
			"middleware/error after the upgrade": answersLast,
		},
	})
}

// numbered is middleware of net/http.
func numbered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Numbered", "1")
		next.ServeHTTP(w, r)
	})
}

func next(c *fiber.Ctx) error { return c.Next() }

func using(mw fiber.Handler) func(testing.TB, adaptertest.App) {
	return func(_ testing.TB, a adaptertest.App) { a.(*app).fiber.Use(mw) }
}

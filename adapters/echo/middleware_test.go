package chanxecho_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// tagged leaves a value in the request's context.
func tagged(tag string) echo.MiddlewareFunc {
	return tagging(func(echo.Context) string { return tag })
}

func tagging(tag func(echo.Context) string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			c.SetRequest(r.WithContext(context.WithValue(r.Context(), tagKey{}, tag(c))))
			return next(c)
		}
	}
}

// rewrite replaces the beginning of the path.
func rewrite(from, to string) echo.MiddlewareFunc {
	return middleware.RewriteWithConfig(middleware.RewriteConfig{Rules: map[string]string{from + "*": to + "$1"}})
}

// behind mounts answered clients on echo behind a middleware.
func behind(hub *chanx.Hub, mw ...echo.MiddlewareFunc) *echo.Echo {
	e := newEcho(mw...)
	chanxecho.Handle(e, "/ws", peers(hub, "peers"), nil)
	return e
}

// afterwards does something when the handshake's handler has returned.
func afterwards(do func(c echo.Context) error) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := next(c); err != nil {
				return err
			}
			return do(c)
		}
	}
}

func before(do func(c echo.Context) error) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := do(c); err != nil {
				return err
			}
			return next(c)
		}
	}
}

func panicking(v any) func(echo.Context) error { return func(echo.Context) error { panic(v) } }

var quietRecover = middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true})

var gzipped = &chanxtest.DialOptions{
	Header: http.Header{"Accept-Encoding": {"gzip"}},
	Quiet:  5 * time.Minute, // of virtual time, which every socket has to outlive
}

// stdlib is middleware of net/http's kind.
func stdlib(mw func(http.Handler) http.Handler) echo.MiddlewareFunc { return echo.WrapMiddleware(mw) }

// timeoutHandler is echo's Timeout, which has a TimeoutHandler of net/http inside.
func timeoutHandler(d time.Duration) echo.MiddlewareFunc {
	return middleware.TimeoutWithConfig(middleware.TimeoutConfig{Timeout: d}) //nolint:staticcheck // deprecated, and still in use
}

func accessLog(format string, w io.Writer) echo.MiddlewareFunc {
	return middleware.LoggerWithConfig(middleware.LoggerConfig{Format: format, Output: w}) //nolint:staticcheck // deprecated, and still in use
}

// innocents is what may stand in front of a socket.
var innocents = map[string][]echo.MiddlewareFunc{
	"Gzip":                {middleware.Gzip()},
	"Gzip, MinLength":     {middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 1000})},
	"ContextTimeout":      {middleware.ContextTimeout(time.Second)},
	"BodyDump":            {middleware.BodyDump(func(echo.Context, []byte, []byte) {})},
	"BodyLimit":           {middleware.BodyLimit("1B")},
	"Decompress":          {middleware.Decompress()},
	"CORS":                {middleware.CORS()},
	"CSRF":                {middleware.CSRF()},
	"Secure":              {middleware.Secure()},
	"RequestID":           {middleware.RequestID()},
	"Recover":             {middleware.Recover()},
	"RateLimiter":         {middleware.RateLimiter(middleware.NewRateLimiterMemoryStore(20))},
	"MethodOverride":      {middleware.MethodOverride()},
	"RemoveTrailingSlash": {middleware.RemoveTrailingSlash()},
	"Logger":              {accessLog("${status}\n", io.Discard)},
	"RequestLogger":       {middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{HandleError: true, LogValuesFunc: func(echo.Context, middleware.RequestLoggerValues) error { return nil }})},
	"MaxBytesHandler":     {stdlib(func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 1) })},
	"all of the usual": {
		middleware.RequestID(), quietRecover, middleware.Gzip(), middleware.CORS(), middleware.Secure(), middleware.BodyLimit("1B"),
		middleware.ContextTimeout(time.Second), middleware.BodyDump(func(echo.Context, []byte, []byte) {}),
	},
	"Gzip twice, around net/http's": {middleware.Gzip(), stdlib(func(next http.Handler) http.Handler { return next }), middleware.Gzip()},
	"a context of one's own": {func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error { return next(struct{ echo.Context }{c}) }
	}},
	"a panic afterwards":           {quietRecover, afterwards(panicking("after the upgrade"))},
	"no one to recover":            {afterwards(panicking(http.ErrAbortHandler))},
	"an error afterwards":          {afterwards(func(echo.Context) error { return echo.ErrTeapot })},
	"an error through Gzip":        {afterwards(func(echo.Context) error { return echo.ErrTeapot }), middleware.Gzip()},
	"an answer afterwards":         {afterwards(func(c echo.Context) error { return c.String(http.StatusOK, "hello") })},
	"an answer flushed afterwards": {afterwards(func(c echo.Context) error { c.Response().Flush(); return nil })},
	"an answer through BodyDump":   {middleware.BodyDump(func(echo.Context, []byte, []byte) {}), afterwards(func(c echo.Context) error { return c.String(http.StatusOK, "hello") })},
	"buffer that unwraps":          {buffering(true)},
}

// Middleware that does not keep its hands off the connection lets a handshake
// through whole.
func TestMiddleware(t *testing.T) {
	for name, mw := range innocents {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				h := behind(hub, mw...)
				for range 3 {
					client := chanxtest.Dial(t, h, "/ws", gzipped)
					if got := client.Header().Get("Content-Encoding"); got != "" {
						t.Errorf("the handshake is answered in the encoding %q", got)
					}
					client.ExpectNothing()
					if chanxtest.Request[answer](client, ask{}).Ended {
						t.Error("the connection's context has ended")
					}
				}
			})
		})
	}
}

// What keeps the connection to itself gets an answer with a status: it never hangs,
// and never says 101 of a socket that is dead.
func TestMiddlewareInTheWay(t *testing.T) {
	timeout := timeoutHandler(time.Second)
	for name, c := range map[string]struct {
		mw     []echo.MiddlewareFunc
		status int
	}{
		"Timeout":             {[]echo.MiddlewareFunc{timeout}, http.StatusInternalServerError},
		"Timeout behind Gzip": {[]echo.MiddlewareFunc{middleware.Gzip(), timeout}, http.StatusInternalServerError},
		"Gzip behind Timeout": {[]echo.MiddlewareFunc{timeout, middleware.Gzip()}, http.StatusInternalServerError},
		"buffer":              {[]echo.MiddlewareFunc{buffering(false)}, http.StatusInternalServerError},
		"TimeoutHandler": {[]echo.MiddlewareFunc{stdlib(func(next http.Handler) http.Handler {
			return http.TimeoutHandler(next, time.Second, "too late")
		})}, http.StatusInternalServerError},
		"a panic before":  {[]echo.MiddlewareFunc{quietRecover, before(panicking("before the upgrade"))}, http.StatusInternalServerError},
		"an error before": {[]echo.MiddlewareFunc{before(func(echo.Context) error { return echo.ErrTeapot })}, http.StatusTeapot},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				refusal := chanxtest.Refused(t, behind(hub, c.mw...), "/ws", c.status, &chanxtest.DialOptions{Quiet: 5 * time.Minute})
				if strings.TrimSpace(refusal.Body) == "" {
					t.Error("the refusal says nothing")
				}
			})
		})
	}
}

// A handshake whose time is over is not upgraded, whoever has answered it.
func TestTooSlow(t *testing.T) {
	for name, mw := range map[string]echo.MiddlewareFunc{
		"Timeout":        timeoutHandler(time.Second),
		"ContextTimeout": middleware.ContextTimeout(time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				e := newEcho(mw)
				c := chanx.NewConsumer(hub, "slow", func(_ context.Context, conn *chanx.Conn) (*peer, error) {
					<-time.After(2 * time.Second) // whatever the context says
					return &peer{conn}, nil
				}, nil)
				chanx.Reply(c, (*peer).Ask)
				chanxecho.Handle(e, "/ws", c, nil)
				chanxtest.Refused(t, e, "/ws", http.StatusServiceUnavailable, nil)
				<-time.After(2 * time.Second)
			})
		})
	}
}

// buffering holds an answer back until its end, as compressing middleware does.
func buffering(unwraps bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			inner := c.Response().Writer
			b := &buffer{ResponseWriter: inner}
			c.Response().Writer = http.ResponseWriter(b)
			if unwraps {
				c.Response().Writer = struct {
					*buffer
					unwrapper
				}{b, unwrapper{inner}}
			}
			if err := next(c); err != nil {
				c.Error(err)
			}
			b.end()
			return nil
		}
	}
}

type buffer struct {
	http.ResponseWriter

	status int
	body   bytes.Buffer
}

func (b *buffer) WriteHeader(status int)      { b.status = status }
func (b *buffer) Write(p []byte) (int, error) { return b.body.Write(p) }

func (b *buffer) end() {
	if b.status != 0 {
		b.ResponseWriter.WriteHeader(b.status)
	}
	if b.body.Len() > 0 {
		_, _ = b.ResponseWriter.Write(b.body.Bytes())
	}
}

type unwrapper struct{ inner http.ResponseWriter }

func (u unwrapper) Unwrap() http.ResponseWriter { return u.inner }

// Every log says what the client saw, and nothing else.
func TestLoggers(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		var access, requests, own bytes.Buffer
		logger := accessLog("${status} ${error}\n", &access)
		requestLogger := middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{
			LogStatus: true, LogError: true, HandleError: true,
			LogValuesFunc: func(_ echo.Context, v middleware.RequestLoggerValues) error {
				slog.New(slog.NewTextHandler(&requests, nil)).Info("request", "status", v.Status, "error", v.Error)
				return nil
			},
		})
		e := behind(hub, logger, requestLogger, stdlib(func(next http.Handler) http.Handler { return next }), middleware.Gzip(), logger)
		e.Logger.SetOutput(&own)
		e.Logger.SetLevel(0)
		asked(t, e, "/ws")
		synctest.Wait() // for the loggers to have written
		if got := access.String(); got != "101 \n101 \n" {
			t.Errorf("Logger says %q", got)
		}
		if got := requests.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "status=101 error=<nil>") {
			t.Errorf("RequestLogger says %q", got)
		}
		if own.Len() > 0 {
			t.Errorf("echo's log has %s", own.String())
		}
		access.Reset()
		plain(t, e, http.MethodGet, "/ws")
		if got := access.String(); strings.Count(got, "426 ") != 2 || strings.Count(got, "\n") != 2 {
			t.Errorf("Logger says %q", got)
		}
	})
}

// Nor does net/http's own log have anything to say, not even of middleware that
// answers once there is a socket.
func TestServerLog(t *testing.T) {
	for name, mw := range innocents {
		t.Run(name, func(t *testing.T) {
			hub := newHub()
			handled := make(chan struct{}, 1)
			done := func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c echo.Context) error {
					defer func() { handled <- struct{}{} }()
					return next(c)
				}
			}
			var out bytes.Buffer
			server := httptest.NewUnstartedServer(behind(hub, append([]echo.MiddlewareFunc{done}, mw...)...))
			server.Config.ErrorLog = log.New(&out, "", 0)
			server.Start()
			c := chanxtest.DialURL(t, strings.Replace(server.URL, "http", "ws", 1)+"/ws", gzipped)
			<-handled
			chanxtest.Request[answer](c, ask{})
			if err := hub.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			server.Close()
			if out.Len() > 0 {
				t.Errorf("the server's log has %s", out.String())
			}
		})
	}
}

// What waits for the answer's headers sees them: so sessions set their cookies.
func TestHeaders(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := behind(hub, before(func(c echo.Context) error {
			c.SetCookie(&http.Cookie{Name: "early", Value: "1"})
			c.Response().Before(func() {
				c.SetCookie(&http.Cookie{Name: "late", Value: "2"})
				c.Response().Header().Set("X-Status", http.StatusText(c.Response().Status))
			})
			return nil
		}))
		h := chanxtest.Dial(t, e, "/ws", nil).Header()
		if got := strings.Join(h.Values("Set-Cookie"), " "); got != "early=1 late=2" || h.Get("X-Status") != "Switching Protocols" {
			t.Errorf("the headers are %v", h)
		}
	})
}

// Where that panics there is no socket, and the connection is closed.
func TestPanicBefore(t *testing.T) {
	hub := newHub()
	server := httptest.NewServer(behind(hub, before(func(c echo.Context) error {
		c.Response().Before(func() { panic("no session") })
		return nil
	})))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = handshake()
	if resp, err := server.Client().Do(req); err == nil {
		resp.Body.Close()
		t.Errorf("the handshake is answered with %s", resp.Status)
	}
	if err := hub.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestShutdown(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := behind(hub, quietRecover)
		c := chanxtest.Dial(t, e, "/ws", nil)
		done := make(chan error, 1)
		go func() { done <- hub.Shutdown(context.Background()) }()
		c.ExpectClose(chanx.CloseRestart)
		if err := <-done; err != nil {
			t.Error(err)
		}
		refusal := chanxtest.Refused(t, e, "/ws", http.StatusServiceUnavailable, nil)
		if refusal.Header.Get("Retry-After") == "" {
			t.Errorf("the refusal has the headers %v", refusal.Header)
		}
	})
}

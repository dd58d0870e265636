package chanxgin_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gin-gonic/gin"
)

var gzipped = &chanxtest.DialOptions{
	Header: http.Header{"Accept-Encoding": {"gzip"}},
	Quiet:  time.Hour, // of virtual time, which every socket has to outlive
}

// quietRecovery is gin.Recovery, which tells nobody.
func quietRecovery() gin.HandlerFunc { return gin.RecoveryWithWriter(io.Discard) }

// afterwards runs f behind the handler.
func afterwards(f gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Next()
		f(c)
	}
}

// Middleware that does not keep its hands off the connection lets a handshake
// through whole, or refuses it with a status: it never hangs, never says 101 of a
// socket that is dead, and never ends a socket that lives.
func TestMiddleware(t *testing.T) {
	for name, c := range map[string]struct {
		mw     []gin.HandlerFunc
		status int // that the handshake is refused with; 0 where it succeeds
	}{
		"Recovery":              {mw: []gin.HandlerFunc{quietRecovery()}},
		"Logger":                {mw: []gin.HandlerFunc{gin.LoggerWithWriter(io.Discard), quietRecovery()}},
		"a deadline":            {mw: []gin.HandlerFunc{deadline}},
		"embedding":             {mw: []gin.HandlerFunc{embedding}},
		"embedding twice":       {mw: []gin.HandlerFunc{embedding, embedding}},
		"wrapping by hand":      {mw: []gin.HandlerFunc{byHand}},
		"a panic afterwards":    {mw: []gin.HandlerFunc{quietRecovery(), afterwards(func(*gin.Context) { panic("after the upgrade") })}},
		"no one to recover":     {mw: []gin.HandlerFunc{afterwards(func(*gin.Context) { panic(http.ErrAbortHandler) })}},
		"an answer afterwards":  {mw: []gin.HandlerFunc{afterwards(func(c *gin.Context) { c.String(http.StatusTeapot, "too late") })}},
		"a panic before":        {mw: []gin.HandlerFunc{quietRecovery(), func(*gin.Context) { panic("before the upgrade") }}, status: http.StatusInternalServerError},
		"an abort":              {mw: []gin.HandlerFunc{func(c *gin.Context) { c.AbortWithStatus(http.StatusTeapot) }}, status: http.StatusTeapot},
		"no one who answers":    {mw: []gin.HandlerFunc{func(c *gin.Context) { c.Abort() }}, status: http.StatusOK},
		"a status, and nothing": {mw: []gin.HandlerFunc{func(c *gin.Context) { c.Status(http.StatusTeapot) }}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				served(t, behind(hub, c.mw...), c.status)
			})
		})
	}
}

// served connects three times, or is refused with a status that isn't 0.
func served(t *testing.T, h http.Handler, status int) {
	t.Helper()
	if status != 0 {
		chanxtest.Refused(t, h, "/ws", status, gzipped)
		return
	}
	for range 3 {
		client := chanxtest.Dial(t, h, "/ws", gzipped)
		client.ExpectNothing()
		if chanxtest.Request[answer](client, ask{}).Ended {
			t.Error("the connection's context has ended")
		}
	}
}

// deadline ends the request's context, as middleware does that bounds handlers.
func deadline(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), time.Second)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

// keeping is a writer as middleware makes them: it keeps what goes through.
type keeping struct {
	gin.ResponseWriter

	body bytes.Buffer
}

func (w *keeping) Write(p []byte) (int, error) {
	w.body.Write(p)
	return w.ResponseWriter.Write(p)
}

func embedding(c *gin.Context) {
	before := c.Writer
	c.Writer = &keeping{ResponseWriter: before}
	c.Next()
	c.Writer = before
}

// opaque is a writer that shows nobody what it wraps.
type opaque struct{ gin.ResponseWriter }

type byHandWriter struct {
	opaque

	ResponseWriter int // isn't what it seems
}

func byHand(c *gin.Context) { c.Writer = byHandWriter{opaque: opaque{c.Writer}} }

// around is what stands between the server and the engine.
var around = map[string]struct {
	wrap   func(http.Handler) http.Handler
	status int
}{
	"TimeoutHandler": {func(next http.Handler) http.Handler {
		return http.TimeoutHandler(next, time.Second, "too late")
	}, http.StatusInternalServerError},
	"MaxBytesHandler": {func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 1) }, 0},
	"a buffer":        {wrapped(func(w http.ResponseWriter) http.ResponseWriter { return hidden{w} }), http.StatusInternalServerError},
	"a buffer that unwraps": {wrapped(func(w http.ResponseWriter) http.ResponseWriter {
		return unwrapping{hidden{w}, w}
	}), 0},
}

func wrapped(wrap func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(wrap(w), r) })
	}
}

// hidden has none of what a server's writer can do besides writing.
type hidden struct{ w http.ResponseWriter }

func (h hidden) Header() http.Header         { return h.w.Header() }
func (h hidden) WriteHeader(status int)      { h.w.WriteHeader(status) }
func (h hidden) Write(p []byte) (int, error) { return h.w.Write(p) }

type unwrapping struct {
	hidden

	inner http.ResponseWriter
}

func (u unwrapping) Unwrap() http.ResponseWriter { return u.inner }

func TestAround(t *testing.T) {
	chains := map[string][]gin.HandlerFunc{
		"bare":      nil,
		"Recovery":  {quietRecovery()},
		"embedding": {quietRecovery(), embedding},
	}
	for name, c := range around {
		for of, mw := range chains {
			t.Run(name+" around "+of, func(t *testing.T) {
				inBubble(t, func(t *testing.T, hub *chanx.Hub) {
					var said bytes.Buffer
					r := behind(hub, append([]gin.HandlerFunc{logTo(&said)}, mw...)...)
					served(t, c.wrap(r), c.status)
					synctest.Wait() // for the logger to have written
					want := c.status
					if want == 0 {
						want = http.StatusSwitchingProtocols
					}
					for line := range strings.Lines(said.String()) {
						if line != http.StatusText(want)+"\n" {
							t.Errorf("gin's log says %q of a %d", line, want)
						}
					}
				})
			})
		}
	}
}

// logTo is gin's logger, which writes the status.
func logTo(w io.Writer) gin.HandlerFunc {
	return gin.LoggerWithConfig(gin.LoggerConfig{
		Output:    w,
		Formatter: func(p gin.LogFormatterParams) string { return http.StatusText(p.StatusCode) + "\n" },
	})
}

// An engine can be a handler of another one.
func TestEngineInEngine(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		var said bytes.Buffer
		outer := gin.New()
		outer.Use(logTo(&said))
		outer.Any("/*any", gin.WrapH(behind(hub, logTo(&said))))
		asked(t, outer, "/ws")
		synctest.Wait() // for the loggers to have written
		if want := strings.Repeat("Switching Protocols\n", 2); said.String() != want {
			t.Errorf("the logs say %q", said.String())
		}
	})
}

// Middleware that answers and does not abort has the last word.
func TestAnsweredBefore(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := behind(hub, func(c *gin.Context) { c.String(http.StatusTeapot, "too early") })
		if got := chanxtest.Refused(t, r, "/ws", http.StatusTeapot, nil).Body; got != "too early" {
			t.Errorf("the answer is %q", got)
		}
	})
}

// Headers and cookies that middleware sets go out with the 101, as with any
// answer.
func TestHeadersOfMiddleware(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := behind(hub, func(c *gin.Context) {
			c.SetCookie("session", "1", 0, "", "", false, false)
			c.Header("X-Served-By", "a")
		})
		h := chanxtest.Dial(t, r, "/ws", nil).Header()
		if !strings.HasPrefix(h.Get("Set-Cookie"), "session=1") || h.Get("X-Served-By") != "a" {
			t.Errorf("the headers are %v", h)
		}
	})
}

func TestShutdown(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := behind(hub, quietRecovery())
		c := chanxtest.Dial(t, r, "/ws", nil)
		done := make(chan error, 1)
		go func() { done <- hub.Shutdown(context.Background()) }()
		c.ExpectClose(chanx.CloseRestart)
		if err := <-done; err != nil {
			t.Error(err)
		}
		refusal := chanxtest.Refused(t, r, "/ws", http.StatusServiceUnavailable, nil)
		if refusal.Header.Get("Retry-After") == "" {
			t.Errorf("the headers are %v", refusal.Header)
		}
	})
}

// Who the client is: the usual keys, in this order, and no other.
func TestUsualIdentity(t *testing.T) {
	for name, c := range map[string]struct {
		keys map[string]any
		want string
	}{
		"nobody":     {map[string]any{"password": "secret", "JWT_TOKEN": "a.b.c"}, ""},
		"BasicAuth":  {map[string]any{gin.AuthUserKey: "ann"}, "ann"},
		"gin-jwt":    {map[string]any{"identity": "ann", "JWT_TOKEN": "a.b.c"}, "ann"},
		"both":       {map[string]any{gin.AuthUserKey: "ann", "identity": "account 7"}, "ann"},
		"of a proxy": {map[string]any{gin.AuthProxyUserKey: "proxy"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				a := asked(t, behind(hub, func(g *gin.Context) {
					for key, value := range c.keys {
						g.Set(key, value)
					}
				}), "/ws")
				if a.User != c.want || a.Key {
					t.Errorf("the user is %q, and a key is reachable: %t", a.User, a.Key)
				}
			})
		})
	}
}

// An error of Identity refuses the handshake, tells the client nothing of a
// failure, and is there for middleware.
func TestIdentityRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		text   string
		public bool
	}{
		"unauthenticated": {chanx.Errorf(chanx.Unauthenticated, "log in first"), http.StatusUnauthorized, "log in first", true},
		"forbidden":       {chanx.Errorf(chanx.Forbidden, "not for you"), http.StatusForbidden, "not for you", true},
		"a failure":       {errors.New("the database is at 10.0.0.1"), http.StatusInternalServerError, "internal", true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				r := gin.New()
				var seen []*gin.Error
				var aborted bool
				r.Use(afterwards(func(c *gin.Context) { seen, aborted = c.Errors, c.IsAborted() }))
				chanxgin.Handle(r, "/ws", peers(hub, "peers"), &chanxgin.Options{
					Identity: func(*gin.Context) (any, error) { return nil, c.err },
				})
				refusal := chanxtest.Refused(t, r, "/ws", c.status, nil)
				synctest.Wait() // for the middleware to have seen it
				if body := refusal.Body; !strings.Contains(body, c.text) || strings.Contains(body, "10.0.0.1") {
					t.Errorf("the refusal says %s", body)
				}
				if refusal.Error == nil || refusal.Header.Get("Content-Type") != "application/json" {
					t.Errorf("the refusal is %v", refusal)
				}
				if len(seen) != 1 || !aborted || seen[0].IsType(gin.ErrorTypePublic) != c.public || strings.Contains(seen[0].Error(), "10.0.0.1") {
					t.Errorf("middleware sees %v", seen)
				}
			})
		})
	}
}

// A program answers in its own way: in a handler, or in the middleware that answers
// to all errors.
func TestErrorHandler(t *testing.T) {
	page := func(c *gin.Context, err error) {
		c.Data(-1, "text/html", []byte("<p>"+err.Error()))
	}
	byMiddleware := afterwards(func(c *gin.Context) {
		if len(c.Errors) > 0 {
			page(c, c.Errors.Last())
		}
	})
	for name, c := range map[string]struct {
		mw      []gin.HandlerFunc
		handler func(*gin.Context, error)
	}{
		"handler":    {nil, page},
		"middleware": {[]gin.HandlerFunc{byMiddleware}, func(*gin.Context, error) {}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				r := gin.New()
				r.Use(c.mw...)
				chanxgin.Handle(r, "/ws", peers(hub, "peers"), &chanxgin.Options{
					Identity:     func(*gin.Context) (any, error) { return nil, chanx.Errorf(chanx.Unavailable, "tomorrow") },
					ErrorHandler: c.handler,
				})
				refusal := chanxtest.Refused(t, r, "/ws", http.StatusServiceUnavailable, nil)
				h := refusal.Header
				if refusal.Body != "<p>unavailable: tomorrow" || h.Get("Content-Type") != "text/html" || h.Get("Retry-After") == "" {
					t.Errorf("the answer is %q with %v", refusal.Body, h)
				}
			})
		})
	}
}

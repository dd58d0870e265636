package chanxchi_test

import (
	"bytes"
	"context"
	"errors"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

type wrapper = func(http.Handler) http.Handler

// tagged leaves a value in the request's context.
func tagged(tag string) wrapper { return middleware.WithValue(tagKey{}, tag) }

func plain(t *testing.T, h http.Handler, method, target string) int {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, nil))
	return w.Code
}

// behind mounts answered clients on chi behind a middleware.
func behind(hub *chanx.Hub, mw ...wrapper) chi.Router {
	r := chi.NewRouter()
	r.Use(mw...)
	chanxchi.Handle(r, "/ws", peers(hub, "peers"), nil)
	return r
}

var gzipped = &chanxtest.DialOptions{
	Header: http.Header{"Accept-Encoding": {"gzip"}},
	Quiet:  time.Hour, // of virtual time, which every socket has to outlive
}

// Middleware that does not keep its hands off the connection lets a handshake
// through whole, or refuses it with a status: it never hangs, never says 101 of a
// socket that is dead, and never ends a socket that lives.
func TestMiddleware(t *testing.T) {
	contentType := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			next.ServeHTTP(w, r)
		})
	}
	afterwards := func(v any) wrapper {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r)
				panic(v)
			})
		}
	}
	for name, c := range map[string]struct {
		mw     []wrapper
		status int // that the handshake is refused with; 0 where it succeeds
	}{
		"Compress": {mw: []wrapper{middleware.Compress(5)}},
		"Compress with a Content-Type already there": {mw: []wrapper{middleware.Compress(5, "text/html"), contentType}},
		"Timeout":             {mw: []wrapper{middleware.Timeout(time.Second)}},
		"Logger":              {mw: []wrapper{middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.New(&bytes.Buffer{}, "", 0)})}},
		"Recoverer":           {mw: []wrapper{middleware.Recoverer}},
		"Throttle":            {mw: []wrapper{middleware.Throttle(1)}},
		"NoCache":             {mw: []wrapper{middleware.NoCache}},
		"CleanPath":           {mw: []wrapper{middleware.CleanPath}},
		"StripSlashes":        {mw: []wrapper{middleware.StripSlashes}},
		"GetHead":             {mw: []wrapper{middleware.GetHead}},
		"RequestSize":         {mw: []wrapper{middleware.RequestSize(1)}},
		"MaxBytesHandler":     {mw: []wrapper{func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 1) }}},
		"all of the usual":    {mw: []wrapper{middleware.RequestID, quiet, middleware.Recoverer, middleware.Timeout(time.Second), middleware.Compress(5)}},
		"a panic afterwards":  {mw: []wrapper{quiet, middleware.Recoverer, afterwards("after the upgrade")}},
		"no one to recover":   {mw: []wrapper{afterwards(http.ErrAbortHandler)}},
		"buffer that unwraps": {mw: []wrapper{buffering(true)}},
		"buffer":              {mw: []wrapper{buffering(false)}, status: http.StatusInternalServerError},
		"TimeoutHandler": {mw: []wrapper{func(next http.Handler) http.Handler {
			return http.TimeoutHandler(next, time.Second, "too late")
		}}, status: http.StatusInternalServerError},
		"TimeoutHandler behind Recoverer": {mw: []wrapper{middleware.Recoverer, func(next http.Handler) http.Handler {
			return http.TimeoutHandler(next, time.Second, "too late")
		}}, status: http.StatusInternalServerError},
		// chi's Recoverer writes no status where a handshake panics, so it is 200.
		"a panic before": {mw: []wrapper{quiet, middleware.Recoverer, func(http.Handler) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("before the upgrade") })
		}}, status: http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				h := behind(hub, c.mw...)
				if c.status != 0 {
					chanxtest.Refused(t, h, "/ws", c.status, gzipped)
					return
				}
				for range 3 { // a socket takes up no place in Throttle
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

// quiet is a logger for what middleware reports of panics, which says nothing.
var quiet = middleware.RequestLogger(quietly{})

type quietly struct{}

func (quietly) NewLogEntry(*http.Request) middleware.LogEntry         { return quietly{} }
func (quietly) Write(_, _ int, _ http.Header, _ time.Duration, _ any) {}
func (quietly) Panic(any, []byte)                                     {}

// buffering holds an answer back until its end, as compressing middleware does.
func buffering(unwraps bool) wrapper {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b := &buffer{header: w.Header(), inner: w}
			if unwraps {
				next.ServeHTTP(struct {
					*buffer
					unwrapper
				}{b, unwrapper{w}}, r)
			} else {
				next.ServeHTTP(b, r)
			}
			b.end()
		})
	}
}

type buffer struct {
	header http.Header
	inner  http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header         { return b.header }
func (b *buffer) WriteHeader(status int)      { b.status = status }
func (b *buffer) Write(p []byte) (int, error) { return b.body.Write(p) }

func (b *buffer) end() {
	if b.status != 0 {
		b.inner.WriteHeader(b.status)
	}
	if b.body.Len() > 0 {
		_, _ = b.inner.Write(b.body.Bytes())
	}
}

type unwrapper struct{ inner http.ResponseWriter }

func (u unwrapper) Unwrap() http.ResponseWriter { return u.inner }

// The log says what the client saw: neither 000 nor 200.
func TestLogger(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		var out bytes.Buffer
		logger := middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.New(&out, "", 0), NoColor: true})
		r := behind(hub, logger, middleware.Compress(5), logger)
		asked(t, r, "/ws")
		synctest.Wait() // for the logger to have written
		if got := strings.Count(out.String(), " - 101 "); got != 2 {
			t.Errorf("the log has 101 %d times:\n%s", got, out.String())
		}
		out.Reset()
		plain(t, r, http.MethodGet, "/ws")
		if got := strings.Count(out.String(), " - 426 "); got != 2 {
			t.Errorf("the log has 426 %d times:\n%s", got, out.String())
		}
	})
}

func TestBasicAuth(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := chi.NewRouter()
		r.Use(middleware.BasicAuth("chanx", map[string]string{"ann": "secret"}))
		chanxchi.Handle(r, "/ws", peers(hub, "peers"), &chanxchi.Options{
			Identity: func(r *http.Request) (any, error) {
				name, _, _ := r.BasicAuth()
				return name, nil
			},
		})
		chanxtest.Refused(t, r, "/ws", http.StatusUnauthorized, nil)
		c := chanxtest.Dial(t, r, "/ws", &chanxtest.DialOptions{Header: basic("ann", "secret")})
		if got := chanxtest.Request[answer](c, ask{}).User; got != "ann" {
			t.Errorf("the user is %q", got)
		}
		chanxtest.Refused(t, r, "/ws", http.StatusUnauthorized, &chanxtest.DialOptions{Header: basic("ann", "guess")})
	})
}

func basic(name, password string) http.Header {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(name, password)
	return r.Header
}

// An error of Identity refuses the handshake, and tells nothing of a failure.
func TestIdentityRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		text   string
	}{
		"unauthenticated": {chanx.Errorf(chanx.Unauthenticated, "log in first"), http.StatusUnauthorized, "log in first"},
		"forbidden":       {chanx.Errorf(chanx.Forbidden, "not for you"), http.StatusForbidden, "not for you"},
		"a failure":       {errors.New("the database is at 10.0.0.1"), http.StatusInternalServerError, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				r := chi.NewRouter()
				chanxchi.Handle(r, "/ws", peers(hub, "peers"), &chanxchi.Options{
					Identity: func(*http.Request) (any, error) { return nil, c.err },
				})
				refusal := chanxtest.Refused(t, r, "/ws", c.status, nil)
				if body := refusal.Body; !strings.Contains(body, c.text) || strings.Contains(body, "10.0.0.1") {
					t.Errorf("the refusal says %s", body)
				}
			})
		})
	}
}

// Cookies that middleware sets go out with the 101, as with any answer.
func TestHeadersOfMiddleware(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := behind(hub, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
				w.Header().Set("X-Served-By", "a")
				next.ServeHTTP(w, r)
			})
		})
		h := chanxtest.Dial(t, r, "/ws", nil).Header()
		if h.Get("Set-Cookie") != "session=1" || h.Get("X-Served-By") != "a" {
			t.Errorf("the headers are %v", h)
		}
	})
}

func TestShutdown(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := behind(hub, middleware.Recoverer)
		c := chanxtest.Dial(t, r, "/ws", nil)
		done := make(chan error, 1)
		go func() { done <- hub.Shutdown(context.Background()) }()
		c.ExpectClose(chanx.CloseRestart)
		if err := <-done; err != nil {
			t.Error(err)
		}
		chanxtest.Refused(t, r, "/ws", http.StatusServiceUnavailable, nil)
	})
}

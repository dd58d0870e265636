package adaptertest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
)

// through gives middleware another context.
func through(mw []middleware, change func(adaptertest.Context) adaptertest.Context) []middleware {
	var changed []middleware
	for _, m := range mw {
		changed = append(changed, func(c adaptertest.Context, next func() error) error { return m(change(c), next) })
	}
	return changed
}

// inner is embedded in contexts.
type inner = adaptertest.Context

// headless sets no headers.
type headless struct{ inner }

func (headless) SetHeader(string, string) {}

// leaking has what is set in the request's context, for everybody.
type leaking struct{ inner }

func (c leaking) Set(key string, value any) {
	c.inner.Set(key, value)
	c.SetContext(context.WithValue(c.Context(), any(key), value)) //nolint:staticcheck // it is the flaw
}

// contextless keeps nothing in the request's context.
type contextless struct{ inner }

func (contextless) SetContext(context.Context) {}

// swallowing are groups on which an error of a middleware's is something else.
func swallowing(instead func(c adaptertest.Context, called bool)) flaw {
	return flaw{group: func(r adaptertest.Router, prefix string, mw []middleware) adaptertest.Router {
		var changed []middleware
		for _, m := range mw {
			changed = append(changed, func(c adaptertest.Context, next func() error) error {
				called := false
				if m(c, func() error { called = true; return next() }) != nil {
					instead(c, called)
				}
				return nil
			})
		}
		return r.Group(prefix, changed...)
	}}
}

var (
	errorsPass = swallowing(func(c adaptertest.Context, called bool) {
		if !called {
			_ = c.Answer(http.StatusOK, "fine")
		}
	})
	// errorsEnd ends every socket after 10 ms where a middleware's error comes later.
	errorsEnd = func() flaw {
		var failed sync.Map
		f := swallowing(func(c adaptertest.Context, _ bool) { failed.Store(c.Header("Sec-WebSocket-Key"), true) })
		f.wrap = func(_ adaptertest.Options, next http.Handler) http.Handler {
			return afterwards(func(_ http.ResponseWriter, conn net.Conn, _ any) {
				failed.Range(func(any, any) bool { _ = conn.Close(); return false })
			}).wrap(adaptertest.Options{}, next)
		}
		return f
	}()
	// unrecovered are panics of middleware that nobody recovers from but us.
	panicsEnd = panicking(func(_ http.ResponseWriter, conn net.Conn, _ any) {
		if conn != nil {
			_ = conn.Close()
		}
	})
	panicsTell = panicking(func(w http.ResponseWriter, conn net.Conn, panicked any) {
		if conn == nil {
			http.Error(w, fmt.Sprint(panicked), http.StatusInternalServerError)
		}
	})
)

// panicking is a flaw of what happens to a panic in a middleware.
func panicking(f func(w http.ResponseWriter, conn net.Conn, panicked any)) flaw {
	var panics sync.Map // by request, since the application recovers in between
	return flaw{group: func(r adaptertest.Router, prefix string, mw []middleware) adaptertest.Router {
		var changed []middleware
		for _, m := range mw {
			changed = append(changed, func(c adaptertest.Context, next func() error) error {
				defer func() {
					if v := recover(); v != nil {
						panics.Store(c.Context().Value(requestKey{}), v)
					}
				}()
				return m(c, next)
			})
		}
		return r.Group(prefix, changed...)
	}, wrap: func(_ adaptertest.Options, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r = r.WithContext(context.WithValue(r.Context(), requestKey{}, r))
			afterwards(func(w http.ResponseWriter, conn net.Conn, _ any) {
				if v, ok := panics.Load(r.Context().Value(requestKey{})); ok {
					f(w, conn, v)
				}
			}).wrap(adaptertest.Options{}, next).ServeHTTP(w, r)
		})
	}}
}

type requestKey struct{}

// theOneBefore returns who the client of the request before was.
func theOneBefore() func(id identity) identity {
	var mu sync.Mutex
	var before any
	return func(id identity) identity {
		if id == nil {
			return nil
		}
		return func(c adaptertest.Context) (any, error) {
			who, err := id(c)
			mu.Lock()
			defer mu.Unlock()
			who, before = before, who
			return who, err
		}
	}
}

// plainErrors answers every refusal with 500 and a text.
type plainErrors struct{ http.ResponseWriter }

func (w plainErrors) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w plainErrors) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		w.Header().Del("Content-Type")
		w.Header().Del("WWW-Authenticate")
		status = http.StatusInternalServerError
	}
	w.ResponseWriter.WriteHeader(status)
}

// mixedUp are sockets of which the newest gets what another one should get, and the
// one before it what the newest should.
func mixedUp() flaw {
	var mu sync.Mutex
	var all []net.Conn
	return sockets(func(conn net.Conn, _ adaptertest.Options) net.Conn {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, conn)
		return writing{conn, func(conn net.Conn, p []byte) (int, error) {
			if p[0] == 0x81 {
				mu.Lock()
				defer mu.Unlock()
				at := len(all) - 1
				if conn == all[at] {
					at = max(at-1, 0)
				}
				conn = all[at]
			}
			_, _ = conn.Write(p)
			return len(p), nil
		}}
	})
}

// neverClosed are sockets that can't be closed, not even by a finalizer.
func neverClosed() flaw {
	var kept sync.Map
	return sockets(func(conn net.Conn, _ adaptertest.Options) net.Conn {
		kept.Store(conn, true)
		return endless{conn}
	})
}

type endless struct{ net.Conn }

func (endless) Close() error { return nil }

// bottomless takes everything, whoever reads it.
type bottomless struct{ net.Conn }

func (c bottomless) Write(p []byte) (int, error) {
	if len(p) < 1<<10 {
		return c.Conn.Write(p)
	}
	return len(p), nil
}

// deaf hears of no end.
type deaf struct{ net.Conn }

func (c deaf) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	var timeout net.Error
	if err != nil && !errors.As(err, &timeout) {
		<-time.After(time.Second)
	}
	return n, err
}

// claims are those of an adapter that does not know itself.
func claims(a *adaptertest.Adapter) {
	lets := func(http.Header) func(testing.TB, string, string) http.Header {
		return func(_ testing.TB, _, user string) http.Header { return http.Header{"X-User": {user}} }
	}
	auth := func(kind string, who func(*chanx.Conn) string, secrets ...any) adaptertest.Auth {
		return adaptertest.Auth{
			Kind: kind,
			Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
				a.Group("", func(c adaptertest.Context, next func() error) error {
					if c.Header("X-User") == "" {
						return c.Answer(http.StatusUnauthorized, "who are you?")
					}
					c.SetContext(context.WithValue(c.Context(), requestKey{}, "a secret"))
					return next()
				}).Handle(pattern, c, func(c adaptertest.Context) (any, error) { return c.Header("X-User"), nil })
			},
			Valid: lets(nil), User: who, Secrets: secrets,
		}
	}
	expired := auth("JWT", nil)
	expired.Expired = lets(nil)
	a.Auth = []adaptertest.Auth{
		expired,
		auth("basic auth", func(*chanx.Conn) string { return "ann" }),
		auth("session", nil, requestKey{}),
	}
	a.Routes = []adaptertest.Route{{Pattern: "/u/{id}", Address: "/u/{id}", Path: "/u/42", Values: map[string]string{"id": "43"}}}
	a.Misuse = []string{"/ws/{room}"}
	slow := func(_ testing.TB, a adaptertest.App) {
		server := &a.(*flawedApp).server
		server.Handler = http.TimeoutHandler(server.Handler, time.Second, "too late")
	}
	a.Middleware = []adaptertest.Middleware{
		{Kind: "gzip", Use: slow},
		{Kind: "timeout", Use: func(testing.TB, adaptertest.App) {}, Refused: http.StatusInternalServerError},
	}
	a.Impossible = map[string]string{"mounting/root": "nobody has tried"}
}

// Every flaw is found by the cases that ought to find it, and there is no case
// that nothing can fail.
func TestFlaws(t *testing.T) {
	unproven := map[string]bool{}
	for _, name := range adaptertest.Names(adapterWith(flaw{})) {
		unproven[name] = true
	}
	for name, f := range flaws {
		for _, found := range f.found {
			delete(unproven, found)
		}
		t.Run(name, func(t *testing.T) {
			if !f.flaw.alone {
				t.Parallel()
			}
			var all sync.WaitGroup
			for _, found := range f.found {
				all.Go(func() {
					if failed, text := adaptertest.Attempt(t, adapterWith(f.flaw), found); failed {
						t.Logf("%s: %s", found, text)
					} else {
						t.Errorf("%s passes", found)
					}
				})
			}
			all.Wait()
		})
	}
	for name := range unproven {
		t.Errorf("%s: no flaw fails it", name)
	}
}

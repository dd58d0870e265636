package adaptertest_test

import (
	"bufio"
	"net"
	"net/http"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/asyncapi"
)

type (
	identity   = func(adaptertest.Context) (any, error)
	middleware = func(c adaptertest.Context, next func() error) error
)

// flaw is what is wrong with an adapter, or with its framework. What is nil is as
// it ought to be.
type flaw struct {
	wrap    func(o adaptertest.Options, next http.Handler) http.Handler // around everything
	handle  func(r adaptertest.Router, pattern string, c chanx.Mountable, id identity)
	group   func(r adaptertest.Router, prefix string, mw []middleware) adaptertest.Router
	get     func(r adaptertest.Router, pattern string, handler func(adaptertest.Context) error)
	docs    func(r adaptertest.Router, path string, hub *chanx.Hub, opts *asyncapi.Options)
	serve   func(a *app, l net.Listener) error
	adapter func(a *adaptertest.Adapter)
	alone   bool // what the process has is counted
}

// adapterWith makes an adapter that has a flaw.
func adapterWith(f flaw) adaptertest.Adapter {
	a := adaptertest.Adapter{New: func(_ testing.TB, o adaptertest.Options) adaptertest.App {
		a := newApp(o)
		if f.wrap != nil {
			a.server.Handler = f.wrap(o, a.server.Handler)
		}
		return &flawedApp{flawedRouter{a.router, &f}, a}
	}}
	if f.adapter != nil {
		f.adapter(&a)
	}
	return a
}

type flawedApp struct {
	flawedRouter
	*app
}

func (a *flawedApp) Handle(pattern string, c chanx.Mountable, id identity) {
	a.flawedRouter.Handle(pattern, c, id)
}

func (a *flawedApp) Group(prefix string, mw ...middleware) adaptertest.Router {
	return a.flawedRouter.Group(prefix, mw...)
}

func (a *flawedApp) Get(pattern string, handler func(adaptertest.Context) error) {
	a.flawedRouter.Get(pattern, handler)
}

func (a *flawedApp) Docs(path string, hub *chanx.Hub, opts *asyncapi.Options) {
	a.flawedRouter.Docs(path, hub, opts)
}

func (a *flawedApp) Serve(l net.Listener) error {
	if f := a.flaw.serve; f != nil {
		return f(a.app, l)
	}
	return a.app.Serve(l)
}

// flawedRouter is a router with a flaw.
type flawedRouter struct {
	adaptertest.Router

	flaw *flaw
}

func (r flawedRouter) Handle(pattern string, c chanx.Mountable, id identity) {
	if f := r.flaw.handle; f != nil {
		f(r.Router, pattern, c, id)
		return
	}
	r.Router.Handle(pattern, c, id)
}

func (r flawedRouter) Group(prefix string, mw ...middleware) adaptertest.Router {
	if f := r.flaw.group; f != nil {
		return flawedRouter{f(r.Router, prefix, mw), r.flaw}
	}
	return flawedRouter{r.Router.Group(prefix, mw...), r.flaw}
}

func (r flawedRouter) Get(pattern string, handler func(adaptertest.Context) error) {
	if f := r.flaw.get; f != nil {
		f(r.Router, pattern, handler)
		return
	}
	r.Router.Get(pattern, handler)
}

func (r flawedRouter) Docs(path string, hub *chanx.Hub, opts *asyncapi.Options) {
	if f := r.flaw.docs; f != nil {
		f(r.Router, path, hub, opts)
		return
	}
	r.Router.Docs(path, hub, opts)
}

// requests is a flaw of what is made of requests.
func requests(change func(r *http.Request)) flaw {
	return flaw{wrap: func(_ adaptertest.Options, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			change(r)
			next.ServeHTTP(w, r)
		})
	}}
}

// takenOver is a writer that sees connections being taken over.
type takenOver struct {
	http.ResponseWriter

	change func(conn net.Conn, rw *bufio.ReadWriter) (net.Conn, *bufio.ReadWriter)
	conn   net.Conn // that was taken over
}

func (w *takenOver) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *takenOver) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.conn = conn
		conn, rw = w.change(conn, rw)
	}
	return conn, rw, err
}

// sockets is a flaw of connections that are taken over.
func sockets(change func(conn net.Conn, o adaptertest.Options) net.Conn) flaw {
	return flaw{wrap: func(o adaptertest.Options, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&takenOver{ResponseWriter: w, change: func(conn net.Conn, rw *bufio.ReadWriter) (net.Conn, *bufio.ReadWriter) {
				return change(conn, o), rw
			}}, r)
		})
	}}
}

// afterwards is a flaw of what happens once a handler has returned: conn was taken
// over, or is nil.
func afterwards(f func(w http.ResponseWriter, conn net.Conn, panicked any)) flaw {
	return flaw{wrap: func(_ adaptertest.Options, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			taken := &takenOver{ResponseWriter: w, change: func(conn net.Conn, rw *bufio.ReadWriter) (net.Conn, *bufio.ReadWriter) { return conn, rw }}
			defer func() { f(w, taken.conn, recover()) }()
			next.ServeHTTP(taken, r)
		})
	}}
}

// writing is a connection that does something else with what it is to write.
type writing struct {
	net.Conn

	write func(conn net.Conn, p []byte) (int, error)
}

func (c writing) Write(p []byte) (int, error) { return c.write(c.Conn, p) }

// writes is a flaw of what goes out over sockets.
func writes(f func(conn net.Conn, p []byte) (int, error)) flaw {
	return sockets(func(conn net.Conn, _ adaptertest.Options) net.Conn { return writing{conn, f} })
}

// identities is a flaw of the identity option.
func identities(change func(id identity) identity) flaw {
	return flaw{handle: func(r adaptertest.Router, pattern string, c chanx.Mountable, id identity) {
		r.Handle(pattern, c, change(id))
	}}
}

package chitest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/cors"
	"github.com/go-chi/httprate"
	"github.com/gorilla/handlers"
	"github.com/klauspost/compress/gzhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

func TestServeMux(t *testing.T) {
	adaptertest.Run(t, adaptertest.Adapter{
		New: func(_ testing.TB, o adaptertest.Options) adaptertest.App { return newMux(o) },
		Routes: []adaptertest.Route{
			{Pattern: "GET /ws", Address: "/ws", Path: "/ws"},
			{Pattern: "127.0.0.1/ws", Address: "/ws", Path: "/ws"},
			{Pattern: "/ws/{$}", Address: "/ws/", Path: "/ws/"},
			{Pattern: "/files/{path...}", Address: "/files/{path}", Path: "/files/", Values: map[string]string{"path": ""}},
		},
		Misuse:     []string{"POST /ws", "/ws/{room", "/ws/{}", "/ws/{a}/{a}"},
		Middleware: muxMiddleware,
		Auth:       []adaptertest.Auth{muxBasicAuth, chiJWT, chiJWTInCookie, chiJWTInSubprotocol, scsAuth, gorillaAuth(t)},
	})
}

// muxMiddleware needs nothing but net/http, whoever has made it.
var muxMiddleware = []adaptertest.Middleware{
	{Kind: "gzip", Name: "klauspost/compress/gzhttp", Use: using(func(next http.Handler) http.Handler { return gzhttp.GzipHandler(next) })},
	{Kind: "timeout that buffers", Name: "http.TimeoutHandler", Use: using(timeoutHandler), Refused: http.StatusInternalServerError},
	{Kind: "buffer", Name: "a buffer that unwraps", Use: using(buffering(true))},
	{Kind: "buffer", Name: "a buffer that does not", Use: using(buffering(false)), Refused: http.StatusInternalServerError},
	{Kind: "body limit", Name: "http.MaxBytesHandler", Use: using(maxBytes)},
	{Kind: "CORS", Name: "go-chi/cors", Use: using(cors.AllowAll().Handler)},
	{Kind: "no keep-alive", Name: "http.Server.SetKeepAlivesEnabled", Use: noKeepAlive},
	{Kind: "tracing", Name: "otelhttp", Use: using(otelhttp.NewMiddleware("adaptertest"))},
	{Kind: "CSRF", Name: "http.CrossOriginProtection", Use: using(http.NewCrossOriginProtection().Handler)},
	{Kind: "timeout", Name: "chi's middleware.Timeout", Use: using(middleware.Timeout(adaptertest.Timeout))},
	{Kind: "recovery", Name: "chi's middleware.Recoverer", Use: using(middleware.Recoverer)},
	{Kind: "logger", Name: "gorilla/handlers", Use: using(func(next http.Handler) http.Handler { return handlers.LoggingHandler(io.Discard, next) })},
	{Kind: "request ID", Name: "chi's middleware.RequestID", Use: using(middleware.RequestID)},
	{Kind: "rate limit", Name: "go-chi/httprate", Use: using(httprate.LimitBy(100, time.Minute, httprate.KeyByEndpoint))},
}

// muxApp is an application of net/http alone.
type muxApp struct {
	*group
	server

	options adaptertest.Options
}

func newMux(o adaptertest.Options) *muxApp {
	mux := http.NewServeMux()
	return &muxApp{&group{mux: mux}, newServer(mux, o), o}
}

func (a *muxApp) Serve(l net.Listener) error {
	a.Handler = logged(a.Handler, a.options) // around what middleware there is
	return a.server.Serve(l)
}

// group is a ServeMux, or some of its routes: net/http has nothing for that, and
// programs write such as this.
type group struct {
	mux        *http.ServeMux
	prefix     string
	middleware []func(http.Handler) http.Handler
}

// register adds a handler behind the group's middleware.
func (g *group) register(pattern string, h http.Handler) {
	for _, mw := range slices.Backward(g.middleware) {
		h = mw(h)
	}
	method, path, found := strings.Cut(pattern, " ")
	if !found {
		method, path = "", pattern
	}
	g.mux.Handle(strings.TrimLeft(method+" "+g.prefix+path, " "), h)
}

// routes is a group as chanxchi wants it.
type routes struct{ *group }

func (r routes) Handle(pattern string, h http.Handler) { r.register(pattern, h) }

func (g *group) Handle(pattern string, c chanx.Mountable, identity func(adaptertest.Context) (any, error)) {
	chanxchi.Handle(routes{g}, pattern, c, &chanxchi.Options{Identity: identityOf(identity), Prefix: g.prefix})
}

func (g *group) Group(prefix string, middleware ...func(adaptertest.Context, func() error) error) adaptertest.Router {
	inner := &group{g.mux, g.prefix + prefix, slices.Clone(g.middleware)}
	for _, f := range middleware {
		inner.middleware = append(inner.middleware, middlewareOf(f))
	}
	return inner
}

func (g *group) Get(pattern string, handler func(adaptertest.Context) error) {
	g.register("GET "+pattern, handlerOf(handler))
}

func (g *group) Docs(path string, hub *chanx.Hub, opts *asyncapi.Options) {
	chanxchi.Docs(routes{g}, path, hub, opts)
}

// logged logs every request, and recovers.
func logged(h http.Handler, o adaptertest.Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{w, http.StatusOK}
		defer func() {
			if v := recover(); v != nil {
				fmt.Fprintf(o.Log, "panic: %v\n%s", v, debug.Stack())
				if s.status != http.StatusSwitchingProtocols {
					s.WriteHeader(http.StatusInternalServerError)
				}
			}
			fmt.Fprintln(o.AccessLog, s.status, r.Method, r.URL.Path)
		}()
		h.ServeHTTP(s, r)
	})
}

// statusWriter knows the status of an answer, that of a connection which is taken
// over too.
type statusWriter struct {
	http.ResponseWriter

	status int
}

func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err == nil {
		s.status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}

package chitest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/cors"
	"github.com/go-chi/httprate"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

func TestChi(t *testing.T) {
	adaptertest.Run(t, adaptertest.Adapter{
		New:     func(_ testing.TB, o adaptertest.Options) adaptertest.App { return newChi(o) },
		Pattern: func(address string) string { return strings.ReplaceAll(address, "{path...}", "*") },
		Routes: []adaptertest.Route{
			{Pattern: "GET /ws", Address: "/ws", Path: "/ws"},
			{Pattern: "/ws/", Address: "/ws/", Path: "/ws/"},
			{Pattern: "/u/{id:[0-9]+}", Address: "/u/{id}", Path: "/u/42", Values: map[string]string{"id": "42"}},
			{Pattern: "/u/{id:[a-z]{2,3}}-{n}", Address: "/u/{id}-{n}", Path: "/u/abc-7", Values: map[string]string{"id": "abc", "n": "7"}},
			{Pattern: "/files/*", Address: "/files/{path}", Path: "/files/", Values: map[string]string{"path": ""}},
		},
		Misuse:     []string{"POST /ws", "/ws/{room", "/ws/{}", "/ws/{a}/{a}"},
		Middleware: chiMiddleware,
		Auth:       []adaptertest.Auth{chiBasicAuth, chiJWT, chiJWTInCookie, chiJWTInSubprotocol, scsAuth, gorillaAuth(t)},
	})
}

// chiApp is an application of chi as the guide recommends it.
type chiApp struct {
	chiRouter
	server

	root *chi.Mux
}

func newChi(o adaptertest.Options) *chiApp {
	root := chi.NewRouter()
	root.Use(middleware.RequestID, middleware.RequestLogger(accessLog{o}), middleware.Recoverer)
	return &chiApp{chiRouter{root}, newServer(root, o), root}
}

func (a *chiApp) Serve(l net.Listener) error {
	if err := chanxchi.Locate(a.root); err != nil {
		return err
	}
	return a.server.Serve(l)
}

// chiRouter is a router of chi's.
type chiRouter struct{ chi.Router }

func (r chiRouter) Handle(pattern string, c chanx.Mountable, identity func(adaptertest.Context) (any, error)) {
	chanxchi.Handle(r.Router, pattern, c, &chanxchi.Options{Identity: identityOf(identity)})
}

func (r chiRouter) Group(prefix string, middleware ...func(adaptertest.Context, func() error) error) adaptertest.Router {
	all := make([]func(http.Handler) http.Handler, len(middleware))
	for i, f := range middleware {
		all[i] = middlewareOf(f)
	}
	if prefix == "" {
		return chiRouter{r.With(all...)}
	}
	return chiRouter{r.Route(prefix, func(r chi.Router) { r.Use(all...) })}
}

func (r chiRouter) Get(pattern string, handler func(adaptertest.Context) error) {
	r.Router.Get(pattern, handlerOf(handler))
}

func (r chiRouter) Docs(path string, hub *chanx.Hub, opts *asyncapi.Options) {
	chanxchi.Docs(r.Router, path, hub, opts)
}

// accessLog is a logger for chi's middleware.
type accessLog struct{ o adaptertest.Options }

type accessEntry struct {
	o       adaptertest.Options
	request string
}

func (l accessLog) NewLogEntry(r *http.Request) middleware.LogEntry {
	return accessEntry{l.o, r.Method + " " + r.URL.Path}
}

func (e accessEntry) Write(status, _ int, _ http.Header, _ time.Duration, _ any) {
	fmt.Fprintln(e.o.AccessLog, status, e.request)
}

func (e accessEntry) Panic(v any, stack []byte) { fmt.Fprintf(e.o.Log, "panic: %v\n%s", v, stack) }

// using puts middleware in front of what comes later.
func using(mw ...func(http.Handler) http.Handler) func(testing.TB, adaptertest.App) {
	return func(_ testing.TB, a adaptertest.App) {
		switch a := a.(type) {
		case *chiApp:
			a.root.Use(mw...)
		case *muxApp:
			for _, m := range mw {
				a.Handler = m(a.Handler)
			}
		}
	}
}

// timeoutHandler is net/http's, which keeps the answer and can't give away the
// connection.
func timeoutHandler(next http.Handler) http.Handler {
	return http.TimeoutHandler(next, adaptertest.Timeout, "too late")
}

func maxBytes(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 1) }

// noKeepAlive closes connections after each request.
func noKeepAlive(_ testing.TB, a adaptertest.App) {
	a.(interface{ SetKeepAlivesEnabled(on bool) }).SetKeepAlivesEnabled(false)
}

// typed sets a Content-Type that is worth compressing.
func typed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		next.ServeHTTP(w, r)
	})
}

var chiMiddleware = []adaptertest.Middleware{
	{Kind: "gzip", Name: "middleware.Compress", Use: using(middleware.Compress(5))},
	{Kind: "gzip", Name: "middleware.Compress with a Content-Type already set", Use: using(middleware.Compress(5), typed)},
	{Kind: "timeout", Name: "middleware.Timeout", Use: using(middleware.Timeout(adaptertest.Timeout))},
	{Kind: "timeout that buffers", Name: "http.TimeoutHandler", Use: using(timeoutHandler), Refused: http.StatusInternalServerError},
	{Kind: "timeout that buffers", Name: "http.TimeoutHandler behind middleware.Recoverer", Use: using(middleware.Recoverer, timeoutHandler), Refused: http.StatusInternalServerError},
	{Kind: "buffer", Name: "a buffer that unwraps", Use: using(buffering(true))},
	{Kind: "buffer", Name: "a buffer that does not", Use: using(buffering(false)), Refused: http.StatusInternalServerError},
	{Kind: "recovery", Name: "middleware.Recoverer", Use: using(middleware.Recoverer)},
	{Kind: "logger", Name: "middleware.RequestLogger", Use: using(middleware.RequestLogger(accessLog{adaptertest.Options{Log: io.Discard, AccessLog: io.Discard}}))},
	{Kind: "body limit", Name: "middleware.RequestSize", Use: using(middleware.RequestSize(1))},
	{Kind: "body limit", Name: "http.MaxBytesHandler", Use: using(maxBytes)},
	{Kind: "rate limit", Name: "middleware.Throttle", Use: using(middleware.Throttle(1))},
	{Kind: "rate limit", Name: "go-chi/httprate", Use: using(httprate.LimitBy(100, time.Minute, httprate.KeyByEndpoint))},
	{Kind: "CORS", Name: "go-chi/cors", Use: using(cors.AllowAll().Handler)},
	{Kind: "CSRF", Name: "http.CrossOriginProtection", Use: using(http.NewCrossOriginProtection().Handler)},
	{Kind: "request ID", Name: "middleware.RequestID", Use: using(middleware.RequestID, middleware.ClientIPFromRemoteAddr)},
	{Kind: "cache", Name: "middleware.NoCache", Use: using(middleware.NoCache)},
	{Kind: "no keep-alive", Name: "http.Server.SetKeepAlivesEnabled", Use: noKeepAlive},
	{Kind: "tracing", Name: "otelhttp", Use: using(otelhttp.NewMiddleware("adaptertest"))},
	{Kind: "path cleaning", Name: "middleware.CleanPath, StripSlashes, GetHead", Use: using(middleware.CleanPath, middleware.StripSlashes, middleware.GetHead)},
}

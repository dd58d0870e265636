package adaptertest

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
)

// Adapter tells the suite how to make applications of a framework, and what is
// peculiar to it. New is required; the rest may be left out.
type Adapter struct {
	// New makes an application that has no routes yet. It is called by every case,
	// from many goroutines. What the application holds is given up in App.Shutdown,
	// or with t.Cleanup.
	New func(t testing.TB, o Options) App

	// Pattern writes an address as the router does. What comes are parameters in
	// braces, and as the last segment the rest of a path, such as "/rooms/{room}"
	// and "/files/{path...}". nil means that the router writes them like that.
	Pattern func(address string) string

	// Routes are further patterns of the router's own.
	Routes []Route

	// Misuse are patterns that a consumer can't be mounted at. Router.Handle has to
	// panic with a text that quotes the pattern.
	Misuse []string

	// Middleware of the framework and of its ecosystem: each has a case.
	Middleware []Middleware

	// Auth is the ecosystem's authentication: each has a case.
	Auth []Auth

	// Impossible has the cases that can't be passed with the framework, and why. One
	// that passes all the same fails the suite.
	Impossible map[string]string
}

// Options are what a case wants of an application. Beside that it is as the
// adapter's guide recommends: it recovers from panics and logs every request.
type Options struct {
	// Log gets what the framework, its server and its recovering middleware log of
	// errors and panics.
	Log io.Writer

	// AccessLog gets one line a request: status, method and path, such as
	// "404 GET /rooms". The path is without the query.
	AccessLog io.Writer

	// Timeout bounds the server's reading and writing of a request, and idling
	// between requests; 0 means no limit.
	Timeout time.Duration
}

// App is an application of a framework.
type App interface {
	Router

	// Serve serves the application until Shutdown. It is called once, after
	// everything was registered. Its error is of no interest after Shutdown.
	Serve(l net.Listener) error

	// Shutdown is the framework's own: it ends Serve once requests under way are
	// answered. What the framework knows nothing of, such as sockets, need not be
	// ended.
	Shutdown(ctx context.Context) error
}

// Router is an application, or a group of its routes. Patterns and prefixes are in
// the router's own syntax.
type Router interface {
	// Handle mounts a consumer with the adapter. identity becomes the adapter's
	// option of that name; nil leaves it out.
	Handle(pattern string, c chanx.Mountable, identity func(Context) (any, error))

	// Group returns a group with a prefix, which may be "", and middleware. It may
	// be a group of a group.
	Group(prefix string, middleware ...func(c Context, next func() error) error) Router

	// Get adds a plain route.
	Get(pattern string, handler func(Context) error)

	// Docs serves the hub's documentation with the adapter: the page at the path, and
	// the document at path + ".json" and path + ".yaml". opts may be nil.
	Docs(path string, hub *chanx.Hub, opts *asyncapi.Options)
}

// Context is a request under way, in a middleware, in a plain route and in what
// finds out the identity. It is a thin cover of the framework's own context, and is
// not used any longer than that one may be. Strings are as the framework gives
// them, even those that it writes over later.
//
// The error of a middleware, or of a plain route, is given to the framework in the
// way that it has for them; one that has none answers 500 if there is no answer
// yet.
type Context interface {
	// Header returns a header of the request.
	Header(name string) string
	// SetHeader sets a header of the answer.
	SetHeader(name, value string)
	// Get and Set are the framework's own store for what middleware leaves for
	// handlers. One that has none keeps it in the request's context.
	Get(key string) any
	Set(key string, value any)
	// Context and SetContext are the context.Context of the request.
	Context() context.Context
	SetContext(ctx context.Context)
	// Answer answers the request with a text, instead of next.
	Answer(status int, text string) error
}

// Route is a pattern that only one router has.
type Route struct {
	Pattern string            // in the router's own syntax
	Address string            // that is recorded, with parameters in braces
	Path    string            // that is asked for
	Values  map[string]string // of the parameters there, decoded
}

// Timeout is what [Middleware] that times out is set to. The suite waits for
// longer than that.
const Timeout = 100 * time.Millisecond

// Middleware is a middleware in front of an endpoint. The handshake asks for gzip.
type Middleware struct {
	// Kind says what it does, and is the name of a row: "middleware/gzip". In use
	// are "gzip", "timeout", "timeout that buffers", "buffer", "recovery", "logger",
	// "body limit", "body dump", "CORS", "CSRF", "secure headers", "request ID",
	// "rate limit", "cache", "ETag", "tracing", and settings of the server such as
	// "no keep-alive".
	Kind string
	// Name of the function, such as "middleware.Gzip", with its module where that is
	// not the framework's.
	Name string
	// Use puts it in front of everything that is registered later.
	Use func(t testing.TB, a App)
	// Refused is the status that a handshake is refused with where this can't live
	// with sockets, whoever writes the adapter. 0 means that the socket has to live.
	Refused int
}

// Auth is an authentication of the ecosystem's.
type Auth struct {
	// Kind is "basic auth", "JWT", "API key" or "session", or another. It is the
	// name of a row: "authentication/JWT".
	Kind string
	// Name of the function, with its module where that is not the framework's.
	Name string
	// Mount mounts a consumer behind the middleware, and registers whatever else it
	// takes, such as a route to log in at.
	Mount func(t testing.TB, a App, pattern string, c chanx.Mountable)
	// User says who the client is, from what the adapter and the middleware left
	// of it, in the consumer's open. nil means chanx.Identity[string].
	User func(conn *chanx.Conn) string
	// Valid returns the headers with which a user connects. base is the server's
	// URL, where logging in may be part of that.
	Valid func(t testing.TB, base, user string) http.Header
	// Wrong returns headers of somebody who guesses, and Expired headers that were
	// valid once; nil for a kind that has no such thing.
	Wrong, Expired func(t testing.TB, base, user string) http.Header
	// Refused is the status without credentials that are valid; 0 means 401.
	Refused int
	// Missing is the status without any credentials; 0 means that of Refused.
	Missing int
	// Secrets are keys under which the middleware leaves what nobody needs to know
	// of, such as a password: the connection's context must not have them.
	Secrets []any
}

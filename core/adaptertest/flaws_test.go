package adaptertest_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/asyncapi"
)

// flaws are adapters that have something wrong with them, and the cases that find
// it.
var flaws = map[string]struct {
	flaw  flaw
	found []string
}{
	"nothing is where it ought to be": {requests(func(r *http.Request) { r.URL.Path = "/elsewhere" }), []string{
		"mounting/root", "mounting/several hubs", "mounting/beside plain routes",
		"identity/typed", "identity/the request, in open", "authenticator/refresh", "authenticator/expiry", "authenticator/header, cookie, query, subprotocol",
		"events/from a plain route", "topics/subscribed, recovered", "documents/served",
		"handshake/client gone in open", "handshake/refusal that a browser can read", "handshake/messages of open",
		"handshake/open that takes too long", "handshake/on a connection used before", "handshake/dropped anywhere",
		"refusals/panic in open", "closing/panic in a handler", "closing/panic of nobody's", "closing/client gone during a handler", "shutdown/the application first",
		"log/status of refusals", "frames/malformed messages", "frames/fragments", "frames/large and many", "limits/idle client", "closing/client that does not read", "frames/sends that were given up",
	}},
	"everything is everywhere": {requests(func(r *http.Request) {
		r.URL.Path, r.URL.RawPath = "/rooms/go", ""
	}), []string{"mounting/no such route", "topics/on a route of its own"}},
	"values are not decoded": {requests(func(r *http.Request) {
		if encoded := r.URL.EscapedPath(); strings.Contains(encoded, "%") {
			r.URL.RawPath = strings.ReplaceAll(encoded, "%", "%25")
			r.URL.Path = encoded
		}
	}), []string{"values/encoded in the path", "values/rest of the path"}},
	"values are decoded twice": {requests(func(r *http.Request) {
		if path, err := url.PathUnescape(r.URL.Path); err == nil {
			r.URL.Path, r.URL.RawPath = path, ""
		}
	}), []string{"values/encoded in the path"}},
	"a plus is a space": {requests(func(r *http.Request) {
		r.URL.Path = strings.ReplaceAll(r.URL.Path, "+", " ")
		r.URL.RawPath = ""
	}), []string{"values/encoded in the path"}},
	"the query is lost":   {requests(func(r *http.Request) { r.URL.RawQuery = "" }), []string{"values/query, header and cookie", "refusals/by parameters"}},
	"cookies are lost":    {requests(func(r *http.Request) { r.Header.Del("Cookie") }), []string{"values/query, header and cookie", "identity/the request, in open", "authenticator/cookie of a foreign page"}},
	"the address is lost": {requests(func(r *http.Request) { r.RemoteAddr = "" }), []string{"identity/the request, in open", "documents/server behind a proxy"}},
	"origins pass":        {requests(func(r *http.Request) { r.Header.Del("Origin") }), []string{"handshake/origins", "authenticator/cookie of a foreign page"}},
	"subprotocols are lost": {requests(func(r *http.Request) { r.Header.Del("Sec-WebSocket-Protocol") }), []string{
		"handshake/subprotocols", "authenticator/header, cookie, query, subprotocol",
	}},
	"nothing is compressed":   {requests(func(r *http.Request) { r.Header.Del("Sec-WebSocket-Extensions") }), []string{"frames/compression", "frames/inflated size"}},
	"HTTP/1.0 is good enough": {requests(func(r *http.Request) { r.ProtoMajor, r.ProtoMinor = 1, 1 }), []string{"handshake/HTTP/1.0"}},
	"everything is a handshake": {requests(func(r *http.Request) {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
		r.Header.Set("Sec-WebSocket-Version", "13")
		r.Header.Set("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA==")
	}), []string{"handshake/broken", "handshake/plain requests"}},
	"sockets end with their request": {afterwards(func(_ http.ResponseWriter, conn net.Conn, panicked any) {
		if conn != nil {
			_ = conn.Close()
		}
	}), []string{"identity/values of the request's context", "frames/ping and pong", "limits/pings keep alive", "shutdown/drains"}},
	"panics end sockets":     {panicsEnd, []string{"middleware/panic after the upgrade", "middleware/nothing half done"}},
	"errors end sockets":     {errorsEnd, []string{"middleware/error after the upgrade"}},
	"errors are no refusals": {errorsPass, []string{"middleware/error before the upgrade"}},
	"panics tell secrets":    {panicsTell, []string{"middleware/panic before the upgrade"}},
	"a status is written after the upgrade": {afterwards(func(w http.ResponseWriter, conn net.Conn, _ any) {
		if conn != nil {
			w.WriteHeader(http.StatusOK)
		}
	}), []string{"log/101 once and then silence", "middleware/panic after the upgrade"}},
	"early frames are lost": {flaw{wrap: func(_ adaptertest.Options, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&takenOver{ResponseWriter: w, change: func(conn net.Conn, _ *bufio.ReadWriter) (net.Conn, *bufio.ReadWriter) {
				return conn, bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
			}}, r)
		})
	}}, []string{"handshake/frames in the same packet", "handshake/TLS"}},
	"the server's timeouts are the sockets'": {sockets(func(conn net.Conn, o adaptertest.Options) net.Conn {
		if o.Timeout > 0 {
			time.AfterFunc(o.Timeout, func() { _ = conn.Close() })
		}
		return conn
	}), []string{"middleware/timeouts of the server"}},
	"headers of middleware are lost": {flaw{group: func(r adaptertest.Router, prefix string, mw []middleware) adaptertest.Router {
		return r.Group(prefix, through(mw, func(c adaptertest.Context) adaptertest.Context { return headless{c} })...)
	}}, []string{"handshake/headers and cookies of middleware", "refusals/by middleware"}},
	"the store leaks": {flaw{group: func(r adaptertest.Router, prefix string, mw []middleware) adaptertest.Router {
		return r.Group(prefix, through(mw, func(c adaptertest.Context) adaptertest.Context { return leaking{c} })...)
	}}, []string{"identity/nothing else of the store"}},
	"values of the request's context are lost": {flaw{group: func(r adaptertest.Router, prefix string, mw []middleware) adaptertest.Router {
		return r.Group(prefix, through(mw, func(c adaptertest.Context) adaptertest.Context { return contextless{c} })...)
	}}, []string{"identity/values of the request's context", "mounting/nested groups", "mounting/group with a prefix and middleware", "isolation/two users at once"}},
	"prefixes are lost": {flaw{group: func(r adaptertest.Router, _ string, mw []middleware) adaptertest.Router { return r.Group("", mw...) }}, []string{
		"mounting/nested groups", "mounting/group without a prefix", "documents/addresses with prefixes",
	}},
	"the identity is nobody": {identities(func(identity) identity { return nil }), []string{
		"identity/of the framework's store", "identity/typed", "refusals/by identity", "authenticator/after identity", "authenticator/expiry",
	}},
	"the identity is somebody": {identities(func(id identity) identity {
		return func(c adaptertest.Context) (any, error) {
			if id == nil {
				return "somebody", nil
			}
			return id(c)
		}
	}), []string{"identity/nobody", "authenticator/refusals"}},
	"the identity is the one before": {identities(theOneBefore()), []string{"identity/of the framework's store", "isolation/two users at once"}},
	"refusals tell everything": {flaw{wrap: func(_ adaptertest.Options, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(plainErrors{w}, r) })
	}}, []string{"refusals/by open", "refusals/by identity", "refusals/by parameters", "refusals/panic in open", "authenticator/refusals", "handshake/origins"}},
	"mistakes go unnoticed": {flaw{handle: func(r adaptertest.Router, pattern string, c chanx.Mountable, id identity) {
		defer func() { _ = recover() }()
		r.Handle(pattern, c, id)
	}, adapter: func(a *adaptertest.Adapter) { a.Misuse = []string{"/ws/{"} }}, []string{
		"mounting/consumer twice", "mounting/address taken", "mounting/parameter missing", "mounting/misuse",
	}},
	"a document that says nothing": {flaw{docs: func(r adaptertest.Router, path string, _ *chanx.Hub, _ *asyncapi.Options) {
		r.Get(path+".json", func(c adaptertest.Context) error { return c.Answer(http.StatusOK, `{"asyncapi":"3.0.0"}`) })
	}}, []string{
		"documents/served", "documents/page", "documents/encodings", "documents/addresses with prefixes", "documents/server of the request", "documents/server behind a proxy",
		"documents/behind authentication",
	}},
	"documents without options": {flaw{docs: func(r adaptertest.Router, path string, hub *chanx.Hub, _ *asyncapi.Options) {
		r.Docs(path, hub, nil)
	}}, []string{"documents/page", "documents/server behind a proxy"}},
	"proxies are everywhere":       {requests(func(r *http.Request) { r.RemoteAddr = "10.1.2.3:4567" }), []string{"documents/server of the request", "documents/server behind a proxy"}},
	"the host is lost":             {requests(func(r *http.Request) { r.Host = "localhost" }), []string{"documents/server of the request"}},
	"TLS goes unnoticed":           {requests(func(r *http.Request) { r.TLS = nil }), []string{"documents/server of the request"}},
	"only one line of a header":    {requests(func(r *http.Request) { lastLines(r.Header) }), []string{"documents/server behind a proxy"}},
	"nobody asks for compression":  {requests(func(r *http.Request) { r.Header.Del("Accept-Encoding") }), []string{"documents/encodings"}},
	"everything is compressed":     {requests(func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") }), []string{"documents/encodings"}},
	"policies are left out":        {written(func(h http.Header) { h.Del("Content-Security-Policy") }), []string{"documents/page"}},
	"policies are added":           {written(func(h http.Header) { h.Add("Content-Security-Policy", "default-src 'self'") }), []string{"documents/page"}},
	"middleware is left out":       {flaw{group: func(r adaptertest.Router, prefix string, _ []middleware) adaptertest.Router { return r.Group(prefix) }}, []string{"documents/behind authentication", "refusals/by middleware"}},
	"what is compressed, again so": {flaw{adapter: compressedTwice}, []string{"documents/behind middleware"}},
	"no events": {flaw{get: func(r adaptertest.Router, pattern string, _ func(adaptertest.Context) error) {
		r.Get(pattern, func(c adaptertest.Context) error { return c.Answer(http.StatusOK, "published") })
	}}, []string{"events/from a plain route"}},
	"no HTTP/2": {flaw{serve: func(a *app, l net.Listener) error {
		a.server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		return a.server.Serve(l)
	}}, []string{"handshake/HTTP/2"}},
	"headers are short": {flaw{serve: func(a *app, l net.Listener) error {
		a.server.MaxHeaderBytes = 1 // and 4096 more
		return a.server.Serve(l)
	}}, []string{"authenticator/long token"}},
	"a goroutine is left": {flaw{serve: func(a *app, l net.Listener) error {
		go func() { <-time.After(2 * time.Second) }()
		return a.server.Serve(l)
	}, alone: true}, []string{"shutdown/leaves no goroutine"}},
	"every frame is the close frame of a client's": {writes(func(conn net.Conn, p []byte) (int, error) {
		if len(p) > 3 && p[0] == 0x88 {
			p = binary.BigEndian.AppendUint16([]byte{0x88, 2}, 1000)
		}
		_, err := conn.Write(p)
		return len(p), err
	}), []string{
		"closing/by the server", "closing/client that does not answer", "frames/binary", "frames/reserved opcode", "frames/reserved bit", "frames/continuation of nothing",
		"frames/unmasked", "frames/size limit", "frames/inflated size", "limits/silent client", "authenticator/expiry", "shutdown/at its deadline",
	}},
	"pings and pongs are lost": {writes(func(conn net.Conn, p []byte) (int, error) {
		if p[0] == 0x89 || p[0] == 0x8A {
			return len(p), nil
		}
		return conn.Write(p)
	}), []string{"frames/ping and pong", "limits/pings keep alive", "limits/idle client"}},
	"writes are torn": {writes(func(conn net.Conn, p []byte) (int, error) {
		for chunk := range slices.Chunk(p, 32) {
			if n, err := conn.Write(chunk); err != nil {
				return n, err
			}
		}
		return len(p), nil
	}), []string{"frames/many in one write"}},
	"a write is lost": {writes(func(conn net.Conn, p []byte) (int, error) {
		if bytes.Contains(p, []byte(`"text":"7 7 `)) {
			return len(p), nil
		}
		return conn.Write(p)
	}), []string{"frames/many writers at once"}},
	"messages are inflated": {writes(func(conn net.Conn, p []byte) (int, error) {
		return conn.Write(bytes.ReplaceAll(p, []byte("Sec-Websocket-Accept"), []byte("Sec-Websocket-Extensions: x\r\nSec-Websocket-Accept")))
	}), []string{"frames/compression declined"}},
	"sockets are mixed up":        {mixedUp(), []string{"isolation/two users at once", "isolation/sends after the end", "topics/subscribed, recovered", "mounting/several hubs"}},
	"sockets don't end":           {neverClosed(), []string{"closing/by the server", "closing/client that does not answer", "closing/by the client", "closing/every connection in the end"}},
	"slow readers are waited for": {sockets(func(conn net.Conn, _ adaptertest.Options) net.Conn { return bottomless{conn} }), []string{"limits/slow reader"}},
	"hanging up goes unnoticed":   {sockets(func(conn net.Conn, _ adaptertest.Options) net.Conn { return deaf{conn} }), []string{"closing/client that hangs up"}},
	"claims that don't hold": {flaw{adapter: claims}, []string{
		"mounting/the router's own patterns", "mounting/misuse", "middleware/gzip", "middleware/timeout", "authentication/JWT", "authentication/basic auth", "authentication/session", "mounting/root",
	}},
}

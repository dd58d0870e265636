package chanxfiber_test

import (
	"context"
	"fmt"
	"net"
	neturl "net/url"
	"regexp"
	"strings"
	"testing"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/valyala/fasthttp"
)

// refusing makes a consumer that takes a look at each handshake and refuses it.
func refusing(hub *chanx.Hub, look func(*chanx.Conn)) *chanx.Consumer[*peer] {
	return chanx.NewConsumer(hub, "refused", func(_ context.Context, conn *chanx.Conn) (*peer, error) {
		look(conn)
		return nil, chanx.Errorf(chanx.Forbidden, "not for you")
	}, nil)
}

// request makes a handshake that never leads to a connection.
func request(target string) *fasthttp.RequestCtx {
	var req fasthttp.Request
	req.SetRequestURI(target)
	req.Header.Set("Host", "chanx.test")
	for line := range strings.SplitSeq(strings.TrimSpace(handshake("/", connection)), "\r\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			req.Header.Set(name, value)
		}
	}
	rc := &fasthttp.RequestCtx{}
	rc.Init(&req, &net.TCPAddr{}, nil)
	return rc
}

// A path leads to an address, or to a panic that quotes it.
func FuzzPath(f *testing.F) {
	for _, path := range []string{
		"", "/", "*", "/ws", "/r/:room", "/r/:room?", "/f/:from-:to", "/u/:id<int>", `/d/:d<regex(\d{4})>`, "/files/*", "/+/a/*",
		"/ws/{room}", "/:", ":}", "/:a/:a", "/:path/*", `/a\:b`, "/:id<", "/:id<min(", "/:id<regex([)>", "/:id>", "/:a:b", "/::a", `/\`, "/:a<range(1)>",
	} {
		f.Add(path)
	}
	param := regexp.MustCompile(`\{([^{}]*)\}`)
	f.Fuzz(func(t *testing.T, path string) {
		hub := silentHub()
		defer func() {
			if v := recover(); v != nil && !strings.Contains(fmt.Sprint(v), fmt.Sprintf("%q", path)) {
				t.Errorf("the path %q leads to the panic %v", path, v)
			}
		}()
		app := newApp()
		chanxfiber.Handle(app, path, refusing(hub, func(*chanx.Conn) {}), nil)
		address := hub.Endpoints()[0].Path()
		names := map[string]bool{}
		for _, match := range param.FindAllStringSubmatch(address, -1) {
			names[match[1]] = true
		}
		if !strings.HasPrefix(address, "/") || len(names) != len(app.GetRoutes()[0].Params) || names[""] {
			t.Errorf("the path %q leads to the address %q, with the parameters %q", path, address, app.GetRoutes()[0].Params)
		}
	})
}

// A value is what the client has encoded.
func FuzzValue(f *testing.F) {
	for _, value := range []string{"go", "a b", "a/b", "100%", "%2F", "a+b", "café", "?q#f", "..", ".", "{room}", ":room", "*", "a//b", "\x00", "\xff", "🚪"} {
		f.Add(value)
	}
	var got string
	app := newApp()
	chanxfiber.Handle(app, "/r/:room", refusing(silentHub(), func(conn *chanx.Conn) { got = conn.PathValue("room") }), nil)
	chanxfiber.Handle(app, "/files/*", refusing(silentHub(), func(conn *chanx.Conn) { got = conn.PathValue("path") }), nil)
	serve := app.Handler()
	f.Fuzz(func(t *testing.T, value string) {
		for _, prefix := range []string{"/r/", "/files/"} {
			rc := request(prefix + neturl.PathEscape(value))
			got = ""
			serve(rc)
			status := rc.Response.StatusCode()
			if value != "" && (got != value || status != fasthttp.StatusForbidden) {
				t.Errorf("%s%s has the value %q, and is answered with %d %s", prefix, neturl.PathEscape(value), got, status, rc.Response.Body())
			}
		}
	})
}

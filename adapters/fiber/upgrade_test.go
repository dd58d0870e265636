package chanxfiber_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gofiber/fiber/v2"
	recovery "github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// However the server is set, a handshake leads to a socket that lives, and that
// ends when the consumer ends it.
func TestServers(t *testing.T) {
	for name, c := range map[string]struct {
		config fiber.Config
		server func(*fasthttp.Server)
	}{
		"the usual":          {},
		"DisableKeepalive":   {config: fiber.Config{DisableKeepalive: true}},
		"ReduceMemoryUsage":  {config: fiber.Config{ReduceMemoryUsage: true}},
		"StreamRequestBody":  {config: fiber.Config{StreamRequestBody: true}},
		"Immutable":          {config: fiber.Config{Immutable: true}},
		"timeouts":           {config: fiber.Config{ReadTimeout: 20 * time.Millisecond, WriteTimeout: 20 * time.Millisecond, IdleTimeout: 20 * time.Millisecond}},
		"header names as is": {config: fiber.Config{DisableHeaderNormalizing: true}},
		"MaxRequestsPerConn": {server: func(s *fasthttp.Server) { s.MaxRequestsPerConn = 1 }},
		"MaxConnsPerIP":      {server: func(s *fasthttp.Server) { s.MaxConnsPerIP = 3 }},
		"KeepHijackedConns":  {server: func(s *fasthttp.Server) { s.KeepHijackedConns = true }},
	} {
		t.Run(name, func(t *testing.T) {
			hub, app := newHub(t), newApp(c.config)
			if c.server != nil {
				c.server(app.Server())
			}
			chanxfiber.Handle(app, "/ws", peers(hub, "peers"), nil)
			address := serve(t, app)
			for range 3 {
				r := dialRaw(t, address)
				r.write(handshake("/ws", connection) + masked(question) + masked(question)[:9]) // some of it early
				h := r.upgraded()
				for _, name := range []string{"Connection", "Upgrade", "Sec-Websocket-Accept"} {
					if len(h[name]) != 1 || h.Get("Connection") != "Upgrade" {
						t.Errorf("the answer is %v", h)
					}
				}
				r.replied()
				<-time.After(40 * time.Millisecond)
				r.write(masked(question)[9:])
				r.replied()
				r.write("\x88\x80\x00\x00\x00\x00") // the client closes
				r.ended()
			}
			shut(t, hub)
		})
	}
}

// shut ends a hub, after which nobody is left on it.
func shut(t *testing.T, hub *chanx.Hub) {
	t.Helper()
	if err := hub.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if n := hub.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// On what is no TCP the frames are the same.
func TestTransports(t *testing.T) {
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	for name, listen := range map[string]func() (net.Listener, func() (net.Conn, error)){
		"in memory": func() (net.Listener, func() (net.Conn, error)) {
			l := fasthttputil.NewInmemoryListener()
			return l, l.Dial
		},
		"TLS": func() (net.Listener, func() (net.Conn, error)) {
			l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			return tls.NewListener(l, certified.TLS), func() (net.Conn, error) {
				return (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", l.Addr().String())
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			hub, app := newHub(t), newApp()
			var secure atomic.Bool
			chanxfiber.Handle(app, "/ws", peersWith(hub, "peers", func(_ context.Context, conn *chanx.Conn) error {
				secure.Store(conn.Request().TLS != nil)
				return nil
			}, nil), nil)
			l, dial := listen()
			serveOn(t, app, l)
			conn, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			r := newRaw(t, conn)
			r.write(handshake("/ws", connection) + masked(question) + masked(question)[:20])
			r.upgraded()
			r.replied()
			r.write(masked(question)[20:])
			r.replied()
			r.asks()
			if secure.Load() != (name == "TLS") {
				t.Errorf("the request has a TLS state: %v", secure.Load())
			}
			r.closes(func() { shut(t, hub) })
		})
	}
}

// The core decides what is a handshake, and what it is answered with.
func TestNegotiation(t *testing.T) {
	hub, app := newHub(t), newApp()
	opts := &chanx.ConsumerOptions{Compression: true, Subprotocols: []string{"v2", "v1"}}
	chanxfiber.Handle(app, "/ws", peersWith(hub, "peers", func(context.Context, *chanx.Conn) error { return nil }, opts), nil)
	app.Use("/bare", func(c *fiber.Ctx) error {
		c.Set("Sec-WebSocket-Protocol", "forged")
		c.Set("Sec-WebSocket-Extensions", "forged")
		return c.Next()
	})
	chanxfiber.Handle(app, "/bare", peers(hub, "bare"), nil)
	address := serve(t, app)
	for _, c := range []struct {
		name, target        string
		headers             []string
		protocol, extension string
	}{
		{"nothing", "/ws", []string{connection}, "", ""},
		{"a subprotocol", "/ws", []string{connection, "Sec-WebSocket-Protocol: v0", "Sec-WebSocket-Protocol: v1, v2"}, "v2", ""},
		{"compression", "/ws", []string{connection, "Sec-WebSocket-Extensions: other", "Sec-WebSocket-Extensions: permessage-deflate"}, "", "permessage-deflate"},
		{"on many lines", "/ws", []string{"Connection: keep-alive", "Connection: upgrade", "Upgrade: h2c"}, "", ""},
		{"close", "/ws", []string{connection, "Connection: close"}, "", ""},
		{"forged", "/bare", []string{connection, "Sec-WebSocket-Protocol: v1", "Sec-WebSocket-Extensions: permessage-deflate"}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := dialRaw(t, address)
			r.write(handshake(c.target, c.headers...))
			h := r.upgraded()
			protocol := h.Get("Sec-WebSocket-Protocol")
			extension, _, _ := strings.Cut(h.Get("Sec-WebSocket-Extensions"), ";")
			if protocol != c.protocol || extension != c.extension || h.Get("Sec-WebSocket-Accept") != "C/0nmHhBztSRGR1CwL6Tf4ZjwpY=" {
				t.Errorf("the answer has %v", h)
			}
			r.asks()
		})
	}
}

// What middleware does to the answer once the handler has returned is what the
// client gets, and where that is no 101 nothing runs on the socket.
func TestAnswerOfMiddleware(t *testing.T) {
	for name, c := range map[string]struct {
		after  func(c *fiber.Ctx) error
		status int
		body   string
	}{
		"headers": {func(c *fiber.Ctx) error {
			c.Cookie(&fiber.Cookie{Name: "session", Value: "1"})
			c.Set("X-Served-By", "a")
			return nil
		}, http.StatusSwitchingProtocols, ""},
		"body": {func(c *fiber.Ctx) error {
			c.Response().Header.SetContentType("text/html")
			c.Response().Header.Set("Content-Encoding", "gzip")
			c.Response().SetBodyString("a page")
			return nil
		}, http.StatusSwitchingProtocols, ""},
		"stream": {func(c *fiber.Ctx) error {
			c.Response().SetBodyStream(strings.NewReader("a page"), 6)
			return nil
		}, http.StatusSwitchingProtocols, ""},
		"close":    {func(c *fiber.Ctx) error { c.Context().SetConnectionClose(); return nil }, http.StatusSwitchingProtocols, ""},
		"an error": {func(*fiber.Ctx) error { return errors.New("too late") }, http.StatusInternalServerError, "too late"},
		"a status": {func(c *fiber.Ctx) error { return c.Status(http.StatusTeapot).SendString("tea") }, http.StatusTeapot, "tea"},
		"a stream": {func(c *fiber.Ctx) error { return c.Status(http.StatusOK).SendStream(strings.NewReader("streamed")) }, http.StatusOK, "streamed"},
		"a panic":  {func(*fiber.Ctx) error { panic("too late") }, http.StatusInternalServerError, "too late"},
	} {
		t.Run(name, func(t *testing.T) {
			hub, app := newHub(t), newApp()
			closed := make(chan *chanx.CloseError, 1)
			consumer := peers(hub, "peers")
			chanx.OnClose(consumer, func(_ *peer, _ context.Context, why *chanx.CloseError) { closed <- why })
			after := c.after
			app.Use(recovery.New(), func(c *fiber.Ctx) error {
				if err := c.Next(); err != nil {
					return err
				}
				return after(c)
			})
			chanxfiber.Handle(app, "/ws", consumer, nil)
			r := dialRaw(t, serve(t, app))
			r.write(handshake("/ws", connection))
			resp, body := r.response()
			if resp.StatusCode != c.status || body != c.body {
				t.Fatalf("the answer is %s %q, want %d %q", resp.Status, body, c.status, c.body)
			}
			if c.status == http.StatusSwitchingProtocols {
				for _, name := range []string{"Content-Encoding", "Content-Type", "Content-Length"} {
					if v := resp.Header.Get(name); v != "" {
						t.Errorf("the 101 has %s: %s", name, v)
					}
				}
				if name == "headers" && (resp.Header.Get("Set-Cookie") != "session=1; path=/; SameSite=Lax" || resp.Header.Get("X-Served-By") != "a") {
					t.Errorf("the headers are %v", resp.Header)
				}
				r.asks()
				return
			}
			if why := <-closed; why.Err == nil || !strings.Contains(why.Err.Error(), "middleware") {
				t.Errorf("the session ended with %v", why)
			}
			r.ended()
		})
	}
}

// A handshake whose connection never comes leaves nobody in the hub.
func TestNeverHijacked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, app := newHub(t), newApp()
		closed := make(chan error, 1)
		consumer := peers(hub, "peers")
		chanx.OnClose(consumer, func(_ *peer, _ context.Context, why *chanx.CloseError) { closed <- why })
		chanxfiber.Handle(app, "/ws", consumer, nil)
		var req fasthttp.Request
		req.SetRequestURI("/ws")
		for _, h := range []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA=="} {
			name, value, _ := strings.Cut(h, ": ")
			req.Header.Set(name, value)
		}
		var rc fasthttp.RequestCtx
		rc.Init(&req, &net.TCPAddr{}, nil)
		app.Handler()(&rc)
		if got := rc.Response.StatusCode(); got != http.StatusSwitchingProtocols || hub.Connections() != 1 {
			t.Fatalf("the answer is %d, and there are %d connections", got, hub.Connections())
		}
		began := time.Now()
		if err := <-closed; !strings.Contains(err.Error(), "the upgrade failed") {
			t.Errorf("the session ended with %v", err)
		}
		synctest.Wait()
		if waited := time.Since(began); waited > 20*time.Second || hub.Connections() != 0 {
			t.Errorf("after %v there are %d connections", waited, hub.Connections())
		}
	})
}

// A client that is gone when the answer is written leaves nobody either.
func TestGoneBeforeAnswer(t *testing.T) {
	hub, app := newHub(t), newApp()
	arrived, gone := make(chan struct{}), make(chan struct{})
	chanxfiber.Handle(app, "/ws", peersWith(hub, "peers", func(context.Context, *chanx.Conn) error {
		close(arrived)
		<-gone
		return nil
	}, nil), nil)
	l := fasthttputil.NewInmemoryListener()
	serveOn(t, app, l)
	conn, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	r := newRaw(t, conn)
	r.write(handshake("/ws", connection))
	<-arrived
	r.Close()
	close(gone)
	shut(t, hub)
}

// The server's own close is a close: the client gets the code, and then the end.
func TestCloses(t *testing.T) {
	hub, app := newHub(t), newApp()
	opts := &chanx.ConsumerOptions{Limits: chanx.Limits{MessageBytes: 100}}
	chanxfiber.Handle(app, "/ws", peersWith(hub, "peers", func(context.Context, *chanx.Conn) error { return nil }, opts), nil)
	address := serve(t, app)
	c := chanxtest.DialURL(t, url(address, "/ws"), &chanxtest.DialOptions{Hub: hub})
	c.SendRaw(strings.Repeat("x", 101))
	c.ExpectClose(chanx.CloseTooLarge)
	r := dialRaw(t, address)
	r.write(handshake("/ws", connection))
	r.upgraded()
	r.closes(func() { shut(t, hub) })
}

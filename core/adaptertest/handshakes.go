package adaptertest

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
)

func handshakeCases() []testCase {
	return []testCase{
		{name: "handshake/plain requests", run: plainRequests},
		{name: "handshake/broken", run: brokenHandshakes},
		{name: "handshake/HTTP/1.0", run: http10},
		{name: "handshake/HTTP/2", run: http2},
		{name: "handshake/TLS", run: overTLS},
		{name: "handshake/origins", run: origins},
		{name: "handshake/subprotocols", run: subprotocols},
		{name: "handshake/headers and cookies of middleware", run: headersOfMiddleware},
		{name: "handshake/frames in the same packet", run: framesWithHandshake},
		{name: "handshake/messages of open", run: messagesOfOpen},
		{name: "handshake/refusal that a browser can read", run: announcedRefusal},
		{name: "handshake/client gone in open", run: goneInOpen},
		{name: "handshake/open that takes too long", run: openTooLong},
		{name: "handshake/on a connection used before", run: usedBefore},
		{name: "handshake/dropped anywhere", run: droppedAnywhere},
	}
}

// plainRequests are told that this is no page.
func plainRequests(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	a := s.request(http.MethodGet, "/ws", nil)
	if a.status != http.StatusUpgradeRequired || a.body != "this is a WebSocket endpoint\n" || a.header.Get("Upgrade") != "websocket" {
		s.Errorf("GET is answered with %d %q, %v", a.status, a.body, a.header)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodHead} {
		a := s.request(method, "/ws", nil)
		if a.status != http.StatusMethodNotAllowed && a.status != http.StatusNotFound && (method != http.MethodHead || a.status != http.StatusUpgradeRequired) {
			s.Errorf("%s is answered with %d", method, a.status)
		}
	}
	s.nobodyLeft()
}

// brokenHandshakes are refused the same way everywhere, and say why.
func brokenHandshakes(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	const (
		upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
		key     = "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n"
		version = "Sec-WebSocket-Version: 13\r\n"
	)
	for _, c := range []struct {
		lines  string
		status int
		text   string
	}{
		{upgrade + version + key, http.StatusSwitchingProtocols, ""},
		{version + key, http.StatusUpgradeRequired, "this is a WebSocket endpoint\n"},
		{"Connection: Upgrade\r\nUpgrade: h2c\r\n" + version + key, http.StatusUpgradeRequired, "this is a WebSocket endpoint\n"},
		{upgrade + key, http.StatusUpgradeRequired, "only version 13 of the WebSocket protocol is supported\n"},
		{upgrade + key + "Sec-WebSocket-Version: 8\r\n", http.StatusUpgradeRequired, "only version 13 of the WebSocket protocol is supported\n"},
		{upgrade + version, http.StatusBadRequest, "the handshake needs one Sec-WebSocket-Key header\n"},
		{upgrade + version + key + key, http.StatusBadRequest, "the handshake needs one Sec-WebSocket-Key header\n"},
		{upgrade + version + "Sec-WebSocket-Key: AQID\r\n", http.StatusBadRequest, "Sec-WebSocket-Key is not 16 bytes in base64\n"},
	} {
		client := s.connect()
		client.write("GET /ws HTTP/1.1\r\nHost: " + s.address + "\r\n" + c.lines + "\r\n")
		a := client.answered()
		if a.status != c.status || a.body != c.text {
			s.Errorf("%q is answered with %d %q, want %d %q", c.lines, a.status, a.body, c.status, c.text)
		}
		if strings.Contains(c.text, "version 13") && a.header.Get("Sec-WebSocket-Version") != "13" {
			s.Errorf("%q is not told the version: %v", c.lines, a.header)
		}
		client.drop()
	}
	s.nobodyLeft()
}

func http10(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	c := s.connect()
	c.write(strings.Replace(handshake(s.address, "/ws"), "HTTP/1.1", "HTTP/1.0", 1))
	if a := c.answered(); a.status != http.StatusUpgradeRequired {
		s.Errorf("it is answered with %d %s", a.status, a.body)
	}
	s.nobodyLeft()
}

// secure makes a site serve TLS with these protocols, and returns what a client
// needs.
func (s *site) secure(protocols ...string) *tls.Config {
	s.Helper()
	certificate, roots := selfSigned(s.kit)
	l, err := new(net.ListenConfig).Listen(s.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatalf("listen: %v", err)
	}
	s.address = l.Addr().String()
	s.startOn(tls.NewListener(l, &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}, NextProtos: protocols,
	}))
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, NextProtos: protocols}
}

// HTTP/2 has no such handshake: whoever tries gets an answer.
func http2(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	transport := &http.Transport{TLSClientConfig: s.secure("h2", "http/1.1"), ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(s.Context(), s.patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+s.address+"/ws", nil)
	if err != nil {
		s.Fatalf("%v", err)
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		s.Fatalf("%v", err)
	}
	defer response.Body.Close()
	if response.ProtoMajor != 2 || response.StatusCode != http.StatusUpgradeRequired {
		s.Errorf("%s %s", response.Proto, response.Status)
	}
}

func overTLS(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	config := s.secure("http/1.1")
	dialer := &tls.Dialer{Config: config}
	dial := func() *client {
		conn, err := dialer.DialContext(s.Context(), "tcp", s.address)
		if err != nil {
			s.Fatalf("connect: %v", err)
		}
		c := s.clientOn(conn)
		c.write(handshake(s.address, "/ws") + string(masked(fin|opText, []byte(`{"action":"echo","ref":"1","payload":{"text":"early"}}`))))
		if a := c.answered(); a.status != http.StatusSwitchingProtocols {
			s.Fatalf("the handshake was answered with %d", a.status)
		}
		c.expect(`{"ref":"1","action":"echo","payload":{"text":"early"}}`)
		return c
	}
	one, two := dial(), dial()
	long := strings.Repeat("é", 20_000)
	for range 10 {
		one.echoed(long)
	}
	one.send(`{"action":"say","payload":{"text":"hello"}}`)
	for _, c := range []*client{one, two} {
		c.expect(`{"action":"said","payload":{"text":"hello"}}`)
	}
	one.close(1000)
	one.ends(1000)
	two.drop()
	s.nobodyLeft()
}

// Browsers may connect from the same host, and from where the options say.
func origins(k *kit) {
	s := k.site(siteOptions{hub: chanx.HubOptions{Origins: []string{"https://app.example.com", "*.good.com"}}})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.mount(s, "/open", s.peers("open", &hooks{options: chanx.ConsumerOptions{Origins: []string{"*"}}}), nil)
	s.start()
	host, _, _ := net.SplitHostPort(s.address)
	for _, c := range []struct {
		origin string
		ok     bool
	}{
		{"", true},
		{"http://" + s.address, true},
		{"https://" + s.address, true},
		{"http://" + host, false},
		{"http://" + host + ":1", false},
		{"https://app.example.com", true},
		{"http://app.example.com", false},
		{"https://app.example.com:8443", false},
		{"https://app.example.com.evil.com", false},
		{"https://a.good.com", true},
		{"https://a.good.com:8443", false},
		{"https://good.com", false},
		{"https://evilgood.com", false},
		{"null", false},
		{"https://evil.com", false},
	} {
		var header []string
		if c.origin != "" {
			header = []string{"Origin: " + c.origin}
		}
		if c.ok {
			s.open("/ws", header...).drop()
			continue
		}
		s.isError(s.refused("/ws", http.StatusForbidden, header...), chanx.Forbidden,
			fmt.Sprintf("the origin %q may not connect to %q", c.origin, s.address))
		s.open("/open", header...).drop()
	}
	s.nobodyLeft()
}

func subprotocols(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", &hooks{options: chanx.ConsumerOptions{Subprotocols: []string{"chat.v2", "chat.v1", "bearer.*"}}}), nil)
	s.mount(s, "/none", s.peers("none", nil), nil)
	s.start()
	for _, c := range []struct{ target, offered, want string }{
		{"/ws", "", ""},
		{"/ws", "chat.v1", "chat.v1"},
		{"/ws", "chat.v1, chat.v2", "chat.v2"},
		{"/ws", "other, bearer.a-token", "bearer.a-token"},
		{"/ws", "other", ""},
		{"/none", "chat.v1", ""},
	} {
		var header []string
		if c.offered != "" {
			header = []string{"Sec-WebSocket-Protocol: " + c.offered}
		}
		client := s.open(c.target, header...)
		if got := strings.Join(client.header.Values("Sec-WebSocket-Protocol"), "|"); got != c.want {
			s.Errorf("of %q %s takes %q, want %q", c.offered, c.target, got, c.want)
		}
		client.echoed("hello")
	}
}

// Headers that middleware sets go out with the 101, as with any answer; those of
// the handshake are its own.
func headersOfMiddleware(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s.Group("", func(c Context, next func() error) error {
		c.SetHeader("X-Served-By", "a")
		c.SetHeader("Set-Cookie", "session=1; Path=/")
		c.SetHeader("Content-Type", "text/html")
		c.SetHeader("Content-Encoding", "br")
		return next()
	}), "/ws", s.peers("peers", nil), nil)
	s.start()
	c := s.open("/ws")
	if h := c.header; h.Get("X-Served-By") != "a" || h.Get("Set-Cookie") != "session=1; Path=/" {
		s.Errorf("the headers are %v", h)
	}
	if h := c.header; !strings.EqualFold(h.Get("Upgrade"), "websocket") || h.Get("Sec-WebSocket-Accept") != "C/0nmHhBztSRGR1CwL6Tf4ZjwpY=" {
		s.Errorf("the headers of the handshake are %v", h)
	}
	for _, name := range []string{"Content-Encoding", "Content-Type", "Content-Length", "Transfer-Encoding"} {
		if v, ok := c.header[name]; ok {
			s.Errorf("the 101 has a %s: %q", name, v)
		}
	}
	c.echoed("hello")
}

// A client may send before it has the answer: nothing of that is lost, and there
// may be a lot of it.
func framesWithHandshake(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	for _, n := range []int{1, 2, 500} {
		var early strings.Builder
		var want []string
		for i := range n {
			early.Write(masked(fin|opText, fmt.Appendf(nil, `{"action":"echo","ref":"%d","payload":{"text":"early"}}`, i)))
			want = append(want, fmt.Sprintf(`{"ref":"%d","action":"echo","payload":{"text":"early"}}`, i))
		}
		c := s.connect()
		c.br = bufio.NewReaderSize(c.conn, 64<<10)
		c.write(handshake(s.address, "/ws") + early.String())
		if a := c.answered(); a.status != http.StatusSwitchingProtocols {
			s.Fatalf("the handshake was answered with %d", a.status)
		}
		c.expect(want...)
		c.echoed("later")
		c.drop()
	}
}

// What open sends goes out right after the 101.
func messagesOfOpen(k *kit) {
	s := k.site(siteOptions{})
	c := s.peers("peers", &hooks{open: func(ctx context.Context, conn *chanx.Conn) error {
		return conn.Send(ctx, said{"welcome to " + conn.PathValue("room")})
	}})
	s.mount(s, "/rooms/{room}", c, nil)
	s.start()
	for _, room := range []string{"a", "b"} {
		s.open("/rooms/" + room).expect(`{"action":"said","payload":{"text":"welcome to ` + room + `"}}`)
	}
}

func announcedRefusal(k *kit) {
	s := k.site(siteOptions{})
	options := chanx.ConsumerOptions{AnnounceAuthentication: true}
	s.mount(s, "/in", s.peers("in", &hooks{options: options, open: func(_ context.Context, conn *chanx.Conn) error {
		conn.Authenticated("ann")
		return nil
	}}), nil)
	s.mount(s, "/out", s.peers("out", &hooks{options: options}), func(Context) (any, error) {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	})
	s.start()
	s.open("/in").expect(`{"action":"authentication","payload":{"status_code":200,"status_text":"OK","data":"ann"}}`)
	c := s.open("/out")
	c.expect(`{"action":"authentication","payload":{"status_code":401,"status_text":"Unauthorized","data":null}}`)
	c.ends(int(chanx.CloseUnauthenticated))
}

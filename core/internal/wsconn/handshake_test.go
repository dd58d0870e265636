package wsconn_test

import (
	"bufio"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chanx-go/chanx/core/internal/wsconn"
)

func TestCheckRequest(t *testing.T) {
	tests := []struct {
		name   string
		change func(*http.Request)
		status int
		header string
	}{
		{"good", func(*http.Request) {}, 0, ""},
		{"tokens in a list", func(r *http.Request) {
			r.Header["Connection"] = []string{"keep-alive, UPGRADE"}
			r.Header["Upgrade"] = []string{"h2c", "WebSocket"}
		}, 0, ""},
		{"plain GET", func(r *http.Request) { r.Header = http.Header{} }, 426, "Upgrade"},
		{"POST", func(r *http.Request) { r.Method = "POST" }, 405, "Allow"},
		{"HTTP/1.0", func(r *http.Request) { r.ProtoMinor = 0 }, 426, "Upgrade"},
		{"HTTP/2", func(r *http.Request) { r.ProtoMajor, r.ProtoMinor = 2, 0 }, 426, "Upgrade"},
		{"no Connection", func(r *http.Request) { r.Header.Del("Connection") }, 426, "Upgrade"},
		{"no Upgrade", func(r *http.Request) { r.Header.Del("Upgrade") }, 426, "Upgrade"},
		{"upgrade to something else", func(r *http.Request) { r.Header.Set("Upgrade", "h2c") }, 426, "Upgrade"},
		{"version 8", func(r *http.Request) { r.Header.Set("Sec-WebSocket-Version", "8") }, 426, "Sec-Websocket-Version"},
		{"no key", func(r *http.Request) { r.Header.Del("Sec-WebSocket-Key") }, 400, ""},
		{"two keys", func(r *http.Request) { r.Header.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==") }, 400, ""},
		{"short key", func(r *http.Request) { r.Header.Set("Sec-WebSocket-Key", "YWJj") }, 400, ""},
		{"key not in base64", func(r *http.Request) { r.Header.Set("Sec-WebSocket-Key", "?") }, 400, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t)
			tt.change(r)
			err := wsconn.CheckRequest(r)
			status, header := 0, http.Header{}
			if he, ok := errors.AsType[*wsconn.HandshakeError](err); ok {
				status, header = he.Status, he.Header
			}
			if status != tt.status || (err == nil) != (status == 0) || tt.header != "" && header[tt.header] == nil {
				t.Errorf("CheckRequest: %v with headers %v, want status %d with %q", err, header, tt.status, tt.header)
			}
			if err == nil {
				return
			}
			// Upgrade asks the same, before it touches the connection.
			if _, uerr := wsconn.Upgrade(httptest.NewRecorder(), r, wsconn.Options{}); uerr == nil || uerr.Error() != err.Error() {
				t.Errorf("Upgrade: %v, want %v", uerr, err)
			}
		})
	}
}

func TestUpgradeResponse(t *testing.T) {
	o := wsconn.Options{Subprotocol: "b", Compression: true, Header: http.Header{
		"Set-Cookie":           {"a=1; Path=/", "b=2"},
		"X-Injected":           {"one\r\nX-Two: two"},
		"Content-Encoding":     {"gzip"},
		"Content-Length":       {"7"},
		"connection":           {"close"},
		"Sec-WebSocket-Accept": {"forged"},
	}}
	s := open(t, "tcp", o, "")
	want := http.Header{
		"Upgrade":                  {"websocket"},
		"Connection":               {"Upgrade"},
		"Sec-Websocket-Accept":     {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		"Sec-Websocket-Protocol":   {"b"},
		"Sec-Websocket-Extensions": {"permessage-deflate; client_no_context_takeover; server_no_context_takeover"},
		"Set-Cookie":               {"a=1; Path=/", "b=2"},
		"X-Injected":               {"one  X-Two: two"},
	}
	if s.head.StatusCode != 101 {
		t.Errorf("status %s", s.head.Status)
	}
	if d := cmp.Diff(want, s.head.Header); d != "" {
		t.Errorf("headers (-want +got)\n%s", d)
	}
	if !s.c.Compressed() {
		t.Error("not compressed")
	}
}

func TestUpgradeNegotiatesNothingUnasked(t *testing.T) {
	s := open(t, "tcp", wsconn.Options{Subprotocol: "not offered"}, "")
	for _, name := range []string{"Sec-Websocket-Protocol", "Sec-Websocket-Extensions"} {
		if v := s.head.Header[name]; v != nil {
			t.Errorf("%s: %q", name, v)
		}
	}
	if s.c.Compressed() {
		t.Error("compressed")
	}
}

// A 101 that the client does not take is given up after the timeout.
func TestUpgradeTimeout(t *testing.T) {
	server, client := net.Pipe()
	defer func() { _ = client.Close() }()
	_, err := wsconn.Upgrade(&writer{nc: server}, request(t), wsconn.Options{Timeout: time.Millisecond})
	if ne, ok := errors.AsType[net.Error](err); !ok || !ne.Timeout() {
		t.Fatalf("Upgrade: %v", err)
	}
	if _, err := server.Write(nil); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the connection is open: %v", err)
	}
}

type buffering struct{ http.ResponseWriter }

func (buffering) Write(p []byte) (int, error) { return len(p), nil }
func (buffering) WriteHeader(int)             {}

type unwrapping struct{ buffering }

func (u unwrapping) Unwrap() http.ResponseWriter { return u.ResponseWriter }

type panicking struct{ buffering }

func (p panicking) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return p.ResponseWriter.(interface{ NotThere() http.Hijacker }).NotThere().Hijack()
}

type failing struct{ buffering }

func (failing) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, errors.New("not today")
}

type lying struct{ buffering }

func (lying) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }

// TestUpgradeBehindMiddleware has the rows of net/http: the client sees a 101
// that works or a clean status, and the error names what is in the way.
func TestUpgradeBehindMiddleware(t *testing.T) {
	wrap := func(w func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
		return func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { h.ServeHTTP(w(rw), r) })
		}
	}
	tests := []struct {
		name string
		mw   func(http.Handler) http.Handler
		want int
		text string // in the error
	}{
		{"nothing", func(h http.Handler) http.Handler { return h }, 101, ""},
		{"MaxBytesHandler", func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 10) }, 101, ""},
		{"TimeoutHandler", func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "") }, 500, "*http.timeoutWriter"},
		{"buffering with Unwrap", wrap(func(w http.ResponseWriter) http.ResponseWriter { return unwrapping{buffering{w}} }), 101, ""},
		{"buffering without Unwrap", wrap(func(w http.ResponseWriter) http.ResponseWriter { return buffering{w} }), 500, "wsconn_test.buffering"},
		{"buffering deep inside", wrap(func(w http.ResponseWriter) http.ResponseWriter { return unwrapping{buffering{buffering{w}}} }), 500,
			"wsconn_test.unwrapping over wsconn_test.buffering"},
		{"Hijack panics", wrap(func(w http.ResponseWriter) http.ResponseWriter { return panicking{buffering{w}} }), 500, "NotThere"},
		{"Hijack fails", wrap(func(w http.ResponseWriter) http.ResponseWriter { return failing{buffering{w}} }), 500, "not today"},
		{"Hijack gives nothing", wrap(func(w http.ResponseWriter) http.ResponseWriter { return lying{buffering{w}} }), 500, "gave no connection"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			failed := make(chan error, 1)
			inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, err := wsconn.Upgrade(w, r, wsconn.Options{})
				failed <- err
				if err != nil {
					w.Header().Set("Test-Status", "500")
					w.WriteHeader(http.StatusInternalServerError)
					return
				}
				defer func() { _ = c.Close() }()
				_ = c.Serve(func(_ bool, p []byte) error {
					_, err := c.Write(append([]byte{0x81, byte(len(p))}, p...), time.Time{})
					return err
				}, nil)
			})
			// The outermost handler sends what the buffering writers swallow.
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tt.mw(inner).ServeHTTP(w, r)
				if w.Header().Get("Test-Status") != "" {
					w.WriteHeader(http.StatusInternalServerError)
				}
			}))
			srv.Config.ErrorLog = log.New(io.Discard, "", 0) // some write a status themselves
			srv.Start()
			defer srv.Close()
			status, echoed := speak(t, srv.Listener.Addr().String())
			err := <-failed
			if status != tt.want {
				t.Errorf("status %d, want %d", status, tt.want)
			}
			if tt.want == 101 {
				if err != nil || echoed != "\x81\x02hi" {
					t.Errorf("echoed %q, error %v", echoed, err)
				}
				return
			}
			he, ok := errors.AsType[*wsconn.HandshakeError](err)
			if !ok || he.Status != 500 || !strings.Contains(err.Error(), tt.text) || strings.Contains(he.Msg, tt.text) {
				t.Errorf("error %v, want %q in it and not in what the client is told", err, tt.text)
			}
		})
	}
}

// speak opens a WebSocket and sends "hi", both at once. It returns the status and
// the first four bytes of what comes back.
func speak(t *testing.T, addr string) (status int, echoed string) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nc.Close() }()
	if _, err := nc.Write(append([]byte(handshake+"\r\n"), frame(0x81, "hi")...)); err != nil {
		t.Fatal(err)
	}
	br := bufio.NewReader(nc)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 101 {
		return resp.StatusCode, ""
	}
	b := make([]byte, 4)
	if _, err := io.ReadFull(br, b); err != nil {
		t.Fatal(err)
	}
	return 101, string(b)
}

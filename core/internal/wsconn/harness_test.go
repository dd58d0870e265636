package wsconn_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chanx-go/chanx/core/internal/wsconn"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := settle(0, func() int { return len(ours()) }); n > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d goroutines left:\n%s\n", n, strings.Join(ours(), "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// ours are the stacks of the goroutines that this package has started.
func ours() []string {
	buf := make([]byte, 1<<20)
	all := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	return slices.DeleteFunc(all, func(s string) bool {
		return !strings.Contains(s, "internal/wsconn") || strings.Contains(s, "TestMain")
	})
}

// settle waits until count is at most want, for five seconds at most, and
// returns the last count.
func settle(want int, count func() int) int {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(5 * time.Second)
	for {
		n := count()
		if n <= want || time.Now().After(end) {
			return n
		}
		<-tick.C
	}
}

// transports are the kinds of connection that everything is tested on.
var transports = []string{"tcp", "unix", "tls", "pipe"}

// onEach runs test on each kind of connection, pipes in a bubble.
func onEach(t *testing.T, test func(t *testing.T, kind string)) {
	for _, kind := range transports {
		t.Run(kind, func(t *testing.T) {
			if kind != "pipe" {
				test(t, kind)
				return
			}
			synctest.Test(t, func(t *testing.T) { test(t, kind) })
		})
	}
}

// pair makes the two ends of a connection.
func pair(t testing.TB, kind string) (server, client net.Conn) {
	t.Helper()
	network, address := kind, "127.0.0.1:0"
	switch kind {
	case "pipe":
		server, client = net.Pipe()
		return server, client
	case "unix":
		dir, err := os.MkdirTemp("", "wsconn") // t.TempDir can be too long for a socket
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		address = filepath.Join(dir, "s")
	case "tls":
		network = "tcp"
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	if client, err = net.Dial(network, ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	if kind == "tls" {
		server = tls.Server(server, certificate(t))
		client = tls.Client(client, &tls.Config{InsecureSkipVerify: true})
	}
	return server, client
}

// certificate borrows the test certificate of net/http.
func certificate(t testing.TB) *tls.Config {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	return &tls.Config{Certificates: s.TLS.Certificates}
}

// writer is a ResponseWriter that gives away a connection, with bytes that came
// with the handshake.
type writer struct {
	http.ResponseWriter
	nc    net.Conn
	early string
}

func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	br := bufio.NewReader(strings.NewReader(w.early))
	if w.early != "" {
		_, _ = br.Peek(len(w.early))
	}
	return w.nc, bufio.NewReadWriter(br, bufio.NewWriter(w.nc)), nil
}

const handshake = "GET /ws HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// request is a good handshake with further header lines.
func request(t testing.TB, lines ...string) *http.Request {
	t.Helper()
	head := handshake
	for _, l := range lines {
		head += l + "\r\n"
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const deflate = "Sec-WebSocket-Extensions: permessage-deflate"

// session is a served connection and the client's raw end of it.
type session struct {
	t      testing.TB
	c      *wsconn.Conn
	client net.Conn
	br     *bufio.Reader
	head   *http.Response
	events chan string
	err    chan error
}

// open upgrades a connection of the given kind, without serving it.
func open(t testing.TB, kind string, o wsconn.Options, early string) *session {
	t.Helper()
	server, client := pair(t, kind)
	s := &session{t: t, client: client, br: bufio.NewReader(client), events: make(chan string, 1<<16), err: make(chan error, 1)}
	type result struct {
		c   *wsconn.Conn
		err error
	}
	done := make(chan result, 1)
	go func() {
		c, err := wsconn.Upgrade(&writer{nc: server, early: early}, request(t, deflate, "Sec-WebSocket-Protocol: a, b"), o)
		done <- result{c, err}
	}()
	var err error
	if s.head, err = http.ReadResponse(s.br, nil); err != nil {
		t.Fatal(err)
	}
	r := <-done
	if r.err != nil {
		t.Fatal(r.err)
	}
	s.c = r.c
	t.Cleanup(func() {
		_ = client.Close()
		_ = s.c.Close()
	})
	return s
}

// serve records what is called, on a goroutine of its own, then says how it ended.
func (s *session) serve(also func(data string) error) {
	go func() {
		s.err <- s.c.Serve(func(binary bool, data []byte) error {
			name := "text"
			if binary {
				name = "binary"
			}
			s.events <- name + " " + short(data)
			if also != nil {
				return also(string(data))
			}
			return nil
		}, func(opcode byte, data []byte) {
			s.events <- fmt.Sprintf("%x %s", opcode, short(data))
		})
	}()
}

// short shows a payload, a long one by its size and a checksum.
func short(p []byte) string {
	if len(p) <= 200 {
		return string(p)
	}
	sum := uint32(0)
	for _, b := range p {
		sum = sum*31 + uint32(b)
	}
	return fmt.Sprintf("%d bytes %08x", len(p), sum)
}

// send writes the stream in chunks of at most n bytes. An error is the server's
// right: it may have had enough.
func (s *session) send(stream []byte, n int) {
	for len(stream) > 0 {
		k := min(n, len(stream))
		if _, err := s.client.Write(stream[:k]); err != nil {
			return
		}
		stream = stream[k:]
	}
}

// transcript is what was called so far.
func (s *session) transcript() []string {
	var all []string
	for len(s.events) > 0 {
		all = append(all, <-s.events)
	}
	return all
}

// frame is a masked frame: first is FIN, RSV and opcode.
func frame(first byte, payload string) []byte {
	b := append(header(first, len(payload)), 1, 2, 3, 4)
	for i := range len(payload) {
		b = append(b, payload[i]^byte(i&3+1))
	}
	return b
}

// header is the head of a masked frame up to the mask.
func header(first byte, n int) []byte {
	switch {
	case n < 126:
		return []byte{first, 0x80 | byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(n))
	}
	return binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, uint64(n))
}

// closing is a close frame.
func closing(code int, reason string) []byte {
	return frame(0x88, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

// deflated is payload as permessage-deflate carries it.
func deflated(payload string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestSpeed)
	_, _ = w.Write([]byte(payload))
	_ = w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// ended describes how Serve ended: code, whether the peer said so, and why.
func ended(err error) string {
	ce, ok := errors.AsType[*wsconn.CloseError](err)
	if !ok {
		return fmt.Sprint(err)
	}
	s := fmt.Sprint(ce.Code)
	if ce.Remote {
		s += " remote"
	}
	if ce.Reason != "" && ce.Remote {
		s += " " + ce.Reason
	}
	return s
}

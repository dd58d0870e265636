package chanx_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// lent is a transport that its owner closes, and nobody else.
type lent struct {
	net.Conn
	closed atomic.Bool
}

func (l *lent) Close() error {
	l.closed.Store(true)
	return l.Conn.Close()
}

// lend opens a connection of a lab, and runs it on a transport that is lent, with
// some bytes read already.
func lend(t *testing.T, l *lab, transport net.Conn, early []byte, headers ...string) (http.Header, <-chan struct{}) {
	t.Helper()
	session, header := accepted(t, l, headers...)
	return header, runOn(session, transport, early)
}

// accepted opens a connection of a lab that waits for its transport.
func accepted(t *testing.T, l *lab, headers ...string) (*chanx.Session, http.Header) {
	t.Helper()
	session, err := l.hub.Endpoints()[0].Open(&chanx.Handshake{Request: upgradeRequest("/ws", headers...)})
	if err != nil {
		t.Fatal(err)
	}
	header, err := session.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return session, header
}

// runOn runs a session until the channel is closed.
func runOn(session *chanx.Session, transport net.Conn, early []byte) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		session.RunConn(transport, nil, early)
	}()
	return done
}

func clientOf(conn net.Conn) *rawClient {
	return &rawClient{conn: conn, br: bufio.NewReader(conn)}
}

// expectFrame reads one frame, in words.
func (c *rawClient) expectFrame(t *testing.T, want string) {
	t.Helper()
	first, data, err := c.readFrame()
	if err != nil {
		t.Fatalf("waiting for %s: %v", want, err)
	}
	if got := describeFrame(first, data); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestRunConn(t *testing.T) {
	transports := map[string]func(t *testing.T) (server, client net.Conn){
		"pipe": func(*testing.T) (net.Conn, net.Conn) { return net.Pipe() },
		"TCP":  tcpPair,
		"TLS":  tlsPair,
	}
	for name, pair := range transports {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, labOptions{})
			server, client := pair(t)
			defer client.Close()
			transport := server
			own := &lent{Conn: server}
			if name == "pipe" {
				transport = own
			}
			early := slices.Concat(maskedFrame(0x81, []byte(`{"ref":"1","action":"ping"}`)), maskedFrame(0x81, []byte(`{"ref":"2","action":"ping"}`))[:7])
			rest := maskedFrame(0x81, []byte(`{"ref":"2","action":"ping"}`))[7:]
			header, done := lend(t, l, transport, early)
			if got := header.Get("Sec-WebSocket-Accept"); got != "C/0nmHhBztSRGR1CwL6Tf4ZjwpY=" {
				t.Errorf("the key is accepted with %q", got)
			}
			c := clientOf(client)
			c.expectFrame(t, `{"ref":"1","action":"pong","payload":null}`)
			if _, err := client.Write(rest); err != nil {
				t.Fatal(err)
			}
			c.expectFrame(t, `{"ref":"2","action":"pong","payload":null}`)
			long := strings.Repeat("x", 40_000)
			if _, err := client.Write(maskedFrame(0x81, []byte(`{"ref":"3","action":"ping","ignored":"`+long+`"}`))); err != nil {
				t.Fatal(err)
			}
			c.expectFrame(t, `{"ref":"3","action":"pong","payload":null}`)
			if _, err := client.Write(maskedFrame(0x88, []byte{0x03, 0xe8})); err != nil {
				t.Fatal(err)
			}
			c.expectFrame(t, "close 1000")
			if name != "pipe" {
				_ = client.Close() // or the server lingers
			}
			<-done
			if own.closed.Load() {
				t.Error("the transport was closed, which is its owner's business")
			}
			_ = server.Close()
		})
	}
}

func tcpPair(t *testing.T) (server, client net.Conn) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err = (&net.Dialer{}).DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return server, client
}

func tlsPair(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	server, client := tcpPair(t)
	return tls.Server(server, certified.TLS), tls.Client(client, &tls.Config{InsecureSkipVerify: true})
}

// The server's close ends everything although nobody but the owner closes the
// transport, and the client does not answer.
func TestRunConnCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{})
		server, client := net.Pipe()
		own := &lent{Conn: server}
		_, done := lend(t, l, own, nil)
		c := clientOf(client)
		go func() {
			_, _ = client.Write(maskedFrame(0x81, []byte(`{"action":"bye","payload":{"code":4000,"reason":"enough"}}`)))
		}()
		began := time.Now()
		first, data, err := c.readFrame()
		if got := describeFrame(first, data); err != nil || !strings.HasPrefix(got, "close ") {
			t.Errorf("got %s, %v", got, err)
		}
		<-done
		if waited := time.Since(began); waited > 6*time.Second || own.closed.Load() {
			t.Errorf("it took %v, and the transport was closed: %v", waited, own.closed.Load())
		}
		_ = own.Close()
		if _, err := io.Copy(io.Discard, client); err != nil {
			t.Error(err)
		}
	})
}

// A session whose upgrade came to nothing is discarded, before or after its
// headers are known.
func TestDiscardAfterAccept(t *testing.T) {
	l := newLab(t, labOptions{consumer: chanx.ConsumerOptions{Compression: true, Subprotocols: []string{"chat"}}})
	session, header := accepted(t, l, "Sec-WebSocket-Protocol: other, chat", "Sec-WebSocket-Extensions: permessage-deflate")
	if header.Get("Sec-WebSocket-Protocol") != "chat" || !strings.HasPrefix(header.Get("Sec-WebSocket-Extensions"), "permessage-deflate") {
		t.Errorf("the headers are %v", header)
	}
	session.Discard(io.ErrUnexpectedEOF)
	if n := l.hub.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// A session can be discarded again, before and after it is run, and while it runs:
// it ends, and what it is run on after that is not used.
func TestDiscardAndRunConn(t *testing.T) {
	for name, order := range map[string]func(discard func(), run func() <-chan struct{}){
		"first":    func(discard func(), run func() <-chan struct{}) { discard(); discard(); <-run() },
		"together": func(discard func(), run func() <-chan struct{}) { done := run(); discard(); <-done; discard() },
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				l := newLab(t, labOptions{})
				server, client := net.Pipe()
				session, _ := accepted(t, l)
				order(func() { session.Discard(io.ErrUnexpectedEOF) }, func() <-chan struct{} { return runOn(session, server, nil) })
				if n := l.hub.Connections(); n != 0 {
					t.Errorf("%d connections are left", n)
				}
				if got := l.journal.take(); len(got) != 1 || !strings.Contains(got[0], "the upgrade failed") {
					t.Errorf("OnClose: %q", got)
				}
				_, _ = server.Close(), client.Close()
			}
		})
	}
}

// undying is a transport without deadlines.
type undying struct{ lent }

func (*undying) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (*undying) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (*undying) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

// Where deadlines wake nobody, a transport that is lent is closed in the end.
func TestRunConnWithoutDeadlines(t *testing.T) {
	l := newLab(t, labOptions{})
	server, client := net.Pipe()
	defer client.Close()
	own := &undying{lent{Conn: server}}
	_, done := lend(t, l, own, maskedFrame(0x81, []byte(`{"ref":"1","action":"ping"}`)))
	<-done // as the answer can't be written
	if n := l.hub.Connections(); n != 0 || !own.closed.Load() {
		t.Errorf("%d connections are left, and the transport was closed: %v", n, own.closed.Load())
	}
}

// A handler that ends the goroutine of RunConn does so once the transport is not
// used any more.
func TestGoexitInRunConn(t *testing.T) {
	l := newLab(t, labOptions{register: func(l *lab) {
		chanx.On(l, func(*client, context.Context, inLane) error { runtime.Goexit(); return nil })
	}})
	server, client := tcpPair(t)
	defer server.Close()
	_, done := lend(t, l, server, nil)
	if _, err := client.Write(maskedFrame(0x81, []byte(`{"action":"in_lane","payload":{"how":""}}`))); err != nil {
		t.Fatal(err)
	}
	clientOf(client).expectFrame(t, "close 1011")
	select {
	case <-done:
		t.Error("RunConn is over while the client may still send")
	case <-time.After(50 * time.Millisecond):
	}
	_ = client.Close()
	<-done
	if n := l.hub.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// What is no handshake is refused before anybody asks who it is.
func TestOpenOfNoHandshake(t *testing.T) {
	l := newLab(t, labOptions{})
	asked := false
	_, err := l.hub.Endpoints()[0].Open(&chanx.Handshake{
		Request:  httptest.NewRequest(http.MethodGet, "/ws", nil),
		Identify: func() (any, error) { asked = true; return nil, nil },
	})
	status, header, body := chanx.Refusal(err)
	if status != http.StatusUpgradeRequired || header.Get("Upgrade") != "websocket" || !bytes.HasPrefix(body, []byte("this is a WebSocket endpoint")) || asked {
		t.Errorf("%d %v %s (asked: %v)", status, header, body, asked)
	}
}

// RunConn writes the answer to the handshake, as far as the client takes it.
func TestRunConnAnswers(t *testing.T) {
	const response = "HTTP/1.1 101 Switching Protocols\r\n\r\n"
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{})
		server, client := net.Pipe()
		session, _ := accepted(t, l)
		go session.RunConn(server, []byte(response), maskedFrame(0x81, []byte(`{"ref":"1","action":"ping"}`)))
		got := make([]byte, len(response))
		if _, err := io.ReadFull(client, got); err != nil || string(got) != response {
			t.Errorf("the answer is %q, %v", got, err)
		}
		clientOf(client).expectFrame(t, `{"ref":"1","action":"pong","payload":null}`)
		_ = client.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{})
		server, client := net.Pipe()
		defer client.Close()
		session, _ := accepted(t, l)
		began := time.Now()
		session.RunConn(server, []byte(response), nil)
		if waited := time.Since(began); waited != 15*time.Second || l.hub.Connections() != 0 {
			t.Errorf("after %v there are %d connections", waited, l.hub.Connections())
		}
		if got := l.journal.take(); len(got) != 1 || !strings.Contains(got[0], "the upgrade failed") {
			t.Errorf("OnClose: %q", got)
		}
	})
}

// A session whose connection is never handed over does not wait for it for ever, and
// one that is handed over too late is not run.
func TestSessionThatIsNeverRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{})
		session, _ := accepted(t, l)
		<-time.After(14 * time.Second)
		if n := l.hub.Connections(); n != 1 {
			t.Errorf("%d connections wait", n)
		}
		<-time.After(2 * time.Second)
		if n := l.hub.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
		session.RunConn(nil, nil, nil) // does not touch what it is given
		if got := l.journal.take(); len(got) != 1 || !strings.Contains(got[0], "the upgrade failed") {
			t.Errorf("OnClose: %q", got)
		}
	})
}

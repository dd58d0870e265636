package chanxfiber_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw is a client made of bytes.
type raw struct {
	net.Conn

	t  *testing.T
	br *bufio.Reader
}

// handshake is a request that asks for a WebSocket. Headers are whole lines.
func handshake(target string, headers ...string) string {
	lines := append([]string{
		"GET " + target + " HTTP/1.1", "Host: chanx.test", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==",
	}, headers...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// connection is the header that most handshakes have.
const connection = "Connection: Upgrade"

func dialRaw(t *testing.T, address string) *raw {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return newRaw(t, conn)
}

func newRaw(t *testing.T, conn net.Conn) *raw {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &raw{conn, t, bufio.NewReader(conn)}
}

func (r *raw) write(text string) {
	r.t.Helper()
	if _, err := io.WriteString(r.Conn, text); err != nil {
		r.t.Fatal(err)
	}
}

// response reads the answer to a request, with its body unless it is a 101.
func (r *raw) response() (*http.Response, string) {
	r.t.Helper()
	resp, err := http.ReadResponse(r.br, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, string(body)
}

// upgraded fails the test where the answer is not a 101.
func (r *raw) upgraded() http.Header {
	r.t.Helper()
	resp, body := r.response()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatalf("the answer is %s %s", resp.Status, body)
	}
	return resp.Header
}

// masked is a short text message as clients send it, with a mask that changes
// nothing.
func masked(text string) string {
	return "\x81" + string([]byte{0x80 | byte(len(text)), 0, 0, 0, 0}) + text
}

const (
	question = `{"action":"ask","ref":"1","payload":{}}`
	reply    = `{"ref":"1","action":"answer","payload":{`
)

// replied reads one frame, which has to be the answer to the question.
func (r *raw) replied() {
	r.t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(r.br, head); err != nil {
		r.t.Fatal(err)
	}
	text := make([]byte, int(head[1]&0x7f))
	if _, err := io.ReadFull(r.br, text); err != nil {
		r.t.Fatal(err)
	}
	if head[0] != 0x81 || !strings.HasPrefix(string(text), reply) {
		r.t.Fatalf("got %x %q", head, text)
	}
}

// asks sends the question and expects the answer.
func (r *raw) asks() {
	r.t.Helper()
	r.write(masked(question))
	r.replied()
}

// ended expects the connection's end.
func (r *raw) ended() {
	r.t.Helper()
	if rest, err := io.ReadAll(r.br); err != nil {
		r.t.Errorf("the connection did not end: %q, %v", rest, err)
	}
}

// closes expects a close frame while the server shuts down, answers it, and
// expects the end.
func (r *raw) closes(shut func()) {
	r.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		shut()
	}()
	head := make([]byte, 2)
	if _, err := io.ReadFull(r.br, head); err != nil || head[0] != 0x88 {
		r.t.Fatalf("got %x, %v, want a close frame", head, err)
	}
	if _, err := r.br.Discard(int(head[1])); err != nil {
		r.t.Fatal(err)
	}
	r.write("\x88\x82\x00\x00\x00\x00\x03\xf4")
	<-done
	r.ended()
}

package adaptertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Opcodes of RFC 6455.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
	fin            = 0x80
	compressed     = 0x40
)

// client is a WebSocket client made of bytes: it does what other clients can't,
// such as not to read, not to answer, or to send half a frame. It is for one
// goroutine at a time.
type client struct {
	*site

	conn   net.Conn
	br     *bufio.Reader
	header http.Header // of the answer to the handshake
	mute   bool        // neither pings nor close frames are answered
}

// handshake is a handshake request. Headers are whole lines.
func handshake(host, target string, headers ...string) string {
	return strings.Join(append([]string{
		"GET " + target + " HTTP/1.1", "Host: " + host, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==",
	}, headers...), "\r\n") + "\r\n\r\n"
}

// connect opens a connection, over which nothing has gone yet.
func (s *site) connect() *client {
	s.Helper()
	c, err := s.tryConnect()
	if err != nil {
		s.Fatalf("connect: %v", err)
	}
	return c
}

func (s *site) tryConnect() (*client, error) {
	conn, err := (&net.Dialer{Timeout: s.patience}).DialContext(context.Background(), "tcp", s.address)
	if err != nil {
		return nil, err
	}
	return s.clientOn(conn), nil
}

func (s *site) clientOn(conn net.Conn) *client {
	c := &client{site: s, conn: conn, br: bufio.NewReader(conn)}
	s.Cleanup(c.drop)
	c.within(c.patience)
	return c
}

// drop ends the connection without a word.
func (c *client) drop() { _ = c.conn.Close() }

// within bounds what the client reads and writes next.
func (c *client) within(d time.Duration) { _ = c.conn.SetDeadline(time.Now().Add(d)) }

// write sends bytes.
func (c *client) write(text string) {
	c.Helper()
	c.within(c.patience)
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.Fatalf("write: %v", err)
	}
}

// answered reads the answer to a request.
func (c *client) answered() answer {
	c.Helper()
	r, err := http.ReadResponse(c.br, nil)
	if err != nil {
		c.Fatalf("the request was not answered: %v", err)
	}
	c.header = r.Header
	if r.StatusCode == http.StatusSwitchingProtocols {
		return answer{status: r.StatusCode, header: r.Header}
	}
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		c.Fatalf("the answer %s is not whole: %v", r.Status, err)
	}
	return answer{r.StatusCode, r.Header, string(body)}
}

// open makes a handshake, which has to succeed. Headers are whole lines.
func (s *site) open(target string, headers ...string) *client {
	s.Helper()
	c := s.connect()
	c.write(handshake(s.address, target, headers...))
	if a := c.answered(); a.status != http.StatusSwitchingProtocols {
		s.Fatalf("the handshake with %s was answered with %d %s", target, a.status, a.body)
	}
	return c
}

// refused makes a handshake, which has to be refused, with that status where it
// isn't 0.
func (s *site) refused(target string, status int, headers ...string) answer {
	s.Helper()
	c := s.connect()
	defer c.drop()
	c.write(handshake(s.address, target, headers...))
	a := c.answered()
	if status != 0 && a.status != status || a.status == http.StatusSwitchingProtocols {
		s.Fatalf("the handshake with %s was answered with %d %s, want %d", target, a.status, a.body, status)
	}
	return a
}

// lines turns headers into lines.
func lines(header http.Header) []string {
	var all []string
	for name, values := range header {
		for _, v := range values {
			all = append(all, name+": "+v)
		}
	}
	return all
}

// send sends text messages.
func (c *client) send(texts ...string) {
	c.Helper()
	for _, text := range texts {
		c.frame(fin|opText, []byte(text))
	}
}

// frame sends one frame; first is its first byte.
func (c *client) frame(first byte, data []byte) {
	c.Helper()
	c.write(string(masked(first, data)))
}

// close sends a close frame.
func (c *client) close(code int) {
	c.Helper()
	c.frame(fin|opClose, binary.BigEndian.AppendUint16(nil, uint16(code)))
}

// masked makes a frame as clients send it.
func masked(first byte, data []byte) []byte {
	b := []byte{first}
	switch n := len(data); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	b = append(b, mask[:]...)
	for i, x := range data {
		b = append(b, x^mask[i%4])
	}
	return b
}

// readFrame reads one frame of the server's.
func (c *client) readFrame() (first byte, data []byte, err error) {
	c.within(c.patience)
	head := make([]byte, 2)
	if _, err = io.ReadFull(c.br, head); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1])
	extended := map[uint64]int{126: 2, 127: 8}[size]
	if extended > 0 {
		ext := make([]byte, 8)
		if _, err = io.ReadFull(c.br, ext[8-extended:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(ext)
	}
	if size > 64<<20 {
		return 0, nil, fmt.Errorf("a frame of %d bytes, or what is none", size)
	}
	data = make([]byte, size)
	_, err = io.ReadFull(c.br, data)
	return head[0], data, err
}

// describe puts a frame into words: a text is itself.
func describe(first byte, data []byte) string {
	switch {
	case first == fin|opText:
		return string(data)
	case first == fin|opClose && len(data) >= 2:
		return strings.TrimSpace(fmt.Sprintf("close %d %s", binary.BigEndian.Uint16(data), data[2:]))
	case first == fin|opClose:
		return "close"
	case first == fin|opPing:
		return strings.TrimSpace("ping " + string(data))
	case first == fin|opPong:
		return strings.TrimSpace("pong " + string(data))
	}
	return fmt.Sprintf("frame %#x %x", first, data)
}

// follow reads until the connection ends, as a client does that behaves, and ends
// it too.
func (c *client) follow() {
	defer c.drop()
	for {
		first, data, err := c.readFrame()
		if err != nil {
			return
		}
		c.obey(first, data)
	}
}

// obey answers a frame where clients have to.
func (c *client) obey(first byte, data []byte) {
	switch {
	case c.mute:
	case first == fin|opPing:
		_, _ = c.conn.Write(masked(fin|opPong, data))
	case first == fin|opClose:
		_, _ = c.conn.Write(masked(fin|opClose, data[:min(2, len(data))]))
	}
}

// next returns the next frame in words, and answers it where clients have to.
// "end" stands for the end of the connection.
func (c *client) next() string {
	c.Helper()
	first, data, err := c.readFrame()
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		c.Fatalf("nothing came")
	}
	if err != nil {
		return "end"
	}
	c.obey(first, data)
	return describe(first, data)
}

// expect reads frames, which have to be these.
func (c *client) expect(want ...string) {
	c.Helper()
	for _, w := range want {
		if got := c.next(); got != w {
			c.Fatalf("got %s, want %s", brief(got), brief(w))
		}
	}
}

// ends expects a close frame with that code, and the connection's end after it.
func (c *client) ends(code int) {
	c.Helper()
	if got, want := c.next(), fmt.Sprintf("close %d", code); !strings.HasPrefix(got, want) {
		c.Fatalf("got %s, want %s", brief(got), want)
	}
	c.expect("end")
}

// brief shortens a text for a failure's message.
func brief(text string) string {
	if len(text) > 200 {
		return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:200], ""), len(text))
	}
	return text
}

// expectNothing fails the test if something comes, or the connection ends, within
// d.
func (c *client) expectNothing(d time.Duration) {
	c.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(d))
	defer c.within(c.patience)
	b, err := c.br.Peek(1)
	if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
		c.Fatalf("got %q, %v, want nothing", b, err)
	}
}

// reply is a frame of the server's.
type reply struct {
	Action  string          `json:"action"`
	Ref     string          `json:"ref"`
	Payload json.RawMessage `json:"payload"`
}

// ask sends a message and returns what answers it.
func ask[Out any](c *client, message string, payload any) Out {
	c.Helper()
	out, err := askFor[Out](c, message, payload)
	if err != nil {
		c.Fatalf("%v", err)
	}
	return out
}

// askFor is ask for goroutines of a test's.
func askFor[Out any](c *client, message string, payload any) (out Out, err error) {
	p, err := json.Marshal(payload)
	if err != nil {
		return out, err
	}
	if _, err := c.conn.Write(masked(fin|opText, fmt.Appendf(nil, `{"action":%q,"ref":"ask","payload":%s}`, message, p))); err != nil {
		return out, fmt.Errorf("%s: %w", message, err)
	}
	for {
		first, data, err := c.readFrame()
		if err != nil {
			return out, fmt.Errorf("%s: %w", message, err)
		}
		text := describe(first, data)
		if c.obey(first, data); first == fin|opPing {
			continue
		}
		var r reply
		if err := json.Unmarshal(data, &r); err != nil || first != fin|opText {
			return out, fmt.Errorf("%s: got %s", message, brief(text))
		}
		if r.Ref != "ask" {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(r.Payload))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&out); err != nil {
			return out, fmt.Errorf("%s: got %s: %w", message, brief(text), err)
		}
		return out, nil
	}
}

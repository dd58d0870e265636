package chanx_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/chanx-go/chanx/core/internal/pipenet"
)

// Opcodes of RFC 6455.
const (
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xA
	fin      = 0x80
)

// rawClient is a client made of bytes: it does what other clients can't, such as
// not to read, not to answer, or to send half a frame. It works in bubbles.
type rawClient struct {
	t      testing.TB
	conn   net.Conn
	br     *bufio.Reader
	header http.Header // of the answer to the handshake
	out    chan []byte
	done   chan struct{}
	tasks  sync.WaitGroup

	mu    sync.Mutex
	seen  []string // what came and was not taken yet
	pongs bool     // pings are answered
	over  bool     // the server has ended the connection
}

// serveMemory serves a handler in memory until the test ends.
func serveMemory(t testing.TB, h http.Handler) *pipenet.Listener {
	t.Helper()
	l := pipenet.Listen()
	server := &http.Server{Handler: h}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return l
}

// dialRaw opens a connection that does not read yet: see rawClient.read. Headers
// are whole lines.
func dialRaw(t testing.TB, h http.Handler, path string, headers ...string) *rawClient {
	t.Helper()
	conn, err := serveMemory(t, h).Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return handshakeRaw(t, conn, path, headers...)
}

func handshakeRaw(t testing.TB, conn net.Conn, path string, headers ...string) *rawClient {
	t.Helper()
	c := &rawClient{
		t: t, conn: conn, br: bufio.NewReaderSize(conn, 16), pongs: true,
		out: make(chan []byte, 1<<16), done: make(chan struct{}),
	}
	t.Cleanup(c.drop)
	lines := append([]string{
		"GET " + path + " HTTP/1.1", "Host: chanx.test", "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==",
	}, headers...)
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(c.br, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(r.Body)
		t.Fatalf("handshake: %s %s", r.Status, body)
	}
	c.header = r.Header
	c.tasks.Go(c.writeLoop)
	return c
}

// openRaw is dialRaw with a client that reads.
func openRaw(t testing.TB, h http.Handler, path string, headers ...string) *rawClient {
	t.Helper()
	c := dialRaw(t, h, path, headers...)
	c.read()
	return c
}

// writeLoop writes what send and its like queue, so that a test never waits for a
// server that doesn't read.
func (c *rawClient) writeLoop() {
	for {
		select {
		case b := <-c.out:
			if _, err := c.conn.Write(b); err != nil {
				return
			}
		case <-c.done:
			return
		}
	}
}

// send sends text messages.
func (c *rawClient) send(texts ...string) {
	for _, text := range texts {
		c.frame(fin|opText, []byte(text))
	}
}

// frame sends one frame; first is its first byte.
func (c *rawClient) frame(first byte, data []byte) { c.out <- maskedFrame(first, data) }

// close sends a close frame.
func (c *rawClient) close(code int, reason string) {
	c.frame(fin|opClose, append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...))
}

// maskedFrame makes a frame as clients send it.
func maskedFrame(first byte, data []byte) []byte {
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

// read begins to read.
func (c *rawClient) read() {
	c.tasks.Go(func() {
		for {
			first, data, err := c.readFrame()
			c.mu.Lock()
			if err != nil {
				c.over = true
				if !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) {
					c.seen = append(c.seen, "end")
				}
				c.mu.Unlock()
				return
			}
			c.seen = append(c.seen, describeFrame(first, data))
			pongs := c.pongs
			c.mu.Unlock()
			switch {
			case first == fin|opPing && pongs:
				c.frame(fin|opPong, data)
			case first == fin|opClose && pongs:
				c.frame(fin|opClose, data[:min(2, len(data))])
			}
		}
	})
}

// readFrame reads one frame of the server's.
func (c *rawClient) readFrame() (first byte, data []byte, err error) {
	head := make([]byte, 2)
	if _, err = io.ReadFull(c.br, head); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1])
	switch size {
	case 126:
		ext := make([]byte, 2)
		if _, err = io.ReadFull(c.br, ext); err != nil {
			return 0, nil, err
		}
		size = uint64(binary.BigEndian.Uint16(ext))
	case 127:
		ext := make([]byte, 8)
		if _, err = io.ReadFull(c.br, ext); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(ext)
	}
	if size > 64<<20 {
		return 0, nil, fmt.Errorf("a frame of %d bytes", size)
	}
	data = make([]byte, size)
	_, err = io.ReadFull(c.br, data)
	return head[0], data, err
}

// describeFrame puts a frame into words: a text is itself.
func describeFrame(first byte, data []byte) string {
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

// take returns what has come, once nothing moves any more, in a bubble. "end"
// stands for the end of the connection.
func (c *rawClient) take() []string {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen
	c.seen = nil
	return seen
}

// silent makes the client answer neither pings nor close frames.
func (c *rawClient) silent() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pongs = false
}

// ended says whether the server has ended the connection.
func (c *rawClient) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

// drop ends the connection without a word.
func (c *rawClient) drop() {
	select {
	case <-c.done:
	default:
		close(c.done)
	}
	_ = c.conn.Close()
	c.tasks.Wait()
}

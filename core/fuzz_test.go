package chanx_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// frameSeeds are frames of every kind.
var frameSeeds = []string{
	`{"action":"ping"}`, `{"ref":"1","action":"ping","payload":null}`, `{"action":"echo","payload":{"text":"x","n":1}}`,
	`{"version":1,"topic":"room:5","ref":"\u0041","action":"subscribe"}`, `{"action":"anything","payload":{"value":[1e400,{"a":{}}]}}`,
	`{"action":"stream_cancel","ref":"1"}`, `{"action":"nothing"}`, `{"version":2}`, `[]`, `null`, ``, `{"action":"ping","action":"ping"}`,
	"{\"action\":\"\xff\"}", `{"action":"echo","payload":{"text":"\ud800"}}`, strings.Repeat("[", 300), `{"action":1,"ref":null,"topic":[],"version":1.5}`,
	`{"action":"authentication","ref":"1","payload":{"token":"a"}}`, `{"action":"note","payload":{"text":"a"}}`, `{"action":"fail","payload":{"how":"panic"}}`, `{"action":"say","payload":{"text":"a","group":"all"}}`,
}

// fuzzLab has handlers that return at once.
func fuzzLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{hub: chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})}
	t.Cleanup(func() { _ = l.hub.Shutdown(context.Background()) })
	l.Consumer = chanx.NewConsumer(l.hub, "lab", func(_ context.Context, c *chanx.Conn) (*client, error) { return &client{Conn: c, lab: l}, nil },
		&chanx.ConsumerOptions{Completion: true, Authenticator: &chanx.Authenticator{
			Optional: true, Verify: func(_ context.Context, token string) (any, error) { return token, nil },
		}})
	chanx.Reply(l, (*client).ping)
	chanx.Reply(l, (*client).echo)
	chanx.On(l, (*client).fail)
	chanx.Reply(l, func(_ *client, _ context.Context, m anything) (anything, error) { return m, nil })
	chanx.Mount(l.Consumer, "/ws")
	return l
}

// checkFrame sends one frame and a ping behind it: the first must be answered
// with well-formed frames that end with complete, and the second all the same.
func checkFrame(t *testing.T, l *lab, frame []byte) {
	t.Helper()
	s := newFakeSocket(string(frame), `{"ref":"last","action":"ping"}`)
	runSocket(t, l, s)
	sent := s.sent(t)
	end := []string{`{"ref":"last","action":"pong","payload":null}`, `{"ref":"last","action":"complete","payload":null}`, "close 1000"}
	if len(sent) < 4 || !slices.Equal(sent[len(sent)-3:], end) {
		t.Fatalf("%q was answered with %q", frame, sent)
	}
	for i, text := range sent[:len(sent)-3] {
		var f struct {
			Action  string          `json:"action"`
			Payload json.RawMessage `json:"payload"`
		}
		if err := json.Unmarshal([]byte(text), &f); err != nil || f.Action == "" || f.Payload == nil {
			t.Fatalf("%q was answered with %q: %v", frame, text, err)
		}
		if (f.Action == "complete") != (i == len(sent)-4) {
			t.Fatalf("%q was answered with %q", frame, sent)
		}
	}
}

func FuzzFrame(f *testing.F) {
	for _, seed := range frameSeeds {
		f.Add([]byte(seed))
	}
	l := fuzzLab(f)
	f.Fuzz(func(t *testing.T, frame []byte) { checkFrame(t, l, frame) })
}

// handshakeSeeds are requests of which most are handshakes.
var handshakeSeeds = []string{
	"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n",
	"GET /ws?x=1 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nSec-WebSocket-Protocol: a, bearer.x\r\nOrigin: http://a\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nCookie: a=b\r\n\r\n",
	"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nOrigin: https://evil.test\r\n\r\n",
	"GET /ws HTTP/1.0\r\n\r\n", "POST /ws HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "GET /ws HTTP/1.1\r\nHost: a\r\n\r\n",
}

// checkHandshake serves a request, which must be answered or upgraded.
func checkHandshake(t *testing.T, h http.Handler, request []byte) {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		return // net/http's to answer
	}
	client, server := net.Pipe()
	answered := make(chan int, 1)
	go func() {
		defer close(answered)
		response, err := http.ReadResponse(bufio.NewReader(client), r)
		if err == nil {
			answered <- response.StatusCode
		}
		_ = client.Close()
	}()
	w := &hijackWriter{ResponseRecorder: httptest.NewRecorder(), conn: server}
	h.ServeHTTP(w, r)
	if !w.hijacked {
		_ = server.Close()
		if <-answered; w.Code < 400 || w.Code > 599 {
			t.Fatalf("%q was answered with %d", request, w.Code)
		}
		return
	}
	if status := <-answered; status != http.StatusSwitchingProtocols {
		t.Fatalf("%q was hijacked and answered with %d", request, status)
	}
}

// hijackWriter is a response writer whose connection can be taken.
type hijackWriter struct {
	*httptest.ResponseRecorder
	conn     net.Conn
	hijacked bool
}

func (w *hijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.hijacked = true
	return w.conn, bufio.NewReadWriter(bufio.NewReader(w.conn), bufio.NewWriter(w.conn)), nil
}

func fuzzServer(t testing.TB) http.Handler {
	t.Helper()
	hub := chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { _ = hub.Shutdown(context.Background()) })
	consumer := chanx.NewConsumer(hub, "fuzz", func(_ context.Context, c *chanx.Conn) (*chanx.Conn, error) {
		_, err := chanx.Bind[struct {
			X int     `query:"x" default:"1"`
			A *string `cookie:"a" maxLength:"3"`
		}](c)
		return c, err
	}, &chanx.ConsumerOptions{Subprotocols: []string{"bearer.*", "a"}, Compression: true})
	return chanx.Mount(consumer, "/ws")
}

func FuzzHandshake(f *testing.F) {
	for _, seed := range handshakeSeeds {
		f.Add([]byte(seed))
	}
	h := fuzzServer(f)
	f.Fuzz(func(t *testing.T, request []byte) { checkHandshake(t, h, request) })
}

// mutate changes a seed in a few places.
func mutate(r *rand.Rand, seeds []string) []byte {
	b := []byte(seeds[r.IntN(len(seeds))])
	for range 1 + r.IntN(4) {
		at := r.IntN(len(b) + 1)
		switch r.IntN(5) {
		case 0: // another byte
			b = slices.Insert(b, at, byte(r.IntN(256)))
		case 1: // a byte less
			b = slices.Delete(b, at, min(at+1+r.IntN(3), len(b)))
		case 2: // a changed bit
			if at < len(b) {
				b[at] ^= 1 << r.IntN(8)
			}
		case 3: // something of another seed
			other := seeds[r.IntN(len(seeds))]
			from := r.IntN(len(other) + 1)
			b = slices.Insert(b, at, []byte(other[from:min(len(other), from+r.IntN(20))])...)
		case 4: // something twice
			to := min(len(b), at+r.IntN(10))
			b = slices.Insert(b, to, slices.Clone(b[at:to])...)
		}
	}
	return b
}

func TestTenThousandFrames(t *testing.T) {
	l, r := fuzzLab(t), rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		checkFrame(t, l, mutate(r, frameSeeds))
	}
}

func TestTenThousandHandshakes(t *testing.T) {
	h, r := fuzzServer(t), rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		checkHandshake(t, h, mutate(r, handshakeSeeds))
	}
}

// byteSeeds are streams of frames as they go over the wire.
func byteSeeds() []string {
	text := maskedFrame(fin|opText, []byte(`{"ref":"1","action":"echo","payload":{"text":"x"}}`))
	return []string{
		string(text), string(text) + string(maskedFrame(fin|opPing, []byte("x"))) + string(text),
		string(maskedFrame(opText, []byte(`{"action"`))) + string(maskedFrame(fin|opPong, nil)) + string(maskedFrame(fin, []byte(`:"ping"}`))),
		string(maskedFrame(fin|opBinary, []byte{1, 2, 3})), string(maskedFrame(fin|opClose, []byte{0x03, 0xe8, 'o', 'k'})),
		string(maskedFrame(fin|opText, bytes.Repeat([]byte(" "), 200))), "\x81\xff\x00\x00\x00\x01\x00\x00\x00\x00",
	}
}

// checkBytes sends bytes on an open connection and hangs up half: what comes back
// is well-formed frames, of which a close frame is the last.
func checkBytes(address string, stream []byte) (closed bool, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close() }()
	c := &rawClient{br: bufio.NewReader(conn)}
	if err := errors.Join(conn.SetDeadline(time.Now().Add(20*time.Second)), upgradeRequest("/ws").Write(conn)); err != nil {
		return false, err
	}
	if _, err := http.ReadResponse(c.br, nil); err != nil {
		return false, err
	}
	if _, err := conn.Write(stream); err != nil {
		return false, err
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	for {
		first, data, err := c.readFrame()
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET):
			return closed, nil
		case err != nil:
			return closed, fmt.Errorf("half a frame, or nothing: %w", err)
		case closed:
			return closed, errors.New("a frame after the close frame")
		case first == fin|opClose:
			closed = true
		case first == fin|opText && !json.Valid(data), first&0x70 != 0, first&fin == 0:
			return closed, fmt.Errorf("the frame %x %q", first, data)
		}
	}
}

func TestAnyBytes(t *testing.T) {
	// A client that hangs up half may be noticed only by its not answering pings.
	limits := chanx.Limits{MessageBytes: 150, PingInterval: 50 * time.Millisecond, PongTimeout: 50 * time.Millisecond}
	l, r := newLab(t, labOptions{hub: chanx.HubOptions{Limits: limits}}), rand.New(rand.NewPCG(1, 2))
	address, seeds := serveTCP(t, l), byteSeeds()
	const n = 1000
	streams := make(chan []byte)
	var closed atomic.Int64
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			for stream := range streams {
				ok, err := checkBytes(address, stream)
				if err != nil {
					t.Errorf("%x was answered with %v", stream, err)
				} else if ok {
					closed.Add(1)
				}
			}
		})
	}
	for range n {
		streams <- mutate(r, seeds)
	}
	close(streams)
	clients.Wait()
	if got := closed.Load(); got < n/10 {
		t.Errorf("%d connections of %d were closed with a frame", got, n)
	}
	eventually(t, "every connection has ended", func() bool { return l.hub.Connections() == 0 })
}

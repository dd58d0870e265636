package wsconn_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/chanx-go/chanx/core/internal/wsconn"
)

// echoServer serves connections, each on a goroutine of its own, that send every
// message back as one frame.
func echoServer(t testing.TB, o wsconn.Options) string {
	t.Helper()
	var all sync.WaitGroup
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := wsconn.Upgrade(w, r, o)
		if err != nil {
			t.Error(err)
			return
		}
		all.Go(func() { serveEcho(c) })
	}))
	t.Cleanup(func() {
		srv.Close()
		all.Wait()
	})
	return "ws" + strings.TrimPrefix(srv.URL, "http")
}

func serveEcho(c *wsconn.Conn) {
	defer func() { _ = c.Close() }()
	var out []byte
	_ = c.Serve(func(binaryMessage bool, p []byte) error {
		first := byte(0x81)
		if binaryMessage {
			first = 0x82
		}
		out = append(unmasked(out[:0], first, len(p)), p...)
		n, err := c.TryWrite(out)
		if err == nil && n < len(out) {
			_, err = c.Write(out[n:], time.Now().Add(10*time.Second))
		}
		return err
	}, func(byte, []byte) {})
}

// unmasked appends the head of a server's frame.
func unmasked(b []byte, first byte, n int) []byte {
	switch {
	case n < 126:
		return append(b, first, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, first, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, first, 127), uint64(n))
}

// A client of another make: messages of all sizes, several under way, none lost.
func TestEcho(t *testing.T) {
	for _, mode := range []websocket.CompressionMode{websocket.CompressionDisabled, websocket.CompressionNoContextTakeover, websocket.CompressionContextTakeover} {
		url := echoServer(t, wsconn.Options{Compression: mode != websocket.CompressionDisabled, ReadLimit: 1 << 20})
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				client, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{CompressionMode: mode})
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = client.CloseNow() }()
				client.SetReadLimit(1 << 20)
				converse(t, client, uint64(i))
			})
		}
		all.Wait()
	}
}

// converse sends messages, up to eight ahead of their echoes, and compares.
func converse(t *testing.T, client *websocket.Conn, seed uint64) {
	const count = 500
	text := strings.Repeat("all work and no play ", 5_000)
	size := func(i int) int {
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		return rnd.IntN(1 << rnd.IntN(17))
	}
	ahead := make(chan struct{}, 8)
	go func() {
		for i := range count {
			ahead <- struct{}{}
			if err := client.Write(t.Context(), websocket.MessageText, []byte(text[:size(i)])); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for i := range count {
		typ, p, err := client.Read(t.Context())
		if err != nil || typ != websocket.MessageText || string(p) != text[:size(i)] {
			t.Errorf("message %d of %d bytes: got %d bytes of type %v, %v", i, size(i), len(p), typ, err)
			_ = client.CloseNow()
			<-ahead
			return
		}
		<-ahead
	}
}

// The library's client ends the closing handshake with this server.
func TestClosingHandshake(t *testing.T) {
	done := make(chan error, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := wsconn.Upgrade(w, r, wsconn.Options{})
		if err != nil {
			t.Error(err)
			return
		}
		err = c.Serve(func(bool, []byte) error { return nil }, nil)
		_, _ = c.TryWrite([]byte("\x88\x02\x03\xe8"))
		_ = c.Close()
		done <- err
	}))
	defer srv.Close()
	client, _, err := websocket.Dial(context.Background(), srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Errorf("the client's Close: %v", err)
	}
	if got := ended(<-done); got != "1000 remote bye" {
		t.Errorf("Serve ended with %s", got)
	}
}

// BenchmarkEcho is a message and its echo over loopback, one under way.
func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{32, 512, 4096} {
		b.Run(sizeName(size), func(b *testing.B) {
			url := echoServer(b, wsconn.Options{})
			nc, err := net.Dial("tcp", strings.TrimPrefix(url, "ws://"))
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = nc.Close() }()
			if _, err := nc.Write([]byte(handshake + "\r\n")); err != nil {
				b.Fatal(err)
			}
			in := make([]byte, 64<<10)
			if _, err := nc.Read(in); err != nil {
				b.Fatal(err)
			}
			out := frame(0x81, strings.Repeat("x", size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := nc.Write(out); err != nil {
					b.Fatal(err)
				}
				for want := len(out) - 4; want > 0; {
					n, err := nc.Read(in)
					if err != nil {
						b.Fatal(err)
					}
					want -= n
				}
			}
		})
	}
}

func sizeName(n int) string {
	if n >= 1<<10 {
		return "4KiB"
	}
	return map[int]string{32: "32B", 512: "512B"}[n]
}

package chanx

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/internal/wire"
)

// These measure the core alone: what happens to a frame between a socket that
// costs nothing and a socket that takes everything. bench/ measures servers.

type benchEcho struct {
	Text string `json:"text" minLength:"1" maxLength:"65536"`
}

func (benchEcho) Action() string { return "echo" }

type benchReply struct {
	Text string `json:"text"`
}

func (benchReply) Action() string { return "echo_reply" }

// sink is a socket that takes everything and never has anything to read.
type sink struct {
	done  chan struct{}
	bytes atomic.Int64
}

func (s *sink) Serve(func(bool, []byte) error, func(byte, []byte)) error {
	<-s.done
	return &CloseError{Code: CloseAbnormal}
}

func (s *sink) TryWrite(b []byte) (int, error) {
	s.bytes.Add(int64(len(b)))
	return len(b), nil
}

func (s *sink) Write(b []byte, _ time.Time) (int, error) { return s.TryWrite(b) }

func (s *sink) Close() error { return nil }

// openBench opens connections of a consumer with an echo handler.
func openBench(tb testing.TB, n int, group string) []*Conn {
	tb.Helper()
	return openBenchWith(tb, n, group, func(*Consumer[*Conn]) {})
}

// openBenchWith is openBench with more to register.
func openBenchWith(tb testing.TB, n int, group string, register func(*Consumer[*Conn])) []*Conn {
	tb.Helper()
	hub := NewHub(nil)
	open := func(ctx context.Context, c *Conn) (*Conn, error) {
		if group == "" {
			return c, nil
		}
		return c, c.Join(ctx, group)
	}
	consumer := NewConsumer(hub, "bench", open, nil)
	Reply(consumer, func(_ *Conn, _ context.Context, m benchEcho) (benchReply, error) { return benchReply(m), nil })
	register(consumer)
	endpoint := Mount(consumer, "/bench")
	done := make(chan struct{})
	conns := make([]*Conn, n)
	for i := range conns {
		s, err := endpoint.Open(&Handshake{Request: benchRequest()})
		if err != nil {
			tb.Fatal(err)
		}
		s.Serve(&sink{done: done})
		for s.conn.socket() == nil {
			runtime.Gosched()
		}
		conns[i] = s.conn
	}
	tb.Cleanup(func() {
		close(done)
		if err := hub.Shutdown(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return conns
}

func benchRequest() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/bench", nil)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEA==",
	} {
		r.Header.Set(name, value)
	}
	return r
}

func benchFrame(size int) []byte {
	return fmt.Appendf(nil, `{"action":"echo","payload":{"text":%q}}`, strings.Repeat("x", size))
}

var benchSizes = []int{32, 512, 4096}

func BenchmarkScan(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			frame := benchFrame(size)
			var e wire.Envelope
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				if err := e.Scan(frame, "action"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkValidate(b *testing.B) {
	mt := benchType[benchEcho](b)
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			payload := fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", size))
			b.ReportAllocs()
			for b.Loop() {
				if err := mt.check(payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	mt := benchType[benchEcho](b)
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			payload := fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decode[benchEcho](mt, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	c := openBench(b, 1, "")[0]
	mt := benchType[benchReply](b)
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			m := benchReply{strings.Repeat("x", size)}
			b.ReportAllocs()
			for b.Loop() {
				if err := c.sendMessage(mt, m, wire.Head{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDispatch is a whole echo: scan, route, validate, decode, handle,
// encode, queue.
func BenchmarkDispatch(b *testing.B) {
	c := openBench(b, 1, "")[0]
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			frame := benchFrame(size)
			b.ReportAllocs()
			for b.Loop() {
				if err := c.receive(false, frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFanout is one broadcast of 128 bytes to a whole group; ns/delivery is
// its cost for each member.
func BenchmarkFanout(b *testing.B) {
	for _, members := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			conns := openBench(b, members, "room")
			m := benchReply{strings.Repeat("x", 80)}
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() { // the log of a group is bounded, so this waits for the deliveries
				if err := conns[0].Broadcast(ctx, m, "room"); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(members), "ns/delivery")
		})
	}
}

func benchType[M Message](tb testing.TB) *messageType {
	hub := NewHub(nil)
	tb.Cleanup(func() { _ = hub.Shutdown(context.Background()) })
	return messageOf[M](newHandlers(hub, "consumer", "bench"))
}

package chanx_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// serveTCP serves a lab on a port of this machine.
func serveTCP(t testing.TB, l *lab) (address string) {
	t.Helper()
	server := httptest.NewServer(l.mux)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// eventually waits for a condition that only time brings about.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("not within 10 s: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestOverTCP(t *testing.T) {
	l := newLab(t, labOptions{})
	url := "ws://" + serveTCP(t, l) + "/ws"
	opts := &chanxtest.DialOptions{Hub: l.hub}
	ann, bob := chanxtest.DialURL(t, url, opts), chanxtest.DialURL(t, url, opts)
	long := strings.Repeat("é", 20_000)
	for i := range 50 {
		ann.Send(say{Text: fmt.Sprint(i)})
		bob.Send(say{Text: long})
		chanxtest.Request[pong](ann, ping{})
	}
	for _, c := range []*chanxtest.Client{ann, bob} {
		next := 0
		for range 100 {
			if got := chanxtest.Expect[said](c).Text; got == fmt.Sprint(next) {
				next++
			} else if got != long {
				t.Fatalf("got %d bytes, want %q or the long text", len(got), fmt.Sprint(next))
			}
		}
	}
	ann.Close(chanx.CloseNormal, "done")
	bob.Send(bye{4000, "enough"})
	if got := bob.ExpectClose(4000); got != "enough" {
		t.Errorf("reason %q", got)
	}
}

// While a handler runs nothing is read, and yet it learns that its client left,
// once the client would have been pinged.
func TestClientLeavesDuringHandler(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Logf("%s can't tell whether a peer has gone", runtime.GOOS)
		return
	}
	cause := make(chan error, 1)
	l := newLab(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{PingInterval: 200 * time.Millisecond}}, register: func(l *lab) {
		chanx.On(l, func(_ *client, ctx context.Context, _ stepIn) error {
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return nil
		})
	}})
	c := chanxtest.DialURL(t, "ws://"+serveTCP(t, l)+"/ws", nil)
	c.Send(stepIn{1})
	c.Drop()
	select {
	case err := <-cause:
		if e, ok := errors.AsType[*chanx.CloseError](err); !ok || e.Code != chanx.CloseAbnormal {
			t.Errorf("the context ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the handler was not told")
	}
}

// Connections that are lost anywhere, in a handshake or in a frame, leave nothing
// behind.
func TestThousandDroppedConnections(t *testing.T) {
	l := newLab(t, labOptions{})
	address := serveTCP(t, l)
	handshake := "GET /ws HTTP/1.1\r\nHost: " + address + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n"
	frame := string(maskedFrame(fin|opText, []byte(`{"ref":"1","action":"say","payload":{"text":"hello"}}`)))
	stream := string(maskedFrame(fin|opText, []byte(`{"ref":"1","action":"count","payload":{"to":100000}}`)))
	all := handshake + frame + stream + frame
	connect := func(n int) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		if _, err := conn.Write([]byte(all[:n])); err != nil {
			t.Error(err)
			return
		}
		if n >= len(handshake) {
			_, _ = conn.Read(make([]byte, 512)) // the server has it
		}
		if n%2 == 0 {
			_ = conn.(*net.TCPConn).SetLinger(0) // reset
		}
	}
	connect(len(all))
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	var clients sync.WaitGroup
	for range 20 {
		for i := range 50 {
			clients.Go(func() { connect(len(all) * (i + 1) / 50) })
		}
		clients.Wait()
	}
	eventually(t, "every connection has ended", func() bool { return l.hub.Connections() == 0 })
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
	eventually(t, "no descriptor is left", func() bool { return openFiles(t) <= files })
}

// openFiles counts the process's descriptors, where the system can tell.
func openFiles(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// Ten thousand frames with half of them at a time in flight, on the fast path.
func TestManyFramesInOneSegment(t *testing.T) {
	l := newLab(t, labOptions{})
	conn, err := net.Dial("tcp", serveTCP(t, l))
	if err != nil {
		t.Fatal(err)
	}
	c := handshakeRaw(t, conn, "/ws")
	c.read()
	var burst []byte
	const n = 10_000
	for i := range n {
		burst = append(burst, maskedFrame(fin|opText, fmt.Appendf(nil, `{"ref":"%d","action":"ping"}`, i))...)
	}
	c.out <- burst
	eventually(t, "every answer came", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.seen) == n || c.over
	})
	for i, got := range c.seen {
		if want := fmt.Sprintf(`{"ref":"%d","action":"pong","payload":null}`, i); got != want {
			t.Fatalf("answer %d is %s", i, got)
		}
	}
}

// The end of the stream that comes in one piece with a message is not seen by a
// reader that has answered meanwhile; it is found out before any ping.
func TestHalfClosedClientIsNoticed(t *testing.T) {
	t.Parallel()
	l := newLab(t, labOptions{})
	address := serveTCP(t, l)
	conns := make([]*net.TCPConn, 20)
	for i := range conns {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		conns[i] = conn.(*net.TCPConn)
		if err := upgradeRequest("/ws").Write(conn); err != nil {
			t.Fatal(err)
		}
		if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, conn := range conns {
		if _, err := conn.Write(maskedFrame(fin|opText, []byte(`{"action":"ping"}`))); err != nil {
			t.Fatal(err)
		}
		if err := conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "no connection is left", func() bool { return l.hub.Connections() == 0 })
}

package servertest_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer/servertest"
)

// echo starts a server that says again what it hears, and returns its address.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// line sends a line and reads one, for so long at the most.
func line(c net.Conn, text string, limit time.Duration) (string, error) {
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		return "", err
	}
	if text != "" {
		if _, err := io.WriteString(c, text+"\n"); err != nil {
			return "", err
		}
	}
	answer, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSuffix(answer, "\n"), err
}

func connect(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestProxyCut(t *testing.T) {
	t.Parallel()
	p := servertest.NewProxy(t, echo(t))
	c := connect(t, p.Addr)
	if got, err := line(c, "a", time.Minute); got != "a" || err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	if n := p.Conns(); n != 1 {
		t.Errorf("%d connections", n)
	}
	p.Cut()
	if got, err := line(c, "b", time.Minute); err == nil {
		t.Errorf("%q through a connection that was cut", got)
	}
	if c, err := net.Dial("tcp", p.Addr); err == nil {
		c.Close()
		t.Error("a new connection is taken")
	}
	p.Restore()
	c = connect(t, p.Addr)
	if got, err := line(c, "c", time.Minute); got != "c" || err != nil {
		t.Errorf("%q: %v", got, err)
	}
	p.Reset()
	if got, err := line(c, "d", time.Minute); err == nil {
		t.Errorf("%q through a connection that was reset", got)
	}
	if got, err := line(connect(t, p.Addr), "e", time.Minute); got != "e" || err != nil {
		t.Errorf("%q: %v", got, err)
	}
}

func TestProxyHang(t *testing.T) {
	t.Parallel()
	p := servertest.NewProxy(t, echo(t))
	c := connect(t, p.Addr)
	if got, err := line(c, "a", time.Minute); got != "a" || err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	p.Hang()
	got, err := line(c, "b", 50*time.Millisecond)
	if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
		t.Errorf("%q: %v", got, err)
	}
	other := connect(t, p.Addr)
	if got, err := line(other, "c", 50*time.Millisecond); err == nil {
		t.Errorf("%q from a host that can't be reached", got)
	}
	p.Restore()
	if got, err := line(c, "", time.Minute); got != "b" || err != nil {
		t.Errorf("%q: %v", got, err)
	}
	if got, err := line(other, "", time.Minute); got != "c" || err != nil {
		t.Errorf("%q: %v", got, err)
	}
}

func TestProxySlow(t *testing.T) {
	t.Parallel()
	p := servertest.NewProxy(t, echo(t))
	c := connect(t, p.Addr)
	p.Slow(50 * time.Millisecond)
	begin := time.Now()
	if got, err := line(c, "a", time.Minute); got != "a" || err != nil || time.Since(begin) < 100*time.Millisecond {
		t.Errorf("%q after %v: %v", got, time.Since(begin), err)
	}
	p.Slow(0)
	p.Throttle(10_000)
	begin = time.Now()
	if _, err := line(c, strings.Repeat("x", 1999), time.Minute); err != nil {
		t.Error(err)
	}
	if got, err := line(c, "b", time.Minute); got != "b" || err != nil || time.Since(begin) < 200*time.Millisecond {
		t.Errorf("%q after %v: %v", got, time.Since(begin), err)
	}
}

// The end of a connection passes, both ways.
func TestProxyEnd(t *testing.T) {
	t.Parallel()
	p := servertest.NewProxy(t, echo(t))
	c := connect(t, p.Addr)
	if _, err := io.WriteString(c, "all"); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); string(got) != "all" || err != nil {
		t.Errorf("%q: %v", got, err)
	}
	nowhere := servertest.NewProxy(t, "127.0.0.1:1")
	if c, err := net.Dial("tcp", nowhere.Addr); err == nil {
		defer c.Close()
		if got, err := line(c, "a", time.Minute); err == nil {
			t.Errorf("%q from a server that isn't there", got)
		}
	}
}

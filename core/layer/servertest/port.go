package servertest

import (
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

// Ports come from below the range from which Linux takes those of connections, so
// that a server that was killed finds its port free when it comes back.
const (
	firstPort = 12000
	lastPort  = 31999
)

// port returns a port of 127.0.0.1 that is free, and that no other call gets until
// the test has ended, in any process: a listener at another address of the loopback
// network, where there is one, stands for it.
func port(tb testing.TB) int {
	tb.Helper()
	guarded := haveGuards()
	for range 1000 {
		n := firstPort + rand.IntN(lastPort-firstPort+1)
		var guard net.Listener
		if guarded { // first, so that nobody else so much as tries the port
			var err error
			if guard, err = listen(guardAddress, n); err != nil {
				continue
			}
		}
		if err := try(n); err != nil {
			if guard != nil {
				_ = guard.Close()
			}
			continue
		}
		if guard != nil {
			tb.Cleanup(func() { _ = guard.Close() })
		}
		return n
	}
	tb.Fatalf("servertest: no free port between %d and %d", firstPort, lastPort)
	return 0
}

// try listens to a port for a moment. No program is started meanwhile: it would have the
// listener too, until it is executed, and the port would not be free after all.
func try(n int) error {
	if runtime.GOOS == "linux" { // elsewhere who makes a socket takes the lock, too
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
	}
	l, err := listen("127.0.0.1", n)
	if err != nil {
		return err
	}
	return l.Close()
}

// guardAddress is where the listener stands that keeps a port for a server.
const guardAddress = "127.0.0.77"

// haveGuards reports whether one may listen there, as on Linux.
func haveGuards() bool {
	l, err := listen(guardAddress, 0)
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

func listen(host string, port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port))) //nolint:noctx // it is over at once
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

package servertest

import (
	"math/rand/v2"
	"net"
	"strconv"
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
	for range 1000 {
		n := firstPort + rand.IntN(lastPort-firstPort+1)
		l, err := net.Listen("tcp", address(n)) //nolint:noctx // it is over at once
		if err != nil {
			continue
		}
		guard, err := net.Listen("tcp", net.JoinHostPort("127.0.0.77", strconv.Itoa(n))) //nolint:noctx // the same
		l.Close()
		switch {
		case err == nil:
			tb.Cleanup(func() { guard.Close() })
		case haveGuards():
			continue
		}
		return n
	}
	tb.Fatalf("servertest: no free port between %d and %d", firstPort, lastPort)
	return 0
}

// haveGuards reports whether one may listen at 127.0.0.77, as on Linux.
func haveGuards() bool {
	l, err := net.Listen("tcp", "127.0.0.77:0") //nolint:noctx // it is over at once
	if err != nil {
		return false
	}
	l.Close()
	return true
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

package chanxnats_test

import (
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
)

// embed starts a server inside the test's process, with JetStream, which ends with
// the test. change may change its options.
func embed(tb testing.TB, change func(*server.Options)) *server.Server {
	tb.Helper()
	opts := &server.Options{
		Host:      "127.0.0.1",
		Port:      server.RANDOM_PORT,
		JetStream: true,
		StoreDir:  tb.TempDir(),
		NoLog:     true,
		NoSigs:    true,
		// A megabyte of data, which the suite sends, and what goes before it.
		MaxPayload: 2 << 20,
	}
	if change != nil {
		change(opts)
	}
	s, err := server.NewServer(opts)
	if err != nil {
		tb.Fatal(err)
	}
	s.Start()
	tb.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(20 * time.Second) {
		tb.Fatal("the embedded server does not start")
	}
	return s
}

var prefixes atomic.Int64

// prefix returns one that no other test uses.
func prefix() string { return "t" + strconv.FormatInt(prefixes.Add(1), 36) }

// open opens a layer, and closes it when the test ends.
func open(tb testing.TB, url string, opts *chanxnats.Options) *chanxnats.Layer {
	tb.Helper()
	l, err := chanxnats.Open(tb.Context(), url, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	return l
}

// embedAt is embed at an address that another server has left.
func embedAt(t *testing.T, addr net.Addr) {
	t.Helper()
	embed(t, func(o *server.Options) { o.Port = addr.(*net.TCPAddr).Port })
}

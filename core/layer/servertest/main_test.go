package servertest_test

import (
	"os"
	"testing"

	"github.com/chanx-go/chanx/core/layer/servertest"
)

// shared is a server for all tests of the package.
var shared *servertest.Server

func TestMain(m *testing.M) {
	servertest.Main(m, func(tb testing.TB) {
		shared = servertest.Redis(tb, servertest.RedisOptions{})
		tb.Cleanup(func() {
			if _, err := os.Stat(shared.Dir); err != nil {
				tb.Errorf("the server's folder is gone before its server: %v", err)
			}
		})
	})
}

func TestShared(t *testing.T) {
	t.Parallel()
	if got := shared.MustDo("PING"); got != "PONG" {
		t.Errorf("PING is answered with %q", got)
	}
}

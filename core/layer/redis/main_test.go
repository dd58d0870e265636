package chanxredis

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	"github.com/chanx-go/chanx/core/layer/servertest"
)

// Servers are shared by the tests of the package, each of which has a prefix of its
// own there. They start when the first test needs them, so that must be before it
// starts anything in parallel.
var Servers struct {
	Redis   func() *servertest.Server
	Cluster func() *servertest.Cluster // of three
}

func TestMain(m *testing.M) {
	servertest.Main(m, func(tb testing.TB) {
		Servers.Redis = sync.OnceValue(func() *servertest.Server {
			return servertest.Redis(tb, servertest.RedisOptions{})
		})
		Servers.Cluster = sync.OnceValue(func() *servertest.Cluster {
			return servertest.RedisCluster(tb, 3, 0)
		})
	})
}

// Prefix returns a prefix that nobody else uses.
func Prefix() string { return strings.ToLower(rand.Text()[:10]) }

// Tags returns the hash tags of that many partitions.
func Tags(n int) []string { return tags(n) }

package faulttest_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/layer/servertest"
)

// system is the servers of a scenario, which its processes connect to.
type system struct {
	layer    string // as nodeConfig has it
	url      string
	replicas int
	memory   bool // NATS keeps entries in memory
	history  bool
	channels int // groups, and topics with history

	server   *servertest.Server   // nil where there are several
	cluster  *servertest.Cluster  // of Redis, or NATS
	sentinel *servertest.Sentinel // and where there is one
	proxies  map[string]*servertest.Proxy
	tb       testing.TB
}

// address returns the URL for a process: through a proxy of its own, where the
// server is one.
func (s *system) address(name string) string {
	if s.server == nil {
		return s.url
	}
	p := s.proxies[name]
	if p == nil {
		p = servertest.NewProxy(s.tb, s.server.Addr)
		s.proxies[name] = p
	}
	u, err := url.Parse(s.url)
	if err != nil {
		s.tb.Fatal(err)
	}
	u.Host = p.Addr
	return u.String()
}

// through does something to every process's way to the server.
func (s *system) through(do func(*servertest.Proxy)) {
	for _, p := range s.proxies {
		do(p)
	}
}

func single(tb testing.TB, layer string, server *servertest.Server) *system {
	return &system{layer: layer, url: server.URL, server: server, history: layer != "nats-core", channels: 2, proxies: map[string]*servertest.Proxy{}, tb: tb}
}

func redis(tb testing.TB) *system {
	return single(tb, "redis", servertest.Redis(tb, servertest.RedisOptions{Persist: true}))
}

func redisInMemory(tb testing.TB) *system {
	return single(tb, "redis", servertest.Redis(tb, servertest.RedisOptions{}))
}

func redisSentinel(tb testing.TB) *system {
	s := servertest.RedisSentinel(tb)
	return &system{layer: "redis", url: s.URL, sentinel: s, history: true, channels: 2, tb: tb}
}

func redisCluster(tb testing.TB) *system {
	c := servertest.RedisCluster(tb, 3, 1)
	return &system{layer: "redis", url: c.URL, cluster: c, history: true, channels: 6, tb: tb} // on all masters
}

func nats(tb testing.TB) *system {
	return single(tb, "nats", servertest.NATS(tb, servertest.NATSOptions{JetStream: true, MaxStore: 64 << 20}))
}

func natsInMemory(tb testing.TB) *system {
	s := nats(tb)
	s.memory = true
	return s
}

func natsCore(tb testing.TB) *system {
	return single(tb, "nats-core", servertest.NATS(tb, servertest.NATSOptions{}))
}

func natsCluster(tb testing.TB) *system {
	c := servertest.NATSCluster(tb, 3)
	return &system{layer: "nats", url: c.URL, cluster: c, replicas: 3, history: true, channels: 2, tb: tb}
}

// full fills the server's storage, and returns what makes room again.
func (s *system) full() (restore func()) {
	if s.layer == "redis" {
		s.server.MustDo("CONFIG", "SET", "maxmemory", "1mb")
		return func() { s.server.MustDo("CONFIG", "SET", "maxmemory", "0") }
	}
	request := func(subject, data string) string {
		answer, err := s.server.Request(subject, data)
		if err != nil {
			s.tb.Fatalf("%s: %v", subject, err)
		}
		return answer
	}
	request("$JS.API.STREAM.CREATE.FILLER", `{"name":"FILLER","subjects":["filler"],"storage":"file","num_replicas":1}`)
	data := strings.Repeat("x", 512<<10)
	for range 1000 {
		if strings.Contains(request("filler", data), `"error"`) {
			return func() { request("$JS.API.STREAM.DELETE.FILLER", "") }
		}
	}
	s.tb.Fatal("the server does not become full")
	return nil
}

package servertest_test

import (
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/layer/servertest"
)

func TestRedis(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]servertest.RedisOptions{
		"plain":    {},
		"TLS":      {TLS: true},
		"user":     {User: "alice", Password: "secret"},
		"password": {Password: "secret", TLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servertest.Redis(t, o)
			s.MustDo("SET", "a", "1")
			if got := s.MustDo("GET", "a"); got != "1" {
				t.Errorf("GET is answered with %q", got)
			}
			if _, err := s.Do("NONSENSE"); err == nil {
				t.Error("nonsense is no error")
			}
			if o.User != "" && !strings.Contains(s.URL, "alice:secret@") {
				t.Errorf("the URL is %q", s.URL)
			}
			s.Kill()
			if _, err := s.Do("PING"); err == nil || s.Running() {
				t.Error("it answers after it was killed")
			}
			s.Start()
			if got := s.MustDo("GET", "a"); got != "" {
				t.Errorf("it has kept %q", got)
			}
			s.Stop()
		})
	}
}

func TestRedisPersists(t *testing.T) {
	t.Parallel()
	s := servertest.Redis(t, servertest.RedisOptions{Persist: true, Args: []string{"--maxmemory", "8mb"}})
	if got := s.MustDo("CONFIG", "GET", "maxmemory"); got != "maxmemory\n8388608" {
		t.Errorf("the configuration is %q", got)
	}
	s.MustDo("SET", "a", "1")
	addr := s.Addr
	s.Pause()
	s.Resume()
	s.Kill()
	s.Start()
	if got := s.MustDo("GET", "a"); got != "1" || s.Addr != addr {
		t.Errorf("it has kept %q, at %s in place of %s", got, s.Addr, addr)
	}
}

func TestRedisCluster(t *testing.T) {
	t.Parallel()
	c := servertest.RedisCluster(t, 3, 1)
	if len(c.Servers) != 6 || strings.Count(c.URL, ",") != 5 {
		t.Errorf("%d servers, at %s", len(c.Servers), c.URL)
	}
	master := c.MasterOf("a")
	master.MustDo("SET", "a", "1")
	master.MustDo("WAIT", "1", "5000")
	master.Kill()
	c.Await()
	if next := c.MasterOf("a"); next == master || next.MustDo("GET", "a") != "1" {
		t.Error("no replica took the master's place")
	}
	master.Start()
	c.Await()
}

func TestRedisSentinel(t *testing.T) {
	t.Parallel()
	s := servertest.RedisSentinel(t)
	master := s.Master()
	if !strings.HasPrefix(s.URL, "redis-sentinel://") || !strings.HasSuffix(s.URL, "/"+s.Name) {
		t.Errorf("the URL is %q", s.URL)
	}
	s.Failover()
	s.Await()
	next := s.Master()
	if next == master {
		t.Fatal("the master is the same")
	}
	next.Kill()
	s.AwaitMaster(next)
	if got := s.Master(); got != master {
		t.Errorf("the master is at %s", got.Addr)
	}
}

func TestNATS(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]servertest.NATSOptions{
		"plain":     {},
		"TLS":       {TLS: true, JetStream: true},
		"user":      {User: "alice", Password: "secret", JetStream: true},
		"token":     {Token: "secret", JetStream: true},
		"JetStream": {JetStream: true, MaxStore: 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servertest.NATS(t, o)
			s.Kill()
			s.Start()
			if !o.JetStream {
				return
			}
			if names := s.Streams(); len(names) != 0 {
				t.Errorf("streams %q", names)
			}
			answer, err := s.Request("$JS.API.STREAM.CREATE.test", `{"name":"test","subjects":["test.>"],"storage":"file","num_replicas":1}`)
			if err != nil || strings.Contains(answer, `"error"`) {
				t.Fatalf("%s: %v", answer, err)
			}
			s.Stop()
			s.Start()
			if names := s.Streams(); len(names) != 1 || names[0] != "test" {
				t.Errorf("streams %q", names)
			}
		})
	}
}

func TestNATSCluster(t *testing.T) {
	t.Parallel()
	c := servertest.NATSCluster(t, 3)
	answer, err := c.Servers[0].Request("$JS.API.STREAM.CREATE.test", `{"name":"test","subjects":["test.>"],"storage":"file","num_replicas":3}`)
	if err != nil || strings.Contains(answer, `"error"`) {
		t.Fatalf("%s: %v", answer, err)
	}
	leader := c.Leader("test")
	leader.Kill()
	if next := c.Leader("test"); next == leader {
		t.Error("the leader is the same")
	}
	leader.Start()
}

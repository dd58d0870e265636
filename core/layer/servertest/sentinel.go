package servertest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Sentinel is a Redis master with a replica, which three sentinels watch over.
type Sentinel struct {
	URL       string    // as the layer takes it, with all sentinels
	Name      string    // what the sentinels call the master
	Servers   []*Server // the first master and its replica
	Sentinels []*Server
}

// RedisSentinel starts a master, a replica of it and three sentinels, and returns
// once they know each other. A master that is away is given up after a second, and
// the replica takes its place.
func RedisSentinel(tb testing.TB) *Sentinel {
	tb.Helper()
	s := &Sentinel{Name: "chanx"}
	master := newRedis(tb, RedisOptions{Persist: true}, "repl-diskless-sync-delay 0").run(tb)
	host, n, _ := strings.Cut(master.Addr, ":")
	replica := newRedis(tb, RedisOptions{Persist: true}, "repl-diskless-sync-delay 0", "replicaof "+host+" "+n).run(tb)
	s.Servers = []*Server{master, replica}
	var addrs []string
	for range 3 {
		sentinel := s.sentinel(tb, host, n)
		s.Sentinels = append(s.Sentinels, sentinel)
		addrs = append(addrs, sentinel.Addr)
	}
	s.URL = "redis-sentinel://" + strings.Join(addrs, ",") + "/" + s.Name
	s.Await()
	return s
}

// sentinel starts one that watches over the master at an address.
func (s *Sentinel) sentinel(tb testing.TB, host, n string) *Server {
	tb.Helper()
	own, dir := port(tb), folder(tb)
	file := write(tb, dir, "sentinel.conf", []byte(strings.Join([]string{
		"bind 127.0.0.1",
		"protected-mode no",
		fmt.Sprint("port ", own),
		"dir " + dir,
		fmt.Sprintf("sentinel monitor %s %s %s 2", s.Name, host, n),
		fmt.Sprintf("sentinel down-after-milliseconds %s 1000", s.Name),
		fmt.Sprintf("sentinel failover-timeout %s 4000", s.Name),
		"",
	}, "\n")))
	sentinel := &Server{
		Addr:    address(own),
		Dir:     dir,
		program: redisProgram(tb),
		args:    []string{file, "--sentinel"},
		ready:   (*Server).ping,
	}
	return sentinel.run(tb)
}

// Await waits until every sentinel knows the others, and a replica that is there.
func (s *Sentinel) Await() {
	tb := s.Sentinels[0].tb
	tb.Helper()
	mustAwait(tb, s.whole, "the sentinels do not find each other")
}

func (s *Sentinel) whole() error {
	for _, sentinel := range s.Sentinels {
		answer, err := sentinel.Do("SENTINEL", "CKQUORUM", s.Name)
		if err != nil || !strings.Contains(answer, "OK 3") {
			return errors.Join(fmt.Errorf("%s: %s", sentinel.Addr, answer), err)
		}
		answer, err = sentinel.Do("SENTINEL", "REPLICAS", s.Name)
		if err != nil || !strings.Contains(answer, "master-link-status\nok") {
			return errors.Join(fmt.Errorf("%s has no replica: %s", sentinel.Addr, answer), err)
		}
	}
	return nil
}

// Master returns the server that the sentinels take for the master now.
func (s *Sentinel) Master() *Server {
	tb := s.Sentinels[0].tb
	tb.Helper()
	var answer string
	for _, sentinel := range s.Sentinels {
		if !sentinel.Running() {
			continue
		}
		answer = sentinel.MustDo("SENTINEL", "GET-MASTER-ADDR-BY-NAME", s.Name)
		break
	}
	addr := strings.Replace(answer, "\n", ":", 1)
	for _, server := range s.Servers {
		if server.Addr == addr {
			return server
		}
	}
	tb.Fatalf("servertest: the sentinels take %q for the master", addr)
	return nil
}

// Failover has the replica take the master's place, and returns once the sentinels
// say so. The old master becomes its replica.
func (s *Sentinel) Failover() {
	tb := s.Sentinels[0].tb
	tb.Helper()
	before := s.Master()
	mustAwait(tb, func() error {
		_, err := s.Sentinels[0].Do("SENTINEL", "FAILOVER", s.Name)
		return err
	}, "failover")
	s.AwaitMaster(before)
}

// AwaitMaster waits until the master is another than before.
func (s *Sentinel) AwaitMaster(before *Server) {
	tb := s.Sentinels[0].tb
	tb.Helper()
	mustAwait(tb, func() error {
		if s.Master() == before {
			return errors.New("the master is still the same")
		}
		return nil
	}, "failover")
}

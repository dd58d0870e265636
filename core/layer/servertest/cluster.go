package servertest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Cluster are servers that make one.
type Cluster struct {
	URL     string    // as the layer takes it, with all servers
	Servers []*Server // of a Redis Cluster, the masters first
}

// clusterSlots is how many parts the keys of a Redis Cluster have.
const clusterSlots = 16384

// RedisCluster starts a Redis Cluster of that many masters, of which each has that
// many replicas, and returns once all of them know it to be whole. A master that is
// away is given up after two seconds, and a replica takes its place.
func RedisCluster(tb testing.TB, masters, replicas int) *Cluster {
	tb.Helper()
	c := &Cluster{Servers: make([]*Server, masters*(1+replicas))}
	for i := range c.Servers {
		c.Servers[i] = newRedis(tb, RedisOptions{Persist: true},
			"cluster-enabled yes",
			"cluster-node-timeout 2000",
			"cluster-replica-validity-factor 0",
			"cluster-allow-replica-migration no",
			"repl-diskless-sync-delay 0",
			fmt.Sprint("cluster-port ", port(tb)),
		).run(tb)
	}
	c.join(tb, masters)
	addrs := make([]string, len(c.Servers))
	for i, s := range c.Servers {
		addrs[i] = s.Addr
	}
	c.URL = "redis-cluster://" + strings.Join(addrs, ",")
	return c
}

// join makes a cluster of servers that know nothing of each other.
func (c *Cluster) join(tb testing.TB, masters int) {
	tb.Helper()
	first := c.Servers[0]
	for i, s := range c.Servers {
		s.MustDo("CLUSTER", "SET-CONFIG-EPOCH", fmt.Sprint(i+1))
		if i > 0 {
			host, n, _ := strings.Cut(first.Addr, ":")
			s.MustDo("CLUSTER", "MEET", host, n, first.bus())
		}
		if i < masters {
			s.MustDo("CLUSTER", "ADDSLOTSRANGE", fmt.Sprint(i*clusterSlots/masters), fmt.Sprint((i+1)*clusterSlots/masters-1))
		}
	}
	for i, s := range c.Servers[masters:] {
		id := c.Servers[i%masters].MustDo("CLUSTER", "MYID")
		mustAwait(tb, func() error { _, err := s.Do("CLUSTER", "REPLICATE", id); return err }, "a replica of the cluster")
	}
	mustAwait(tb, c.whole, "the cluster does not come together")
}

// bus returns the port at which a server of a cluster talks to the others.
func (s *Server) bus() string {
	_, n, _ := strings.Cut(s.MustDo("CONFIG", "GET", "cluster-port"), "\n")
	return n
}

// whole fails until every server finds that the cluster is complete.
func (c *Cluster) whole() error {
	for _, s := range c.Servers {
		info, err := s.Do("CLUSTER", "INFO")
		if err != nil {
			return err
		}
		if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r", len(c.Servers))) {
			return fmt.Errorf("%s: %s", s.Addr, info)
		}
		role, err := s.Do("ROLE")
		if err != nil {
			return err
		}
		if strings.HasPrefix(role, "slave") && !strings.Contains(role, "\nconnected\n") {
			return fmt.Errorf("%s: %s", s.Addr, role)
		}
	}
	return nil
}

// Await waits until every server that runs finds that the cluster is complete.
func (c *Cluster) Await() {
	tb := c.Servers[0].tb
	tb.Helper()
	mustAwait(tb, func() error {
		for _, s := range c.Servers {
			if !s.Running() {
				continue
			}
			if info, err := s.Do("CLUSTER", "INFO"); err != nil || !strings.Contains(info, "cluster_state:ok") {
				return errors.Join(fmt.Errorf("%s: %s", s.Addr, info), err)
			}
		}
		return nil
	}, "the cluster is not complete")
}

// MasterOf returns the server that keeps a key. After the loss of a master it waits
// until a replica has taken its place.
func (c *Cluster) MasterOf(key string) *Server {
	tb := c.Servers[0].tb
	tb.Helper()
	var found *Server
	mustAwait(tb, func() (err error) {
		found, err = c.masterOf(key)
		return err
	}, "the master of %q", key)
	return found
}

func (c *Cluster) masterOf(key string) (*Server, error) {
	err := errors.New("no server runs")
	for _, s := range c.Servers {
		if !s.Running() {
			continue
		}
		var role string
		if role, err = s.Do("ROLE"); err != nil || !strings.HasPrefix(role, "master") {
			continue
		}
		if _, err = s.Do("EXISTS", key); err == nil {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no server of the cluster keeps it; the last says: %w", err)
}

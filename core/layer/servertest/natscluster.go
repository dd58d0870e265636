package servertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// NATSCluster starts that many NATS servers with JetStream that make a cluster, and
// returns once they have a leader among them.
func NATSCluster(tb testing.TB, servers int) *Cluster {
	tb.Helper()
	routes := make([]string, servers)
	for i := range routes {
		routes[i] = address(port(tb))
	}
	c := &Cluster{}
	var addrs []string
	for i, route := range routes {
		config := fmt.Sprintf("cluster { name: chanx, listen: %q, routes: [nats://%s] }", route, strings.Join(routes, ", nats://"))
		s := newNATS(tb, fmt.Sprint("server", i+1), NATSOptions{JetStream: true, Config: config})
		ready := s.ready
		s.ready = (*Server).greet // JetStream waits for the others
		s.run(tb)
		s.ready = ready
		c.Servers = append(c.Servers, s)
		addrs = append(addrs, s.Addr)
	}
	c.URL = "nats://" + strings.Join(addrs, ",")
	for _, s := range c.Servers {
		mustAwait(tb, s.streams, "JetStream at %s", s.Addr)
	}
	return c
}

// Leader returns the server that leads a stream of a NATS cluster.
func (c *Cluster) Leader(stream string) *Server {
	tb := c.Servers[0].tb
	tb.Helper()
	var found *Server
	mustAwait(tb, func() (err error) {
		found, err = c.leader(stream)
		return err
	}, "the leader of %s", stream)
	return found
}

func (c *Cluster) leader(stream string) (*Server, error) {
	err := fmt.Errorf("no server of %d runs", len(c.Servers))
	for _, s := range c.Servers {
		if !s.Running() {
			continue
		}
		var answer string
		if answer, err = s.Request("$JS.API.STREAM.INFO."+stream, ""); err != nil {
			continue
		}
		var info struct {
			Cluster struct {
				Leader string `json:"leader"`
			} `json:"cluster"`
		}
		if err = json.Unmarshal([]byte(answer), &info); err != nil {
			continue
		}
		for _, l := range c.Servers {
			if l.Name == info.Cluster.Leader {
				return l, nil
			}
		}
		err = fmt.Errorf("%s says %s", s.Addr, answer)
	}
	return nil, err
}

// Streams returns the names of the streams that a NATS server keeps.
func (s *Server) Streams() []string {
	s.tb.Helper()
	answer, err := s.Request("$JS.API.STREAM.NAMES", "")
	var names struct {
		Streams []string `json:"streams"`
	}
	if err == nil {
		err = json.Unmarshal([]byte(answer), &names)
	}
	if err != nil {
		s.tb.Fatalf("servertest: the streams of %s: %v", s.Addr, err)
	}
	return names.Streams
}

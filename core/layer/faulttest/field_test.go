package faulttest_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

const (
	timeout   = 2 * time.Second         // of the layers
	every     = 50 * time.Millisecond   // a publisher publishes to one of its channels
	slack     = 2 * time.Second         // beyond what a call may take, on a machine that does other things too
	flowsIn   = 30 * time.Second        // everything after a fault
	settlesIn = 1500 * time.Millisecond // a message that was overtaken counts as lost
	perNode   = 2                       // clients
	processes = 3                       // that have clients
)

// field is where a scenario takes place: servers, processes and clients.
type field struct {
	testing.TB
	system  *system
	ledger  *ledger
	groups  []string
	topics  []string // with history
	clients []*client
	since   time.Time     // the fault is over
	noticed time.Duration // so long it took until the processes said that their server is away
	well    time.Duration // so much later messages flow everywhere, and all processes say so

	latecomer *client // who came while the server was away; nil for nobody

	mu     sync.Mutex
	nodes  []*node // in the order in which they came; the worker is the last of the first ones
	killed map[string]bool
}

// newField starts everything, and returns once messages flow everywhere.
func newField(t testing.TB, s *system) *field {
	f := &field{TB: t, system: s, ledger: newLedger(), killed: map[string]bool{}}
	for i := range s.channels {
		f.groups = append(f.groups, fmt.Sprint("g:", i))
		if s.history {
			f.topics = append(f.topics, fmt.Sprint("log:", i))
		}
	}
	var starting sync.WaitGroup
	names := []string{"A", "B", "C", "worker"}
	f.nodes = make([]*node, len(names))
	configs := make([]nodeConfig, len(names))
	for i, name := range names {
		configs[i] = f.config(name, i == processes)
	}
	for i := range names {
		starting.Go(func() { f.nodes[i] = startNode(t, f.ledger, configs[i]) })
	}
	starting.Wait()
	if slices.Contains(f.nodes, nil) {
		t.FailNow()
	}
	for i := range perNode * processes {
		c := f.client(fmt.Sprint("client ", i+1), i)
		f.clients = append(f.clients, c)
		c.start()
	}
	f.until("the clients are subscribed", func() bool {
		for _, c := range f.clients {
			if !f.ledger.knows(c.name, slices.Concat(f.groups, f.topics)) {
				return false
			}
		}
		return true
	})
	begin := time.Now()
	for _, n := range f.nodes {
		f.load(n)
	}
	f.flows(begin)
	f.wait(time.Second)
	return f
}

func (f *field) config(name string, worker bool) nodeConfig {
	return nodeConfig{Name: name, Layer: f.system.layer, URL: f.system.address(name), Timeout: timeout, Replicas: f.system.replicas, Memory: f.system.memory, Worker: worker}
}

// client makes a client that likes one process best. It is to be started.
func (f *field) client(name string, home int) *client {
	c := &client{name: name, ledger: f.ledger, topics: f.topics, groups: slices.Clone(f.groups)}
	c.nodes = func() []*node {
		running := f.running()
		running = slices.DeleteFunc(running, func(n *node) bool { return n.Worker })
		home := home % max(1, len(running))
		return slices.Concat(running[home:], running[:home])
	}
	f.Cleanup(func() {
		if c.end != nil {
			c.stop()
		}
	})
	return c
}

// running returns the processes that run.
func (f *field) running() []*node {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.nodes), func(n *node) bool { return !n.running() })
}

// add starts one more process, with its publishers.
func (f *field) add(name string, worker bool) {
	n := startNode(f, f.ledger, f.config(name, worker))
	f.mu.Lock()
	f.nodes = append(f.nodes, n)
	f.mu.Unlock()
	f.load(n)
}

// load has a process publish.
func (f *field) load(n *node) {
	n.order(order{Do: "load", Groups: f.groups, Topics: f.topics, Every: every * time.Duration(f.system.channels)})
}

// kill ends a process as a crash does.
func (f *field) kill(name string) {
	for _, n := range f.running() {
		if n.Name == name {
			n.kill()
		}
	}
	f.killed[name] = true
}

// wait lets time pass, in which every hub has to stay up.
func (f *field) wait(d time.Duration) {
	f.Helper()
	end := time.After(d)
	look := time.NewTicker(500 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-end:
			return
		case <-look.C:
			for _, n := range f.running() {
				n.health()
			}
		}
	}
}

// until waits until something has come about.
func (f *field) until(what string, done func() bool) {
	f.Helper()
	deadline := time.After(flowsIn)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !done() {
		select {
		case <-deadline:
			f.Fatalf("after %v it is not so that %s", flowsIn, what)
		case <-look.C:
		}
	}
}

// notice waits until processes say at /healthz that they have lost their server.
func (f *field) notice(nodes ...*node) {
	f.Helper()
	begin := time.Now()
	f.until("processes without their server say so", func() bool {
		return !slices.ContainsFunc(nodes, func(n *node) bool { return n.health().Layer.Outages == 0 })
	})
	f.noticed = time.Since(begin)
}

// late is a group that nobody is in before an outage.
const late = "late"

// newcomer has a client come to process B while the server is away. It is let in, and
// to a group that the process was not subscribed to.
func (f *field) newcomer() {
	f.Helper()
	c := f.client("newcomer", 1)
	c.groups = append(c.groups, late)
	c.start()
	f.until("a client is let in while the server is away", func() bool { return c.opens.Load() > 0 })
	f.clients = append(f.clients, c)
	f.latecomer = c
}

// bound is how long a call may take. The client of NATS makes calls wait while it
// connects anew, which may take as long again.
func (f *field) bound() time.Duration {
	if f.system.layer == "redis" {
		return timeout
	}
	return 2 * timeout
}

// restored says that the fault is over.
func (f *field) restored() { f.since = time.Now() }

func (f *field) publishers() (names []string) {
	for _, n := range f.running() {
		names = append(names, n.Name)
	}
	return names
}

// flows waits until every client got something of every publisher, on every
// channel, that it did not have at a time.
func (f *field) flows(since time.Time) {
	f.Helper()
	f.reaches("messages flow everywhere", func(h happening) bool { return h.at.After(since) })
	if c := f.latecomer; c != nil {
		f.nodes[0].order(order{Do: "load", Groups: []string{late}, Every: every})
		f.until("who came while the server was away gets messages of its group", func() bool {
			return len(f.ledger.unreached([]string{c.name}, []string{late}, []string{f.nodes[0].Name}, func(happening) bool { return true })) == 0
		})
	}
	f.until("all processes say that they are well", func() bool {
		for _, n := range f.running() {
			if h := n.health(); h.Status != "ok" || !h.Layer.Connected {
				return false
			}
		}
		return true
	})
	f.well = time.Since(since)
}

func (f *field) reaches(what string, pass func(happening) bool) {
	f.Helper()
	channels := slices.Concat(f.groups, f.topics)
	var clients, missing []string
	for _, c := range f.clients {
		clients = append(clients, c.name)
	}
	defer func() {
		if len(missing) > 0 {
			f.Logf("what is missing:\n%s\nthe last calls:\n%s\nlogs:\n%s", strings.Join(missing, "\n"), f.ledger.last(4), f.logs(slog.LevelInfo))
		}
	}()
	f.until(what, func() bool {
		missing = f.ledger.unreached(clients, channels, f.publishers(), pass)
		return len(missing) == 0
	})
}

// finish ends the publishers, and waits for their last messages.
func (f *field) finish() {
	f.Helper()
	for _, n := range f.running() {
		n.order(order{Do: "finish"})
	}
	for _, n := range f.running() {
		n.finish()
	}
	f.reaches("the last messages arrive", func(h happening) bool { return h.end })
}

// healths returns what the processes say of themselves, once they know what they
// have missed, which takes them a moment.
func (f *field) healths(missed map[string]int) map[string]chanx.Health {
	f.wait(settlesIn)
	all := map[string]chanx.Health{}
	f.until("what is lost is known", func() bool {
		short := false
		for _, n := range f.running() {
			h := n.health()
			all[n.Name] = h
			short = short || h.Layer.Lost < uint64(missed[n.Name])
		}
		return !short
	})
	return all
}

// logs returns what the processes have logged.
func (f *field) logs(level slog.Level) string {
	var b strings.Builder
	for _, n := range f.nodes {
		for _, text := range n.logged(level) {
			fmt.Fprintf(&b, "%s: %s\n", n.Name, text)
		}
	}
	return b.String()
}

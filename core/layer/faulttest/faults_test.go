package faulttest_test

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// TestMain runs the tests, or is one of the processes that they start.
func TestMain(m *testing.M) {
	if config := os.Getenv(nodeEnv); config != "" {
		if err := runNode(config); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// atOnce is how many scenarios take place at the same time: most of each is waiting.
const atOnce = 6

// hubs is how many messages of hubs to each other a process may miss in a scenario.
const hubs = 20

// result is what came of a scenario.
type result struct {
	groups, topics counts
	outages        uint64        // of the process that had most
	lost           uint64        // what the processes know to have missed
	noticed        time.Duration // from the beginning of the fault
}

func TestFaults(t *testing.T) {
	results := make([]*result, len(scenarios))
	next := make(chan int, len(scenarios))
	for i := range scenarios {
		next <- i
	}
	close(next)
	var runners sync.WaitGroup
	for range atOnce {
		runners.Go(func() {
			for i := range next {
				t.Run(scenarios[i].String(), func(t *testing.T) { results[i] = scenarios[i].run(t) })
			}
		})
	}
	runners.Wait()
	if *write && !t.Failed() {
		writeReport(t, results)
	}
}

// run has the fault happen, and checks what came of it.
func (s scenario) run(t *testing.T) *result {
	f := newField(t, s.system(t))
	s.do(f)
	f.flows(f.since)
	f.finish()
	for _, c := range f.clients {
		c.stop()
	}
	node := func(publisher string) string { return publisher }
	r := &result{
		noticed: f.noticed,
		groups:  f.ledger.tally(f.groups, false, f.killed, node, f.since),
		topics:  f.ledger.tally(f.topics, true, f.killed, node, f.since),
	}
	healths := f.healths(r.groups.Missed)
	logs := map[string][]string{}
	for _, n := range f.running() {
		logs[n.Name] = n.logged(slog.LevelWarn)
	}
	for _, n := range f.running() {
		n.stop()
	}
	for _, h := range healths {
		r.outages = max(r.outages, h.Layer.Outages)
		r.lost += h.Layer.Lost
	}
	t.Logf("groups %+v\ntopics %+v\noutages %d, known to be lost %d, noticed after %v, well after %v, refusals %v", r.groups, r.topics, r.outages, r.lost, r.noticed, f.well, f.ledger.refusals)
	s.check(t, f, r, healths)
	for name, lines := range logs {
		checkLogs(t, name, lines, healths[name].Layer.Outages)
	}
	if t.Failed() {
		t.Logf("logs:\n%s", f.logs(slog.LevelInfo))
	}
	return r
}

// check holds what came of a scenario against what is promised.
func (s scenario) check(t *testing.T, f *field, r *result, healths map[string]chanx.Health) {
	for what, n := range map[string]int{
		"groups: duplicates":                        r.groups.Duplicates,
		"groups: out of order":                      r.groups.Reordered,
		"groups: never published":                   r.groups.Phantoms,
		"groups: lost within a process":             r.groups.LocalLost,
		"topics: lost in silence":                   r.topics.Lost,
		"topics: duplicates":                        r.topics.Duplicates,
		"topics: out of order":                      r.topics.Reordered,
		"topics: never published":                   r.topics.Phantoms,
		"topics: gaps in the numbers, without word": r.topics.Gaps,
	} {
		if n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
	if s.kept && r.topics.Told+r.topics.Reset != 0 {
		t.Errorf("topics: %d deliveries missing, and clients told so %d times, though all was kept", r.topics.Told, r.topics.Reset)
	}
	if s.recovers && r.topics.Recovered == 0 {
		t.Error("topics: nobody recovered")
	}
	if longest := max(r.groups.Longest, r.topics.Longest); longest > f.bound()+slack {
		t.Errorf("a publisher had to wait for %v", longest)
	}
	for node, h := range healths {
		// What a process missed it knows, and it does not make it more than it is. What
		// hubs tell each other counts, too.
		if unheard := r.groups.Unheard[node]; len(f.killed) == 0 && h.Layer.Lost > uint64(unheard)+hubs {
			t.Errorf("the process %s did not get %d messages, and says that it lost %d", node, unheard, h.Layer.Lost)
		}
		if missed := r.groups.Missed[node]; h.Layer.Lost < uint64(missed) {
			t.Errorf("the process %s missed %d messages, and knows of %d", node, missed, h.Layer.Lost)
		}
	}
}

// checkLogs: an outage is logged once, and what it brings about not for each message.
func checkLogs(t *testing.T, node string, lines []string, outages uint64) {
	gone := uint64(0)
	for _, text := range lines {
		if strings.Contains(text, "has lost its server") {
			gone++
		}
	}
	if gone != outages {
		t.Errorf("%s had %d outages, and logged %d", node, outages, gone)
	}
	if bound := 10 + 6*int(outages); len(lines) > bound {
		t.Errorf("%s has logged %d lines, above %d:\n%s", node, len(lines), bound, strings.Join(lines[:bound], "\n"))
	}
}

package faulttest_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write has TestFaults write what it has counted into the document.
var write = flag.Bool("write", false, "write the counts of TestFaults into "+document)

const (
	document = "../../../docs/reliability.md"
	begin    = "<!-- counts: written by go test ./core/layer/faulttest -write -->\n"
	end      = "<!-- end of counts -->\n"
)

// writeReport puts the counts of a run where the document has those of the last one.
func writeReport(t *testing.T, results []*result) {
	text := readDocument(t)
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for counts", document)
	}
	if err := os.WriteFile(document, []byte(before+begin+tables(results)+end+after), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readDocument(t *testing.T) string {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tables returns the counts as Markdown.
func tables(results []*result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nA run of %s on %s/%s with %d cores, with %s.\n", time.Now().UTC().Format("2 January 2006"), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), versions())
	b.WriteString("\n### Topics with history\n\n" +
		"| layer | fault | taken over | errors | of these arrived | delivered | lost | lost, and told so | twice | out of order | `recovered: true` | `false` | longest call | flows again after |\n" +
		"|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for i, r := range results {
		if c := r.topics; c.Acked > 0 {
			fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %s | %s |\n", scenarios[i].layer, scenarios[i].fault,
				c.Acked, c.Errors, c.Arrived, c.Deliveries, c.Lost, c.Told, c.Duplicates, c.Reordered, c.Recovered, c.Reset, short(c.Longest), short(c.Again))
		}
	}
	b.WriteString("\n### Groups\n\n" +
		"| layer | fault | taken over | errors | of these arrived | delivered | missed by processes | known to be missed | lost within a process | twice | out of order | outages | noticed after | longest call | flows again after |\n" +
		"|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for i, r := range results {
		c := r.groups
		missed := 0
		for _, n := range c.Missed {
			missed += n
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %s | %s | %s |\n", scenarios[i].layer, scenarios[i].fault,
			c.Acked, c.Errors, c.Arrived, c.Deliveries, missed, r.lost, c.LocalLost, c.Duplicates, c.Reordered, r.outages, short(r.noticed), short(c.Longest), short(c.Again))
	}
	b.WriteString("\n")
	return b.String()
}

// short formats a time.
func short(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < 10*time.Millisecond:
		return "<10 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(10*time.Millisecond).Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// versions are those of the servers.
func versions() string {
	number := regexp.MustCompile(`\d+\.\d+\.\d+`)
	var all []string
	for _, server := range []string{"redis-server", "nats-server"} {
		out, err := exec.Command(server, "--version").Output()
		if err == nil {
			all = append(all, server+" "+number.FindString(string(out)))
		}
	}
	return strings.Join(all, " and ")
}

// The document has the scenarios that are tested, all of them.
func TestReport(t *testing.T) {
	_, rest, _ := strings.Cut(readDocument(t), begin)
	text, _, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s has no counts", document)
	}
	var want, got []string
	for _, s := range scenarios {
		want = append(want, s.String())
	}
	_, groups, _ := strings.Cut(text, "### Groups")
	for row := range strings.Lines(groups) {
		cells := strings.Split(row, " | ")
		if len(cells) > 2 && cells[0] != "| layer" {
			got = append(got, strings.TrimPrefix(cells[0], "| ")+": "+cells[1])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the scenarios of %s (-tested +there; go test ./core/layer/faulttest -write makes them anew):\n%s", document, diff)
	}
}

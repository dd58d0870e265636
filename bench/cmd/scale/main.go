// scale measures what grows with groups, processes and members where a layer connects
// the processes of an application, and prints markdown tables.
//
//	bin/scale -broker redis
//	bin/scale -broker nats -only groups,members
//
// Every size has a fresh broker. The processes are handles on the layer in this one, so
// "here" is what all of them use together.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/chanx-go/chanx/bench/internal/proc"
)

// table is one thing that grows.
type table struct {
	name, title string
	columns     []string
	sizes       []int
	measure     func(ctx context.Context, b *broker, n int) ([]string, error)
}

func tables() []table {
	return []table{
		{"groups", "Groups that have members in one process", groupColumns(), []int{1_000, 10_000, 100_000}, groups},
		{"processes", "Processes", processColumns(), []int{2, 8, 32}, processes},
		{"members", "Members present, 100 on a topic", memberColumns(), []int{1_000, 10_000, 100_000}, members},
		{"crowd", "Members present on one topic", crowdColumns(), []int{100, 1_000, 10_000}, crowd},
		{"histories", "Topics with a history, 10 entries of 100 bytes each", historyColumns(), []int{100, 1_000, 10_000}, histories},
	}
}

func main() {
	kind := flag.String("broker", "redis", "redis or nats: the program is started")
	only := flag.String("only", "", "comma-separated tables; empty for all")
	shrink := flag.Int("shrink", 1, "divide every size, for a try")
	flag.Parse()
	if err := run(*kind, *only, *shrink); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(kind, only string, shrink int) error {
	for _, t := range tables() {
		if only != "" && !slices.Contains(strings.Split(only, ","), t.name) {
			continue
		}
		fmt.Printf("\n### %s, %s\n\n| | %s |\n%s|\n", t.title, kind, strings.Join(t.columns, " | "), strings.Repeat("|---", len(t.columns)+1))
		for _, n := range t.sizes {
			row, err := size(kind, t, max(2, n/shrink))
			if err != nil {
				return fmt.Errorf("%s, %d: %w", t.name, n, err)
			}
			fmt.Printf("| %d | %s |\n", max(2, n/shrink), strings.Join(row, " | "))
		}
	}
	return nil
}

func size(kind string, t table, n int) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	b, err := startBroker(kind)
	if err != nil {
		return nil, err
	}
	defer b.stop()
	return t.measure(ctx, b, n)
}

// spent is CPU time, of this process and of the broker.
type spent struct{ here, broker float64 }

func (b *broker) spent() spent {
	here, _ := proc.CPUClock(os.Getpid())
	there, _ := proc.CPUClock(b.server.PID())
	return spent{here, there}
}

// since is the CPU time in µs for each of n things since a moment, here and at the
// broker.
func (b *broker) since(a spent, n int) (here, there string) {
	now := b.spent()
	return fmt.Sprintf("%.1f", (now.here-a.here)/float64(n)*1e6), fmt.Sprintf("%.1f", (now.broker-a.broker)/float64(n)*1e6)
}

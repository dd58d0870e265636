// Command table runs the suite for adapters with every adapter of this repository,
// and prints what passes as a page of documentation:
//
//	go run ./core/adaptertest/table                            # print it
//	go run ./core/adaptertest/table -w docs/adapters.md        # write it
//	go run ./core/adaptertest/table -check docs/adapters.md    # fail if it is another
//
// It runs in the root of the repository, and fails where a case does.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

// column is an adapter as the table has it.
type column struct {
	name string
	dir  string // of the test
	test string // that runs the suite
	code string // folder of the adapter
}

var columns = []column{
	{"gin", "adapters/gin/gintest", "TestAdapter", "adapters/gin"},
	{"echo", "adapters/echo/echotest", "TestAdapter", "adapters/echo"},
	{"fiber", "adapters/fiber/fibertest", "TestAdapter", "adapters/fiber"},
	{"chi", "adapters/chi/chitest", "TestChi", "adapters/chi"},
	{"ServeMux", "adapters/chi/chitest", "TestServeMux", "adapters/chi"},
}

func main() {
	write := flag.String("w", "", "write the page to this `file`")
	check := flag.String("check", "", "compare the page with this `file`")
	race := flag.Bool("race", false, "test with the race detector")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *write, *check, *race); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

// run makes the page and does with it what was asked for.
func run(ctx context.Context, write, check string, race bool) error {
	results := make([]*result, len(columns))
	var failed error
	for i, c := range columns {
		var err error
		if results[i], err = test(ctx, c, race); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	if failed != nil {
		return failed
	}
	var b bytes.Buffer
	if err := page(&b, results); err != nil {
		return err
	}
	switch {
	case write != "":
		return os.WriteFile(write, b.Bytes(), 0o644) //nolint:gosec // documentation is for everybody
	case check != "":
		have, err := os.ReadFile(check) //nolint:gosec // it is named by who runs this
		if err == nil && !bytes.Equal(have, b.Bytes()) {
			err = fmt.Errorf("%s is not what the suite says: write it again with -w", check)
		}
		return err
	}
	_, err := os.Stdout.Write(b.Bytes())
	return err
}

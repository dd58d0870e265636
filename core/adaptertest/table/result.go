package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// result is what the suite has said of an adapter.
type result struct {
	column

	order []string // the cases, as they stand in the suite
	cases map[string]*outcome
}

// outcome is what became of a case.
type outcome struct {
	passed     bool
	impossible string // why, where it is declared so
	about      string // which middleware it is of
}

// event is a line of go test -json.
type event struct {
	Action string `json:"Action"`
	Test   string `json:"Test"`
	Key    string `json:"Key"`
	Value  string `json:"Value"`
	Output string `json:"Output"`
}

// test runs the suite with an adapter. The error has what failing cases have said.
func test(ctx context.Context, c column, race bool) (*result, error) {
	args := []string{"test", "-json", "-run", "^" + c.test + "$"}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...) //nolint:gosec // it is go
	cmd.Dir = c.dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	r, said, readErr := read(c, &stdout)
	switch {
	case readErr != nil:
		return r, fmt.Errorf("%s: %w", c.name, readErr)
	case err != nil:
		return r, fmt.Errorf("%s: %w\n%s%s", c.name, err, said, &stderr)
	case len(r.order) == 0:
		return r, fmt.Errorf("%s: no case has run", c.name)
	}
	fmt.Fprintf(os.Stderr, "%s: %d cases\n", c.name, len(r.order))
	return r, nil
}

// read reads the events of a suite, and what was said where something failed.
func read(c column, stream io.Reader) (*result, string, error) {
	r := &result{column: c, cases: map[string]*outcome{}}
	said := map[string]*strings.Builder{}
	var failed strings.Builder
	for decoder := json.NewDecoder(stream); ; {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return r, failed.String(), nil
		} else if err != nil {
			return r, "", err
		}
		if e.Action == "output" || e.Action == "build-output" {
			if said[e.Test] == nil {
				said[e.Test] = &strings.Builder{}
			}
			said[e.Test].WriteString(e.Output)
		}
		if e.Action == "fail" && said[e.Test] != nil {
			failed.WriteString(said[e.Test].String())
		}
		if name, ok := strings.CutPrefix(e.Test, c.test+"/"); ok {
			r.take(strings.ReplaceAll(name, "_", " "), &e)
		}
	}
}

// take takes an event of a case.
func (r *result) take(name string, e *event) {
	o := r.cases[name]
	if o == nil {
		o = &outcome{}
		r.cases[name] = o
		r.order = append(r.order, name)
	}
	switch {
	case e.Action == "pass":
		o.passed = true
	case e.Action == "attr" && e.Key == "impossible":
		o.impossible = e.Value
	case e.Action == "attr" && e.Key == "about":
		o.about = e.Value
	}
}

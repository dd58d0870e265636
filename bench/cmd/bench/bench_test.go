package main

import (
	"strings"
	"testing"
)

func TestRatioIsTakenWithinARepetition(t *testing.T) {
	t.Parallel()
	cpu := func(r result) float64 { return r.CPU }
	base := []result{{Target: "floor", Rep: 0, CPU: 10}, {Target: "floor", Rep: 1, CPU: 20}, {Target: "floor", Rep: 2, CPU: 40}}
	tests := map[string]struct {
		rs   []result
		want string
	}{
		"half of it each time": {
			rs:   []result{{Target: "a", Rep: 2, CPU: 20}, {Target: "a", Rep: 0, CPU: 5}, {Target: "a", Rep: 1, CPU: 10}},
			want: "0.50 (0.50–0.50, lower in 3/3)",
		},
		"mixed":              {rs: []result{{Target: "a", Rep: 0, CPU: 20}, {Target: "a", Rep: 1, CPU: 10}}, want: "1.25 (0.50–2.00, lower in 1/2)"},
		"once":               {rs: []result{{Target: "a", Rep: 1, CPU: 10}}, want: "0.50"},
		"the floor":          {rs: base, want: "1.00"},
		"nothing to compare": {rs: []result{{Target: "a", Rep: 7, CPU: 10}}, want: "-"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := ratio(tt.rs, base, cpu); got != tt.want {
				t.Errorf("ratio = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTargetFlag(t *testing.T) {
	t.Parallel()
	var f targetFlag
	if err := f.Set("mine=./server -list a,b -addr {addr},ws://{addr}/ws,raw"); err != nil {
		t.Fatal(err)
	}
	want := target{name: "mine", cmd: "./server -list a,b -addr {addr}", url: "ws://{addr}/ws", dialect: "raw", caps: "ei"}
	if f[0] != want {
		t.Errorf("target = %+v, want %+v", f[0], want)
	}
	for _, bad := range []string{"", "mine", "mine=cmd", "mine=cmd,url", "cmd,url,chanx"} {
		if err := f.Set(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestTargetsAreSelected(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options options
		want    string
	}{
		"one and the floor": {options{only: "gws", floor: "coder"}, "coder gws"},
		"an extra one":      {options{only: "proto-6.*|limit-net", floor: "coder"}, "coder limit-net proto-6-room"},
		"an added one":      {options{only: "none", floor: "coder", more: targetFlag{{name: "mine"}}}, "coder mine"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			targets, err := tt.options.targets()
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, target := range targets {
				names = append(names, target.name)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("targets = %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := (&options{only: "("}).targets(); err == nil {
		t.Error("a broken -only was taken")
	}
}

// Every scenario's table has as many cells in a row as in its head, and shows
// runs that failed.
func TestTables(t *testing.T) {
	t.Parallel()
	targets := []target{own("floor", "x", "chanx"), own("shaky", "x", "chanx"), own("broken", "x", "chanx")}
	for i := range targets {
		targets[i].caps += "p"
	}
	for _, s := range append(matrix(true), matrix(false)...) {
		b := &bench{options: &options{floor: "floor", noise: 0.4}}
		for rep := range 3 {
			for _, target := range targets {
				r := result{Target: target.name, Scenario: s.id, Rep: rep, CPU: float64(rep + 1), Slow: &slow{}}
				if target.name == "broken" || target.name == "shaky" && rep == 1 {
					r.Err = "it stumbled"
				}
				if target.name == "floor" && rep == 2 {
					r.Other = 0.5
				}
				r.blame(r)
				b.all = append(b.all, r)
			}
		}
		out := b.table(s, targets)
		lines := strings.Split(strings.TrimSpace(out), "\n")[2:]
		if len(lines) != 2+len(targets) {
			t.Fatalf("%s: %d lines:\n%s", s.id, len(lines), out)
		}
		for i, line := range lines[:4] {
			if got, want := strings.Count(line, "|"), strings.Count(lines[0], "|"); got != want {
				t.Errorf("%s: line %d has %d bars, the head %d:\n%s", s.id, i, got, want, out)
			}
		}
		if !strings.HasPrefix(lines[2], "| floor (1 of 3 noisy) |") {
			t.Errorf("%s: the noisy run is not shown:\n%s", s.id, out)
		}
		if !strings.Contains(lines[3], "1 runs failed: it stumbled") || !strings.Contains(lines[4], "failed: it stumbled") {
			t.Errorf("%s: failed runs are not shown:\n%s", s.id, out)
		}
	}
}

func TestBlameKeepsTheWorst(t *testing.T) {
	t.Parallel()
	quiet := result{Slow: &slow{OthersLost: 1}}
	quiet.blame(result{Lost: 3, Disorder: 2, Closed: 1, Err: "x", Slow: &slow{OthersLost: 5}})
	quiet.blame(result{Lost: 1})
	if quiet.Lost != 3 || quiet.Disorder != 2 || quiet.Closed != 1 || quiet.Slow.OthersLost != 5 || len(quiet.Failures) != 1 {
		t.Errorf("kept %+v, %+v", quiet, quiet.Slow)
	}
}

package adaptertest

import (
	"runtime/debug"
	"slices"
	"testing"
)

// Run runs the suite: every case in a subtest, most of them in parallel.
func Run(t *testing.T, a Adapter) {
	t.Helper()
	if a.New == nil {
		t.Fatal("adaptertest: an Adapter needs New")
	}
	if a.Pattern == nil {
		a.Pattern = func(address string) string { return address }
	}
	cases := casesOf(&a)
	for name := range a.Impossible {
		if !slices.ContainsFunc(cases, func(c testCase) bool { return c.name == name }) {
			t.Errorf("adaptertest: %q is declared impossible, and is no case", name)
		}
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if !c.alone {
				t.Parallel()
			}
			if c.about != "" {
				t.Attr("about", c.about)
			}
			if reason := a.impossible(c.name); reason != "" {
				t.Attr("impossible", reason)
				if attempt(t, &a, c) {
					t.Errorf("the case is declared impossible (%s), and passes", reason)
				}
				return
			}
			c.run(&kit{TB: t, adapter: &a})
		})
	}
}

// impossible returns why a case can't be passed, "" where it can.
func (a *Adapter) impossible(name string) string { return a.Impossible[name] }

// testCase is one case of the suite.
type testCase struct {
	name  string
	about string // of which middleware the case is
	alone bool   // it counts what the process has, and runs beside no other
	run   func(k *kit)
}

// casesOf returns the suite for an adapter, those that run alone first.
func casesOf(a *Adapter) []testCase {
	all := slices.Concat(
		mountingCases(a), valueCases(), identityCases(), authCases(a), authenticatorCases(), refusalCases(), handshakeCases(), middlewareCases(a),
		frameCases(), isolationCases(), closingCases(), shutdownCases(), reportCases(),
	)
	slices.SortStableFunc(all, func(x, y testCase) int {
		switch {
		case x.alone == y.alone:
			return 0
		case x.alone:
			return -1
		}
		return 1
	})
	return all
}

// kit is what a case works with. Its methods fail the test.
type kit struct {
	testing.TB

	adapter *Adapter
}

// attempt runs a case whose failure is not the test's, and reports whether it
// passed.
func attempt(t testing.TB, a *Adapter, c testCase) bool {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.cleanUp()
		defer func() {
			if v := recover(); v != nil {
				r.Errorf("panic: %v\n%s", v, debug.Stack())
			}
		}()
		c.run(&kit{TB: r, adapter: a})
	}()
	<-done
	if r.Failed() {
		t.Logf("as was to be expected:\n%s", r.text())
	}
	return !r.Failed()
}

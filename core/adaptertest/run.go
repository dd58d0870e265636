package adaptertest

import (
	"runtime/debug"
	"slices"
	"testing"
	"time"
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
			if reason, ok := a.Impossible[c.name]; ok {
				t.Attr("impossible", reason)
			}
			c.on(t, &a, patience)
		})
	}
}

// testCase is one case of the suite.
type testCase struct {
	name  string
	about string // of which middleware the case is
	alone bool   // it counts what the process has, and runs beside no other: parallel ones wait until all have begun
	run   func(k *kit)
}

// casesOf returns the suite for an adapter.
func casesOf(a *Adapter) []testCase {
	return slices.Concat(
		mountingCases(a), valueCases(), identityCases(), authCases(a), authenticatorCases(), refusalCases(), handshakeCases(), middlewareCases(a),
		frameCases(), isolationCases(), closingCases(), shutdownCases(), reportCases(), documentCases(a),
	)
}

// on runs the case on an adapter. One that is declared impossible has to fail.
func (c testCase) on(t testing.TB, a *Adapter, patience time.Duration) {
	t.Helper()
	reason, impossible := a.Impossible[c.name]
	if !impossible {
		c.run(&kit{TB: t, adapter: a, patience: patience})
		return
	}
	r := attempt(t, func(t testing.TB) { c.run(&kit{TB: t, adapter: a, patience: patience}) })
	if !r.Failed() {
		t.Errorf("the case is declared impossible (%s), and passes", reason)
	}
	t.Logf("impossible: %s: %s", reason, r.text())
}

// kit is what a case works with. Its methods fail the test.
type kit struct {
	testing.TB

	adapter  *Adapter
	patience time.Duration // for what has to come
}

// patience is how long the suite waits for what has to come.
const patience = 10 * time.Second

// attempt runs a test whose failure is not t's.
func attempt(t testing.TB, test func(t testing.TB)) *recorder {
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
		test(r)
	}()
	<-done
	return r
}

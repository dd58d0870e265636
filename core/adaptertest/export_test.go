package adaptertest

import (
	"testing"
	"time"
)

// Names are the names of the suite's cases for an adapter.
func Names(a Adapter) []string {
	var names []string
	for _, c := range casesOf(&a) {
		names = append(names, c.name)
	}
	return names
}

// Attempt runs one case with little patience, and returns whether it failed and
// what it said.
func Attempt(t testing.TB, a Adapter, name string) (failed bool, text string) {
	t.Helper()
	if a.Pattern == nil {
		a.Pattern = func(address string) string { return address }
	}
	for _, c := range casesOf(&a) {
		if c.name == name {
			r := attempt(t, func(t testing.TB) { c.on(t, &a, 700*time.Millisecond) })
			return r.Failed(), r.text()
		}
	}
	t.Fatalf("there is no case %q", name)
	return false, ""
}

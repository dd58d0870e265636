// Package adaptertest is the suite that every adapter passes: what puts endpoints
// into a web framework.
//
//	func TestAdapter(t *testing.T) {
//		adaptertest.Run(t, adaptertest.Adapter{
//			New: func(_ testing.TB, o adaptertest.Options) adaptertest.App { return newApp(o) },
//		})
//	}
//
// An [App] is an application of the framework, made as the adapter's guide
// recommends; the suite puts consumers, middleware and plain routes into it and
// talks to it over TCP. It is written in terms of [Router] and [Context], which
// the test of an adapter implements in some hundred and fifty lines: those for
// net/http alone are in this package's example_test.go.
//
// Every case is a subtest "group/case", and a row of the table of adapters. A case
// that can't be passed with a framework, whoever writes the adapter, is declared
// with its reason in [Adapter].Impossible: nothing is skipped unnoticed, and a
// declaration that is not needed fails the suite.
package adaptertest

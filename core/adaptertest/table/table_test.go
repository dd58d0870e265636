package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// suite is what go test says of a suite of three cases.
const suite = `
{"Action":"start"}
{"Action":"run","Test":"TestA"}
{"Action":"run","Test":"TestA/frames/large_and_many"}
{"Action":"output","Test":"TestA/frames/large_and_many","Output":"=== RUN\n"}
{"Action":"run","Test":"TestA/handshake/HTTP/2"}
{"Action":"attr","Test":"TestA/handshake/HTTP/2","Key":"impossible","Value":"it speaks none"}
{"Action":"run","Test":"TestA/middleware/gzip"}
{"Action":"attr","Test":"TestA/middleware/gzip","Key":"about","Value":"a, b (500)"}
{"Action":"pass","Test":"TestA/frames/large_and_many"}
{"Action":"pass","Test":"TestA/handshake/HTTP/2"}
{"Action":"LAST","Test":"TestA/middleware/gzip"}
{"Action":"pass","Test":"TestA"}
`

func TestPage(t *testing.T) {
	dir := t.TempDir()
	a, said, err := read(column{name: "a", test: "TestA", code: dir}, strings.NewReader(strings.Replace(suite, "LAST", "pass", 1)))
	if err != nil || said != "" {
		t.Fatalf("read: %v, %q", err, said)
	}
	b, _, err := read(column{name: "b", test: "TestB", code: dir}, strings.NewReader(`{"Action":"pass","Test":"TestB/handshake/HTTP/2"}`))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := page(&got, []*result{a, b}); err != nil {
		t.Fatal(err)
	}
	want := intro + `| case | a | b |
|---|---|---|
| frames: large and many | ✓ | – |
| handshake: HTTP/2 | (1) | ✓ |
| middleware: gzip | ✓ | – |

1. it speaks none

## Middleware and authentication

What stands in front of sockets in these cases. A status in parentheses is what a
handshake is refused with behind middleware that sockets can't live with.

| kind | a | b |
|---|---|---|
| gzip | a, b (500) | – |

## Size

Lines of Go without tests, blank lines and comments.

| adapter | files | lines |
|---|---|---|
| a and b | 0 | 0 |
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a failing case has said is told, and the rest is not.
func TestFailure(t *testing.T) {
	r, said, err := read(column{test: "TestA"}, strings.NewReader(strings.Replace(suite, "LAST", "fail", 1)+
		`{"Action":"output","Test":"TestA/middleware/gzip","Output":"no\n"}{"Action":"fail","Test":"TestA/middleware/gzip"}`))
	if err != nil || said != "no\n" || r.cases["middleware/gzip"].passed {
		t.Errorf("said %q, %v", said, err)
	}
}

func TestCodeLines(t *testing.T) {
	const source = "// Package p does.\npackage p\n\n/* more\n*/\nvar x = `a\n\nb` // three\n\nfunc f() {\n\tg()\n}\n"
	if got := codeLines([]byte(source)); got != 7 {
		t.Errorf("%d lines, want 7", got)
	}
}

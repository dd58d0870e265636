// Package leak fails tests that leave goroutines behind.
package leak

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Main is what TestMain does: it runs the tests of a package, which are a *testing.M,
// and fails where a goroutine of this module is left when all are done.
func Main(m interface{ Run() int }) {
	code := m.Run()
	if left := wait(); code == 0 && len(left) > 0 {
		fmt.Fprintf(os.Stderr, "%d goroutines are left:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// wait returns the goroutines that are left. Those that are about to end get a moment
// to do so.
func wait() []string {
	for range 200 {
		if len(ours()) == 0 {
			return nil
		}
		<-time.After(10 * time.Millisecond)
	}
	return ours()
}

// ours returns the stacks of goroutines that run code of this module, beside the
// caller's.
func ours() []string {
	buf := make([]byte, 8<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var stacks []string
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(stack, "chanx-go/chanx/core") && !strings.Contains(stack, "TestMain") {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

package relay_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails where a goroutine of ours is left when all tests are done.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := goroutinesLeft(); code == 0 && len(left) > 0 {
		fmt.Fprintf(os.Stderr, "%d goroutines are left:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// goroutinesLeft returns the stacks of goroutines that run code of this module,
// beside the caller. Those that are about to end get a moment to do so.
func goroutinesLeft() []string {
	var left []string
	for range 200 {
		left = nil
		buf := make([]byte, 8<<20)
		buf = buf[:runtime.Stack(buf, true)]
		for stack := range strings.SplitSeq(string(buf), "\n\n") {
			if strings.Contains(stack, "chanx-go/chanx/core") && !strings.Contains(stack, "TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			break
		}
		<-time.After(10 * time.Millisecond)
	}
	return left
}

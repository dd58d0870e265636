package chanxfiber_test

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
	var left []string
	for range 200 {
		if left = ours(); len(left) == 0 {
			break
		}
		<-time.After(10 * time.Millisecond)
	}
	if code == 0 && len(left) > 0 {
		fmt.Fprintf(os.Stderr, "%d goroutines are left:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// ours returns the stacks of goroutines that run code of the repository, beside
// the caller's.
func ours() []string {
	buf := make([]byte, 8<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var found []string
	for i, stack := range strings.Split(string(buf), "\n\n") {
		if i > 0 && strings.Contains(stack, "chanx-go/chanx") {
			found = append(found, stack)
		}
	}
	return found
}

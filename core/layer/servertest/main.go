package servertest

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// Main runs a package's tests with servers that all of them share: begin starts
// these, and what it hands to Cleanup is done after the last test. It is for
// TestMain, which need not do anything else; a failure in begin is told, and no
// test runs.
//
//	func TestMain(m *testing.M) {
//		servertest.Main(m, func(tb testing.TB) { server = servertest.Redis(tb, servertest.RedisOptions{}) })
//	}
func Main(m *testing.M, begin func(tb testing.TB)) {
	whole := &mainTB{}
	code := 1
	done := make(chan struct{})
	go func() { // of its own, which Fatalf may end
		defer close(done)
		defer whole.end()
		begin(whole)
		if !whole.Failed() {
			code = m.Run()
		}
	}()
	<-done
	if whole.Failed() {
		code = 1
	}
	os.Exit(code)
}

// mainTB is the testing.TB of all tests together, as far as this package uses one.
type mainTB struct {
	testing.TB

	mu       sync.Mutex
	failed   bool
	cleanups []func()
}

func (m *mainTB) Helper() {}

func (m *mainTB) Name() string { return "TestMain" }

func (m *mainTB) Cleanup(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cleanups = append(m.cleanups, f)
}

func (m *mainTB) Failed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failed
}

func (m *mainTB) Logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

func (m *mainTB) Errorf(format string, args ...any) {
	m.Logf(format, args...)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed = true
}

func (m *mainTB) Fatalf(format string, args ...any) {
	m.Errorf(format, args...)
	runtime.Goexit()
}

func (m *mainTB) Fatal(args ...any) { m.Fatalf("%s", fmt.Sprint(args...)) }

func (m *mainTB) Error(args ...any) { m.Errorf("%s", fmt.Sprint(args...)) }

func (m *mainTB) Log(args ...any) { m.Logf("%s", fmt.Sprint(args...)) }

// end does what was handed to Cleanup, the latest first.
func (m *mainTB) end() {
	for _, f := range slices.Backward(m.cleanups) {
		f()
	}
}

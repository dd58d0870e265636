// Package gate stands between a layer and the handlers it calls: it keeps the
// rules of layer.Subscription about ending, for any layer.
package gate

import (
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
)

// Gate lets calls of one handler through, one at a time, until it is shut. The
// zero Gate is open.
type Gate struct {
	running sync.Mutex // held while the handler runs
	shut    atomic.Bool
}

// Call calls handler with data unless the gate is shut.
func (g *Gate) Call(handler func(data []byte), data []byte) {
	g.Run(func() { handler(data) })
}

// Run calls f unless the gate is shut. [Inside] looks for this function on the
// stack, so it must have a frame of its own.
//
//go:noinline
func (g *Gate) Run(f func()) {
	g.running.Lock()
	defer g.running.Unlock()
	if !g.shut.Load() {
		f()
	}
}

// Shut lets no further call through, and waits for the one under way; inside a
// handler, which might be that one or be waited for by it, it doesn't wait.
func (g *Gate) Shut() {
	g.shut.Store(true)
	if !g.running.TryLock() {
		if Inside() {
			return
		}
		g.running.Lock()
	}
	g.running.Unlock()
}

var runEntry = reflect.ValueOf((*Gate).Run).Pointer()

// Inside reports whether this goroutine is running a handler, of any gate. It
// reads the stack, which takes about a microsecond: ask only when the answer
// decides between waiting and not.
func Inside() bool {
	var pcs [64]uintptr
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		for _, pc := range pcs[:n] {
			// pc is where the call returns to, which may be past the function's end.
			if f := runtime.FuncForPC(pc - 1); f != nil && f.Entry() == runEntry {
				return true
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

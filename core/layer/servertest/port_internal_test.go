package servertest

import (
	"sync"
	"testing"
)

// Ports are free for whom they were given to, however many ask at once.
func TestPortsAtOnce(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	var mu sync.Mutex
	seen := map[int]bool{}
	for range 8 {
		all.Go(func() {
			for range 50 {
				n := port(t)
				l, err := listen("127.0.0.1", n)
				if err != nil {
					t.Errorf("the port %d is not free: %v", n, err)
					continue
				}
				_ = l.Close()
				mu.Lock()
				if seen[n] {
					t.Errorf("the port %d was given twice", n)
				}
				seen[n] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
}

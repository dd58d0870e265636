package chanxnats_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

// TestRivals: processes that append to one channel as fast as they can, some of them
// far from the server, all get their turn.
func TestRivals(t *testing.T) {
	const rivals, span = 8, 3 * time.Second
	s := program(t, servertest.NATSOptions{JetStream: true})
	far := servertest.NewProxy(t, s.Addr)
	far.Slow(time.Millisecond)
	opts := quick()
	opts.Prefix = prefix()
	opts.Timeout = 3 * time.Second
	counts := make([]int, rivals)
	worst := make([]time.Duration, rivals)
	var layers []layer.History
	for i := range rivals {
		url := s.URL
		if i%2 > 0 {
			url = "nats://" + far.Addr
		}
		layers = append(layers, open(t, url, opts))
	}
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	var wg sync.WaitGroup
	for i, l := range layers {
		wg.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				if err := l.Append(t.Context(), "room", fmt.Appendf(nil, "%d %d", i, counts[i]), plenty()); err != nil {
					t.Errorf("process %d, after %d: %v", i, counts[i], err)
					return
				}
				counts[i]++
				worst[i] = max(worst[i], time.Since(began))
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	t.Logf("%d appends: %v; the longest took %v", total, counts, worst)
	for i, n := range counts {
		if n == 0 {
			t.Errorf("process %d got %d of %d", i, n, total)
		}
	}
}

package chanxnats_test

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestSlowHandler: a handler that is stuck while very much comes doesn't hold back
// publishers, nor what others publish to other processes; what is dropped is counted
// exactly, and the rest comes in order.
func TestSlowHandler(t *testing.T) {
	t.Parallel()
	const publishers, messages = 64, 900
	url := embed(t, nil).ClientURL()
	opts := quick()
	opts.Timeout = 20 * time.Second // 64 publishers at once may keep a busy machine from answering in less
	a, b, c := open(t, url, opts), open(t, url, opts), open(t, url, opts)
	stuck := make(chan struct{})
	var got, elsewhere atomic.Int64
	if _, err := b.Subscribe(t.Context(), "room", func([]byte) {
		<-stuck
		got.Add(1)
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Subscribe(t.Context(), "room", func([]byte) { elsewhere.Add(1) }); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range publishers {
		wg.Go(func() {
			for i := range messages {
				if err := a.Publish(t.Context(), "room", strconv.AppendInt(nil, int64(i), 10)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(stuck)
	const all = publishers * messages
	soon(t, "a process that isn't slow gets everything", func() bool { return elsewhere.Load() == all })
	published := int64(all)
	soon(t, "every message is delivered, or counted as lost", func() bool {
		// The next message tells of those before it that were dropped.
		if err := a.Publish(t.Context(), "room", nil); err != nil {
			t.Error(err)
		}
		published++
		return got.Load()+int64(b.Health().Lost) >= published-1
	})
	t.Logf("%d of %d delivered, %d lost", got.Load(), published, b.Health().Lost)
	if lost := b.Health().Lost; lost == 0 || got.Load()+int64(lost) > published {
		t.Errorf("%d messages delivered and %d lost, of %d", got.Load(), lost, published)
	}
	if h := c.Health(); h.Lost != 0 || h.Outages != 0 {
		t.Errorf("another process lost %d in %d outages", h.Lost, h.Outages)
	}
}

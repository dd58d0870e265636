package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

func historyColumns() []string {
	return []string{"appended a second", "bytes a topic here", "at the broker", "µs of CPU an entry here, both ends", "at the broker", "ms to read 10 entries"}
}

// histories follows many topics in one process, to which another appends.
func histories(ctx context.Context, b *broker, n int) ([]string, error) {
	here, there, err := b.pair(ctx)
	if err != nil {
		return nil, err
	}
	var got atomic.Int64
	before := b.memory()
	at := make([]layer.Position, n)
	if err := each(n, func(i int) (err error) {
		at[i], _, err = here.Follow(ctx, topic(i), func(layer.Entry) { got.Add(1) })
		return err
	}); err != nil {
		return nil, err
	}
	const entries = 10
	keep := layer.Retention{Entries: 100, Age: 5 * time.Minute}
	data := make([]byte, 100)
	a, start := b.spent(), time.Now()
	if err := each(n*entries, func(i int) error { return there.Append(ctx, topic(i%n), data, keep) }); err != nil {
		return nil, err
	}
	if err := await(ctx, func() bool { return got.Load() >= int64(n*entries) }); err != nil {
		return nil, err
	}
	appended := fmt.Sprintf("%.0f", float64(n*entries)/time.Since(start).Seconds())
	cpuHere, cpuThere := b.since(a, n*entries)
	bytesHere, bytesThere := b.grown(before, n)
	const times = 100
	start = time.Now()
	for i := range times {
		list, _, err := here.Read(ctx, topic(i%n), at[i%n], entries)
		if err == nil && len(list) != entries {
			err = fmt.Errorf("%d entries, not %d", len(list), entries)
		}
		if err != nil {
			return nil, err
		}
	}
	return []string{appended, bytesHere, bytesThere, cpuHere, cpuThere, ms(time.Since(start) / times)}, nil
}

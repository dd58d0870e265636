package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

func processColumns() []string {
	return []string{"to a group with members in all: µs of CPU a publish here", "at the broker", "to a group with members in two: here", "at the broker", "idle: ms of CPU a second here", "at the broker", "bytes a process at the broker"}
}

// processes has many handles on the layer, each with members of a group of all, and two
// with members of another.
func processes(ctx context.Context, b *broker, n int) ([]string, error) {
	before := b.memory()
	var got atomic.Int64
	for i := range n {
		l, err := b.open(ctx)
		if err != nil {
			return nil, err
		}
		names := []string{group(0)}
		if i < 2 {
			names = append(names, "two")
		}
		for _, name := range names {
			if _, err := l.Subscribe(ctx, name, func([]byte) { got.Add(1) }); err != nil {
				return nil, err
			}
		}
	}
	_, bytesThere := b.grown(before, n)
	first := b.handles[0]
	const count = 5_000
	a := b.spent()
	if err := publish(ctx, first, count, 1, &got, int64(count*n)); err != nil {
		return nil, err
	}
	allHere, allThere := b.since(a, count)

	a = b.spent()
	got.Store(0)
	if err := each(count, func(int) error { return first.Publish(ctx, "two", make([]byte, 100)) }); err != nil {
		return nil, err
	}
	if err := await(ctx, func() bool { return got.Load() >= 2*count }); err != nil {
		return nil, err
	}
	twoHere, twoThere := b.since(a, count)

	a = b.spent()
	const idle = 5
	select {
	case <-time.After(idle * time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := b.spent()
	return []string{
		allHere, allThere, twoHere, twoThere,
		fmt.Sprintf("%.2f", (now.here-a.here)/idle*1e3), fmt.Sprintf("%.2f", (now.broker-a.broker)/idle*1e3), bytesThere,
	}, nil
}

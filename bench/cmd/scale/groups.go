package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

const messages = 50_000

func groupColumns() []string {
	return []string{"joined a second", "bytes a group here", "at the broker", "µs of CPU a message here, both ends", "at the broker", "ms until all work after a restart of the broker"}
}

// groups subscribes to many channels in one process, to which another publishes.
func groups(ctx context.Context, b *broker, n int) ([]string, error) {
	here, there, err := b.pair(ctx)
	if err != nil {
		return nil, err
	}
	var got atomic.Int64
	before, start := b.memory(), time.Now()
	if err := each(n, func(i int) error {
		_, err := here.Subscribe(ctx, group(i), func([]byte) { got.Add(1) })
		return err
	}); err != nil {
		return nil, err
	}
	joined := fmt.Sprintf("%.0f", float64(n)/time.Since(start).Seconds())
	bytesHere, bytesThere := b.grown(before, n)

	a := b.spent()
	if err := publish(ctx, there, messages, n, &got, messages); err != nil {
		return nil, err
	}
	cpuHere, cpuThere := b.since(a, messages)

	back, err := b.restart(ctx, here, there, n)
	if err != nil {
		return nil, err
	}
	return []string{joined, bytesHere, bytesThere, cpuHere, cpuThere, fmt.Sprint(back.Milliseconds())}, nil
}

func group(i int) string { return fmt.Sprintf("group:room:number-%d", i) }

// publish publishes count messages of 100 bytes to n groups in turn, and waits until
// got has as many as are due.
func publish(ctx context.Context, l layer.Layer, count, n int, got *atomic.Int64, due int64) error {
	got.Store(0)
	data := make([]byte, 100)
	if err := each(count, func(i int) error { return l.Publish(ctx, group(i%n), data) }); err != nil {
		return err
	}
	return await(ctx, func() bool { return got.Load() >= due })
}

// restart stops the broker, starts it again, and returns how long it takes from then on
// until every group gets messages again.
func (b *broker) restart(ctx context.Context, here everything, there layer.Layer, n int) (time.Duration, error) {
	b.server.Stop()
	if err := await(ctx, func() bool { return !here.Health().Connected }); err != nil {
		return 0, err
	}
	if err := b.start(); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := await(ctx, func() bool { return here.Health().Connected }); err != nil {
		return 0, err
	}
	var got atomic.Int64
	s, err := here.Subscribe(ctx, group(n), func([]byte) { got.Add(1) })
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.Unsubscribe() }()
	err = await(ctx, func() bool { return there.Publish(ctx, group(n), []byte("x")) == nil && got.Load() > 0 })
	return time.Since(start), err
}

// await asks again and again until it is so.
func await(ctx context.Context, so func() bool) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	end := time.After(time.Minute)
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			return errLost
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

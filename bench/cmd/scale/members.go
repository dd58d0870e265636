package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

const (
	owner = "process"
	lease = 30 * time.Second
)

func memberColumns() []string {
	return []string{"entered a second", "bytes a member here", "at the broker", "µs of CPU an entering here", "at the broker", "ms to renew the lease", "µs of CPU of it at the broker", "ms to list a topic"}
}

// members has many sessions of one process, on topics that it watches.
func members(ctx context.Context, b *broker, n int) ([]string, error) {
	return present(ctx, b, n, max(1, n/100))
}

func crowdColumns() []string {
	return []string{"entered a second", "bytes a member here", "at the broker", "µs of CPU an entering here", "at the broker", "ms to renew the lease", "µs of CPU of it at the broker", "ms to list the topic"}
}

// crowd has all of them on one topic.
func crowd(ctx context.Context, b *broker, n int) ([]string, error) {
	return present(ctx, b, n, 1)
}

func present(ctx context.Context, b *broker, n, topics int) ([]string, error) {
	l, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := l.Renew(ctx, owner, lease); err != nil {
		return nil, err
	}
	keep, stop := context.WithCancel(ctx)
	defer stop()
	go keepLease(keep, l)
	before := b.memory()
	for i := range topics {
		if _, err := l.Watch(ctx, topic(i), func(layer.PresenceChange) {}); err != nil {
			return nil, err
		}
	}
	a, start := b.spent(), time.Now()
	if err := each(n, func(i int) error {
		id := strconv.Itoa(i)
		return l.Enter(ctx, topic(i%topics), layer.Session{Key: "user-" + id, ID: id, Owner: owner, Info: []byte(`{"name":"somebody"}`)})
	}); err != nil {
		return nil, err
	}
	entered := fmt.Sprintf("%.0f", float64(n)/time.Since(start).Seconds())
	cpuHere, cpuThere := b.since(a, n)
	bytesHere, bytesThere := b.grown(before, n)

	const times = 20
	a, start = b.spent(), time.Now()
	for range times {
		if _, err := l.Renew(ctx, owner, lease); err != nil {
			return nil, err
		}
	}
	renewed := time.Since(start) / times
	_, renewThere := b.since(a, times)
	start = time.Now()
	for range times {
		list, err := l.Members(ctx, topic(0))
		if err == nil && len(list) != (n+topics-1)/topics { // the first topic has one more where they don't come out even
			err = fmt.Errorf("%d members of %d on %d topics", len(list), n, topics)
		}
		if err != nil {
			return nil, err
		}
	}
	listed := time.Since(start) / times
	return []string{entered, bytesHere, bytesThere, cpuHere, cpuThere, ms(renewed), renewThere, ms(listed)}, nil
}

func keepLease(ctx context.Context, l layer.Presence) {
	tick := time.NewTicker(lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_, _ = l.Renew(ctx, owner, lease)
		case <-ctx.Done():
			return
		}
	}
}

func topic(i int) string { return fmt.Sprintf("topic:room:number-%d", i) }

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1e3) }

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

const (
	waitingJobs = 64
	jobTime     = 300 * time.Millisecond
	newsEvery   = 15 * time.Second
)

// runWorker does jobs until the context ends. It has a hub and the consumer as
// every process, and mounts nothing: it only publishes.
func runWorker(ctx context.Context, l layer.Layer, log *slog.Logger) error {
	d := newDesk("worker", l, log, nil)
	orders := make(chan order, waitingJobs)
	sub, err := l.Subscribe(ctx, jobs, func(data []byte) {
		var o order
		if err := json.Unmarshal(data, &o); err != nil {
			log.Warn("scaleout: a job can't be read", "error", err)
			return
		}
		select {
		case orders <- o:
		default:
			log.Warn("scaleout: too many jobs are waiting", "conn", o.Conn)
		}
	})
	if err != nil {
		return fmt.Errorf("subscribing to the jobs: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()

	news := time.NewTicker(newsEvery)
	defer news.Stop()
	for done := 0; ; {
		select {
		case <-ctx.Done():
			return d.hub.Shutdown(context.WithoutCancel(ctx))
		case o := <-orders:
			done++
			err = d.do(ctx, o)
		case <-news.C:
			err = d.seats.Publish(ctx, News{fmt.Sprintf("jobs done so far: %d", done)}, everybody)
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("scaleout: nobody heard of the worker", "error", err)
		}
	}
}

// do does a job, and tells the connection that wanted it: all that is known of it
// is an id.
func (d *desk) do(ctx context.Context, o order) error {
	select {
	case <-time.After(jobTime):
	case <-ctx.Done():
		return ctx.Err()
	}
	result := []rune(o.Text)
	slices.Reverse(result)
	var done chanx.Message = JobDone{o.Text, string(result), os.Getpid()}
	return d.seats.PublishTo(ctx, o.Conn, done)
}

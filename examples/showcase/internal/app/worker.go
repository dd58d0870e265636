package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	chanx "github.com/chanx-go/chanx/core"
)

const (
	workers     = 4
	waitingJobs = 256
)

// Worker does jobs in the background. Of who wants one it knows no more than the
// id of a connection: it might as well be another process.
type Worker struct {
	jobs   chan task
	takes  time.Duration
	log    *slog.Logger
	serial atomic.Uint64
}

// task is a job with whom to tell.
type task struct {
	id     string
	connID string
	job    Job
}

func newWorker(takes time.Duration, log *slog.Logger) *Worker {
	return &Worker{
		jobs:  make(chan task, waitingJobs),
		takes: cmp.Or(takes, 500*time.Millisecond),
		log:   log,
	}
}

// queue returns the id of a job that will be done, or [chanx.Unavailable] where
// too many wait already.
func (w *Worker) queue(connID string, job Job) (string, error) {
	id := "job-" + strconv.FormatUint(w.serial.Add(1), 10)
	select {
	case w.jobs <- task{id, connID, job}:
		return id, nil
	default:
		return "", chanx.Errorf(chanx.Unavailable, "%d jobs are waiting already", waitingJobs)
	}
}

// teller is what a result goes through.
type teller interface {
	PublishTo(ctx context.Context, connID string, event chanx.Message) error
}

// run does jobs until the context ends.
func (w *Worker) run(ctx context.Context, to teller) {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				select {
				case t := <-w.jobs:
					w.do(ctx, to, t)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	all.Wait()
}

// do takes its time, and tells the connection what came of the job.
func (w *Worker) do(ctx context.Context, to teller, t task) {
	select {
	case <-time.After(w.takes):
	case <-ctx.Done():
		return
	}
	err := to.PublishTo(ctx, t.connID, JobResult{t.id, resultOf(t.job)})
	if e, ok := errors.AsType[*chanx.Error](err); ok && e.Reason == chanx.NotFound {
		return // the client did not wait
	}
	if err != nil {
		w.log.WarnContext(ctx, "showcase: a job's result got lost", "job", t.id, "error", err)
	}
}

// resultOf is the work itself.
func resultOf(j Job) string {
	switch j.Type {
	case "upper":
		return strings.ToUpper(j.Content)
	case "reverse":
		runes := []rune(j.Content)
		slices.Reverse(runes)
		return string(runes)
	case "count":
		return fmt.Sprintf("%d characters in %d words", utf8.RuneCountInString(j.Content), len(strings.Fields(j.Content)))
	}
	return "Done: " + j.Content
}

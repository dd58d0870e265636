package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/examples/internal/layers"
)

// drainTime is how long clients have to go.
const drainTime = 5 * time.Second

// ready is what a process prints once it does its work.
const ready = "is ready"

// runProcess is an app process or the worker, until the context ends.
func runProcess(ctx context.Context, o options, out io.Writer) (err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	l, err := layers.Open(ctx, o.layer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if o.role == "worker" {
		fmt.Fprintln(out, "worker", ready)
		return runWorker(ctx, l, log)
	}
	return runApp(ctx, o, l, log, out)
}

// runApp serves clients until the context ends, and tells them to go then.
func runApp(ctx context.Context, o options, l layer.Layer, log *slog.Logger, out io.Writer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return err
	}
	if len(o.peers) == 0 {
		o.peers = []peer{{o.name, "http://" + listener.Addr().String()}}
	}
	d := newDesk(o.name, l, log, urls(o.peers))
	server := &http.Server{Handler: routes(d, o), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Fprintln(out, o.name, ready, "at http://"+listener.Addr().String())
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err = errors.Join(d.hub.Shutdown(draining), server.Shutdown(draining))
	if end := <-ended; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

func urls(peers []peer) []string {
	all := make([]string, len(peers))
	for i, p := range peers {
		all[i] = p.URL
	}
	return all
}

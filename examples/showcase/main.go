// Showcase is one program that shows everything: see the README beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/chanx-go/chanx/examples/internal/layers"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/chanx-go/chanx/examples/showcase/internal/server"
)

// drainTime is how long clients have to go.
const drainTime = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "showcase:", err)
		os.Exit(1)
	}
}

// run is the program: it returns when ctx has ended and every client is gone.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	opts, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if opts.document != "" {
		opts.layer = layers.Memory // a document asks no server
	}
	layer, err := layers.Open(ctx, opts.layer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, layer.Close()) }()
	a := app.New(&app.Options{Layer: layer, Completion: opts.completion})
	srv, err := server.New(opts.framework, a)
	if err != nil {
		return err
	}
	if opts.document != "" {
		return writeDocument(a, opts.document, out)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", opts.addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "showcase listens on", urlOf(listener.Addr()))
	return serve(ctx, a, srv, listener)
}

// writeDocument writes the AsyncAPI document to a file, or to out where the name is
// "-": as YAML where the name ends so, else as JSON.
func writeDocument(a *app.App, name string, out io.Writer) error {
	text, err := asyncapi.Generate(a.Hub, app.Docs())
	if err != nil {
		return err
	}
	if end := strings.ToLower(filepath.Ext(name)); end == ".yaml" || end == ".yml" {
		if text, err = spec.YAML(text); err != nil {
			return err
		}
	}
	if name == "-" {
		_, err = out.Write(text)
		return err
	}
	return os.WriteFile(name, text, 0o644) //nolint:gosec // a document is for everybody to read
}

// serve runs the server and the worker until ctx ends, and waits for both.
func serve(ctx context.Context, a *app.App, srv server.Server, listener net.Listener) error {
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	defer running.Wait()
	defer stopWorking()
	running.Go(func() { a.Work(working) })

	failed := make(chan error, 1)
	running.Go(func() { failed <- srv.Serve(listener) })
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// The sockets go first, as the server knows nothing of them: new ones are
	// refused, and clients are told when to come back.
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return errors.Join(a.Hub.Shutdown(draining), srv.Shutdown(draining))
}

// urlOf is where a browser finds the program.
func urlOf(addr net.Addr) string {
	host, port := "localhost", 0
	if tcp, ok := addr.(*net.TCPAddr); ok {
		port = tcp.Port
		if !tcp.IP.IsUnspecified() {
			host = tcp.IP.String()
		}
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port))
}

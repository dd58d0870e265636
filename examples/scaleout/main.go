// Scaleout is a chat that runs in three processes and a worker: see the README
// beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/chanx-go/chanx/examples/internal/layers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "scaleout:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	role       string // "" for the supervisor, or app, or worker
	addr       string
	layer      string // URL; "" for a NATS server of the supervisor's own
	name       string // of the process
	peers      []peer // every app process, this one included
	control    string // URL of the supervisor, "" where there is none
	supervised bool   // ends with its standard input
}

// peer is an app process as the page knows it.
type peer struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// run is the program, in each of its roles.
func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	o, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.role == "" {
		return supervise(ctx, o, out)
	}
	if o.supervised {
		ctx = untilEnd(ctx, in)
	}
	return runProcess(ctx, o, out)
}

// untilEnd ends the context with the input: whoever has started this process lets
// go of it, or has died.
func untilEnd(ctx context.Context, in io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, in)
	}()
	return ctx
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("scaleout", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are for the caller to print
	flags.StringVar(&o.layer, "layer", "", "what connects the processes: redis://…, nats://…; by default a NATS server of its own")
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to listen on; the processes take the three ports that follow; port 0 for any that are free")
	flags.StringVar(&o.role, "role", "", "app or worker: be one such process, and start no others")
	flags.StringVar(&o.name, "name", "A", "the `name` of an app process")
	peers := flags.String("peers", "", "every app process with its `URL`s: A=http://localhost:8081,B=…")
	flags.StringVar(&o.control, "control", "", "the `URL` of who has started an app process, which its page asks to end others")
	flags.BoolVar(&o.supervised, "supervised", false, "end with the standard input")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(out, "Usage of scaleout:")
		flags.SetOutput(out)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w; -help lists the flags", err)
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q; -help lists the flags", flags.Arg(0))
	case o.role != "" && o.role != "app" && o.role != "worker":
		return o, fmt.Errorf("unknown -role %q: there are app and worker", o.role)
	case o.layer == layers.Memory, o.layer == "" && o.role != "":
		return o, errors.New("-layer has to connect processes: redis://… or nats://…")
	}
	if o.layer != "" {
		if err := layers.CheckServer(o.layer); err != nil {
			return o, fmt.Errorf("-layer: %w", err)
		}
	}
	if *peers != "" {
		for text := range strings.SplitSeq(*peers, ",") {
			name, url, ok := strings.Cut(text, "=")
			if !ok || name == "" || url == "" {
				return o, fmt.Errorf("-peers has %q, which is no NAME=URL", text)
			}
			o.peers = append(o.peers, peer{name, strings.TrimSuffix(url, "/")})
		}
	}
	return o, nil
}

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/examples/internal/layers"
	"github.com/chanx-go/chanx/examples/showcase/internal/server"
)

// options are what the command line says.
type options struct {
	addr       string
	framework  string
	layer      string // URL of what connects processes
	completion bool
	document   string // file to write the AsyncAPI document to; "-" for standard output
}

// parse reads the command line.
func parse(args []string, out io.Writer) (options, error) {
	var o options
	frameworks := strings.Join(server.Frameworks(), ", ")
	flags := flag.NewFlagSet("showcase", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are for the caller to print
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 for any that is free")
	flags.StringVar(&o.framework, "framework", "chi", "web `framework`: "+frameworks)
	flags.StringVar(&o.layer, "layer", layers.Memory, "`URL` of what connects processes: "+layers.Usage)
	flags.BoolVar(&o.completion, "completion", false, "announce with a frame that a message was handled")
	flags.StringVar(&o.document, "asyncapi", "", "write the AsyncAPI document to a `file` and exit: in YAML if it ends in .yaml or .yml, - for standard output")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(out, "Usage of showcase:")
		flags.SetOutput(out)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w; -help lists the flags", err)
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q; -help lists the flags", flags.Arg(0))
	case !slices.Contains(server.Frameworks(), o.framework):
		return o, fmt.Errorf("unknown -framework %q: there are %s", o.framework, frameworks)
	case o.document == "" && given(flags, "asyncapi"):
		return o, errors.New("-asyncapi needs the name of a file, or - for standard output")
	}
	if err := layers.Check(o.layer); err != nil {
		return o, fmt.Errorf("-layer: %w", err)
	}
	return o, nil
}

// given reports whether a flag is on the command line.
func given(flags *flag.FlagSet, name string) (found bool) {
	flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// Chanx works with the AsyncAPI documents of WebSocket APIs: it gets them, checks
// them, and says what a change of one means to clients.
//
//	chanx schema -o api.yaml https://chat.example.org/asyncapi
//	chanx validate api.yaml
//	chanx diff api.yaml https://chat.example.org/asyncapi
//
// "chanx help" says more, and "chanx COMMAND -h" all about a command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], &stdio{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}

// The exit statuses.
const (
	statusFine    = 0
	statusFound   = 1 // what was looked for: problems, breaking changes
	statusTrouble = 2 // it could not be done, or not understood
)

// stdio is what a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// command is one of chanx's.
type command struct {
	name, line string // the line says in one sentence what it does
	run        func(ctx context.Context, args []string, std *stdio) (status int, err error)
}

func commands() []command {
	return []command{
		{"schema", "get a document, in JSON or YAML, in one piece", runSchema},
		{"validate", "check documents", runValidate},
		{"diff", "say what a change of a document means to clients", runDiff},
	}
}

// run runs a command and returns its exit status.
func run(ctx context.Context, args []string, std *stdio) int {
	if len(args) == 0 {
		usage(std.err)
		return statusTrouble
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) > 1 {
			return run(ctx, []string{args[1], "-h"}, std)
		}
		usage(std.out)
		return statusFine
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.start(ctx, args[1:], std)
		}
	}
	fmt.Fprintf(std.err, "chanx: there is no command %q\n\n", args[0])
	usage(std.err)
	return statusTrouble
}

func (c command) start(ctx context.Context, args []string, std *stdio) int {
	status, err := c.run(ctx, args, std)
	switch {
	case errors.Is(err, errHelp):
		return statusFine
	case errors.Is(err, errUsage):
		return statusTrouble
	case err != nil:
		fmt.Fprintf(std.err, "chanx %s: %s\n", c.name, printable(err.Error()))
		return statusTrouble
	}
	return status
}

func usage(w io.Writer) {
	fmt.Fprint(w, "chanx works with the AsyncAPI documents of WebSocket APIs.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "    chanx %-10s%s\n", c.name, c.line)
	}
	fmt.Fprint(w, `
A document is named by a URL, a file, or "-" for standard input, and is in JSON or
in YAML. At the URL of a documentation page, such as https://example.org/asyncapi,
it is the document that the page shows.

"chanx COMMAND -h" says all about a command.
`)
}

// printable writes a text of a document such that a terminal shows it and does
// nothing else.
func printable(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '\n':
			b.WriteString("\n    ")
		case c < ' ' || c >= 0x7f && c < 0xa0 || c == '\u2028' || c == '\u2029' || c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

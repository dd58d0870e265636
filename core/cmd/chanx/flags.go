package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/chanx-go/chanx/core/cmd/chanx/internal/source"
)

var (
	errHelp  = errors.New("help was asked for")
	errUsage = errors.New("it was called in a wrong way") // which has been said
)

// flags are those of a command.
type flags struct {
	*flag.FlagSet
	std   *stdio
	usage string
}

// newFlags begins the flags of a command. Its usage is what -h prints in front of
// them.
func newFlags(std *stdio, name, usage string) *flags {
	f := &flags{flag.NewFlagSet("chanx "+name, flag.ContinueOnError), std, usage}
	f.SetOutput(io.Discard)
	return f
}

// parse reads arguments, flags among and behind the others, too, and returns the
// others, of which there have to be from least to most; most 0 is any number.
func (f *flags) parse(args []string, least, most int) ([]string, error) {
	var others []string
	for len(args) > 0 {
		err := f.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			f.print(f.std.out)
			return nil, errHelp
		}
		if err != nil {
			return nil, f.wrong("%v", err)
		}
		ended := len(args) > f.NArg() && args[len(args)-f.NArg()-1] == "--"
		args = f.Args()
		if ended {
			others, args = append(others, args...), nil
		} else if len(args) > 0 {
			others, args = append(others, args[0]), args[1:]
		}
	}
	switch {
	case len(others) < least:
		return nil, f.wrong("there is something missing")
	case most > 0 && len(others) > most:
		return nil, f.wrong("there is too much: %q", others[most])
	}
	return others, nil
}

// wrong says how a command is called.
func (f *flags) wrong(format string, args ...any) error {
	fmt.Fprintf(f.std.err, "%s: %s\n%s: -h says how it is called\n", f.Name(), printable(fmt.Sprintf(format, args...)), f.Name())
	return errUsage
}

func (f *flags) print(w io.Writer) {
	fmt.Fprint(w, f.usage, "\n")
	f.VisitAll(func(x *flag.Flag) {
		name, about := flag.UnquoteUsage(x)
		if name != "" {
			name = " " + name
		}
		fmt.Fprintf(w, "  -%s%s\n        %s\n", x.Name, name, strings.ReplaceAll(about, "\n", "\n        "))
	})
}

// choice is a flag that is one of some words.
type choice struct {
	value string
	words []string
}

func (c *choice) String() string { return c.value }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("it is one of %s", strings.Join(c.words, ", "))
	}
	c.value = s
	return nil
}

// headers is a flag that can be repeated: "Name: value".
type headers struct{ http.Header }

func (h headers) String() string { return "" }

func (h headers) Set(s string) error {
	name, value, ok := strings.Cut(s, ":")
	value = strings.TrimSpace(value)
	if !ok || !isToken(name) || strings.ContainsAny(value, "\r\n\x00") {
		return errors.New(`it is written "Name: value"`)
	}
	h.Add(name, value)
	return nil
}

// words is a flag that can be repeated.
type words []string

func (w *words) String() string { return "" }

func (w *words) Set(s string) error {
	*w = append(*w, s)
	return nil
}

// input is how a command gets documents.
type input struct {
	source.Reader
	wait time.Duration
}

// input adds the flags for reading.
func (f *flags) input() *input {
	in := &input{Reader: source.Reader{Stdin: f.std.in, Header: http.Header{}}}
	f.Var(headers{in.Header}, "header", "send a `'Name: value'` with requests to the host of a URL; can be repeated")
	f.DurationVar(&in.wait, "timeout", 30*time.Second, "wait that `long` for documents in all; 30s if not given")
	return in
}

// patience is a context that ends when it has taken too long.
func (in *input) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, in.wait)
}

// isToken reports whether a header can have that name.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

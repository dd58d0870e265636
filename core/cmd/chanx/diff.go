package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/asyncapi/compare"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/chanx-go/chanx/core/cmd/chanx/internal/source"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const diffUsage = `chanx diff [flags] OLD NEW

Says what a change of an AsyncAPI 3 document means to clients that were written for
the old one. A change is breaking where such a client may not work any more: when it
is refused what it sends, gets what it does not know, or waits for what does not
come. Schemas are compared by what they allow, not by how they are written.

    chanx diff api.yaml https://chat.example.org/asyncapi
    git show main:api.yaml | chanx diff - api.yaml

OLD and NEW are URLs, files, or "-" for standard input.

It exits with 0, with 1 where there are changes that matter (see -fail-on), and with
2 where the documents can't be compared.
`

func runDiff(ctx context.Context, args []string, std *stdio) (int, error) {
	f := newFlags(std, "diff", diffUsage)
	format := &choice{"text", []string{"text", "json", "markdown"}}
	f.Var(format, "format", "write `text`, json or markdown; text if not given")
	failOn := &choice{"breaking", []string{"breaking", "compatible", "documentation", "never"}}
	f.Var(failOn, "fail-on", "exit with 1 on changes of this `level` or a graver one: breaking, compatible,\ndocumentation, never; breaking if not given")
	in := f.input()
	names, err := f.parse(args, 2, 2)
	if err != nil {
		return statusTrouble, err
	}
	if names[0] == "-" && names[1] == "-" {
		return statusTrouble, f.wrong("only one of the documents can be standard input")
	}
	ctx, cancel := in.patience(ctx)
	defer cancel()
	old, err := in.document(ctx, names[0])
	if err != nil {
		return statusTrouble, err
	}
	changed, err := in.document(ctx, names[1])
	if err != nil {
		return statusTrouble, err
	}
	changes, err := compare.Documents(old, changed)
	if err != nil {
		return statusTrouble, fmt.Errorf("%w\n(what is in other documents comes in with chanx schema -refs)", err)
	}
	if err := writeChanges(std.out, format.value, changes); err != nil {
		return statusTrouble, err
	}
	if matters(changes, failOn.value) {
		return statusFound, nil
	}
	return statusFine, nil
}

// document reads and parses a document.
func (in *input) document(ctx context.Context, name string) (*spec.Document, error) {
	d, err := in.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	return parsed(d)
}

// parsed is the model of a document; an error says where in the text it is wrong.
func parsed(d *source.Document) (*spec.Document, error) {
	model, err := spec.Parse(d.JSON)
	if e, ok := errors.AsType[*spec.ParseError](err); ok {
		at := d.Positions(e.Pointer)[0]
		return nil, fmt.Errorf("%s:%d:%d: %s", source.Shown(d.Name), at.Line, at.Column, strings.TrimPrefix(e.Pointer+": "+e.Err.Error(), ": "))
	}
	return model, err
}

// levels are those of changes, the gravest first.
var levels = []compare.Level{compare.Breaking, compare.Compatible, compare.Documentation}

// matters reports whether there is a change of a level or a graver one.
func matters(changes []compare.Change, level string) bool {
	return slices.ContainsFunc(changes, func(c compare.Change) bool {
		return slices.Index(levels, c.Level) <= slices.Index(levels, compare.Level(level))
	})
}

func writeChanges(w io.Writer, format string, changes []compare.Change) error {
	switch format {
	case "json":
		if changes == nil {
			changes = []compare.Change{}
		}
		if err := json.MarshalWrite(w, changes, jsontext.Multiline(true), jsontext.WithIndent("  ")); err != nil {
			return err
		}
		_, err := fmt.Fprintln(w)
		return err
	case "markdown":
		return writeMarkdown(w, changes)
	default:
		return writeText(w, changes)
	}
}

// verdict sums the changes up.
func verdict(changes []compare.Change) string {
	if len(changes) == 0 {
		return "unchanged"
	}
	var counts []string
	kinds := map[compare.Level]string{compare.Breaking: "breaking", compare.Compatible: "compatible", compare.Documentation: "in the documentation"}
	for _, level := range levels {
		n := 0
		for _, c := range changes {
			if c.Level == level {
				n++
			}
		}
		if n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, kinds[level]))
		}
	}
	text := strings.Join(counts, ", ")
	if changes[0].Level != compare.Breaking {
		return "compatible (" + text + ")"
	}
	return "breaking (" + text + ")"
}

func writeText(w io.Writer, changes []compare.Change) error {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%s: %s\n", c.Level, printable(c.Message))
		if c.Old != "" && c.Old != c.New {
			fmt.Fprintf(&b, "    old %s\n", printable(c.Old))
		}
		if c.New != "" && c.Old != c.New {
			fmt.Fprintf(&b, "    new %s\n", printable(c.New))
		}
		if c.Old != "" && c.Old == c.New {
			fmt.Fprintf(&b, "    at  %s\n", printable(c.New))
		}
		for _, in := range c.In {
			fmt.Fprintf(&b, "    in  %s\n", printable(in))
		}
	}
	if len(changes) > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintln(&b, verdict(changes))
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMarkdown(w io.Writer, changes []compare.Change) error {
	var b strings.Builder
	fmt.Fprintf(&b, "**The API: %s**\n", verdict(changes))
	level := compare.Level("")
	for _, c := range changes {
		if c.Level != level {
			level = c.Level
			fmt.Fprintf(&b, "\n### %s%s\n\n", strings.ToUpper(string(level[:1])), level[1:])
		}
		at := c.New
		if at == "" {
			at = c.Old
		}
		fmt.Fprintf(&b, "- %s", markdown(c.Message))
		if len(c.In) > 0 {
			fmt.Fprintf(&b, " (%s)", markdown(strings.Join(c.In, "; ")))
		}
		if at != "" {
			fmt.Fprintf(&b, " %s", codeSpan(at))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdown writes a text of a document such that it is nothing but text.
func markdown(s string) string {
	var b strings.Builder
	for _, c := range oneLine(s) {
		if c < 0x80 && strings.ContainsRune("\\`*_{}[]<>()#+-.!|~&@$", c) && c != '.' && c != '(' && c != ')' && c != '-' {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// codeSpan writes a text as code.
func codeSpan(s string) string {
	s = oneLine(s)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		s = " " + s + " "
	}
	return fence + s + fence
}

func oneLine(s string) string {
	return strings.ReplaceAll(printable(s), "\n    ", " ")
}

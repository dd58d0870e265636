package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/chanx-go/chanx/core/asyncapi/check"
	"github.com/chanx-go/chanx/core/cmd/chanx/internal/source"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const validateUsage = `chanx validate [flags] SOURCE...

Checks AsyncAPI 3 documents: against the official JSON Schema of their version, and
for what that lets pass, such as references that lead nowhere, examples that break
their schema, and frames that could be two messages. Each problem is a line:

    file:line:column: /json/pointer: message (rule)

    chanx validate api.yaml
    chanx validate https://chat.example.org/asyncapi
    chanx schema -refs docs/api.yaml | chanx validate -

SOURCE is a URL, a file, or "-" for standard input. A document that refers to others
is checked in one piece, which chanx schema -refs makes.

It exits with 0 where all is well, with 1 where there are problems (see -strict), and
with 2 where a document can't be read.
`

// report is a problem and where it is.
type report struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Pointer  string `json:"pointer"`
	Severity string `json:"severity"`
	Rule     string `json:"rule"`
	Message  string `json:"message"`
}

func runValidate(ctx context.Context, args []string, std *stdio) (int, error) {
	f := newFlags(std, "validate", validateUsage)
	format := &choice{"text", []string{"text", "json"}}
	f.Var(format, "format", "write `text` or json; text if not given")
	strict := f.Bool("strict", false, "warnings are problems, too")
	in := f.input()
	names, err := f.parse(args, 1, 0)
	if err != nil {
		return statusTrouble, err
	}
	ctx, cancel := in.patience(ctx)
	defer cancel()
	reports := []report{}
	for _, name := range names {
		more, err := in.reports(ctx, name)
		if err != nil {
			return statusTrouble, err
		}
		reports = append(reports, more...)
	}
	if err := writeReports(std.out, format.value, reports); err != nil {
		return statusTrouble, err
	}
	for _, r := range reports {
		if *strict || r.Severity == string(check.Error) {
			return statusFound, nil
		}
	}
	return statusFine, nil
}

// reports checks a document.
func (in *input) reports(ctx context.Context, name string) ([]report, error) {
	d, err := in.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	problems, err := check.Document(d.JSON)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", source.Shown(name), strings.TrimPrefix(err.Error(), "check: "))
	}
	pointers := make([]string, len(problems))
	for i, p := range problems {
		pointers[i] = p.Pointer
	}
	reports := make([]report, len(problems))
	for i, at := range d.Positions(pointers...) {
		p := problems[i]
		reports[i] = report{source.Shown(name), at.Line, at.Column, p.Pointer, string(p.Severity), p.Rule, p.Message}
	}
	return reports, nil
}

func writeReports(w io.Writer, format string, reports []report) error {
	if format == "json" {
		if err := json.MarshalWrite(w, reports, jsontext.Multiline(true), jsontext.WithIndent("  ")); err != nil {
			return err
		}
		_, err := fmt.Fprintln(w)
		return err
	}
	var b strings.Builder
	for _, r := range reports {
		severity := ""
		if r.Severity != string(check.Error) {
			severity = r.Severity + ": "
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s%s (%s)\n", printable(r.File), r.Line, r.Column, printable(cmp.Or(r.Pointer, "/")), severity, printable(r.Message), r.Rule)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

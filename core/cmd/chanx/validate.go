package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/chanx-go/chanx/core/cmd/chanx/internal/source"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const validateUsage = `chanx validate [flags] SOURCE...

Checks AsyncAPI 3 documents for members of a wrong type, and for references that lead
nowhere, to something else than is needed, or around in a circle. Each problem is a
line:

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
		if *strict || r.Severity == severityError {
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
	problems, err := problemsOf(d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source.Shown(name), err)
	}
	pointers := make([]string, len(problems))
	for i, p := range problems {
		pointers[i] = p.Pointer
	}
	for i, at := range d.Positions(pointers...) {
		problems[i].File, problems[i].Line, problems[i].Column = source.Shown(name), at.Line, at.Column
	}
	return problems, nil
}

// severityError is that of a problem which warnings are less than.
const severityError = "error"

// problemsOf returns what is wrong with a document: members of the wrong type, and
// references that can't be resolved. What is no document of AsyncAPI 3 is an error.
func problemsOf(d *source.Document) ([]report, error) {
	model, err := spec.Parse(d.JSON)
	if e, ok := errors.AsType[*spec.ParseError](err); ok && e.Pointer != "" {
		return []report{{Pointer: e.Pointer, Severity: severityError, Rule: "structure", Message: e.Err.Error()}}, nil
	} else if ok {
		return nil, e.Err
	} else if err != nil {
		return nil, err
	}
	problems := []report{}
	fault := func(pointer string, err error) {
		problems = append(problems, report{Pointer: pointer, Severity: severityError, Rule: "reference", Message: err.Error()})
	}
	references, err := d.References()
	if err != nil {
		return nil, err
	}
	for _, r := range references {
		if !r.Schema {
			continue // those that the model resolves
		}
		if _, err := model.Schema(r.Ref); err != nil {
			fault(r.Pointer, errors.New(strings.TrimPrefix(err.Error(), "spec: ")))
		}
	}
	if faults, ok := model.Resolve().(interface{ Unwrap() []error }); ok {
		for _, err := range faults.Unwrap() {
			if e, ok := errors.AsType[*spec.RefError](err); ok {
				fault(e.Pointer, e.Err)
			}
		}
	}
	slices.SortStableFunc(problems, func(a, b report) int { return strings.Compare(a.Pointer, b.Pointer) })
	return problems, nil
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
		if r.Severity != severityError {
			severity = r.Severity + ": "
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s%s (%s)\n", printable(r.File), r.Line, r.Column, printable(cmp.Or(r.Pointer, "/")), severity, printable(r.Message), r.Rule)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

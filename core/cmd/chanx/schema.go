package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/chanx-go/chanx/core/cmd/chanx/internal/source"
	"github.com/go-json-experiment/json/jsontext"
)

const schemaUsage = `chanx schema [flags] SOURCE

Gets an AsyncAPI 3 document and writes it to standard output, or to a file, in JSON
or YAML, whichever of them it was in. Members keep their order, numbers their
digits.

    chanx schema https://chat.example.org/asyncapi
    chanx schema -o api.yaml -header 'Authorization: Bearer …' https://chat.example.org/asyncapi
    chanx schema -refs docs/api.yaml | chanx validate -

SOURCE is a URL, a file, or "-" for standard input.

It exits with 0, or with 2 where there is no such document.
`

func runSchema(ctx context.Context, args []string, std *stdio) (int, error) {
	f := newFlags(std, "schema", schemaUsage)
	format := &choice{words: []string{"json", "yaml"}}
	f.Var(format, "format", "write `json` or yaml; by the end of -o FILE if not given, else json")
	file := f.String("o", "", "write to a `FILE`, and not to standard output")
	refs := f.Bool("refs", false, "bring in what the document refers to in others: files in its folder and below,\nor URLs of its host, at most 10 MB each, 64 in all, 32 behind one another")
	var reach source.Reach
	f.StringVar(&reach.Folder, "ref-folder", "", "with -refs, read files in this `folder` and below, not only in the document's")
	f.Var((*words)(&reach.Hosts), "ref-host", "with -refs, read URLs of this `host`, too; can be repeated")
	in := f.input()
	names, err := f.parse(args, 1, 1)
	if err != nil {
		return statusTrouble, err
	}
	ctx, cancel := in.patience(ctx)
	defer cancel()
	text, err := schemaText(ctx, in, names[0], *refs, reach)
	if err != nil {
		return statusTrouble, err
	}
	if ext := filepath.Ext(*file); format.value == "yaml" || format.value == "" && (ext == ".yaml" || ext == ".yml") {
		if text, err = spec.YAML(text); err != nil {
			return statusTrouble, err
		}
	}
	if *file == "" || *file == "-" {
		_, err = std.out.Write(text)
	} else {
		err = os.WriteFile(*file, text, 0o644) //nolint:gosec // a document is for everybody
	}
	return statusFine, err
}

// schemaText reads a document and returns it in JSON.
func schemaText(ctx context.Context, in *input, name string, refs bool, reach source.Reach) ([]byte, error) {
	d, err := in.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	if _, err := parsed(d); err != nil {
		return nil, err
	}
	text := jsontext.Value(d.JSON)
	if refs {
		if text, err = in.Bundle(ctx, d, reach); err != nil {
			return nil, err
		}
	}
	text = text.Clone()
	if err := text.Format(jsontext.Multiline(true), jsontext.WithIndent("  "), jsontext.PreserveRawStrings(true)); err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

package check

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"regexp/syntax"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed official/*.json.gz
var files embed.FS

// official is the JSON Schema of a version of AsyncAPI.
type official struct {
	*jsonschema.Schema

	whole map[string]any // the schema's text
}

// officials are read when they are first used.
var officials = map[string]func() (*official, error){
	"3.0.0": sync.OnceValues(func() (*official, error) { return load("3.0.0") }),
	"3.1.0": sync.OnceValues(func() (*official, error) { return load("3.1.0") }),
}

func load(version string) (*official, error) {
	zipped, err := files.ReadFile(path.Join("official", version+".json.gz"))
	if err != nil {
		return nil, err
	}
	text, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, err
	}
	whole, err := jsonschema.UnmarshalJSON(text)
	if err != nil {
		return nil, err
	}
	s := &official{whole: object(whole)}
	s.Schema, err = compile("asyncapi.json", whole)
	return s, err
}

// compile compiles a document that is a schema.
func compile(name string, document any) (*jsonschema.Schema, error) {
	c, err := newCompiler(name, document)
	if err != nil {
		return nil, err
	}
	return c.Compile(name)
}

func newCompiler(name string, document any) (*jsonschema.Compiler, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	c.UseLoader(noLoader{})
	c.UseRegexpEngine(engine)
	return c, c.AddResource(name, document)
}

// noLoader keeps a document from having files or other hosts read.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) { return nil, fmt.Errorf("%s is another document", url) }

// unknown is a pattern that Go has no words for: it is taken to match.
type unknown string

func (unknown) MatchString(string) bool { return true }
func (u unknown) String() string        { return string(u) }

// engine reads patterns of ECMA 262 as far as they are Go's, too, and finds what is
// a fault in both.
func engine(pattern string) (jsonschema.Regexp, error) {
	r, err := regexp.Compile(pattern)
	if err == nil {
		return r, nil
	}
	if fault, ok := errors.AsType[*syntax.Error](err); ok {
		switch fault.Code {
		case syntax.ErrInvalidPerlOp, syntax.ErrInvalidEscape, syntax.ErrInvalidRepeatSize, syntax.ErrInvalidRepeatOp,
			syntax.ErrInvalidCharRange, syntax.ErrLarge, syntax.ErrNestingDepth, syntax.ErrMissingBracket:
			return unknown(pattern), nil
		}
	}
	return nil, err
}

// structure checks the document with the official schema.
func (d *document) structure(version string) {
	s, err := officials[version]()
	if err != nil {
		panic(err) // it is our own, and is tested
	}
	root := maps.Clone(d.root)
	root["asyncapi"] = version
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](s.Validate(root)); ok {
		e := explainer{root: d.root, official: s}
		for _, leaf := range e.leaves(invalid) {
			d.problem(Error, leaf.at, "structure", "%s", leaf.text)
		}
	}
}

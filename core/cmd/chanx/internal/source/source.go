package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"
)

// maxBytes bounds a document, as it comes and as JSON.
const maxBytes = 10 << 20

// Document is a text that was read.
type Document struct {
	Name string // a URL, the path of a file, or "-" for standard input
	Text []byte // as it came
	JSON []byte // the same value in JSON; Text itself, if that is JSON

	root *yaml.Node // of YAML
}

// Reader reads documents. The zero Reader reads files and URLs.
type Reader struct {
	Stdin  io.Reader   // what "-" is
	Header http.Header // for requests to the host of a URL that is asked for
	Client *http.Client

	allow func(*url.URL) error // whether a redirect may lead there; nil: anywhere
}

// Read reads the document at a URL, in a file, or, for "-", on standard input. At
// the URL of a documentation page it reads the document that belongs to it.
func (r *Reader) Read(ctx context.Context, name string) (*Document, error) {
	text, yaml, err := r.text(ctx, name)
	if err != nil {
		return nil, err
	}
	return parse(name, text, yaml)
}

// text returns a text, and whether it is said to be YAML.
func (r *Reader) text(ctx context.Context, name string) (text []byte, yaml bool, err error) {
	switch {
	case name == "-":
		text, err = limited(r.Stdin)
		if err != nil {
			err = fmt.Errorf("standard input: %w", err)
		}
		return text, false, err
	case IsURL(name):
		return r.fetch(ctx, name)
	default:
		file, err := os.Open(name) //nolint:gosec // the user says which
		if err != nil {
			return nil, false, err
		}
		defer file.Close()
		if text, err = limited(file); err != nil {
			return nil, false, fmt.Errorf("%s: %w", name, err)
		}
		return text, isYAML(path.Ext(name)), nil
	}
}

// IsURL reports whether a name is that of something on the web.
func IsURL(name string) bool {
	scheme, _, ok := strings.Cut(name, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// isYAML reports whether files that end so are YAML.
func isYAML(ext string) bool { return ext == ".yaml" || ext == ".yml" }

// limited reads what is not larger than a document may be.
func limited(from io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("it is larger than %d MB", maxBytes>>20)
	}
	return text, nil
}

// parse makes a document of a text. One that begins like an object of JSON is JSON,
// unless it is said to be YAML.
func parse(name string, text []byte, isYAML bool) (*Document, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	d := &Document{Name: name, Text: text, JSON: text}
	start := bytes.TrimLeft(text, " \t\r\n")
	switch {
	case len(start) == 0:
		return nil, fmt.Errorf("%s: it is empty", Shown(name))
	case !isYAML && (start[0] == '{' || start[0] == '['):
		if err := validJSON(text); err != nil {
			return nil, fmt.Errorf("%s: %w", Shown(name), err)
		}
		return d, nil
	}
	var err error
	if d.root, err = parseYAML(text); err == nil {
		d.JSON, err = yamlToJSON(d.root)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Shown(name), yamlFault(err))
	}
	return d, nil
}

// validJSON reads one JSON text.
func validJSON(text []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	_, err := dec.ReadValue()
	if err == nil {
		if _, err = dec.ReadToken(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("there is something behind the document")
	}
	at := int(dec.InputOffset())
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at = int(e.ByteOffset)
		err = e.Err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		at, err = len(text), errors.New("it ends too early")
	}
	line, column := lineColumn(text, at)
	return &PositionError{line, column, errors.New(strings.TrimPrefix(err.Error(), "jsontext: "))}
}

// Shown is a name without what nobody should see.
func Shown(name string) string {
	if u, err := url.Parse(name); err == nil && u.User != nil {
		return u.Redacted()
	}
	if name == "-" {
		return "standard input"
	}
	return name
}

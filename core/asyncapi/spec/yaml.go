package spec

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxYAMLDepth bounds the nesting, with which the indentation grows.
const maxYAMLDepth = 500

// YAML writes a JSON text as YAML for people to read: the same value, with members
// in the same order and numbers with the same digits, in block style, and with
// texts of several lines as they are. What it writes means the same to readers of
// YAML 1.1 and of 1.2: a string that either could take for something else is
// quoted.
//
// It returns an error for what is not one JSON text, with each name once in its
// object, or is nested more than 500 deep.
func YAML(json []byte) ([]byte, error) {
	w := &yamlWriter{dec: jsontext.NewDecoder(bytes.NewBuffer(json))}
	if err := w.value(atRoot, 0); err != nil {
		return nil, fmt.Errorf("spec: no YAML: %w", err)
	}
	if _, err := w.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("spec: no YAML: behind the value: %w", cmp.Or(err, errors.New("another one")))
	}
	w.out = append(w.out, '\n')
	return w.out, nil
}

// yamlWriter turns tokens into lines. What begins a line writes the line's break,
// and none ends one.
type yamlWriter struct {
	dec *jsontext.Decoder
	out []byte
}

// place is what stands on the line in front of a value.
type place int

const (
	atRoot place = iota
	afterKey
	afterDash
)

// value writes the next value, whose members and items begin at a column.
func (w *yamlWriter) value(at place, column int) error {
	if w.dec.StackDepth() > maxYAMLDepth {
		return fmt.Errorf("it is nested more than %d deep", maxYAMLDepth)
	}
	token, err := w.dec.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case '{':
		return w.collection("{}", '}', at, column, w.member)
	case '[':
		return w.collection("[]", ']', at, column, w.item)
	case '"':
		w.text(token.String(), at, column)
	case '0':
		w.scalar(yamlNumber(token.String()), at)
	default: // true, false and null
		w.scalar(token.String(), at)
	}
	return nil
}

// collection writes what has begun, up to its end.
func (w *yamlWriter) collection(empty string, end jsontext.Kind, at place, column int, next func(column int) error) error {
	for i := 0; ; i++ {
		if w.dec.PeekKind() == end {
			if i == 0 {
				w.scalar(empty, at)
			}
			_, err := w.dec.ReadToken()
			return err
		}
		switch {
		case i > 0 || at == afterKey:
			w.line(column)
		case at == afterDash:
			w.out = append(w.out, ' ')
		}
		if err := next(column); err != nil {
			return err
		}
	}
}

// longKey is the length from which on a key needs a mark of its own.
const longKey = 1000

// member writes a member of an object.
func (w *yamlWriter) member(column int) error {
	name, err := w.dec.ReadToken()
	if err != nil {
		return err
	}
	key := yamlString(name.String())
	if len(key) > longKey {
		w.out = append(w.out, "? "+key...)
		w.line(column)
		key = ""
	}
	w.out = append(w.out, key+":"...)
	return w.value(afterKey, column+2)
}

// item writes an item of an array.
func (w *yamlWriter) item(column int) error {
	w.out = append(w.out, '-')
	return w.value(afterDash, column+2)
}

// text writes a string.
func (w *yamlWriter) text(s string, at place, column int) {
	if !isYAMLBlock(s) {
		w.scalar(yamlString(s), at)
		return
	}
	body, ended := strings.CutSuffix(s, "\n")
	if ended {
		w.scalar("|", at)
	} else {
		w.scalar("|-", at)
	}
	for line := range strings.SplitSeq(body, "\n") {
		if line == "" {
			w.out = append(w.out, '\n')
			continue
		}
		w.line(max(column, 2))
		w.out = append(w.out, line...)
	}
}

// scalar writes what fits on the line.
func (w *yamlWriter) scalar(s string, at place) {
	if at != atRoot {
		w.out = append(w.out, ' ')
	}
	w.out = append(w.out, s...)
}

// line begins a line.
func (w *yamlWriter) line(column int) {
	w.out = append(w.out, '\n')
	w.out = append(w.out, strings.Repeat(" ", column)...)
}

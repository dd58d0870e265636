package source

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// PositionError is what is wrong at a place of a text.
type PositionError struct {
	Line, Column int // from 1; the column counts characters
	Err          error
}

func (e *PositionError) Error() string {
	return fmt.Sprintf("line %d, column %d: %v", e.Line, e.Column, e.Err)
}

func (e *PositionError) Unwrap() error { return e.Err }

// Position returns where in the text a JSON Pointer leads, as far as it leads: to
// the name of a member, or to an element. Line and column count from 1, the column
// characters.
func (d *Document) Position(pointer string) (line, column int) {
	if d.root != nil {
		n := find(d.root, jsontext.Pointer(pointer))
		return n.Line, n.Column
	}
	return lineColumn(d.Text, offset(d.JSON, jsontext.Pointer(pointer)))
}

// offset returns where in a JSON text a pointer leads, as far as it leads.
func offset(text []byte, pointer jsontext.Pointer) int {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	best, at := 0, 0
	var furthest jsontext.Pointer
	for {
		from := int(dec.InputOffset())
		if _, err := dec.ReadToken(); err != nil {
			return at
		}
		here := dec.StackPointer()
		if len(here) <= best && best > 0 || !here.Contains(pointer) || here == furthest {
			continue
		}
		for from < len(text) && strings.IndexByte(" \t\r\n,:", text[from]) >= 0 {
			from++
		}
		best, at, furthest = len(here), from, here
		if here == pointer {
			return at
		}
	}
}

// lineColumn counts lines and characters up to an offset.
func lineColumn(text []byte, offset int) (line, column int) {
	before := text[:min(max(offset, 0), len(text))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// index reads an index of an array.
func index(token string) (int, error) {
	i, err := strconv.Atoi(token)
	if err != nil || i < 0 {
		return 0, fmt.Errorf("%q is no index", token)
	}
	return i, nil
}

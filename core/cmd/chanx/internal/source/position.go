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

// Position is a place in a text. Both count from 1, the column characters.
type Position struct{ Line, Column int }

// Positions returns where in the text JSON Pointers lead, as far as they lead: to the
// name of a member, or to an element.
func (d *Document) Positions(pointers ...string) []Position {
	places := make([]Position, len(pointers))
	if d.root != nil {
		for i, pointer := range pointers {
			n := find(d.root, jsontext.Pointer(pointer))
			places[i] = Position{n.Line, n.Column}
		}
		return places
	}
	offsets := offsets(d.JSON, pointers)
	for i, pointer := range pointers {
		here := jsontext.Pointer(pointer)
		for offsets[here] < 0 && here != "" {
			here = here.Parent()
		}
		places[i].Line, places[i].Column = lineColumn(d.Text, offsets[here])
	}
	return places
}

// offsets returns where in a JSON text pointers and those above them lead; -1 for
// nowhere.
func offsets(text []byte, pointers []string) map[jsontext.Pointer]int {
	found := map[jsontext.Pointer]int{}
	for _, pointer := range pointers {
		for here := jsontext.Pointer(pointer); here != ""; here = here.Parent() {
			found[here] = -1
		}
	}
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	for left := len(found); left > 0; {
		from := int(dec.InputOffset())
		if _, err := dec.ReadToken(); err != nil {
			break
		}
		here := dec.StackPointer()
		if at, ok := found[here]; ok && at < 0 {
			for from < len(text) && strings.IndexByte(" \t\r\n,:", text[from]) >= 0 {
				from++
			}
			found[here] = from
			left--
		}
	}
	found[""] = 0
	return found
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

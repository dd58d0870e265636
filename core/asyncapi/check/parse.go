package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxDepth    = 200
	maxExponent = 400  // beyond a float64; a validator would write the digits out
	maxDigits   = 2000 // of a number, as it stands in the text
)

// parser reads a text as what the validator takes for JSON: with json.Number for
// numbers.
type parser struct {
	*jsontext.Decoder

	problems []Problem
}

// parse returns the text's object, and what is wrong with its members and numbers.
func parse(text []byte) (map[string]any, []Problem, error) {
	p := &parser{Decoder: jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))}
	if p.PeekKind() != jsontext.KindBeginObject {
		if _, err := p.ReadValue(); err != nil {
			return nil, nil, where(text, err)
		}
		return nil, nil, errors.New("the document is not a JSON object")
	}
	value, err := p.value("", 0)
	if err != nil {
		return nil, nil, where(text, err)
	}
	if rest := bytes.TrimSpace(text[p.InputOffset():]); len(rest) > 0 {
		return nil, nil, errors.New("something follows the document's JSON object")
	}
	return value.(map[string]any), p.problems, nil
}

// where says the line of a syntax error.
func where(text []byte, err error) error {
	var syntactic *jsontext.SyntacticError
	if !errors.As(err, &syntactic) {
		return err
	}
	before := text[:min(int(syntactic.ByteOffset), len(text))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("line %d, column %d: %w", line, column, err)
}

func (p *parser) value(at string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested more than %d levels deep", maxDepth)
	}
	switch p.PeekKind() {
	case jsontext.KindBeginObject:
		return p.object(at, depth)
	case jsontext.KindBeginArray:
		return p.array(at, depth)
	case jsontext.KindNumber:
		raw, err := p.ReadValue()
		return p.number(at, string(raw)), err
	}
	token, err := p.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case jsontext.KindString:
		return token.String(), nil
	case jsontext.KindTrue, jsontext.KindFalse:
		return token.Bool(), nil
	}
	return nil, nil
}

func (p *parser) object(at string, depth int) (any, error) {
	if _, err := p.ReadToken(); err != nil {
		return nil, err
	}
	object := map[string]any{}
	for p.PeekKind() != jsontext.KindEndObject {
		token, err := p.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		place := join(at, name)
		if _, twice := object[name]; twice {
			p.problems = append(p.problems, Problem{Error, place, "duplicate-member", "it is there twice: readers take one of them"})
		}
		if object[name], err = p.value(place, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := p.ReadToken()
	return object, err
}

func (p *parser) array(at string, depth int) (any, error) {
	if _, err := p.ReadToken(); err != nil {
		return nil, err
	}
	array := []any{}
	for p.PeekKind() != jsontext.KindEndArray {
		value, err := p.value(join(at, strconv.Itoa(len(array))), depth+1)
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	_, err := p.ReadToken()
	return array, err
}

// number keeps a number as it is written, unless it is one that would fill the
// memory.
func (p *parser) number(at, raw string) json.Number {
	_, exponent, _ := strings.Cut(strings.ToLower(raw), "e")
	n := 0
	if exponent != "" {
		var err error
		if n, err = strconv.Atoi(exponent); err != nil {
			n = maxExponent + 1
		}
	}
	if max(n, -n) > maxExponent || len(raw) > maxDigits {
		p.problems = append(p.problems, Problem{Error, at, "limit", fmt.Sprintf("the number has an exponent beyond %d, or more than %d digits", maxExponent, maxDigits)})
		return "0"
	}
	return json.Number(raw)
}

var escaper, unescaper = strings.NewReplacer("~", "~0", "/", "~1"), strings.NewReplacer("~1", "/", "~0", "~")

// join is the pointer to a member of what a pointer points to.
func join(at string, names ...string) string {
	for _, name := range names {
		at += "/" + escaper.Replace(name)
	}
	return at
}

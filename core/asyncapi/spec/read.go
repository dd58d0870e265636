package spec

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ParseError is what is wrong with the text of a document, and where.
type ParseError struct {
	Pointer string // a JSON Pointer into the document; "" is all of it
	Offset  int64  // of the fault in the text, in bytes
	Err     error
}

func (e *ParseError) Error() string {
	where := e.Pointer
	if where == "" {
		where = fmt.Sprintf("at byte %d", e.Offset)
	}
	return fmt.Sprintf("spec: %s: %v", where, e.Err)
}

func (e *ParseError) Unwrap() error { return e.Err }

// Parse reads the JSON text of an AsyncAPI 3 document. Members that the model does
// not have become Extensions where there are some, and are dropped elsewhere;
// references stay as they are, see [Document.Resolve].
//
// What is not a document is a [*ParseError]: no JSON, a name twice in one object,
// invalid UTF-8, a member of another type than the specification says, or another
// version than 3.
func Parse(text []byte) (*Document, error) {
	d := &Document{}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, parseError(err)
	}
	if d.AsyncAPI != "3" && !strings.HasPrefix(d.AsyncAPI, "3.") {
		return nil, &ParseError{Err: errors.New(versionFault(d))}
	}
	return d, nil
}

// versionFault says what a text is in place of an AsyncAPI 3 document.
func versionFault(d *Document) string {
	if d.AsyncAPI != "" {
		return fmt.Sprintf("it is AsyncAPI %s, and only 3 is understood", d.AsyncAPI)
	}
	for _, other := range []struct{ member, name string }{{"openapi", "an OpenAPI document"}, {"swagger", "a Swagger document"}} {
		if d.Extensions[other.member] != nil {
			return "it is " + other.name
		}
	}
	return `it is not an AsyncAPI document: it has no member "asyncapi"`
}

func parseError(err error) error {
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return &ParseError{string(e.JSONPointer), e.ByteOffset, plainError(e.Err)}
	}
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		cause := e.Err
		if e.JSONKind != 0 && e.GoType != nil {
			cause = fmt.Errorf("%s is of the wrong type here", kindName(e.JSONKind))
		}
		return &ParseError{string(e.JSONPointer), e.ByteOffset, cause}
	}
	return &ParseError{Err: err}
}

// plainError drops from a reason whose it is.
func plainError(err error) error {
	if text, ok := strings.CutPrefix(err.Error(), "jsontext: "); ok {
		return errors.New(text)
	}
	return err
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '[':
		return "an array"
	default:
		return "an object"
	}
}

package schema

import (
	"strconv"
	"strings"
)

// Violation is one way in which a value doesn't satisfy a schema.
type Violation struct {
	// Path is a JSON Pointer (RFC 6901) from the validated value: "" is the
	// value itself. A missing member has the path that it would have.
	Path string `json:"path"`
	// Code names the broken rule: JSON Schema's keyword in snake_case
	// ("min_length", "required", "type"); "malformed" for what isn't JSON,
	// "invalid" for what the type itself refused, or the name of the rule that
	// the application's struct validator gave.
	Code string `json:"code"`
	// Message is for a person, and to be read after the name of the value:
	// "must be at least 1 character long".
	Message string `json:"message"`
	// Params are the rule's own values, such as {"min":1}; nil where it has none.
	Params map[string]any `json:"params,omitempty"`
}

// String is path and message in one line.
func (v Violation) String() string {
	if v.Path == "" {
		return "the value " + v.Message
	}
	return v.Path + " " + v.Message
}

// InvalidError is the error of a value that doesn't satisfy its schema. A
// type's Validate method may return one too, with paths from the value that it
// was called on.
type InvalidError struct {
	Violations []Violation // one or more
}

// Error names every violation.
func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		lines[i] = v.String()
	}
	return strings.Join(lines, "; ")
}

// pointerEscaper escapes a member's name in a JSON Pointer.
var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

func appendPointer(path []byte, name string) []byte {
	path = append(path, '/')
	if strings.ContainsAny(name, "~/") {
		name = pointerEscaper.Replace(name)
	}
	return append(path, name...)
}

// plural is "1 item" or "2 items".
func plural(n int, one string) string {
	s := strconv.Itoa(n) + " " + one
	switch {
	case n == 1:
		return s
	case strings.HasSuffix(one, "y"):
		return strings.TrimSuffix(s, "y") + "ies"
	}
	return s + "s"
}

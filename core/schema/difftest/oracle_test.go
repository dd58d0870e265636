package difftest_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"testing"

	"github.com/chanx-go/chanx/core/schema"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// oracle compiles a published schema with the other implementation, which asserts
// the formats of draft-07.
func oracle(t testing.TB, s *schema.Schema) *jsonschema.Schema {
	t.Helper()
	if !jsontext.Value(s.JSON()).IsValid() {
		t.Fatalf("%v: the schema is not JSON: %s", s.Type(), s.JSON())
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatalf("%v: %v\n%s", s.Type(), err, s.JSON())
	}
	return compiled
}

// bigExponent is what the oracle would expand to gigabytes of digits.
var bigExponent = regexp.MustCompile(`[eE][+-]?[0-9]{4}`)

// compare checks that both give the same verdict, that what is valid decodes and
// encodes again, and, where again is true, that it is still valid then.
func compare(t *testing.T, s *schema.Schema, other *jsonschema.Schema, raw []byte, again bool) {
	t.Helper()
	if !jsontext.Value(raw).IsValid() {
		s.Validate(raw) // must not panic
		return
	}
	if bigExponent.Match(raw) {
		return
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	violations := s.Validate(raw)
	want := other.Validate(value)
	if (want == nil) != (violations == nil) {
		t.Fatalf("%v\n%s\n%s\nother: %v\nours: %v", s.Type(), s.JSON(), raw, want, violations)
	}
	if violations != nil {
		return
	}
	v := reflect.New(s.Type())
	if err := s.Decode(raw, v.Interface()); err != nil {
		t.Fatalf("%v\n%s\n%s\nvalid, but does not decode: %v", s.Type(), s.JSON(), raw, err)
	}
	out, err := s.AppendJSON(nil, v.Interface())
	if err != nil {
		t.Fatalf("%v\n%s\ndecoded, but does not encode: %v", s.Type(), raw, err)
	}
	if !json.Valid(out) {
		t.Fatalf("%v\n%s\nencoded to %s", s.Type(), raw, out)
	}
	if !again {
		return
	}
	if violations := s.Validate(out); violations != nil {
		t.Fatalf("%v\n%s\n%s\nencoded to %s, which is invalid: %v", s.Type(), s.JSON(), raw, out, violations)
	}
}

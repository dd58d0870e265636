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

// The oracle reads the numbers in a time and in an IPv4 address with
// strconv.Atoi, and so takes signs that they don't have: "+2:03:00Z", "+1.2.3.4".
var (
	signedClock = regexp.MustCompile(`[+-][0-9]:|:[+-][0-9]`)
	signedQuad  = regexp.MustCompile(`[+-](?:[0-9]+\.){1,3}[0-9]|[0-9]\.[+-][0-9]`)
	quad        = regexp.MustCompile(`(?:[+-]?[0-9]+\.){3}[+-]?[0-9]`)
)

// misjudged reports whether the oracle is known to be wrong about a value.
func misjudged(value any) bool {
	plain, err := json.Marshal(value)
	return err != nil || signedClock.Match(plain) || quad.Match(plain) && signedQuad.Match(plain)
}

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
	if misjudged(value) {
		return
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

package difftest_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/chanx-go/chanx/core/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var formats = []string{
	"date", "date-time", "email", "hostname", "ipv4", "ipv6", "json-pointer", "time", "uri", "uri-reference", "uuid",
}

// FuzzFormats compares what each format takes a string for.
func FuzzFormats(f *testing.F) {
	r := schema.NewRegistry(nil)
	var ours []*schema.Schema
	var others []*jsonschema.Schema
	for _, format := range formats {
		typ := reflect.StructOf([]reflect.StructField{{
			Name: "S", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(`json:"s" format:"` + format + `"`),
		}})
		s, err := r.Of(typ)
		if err != nil {
			f.Fatal(err)
		}
		ours, others = append(ours, s), append(others, oracle(f, s))
	}
	for _, s := range someTexts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		raw := append(append([]byte(`{"s":`), quoted...), '}')
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if misjudged(value) {
			return
		}
		for i, s := range ours {
			want, got := others[i].Validate(value), s.Validate(raw)
			if (want == nil) != (got == nil) {
				t.Errorf("%s: %q: other: %v, ours: %v", formats[i], text, want, got)
			}
		}
	})
}

package difftest_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/chanx-go/chanx/core/schema"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// readings are a schema as its type enforces it, and as it is read back from what is
// published of it: alone, and among the definitions of a document.
type readings struct {
	own          *schema.Schema
	alone, among *schema.Validator
	other        *jsonschema.Schema
}

func readBack(t testing.TB, r *schema.Registry, typ reflect.Type) *readings {
	t.Helper()
	own, err := r.Of(typ)
	if err != nil {
		return nil // its tags don't fit
	}
	validator := func(text []byte, pointer string) *schema.Validator {
		document, err := schema.ReadDocument(text)
		if err != nil {
			t.Fatalf("%v: %v\n%s", typ, err, text)
		}
		v, err := document.Validator(pointer)
		if err != nil {
			t.Fatalf("%v: %v\n%s", typ, err, text)
		}
		return v
	}
	definitions := r.Definitions("#/components/schemas/")
	larger, err := json.Marshal(map[string]any{
		"payload":    definitions.Ref(own),
		"components": map[string]any{"schemas": definitions.Schemas},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &readings{own, validator(own.JSON(), ""), validator(larger, "/payload"), oracle(t, own)}
}

// compare checks that all readings have the same verdict on a value, and that ours
// say the same about it.
func (r *readings) compare(t *testing.T, raw []byte) {
	t.Helper()
	want := r.own.Validate(raw)
	if !jsontext.Value(raw).IsValid() {
		r.alone.Validate(raw) // must not panic
		r.among.Validate(raw)
		return
	}
	for name, v := range map[string]*schema.Validator{"alone": r.alone, "among others": r.among} {
		got := v.Validate(raw)
		if (got == nil) != (want == nil) {
			t.Fatalf("%v\n%s\n%s\nown: %v\n%s: %v", r.own.Type(), r.own.JSON(), raw, want, name, got)
		}
	}
	if bigExponent.Match(raw) {
		return
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.other.Validate(value); !misjudged(value) && (err == nil) != (want == nil) {
		t.Fatalf("%v\n%s\n%s\nown: %v\nother: %v", r.own.Type(), r.own.JSON(), raw, want, err)
	}
}

// TestReadBack compares what is published, read back, with what is enforced.
func TestReadBack(t *testing.T) {
	for i, typ := range table {
		r := readBack(t, schema.NewRegistry(nil), typ)
		m := newMaker(uint64(i))
		for range 1000 {
			r.compare(t, []byte(m.value(typ, 5)))
		}
	}
	for seed := range uint64(700) {
		readBackSeed(t, seed, nil)
	}
}

// What is said of a value is the same, too.
func TestReadBackViolations(t *testing.T) {
	r := readBack(t, schema.NewRegistry(nil), reflect.TypeFor[page[say]]())
	raw := []byte(`{"items":[{"text":""},{"text":"ok","to":"nobody"},{}],"next":"x"}`)
	for _, v := range []*schema.Validator{r.alone, r.among} {
		if own, got := r.own.Validate(raw), v.Validate(raw); !reflect.DeepEqual(own, got) {
			t.Errorf("own: %v\nread back: %v", own, got)
		}
	}
}

func FuzzReadBack(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, []byte(newMaker(seed).junk(4)))
	}
	f.Fuzz(func(t *testing.T, seed uint64, raw []byte) { readBackSeed(t, seed, raw) })
}

func readBackSeed(t *testing.T, seed uint64, raw []byte) {
	t.Helper()
	m := newMaker(seed)
	typ := m.structType(2, seed%3 == 0)
	r := readBack(t, schema.NewRegistry(nil), typ)
	if r == nil {
		return
	}
	if raw != nil {
		r.compare(t, raw)
	}
	for range 40 {
		r.compare(t, []byte(m.value(typ, 4)))
	}
}

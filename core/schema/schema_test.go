package schema_test

import (
	"encoding/json"
	"image"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/schema"
	"github.com/google/go-cmp/cmp"
)

type address struct {
	Street string `json:"street" minLength:"1"`
	City   string `json:"city,omitempty" title:"City" doc:"Where"`
}

type color string

func (color) Enum() []color { return []color{"red", "green"} }

type tree struct {
	Name string  `json:"name"`
	Kids []*tree `json:"kids"`
}

type nest []nest

type page[T any] struct {
	Items []T `json:"items"`
}

type pair[K comparable, V any] struct {
	Key   K `json:"key"`
	Value V `json:"value"`
}

type id [16]byte

func (id) MarshalText() ([]byte, error)  { return nil, nil }
func (*id) UnmarshalText(b []byte) error { return nil }

type UUID [16]byte

func (UUID) MarshalText() ([]byte, error)  { return nil, nil }
func (*UUID) UnmarshalText(b []byte) error { return nil }

type opaque struct{}

func (opaque) MarshalJSON() ([]byte, error)  { return []byte("1"), nil }
func (*opaque) UnmarshalJSON(b []byte) error { return nil }

type described struct{ opaque }

func (described) JSONSchema() string {
	return `{"type":"integer","minimum":3,"const":4,"description":"four"}`
}

type base struct {
	ID   int8   `json:"id"`
	Name string `json:"name"`
}

type Inner struct {
	Deep bool `json:"deep"`
}

type embedding struct {
	base
	*Inner
	Name string          `json:"name" maxLength:"3"`
	Rest map[string]bool `json:",embed"`
}

const int64Range = `"format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807`

func TestJSON(t *testing.T) {
	const head = `{"$schema":"http://json-schema.org/draft-07/schema#"`
	for _, c := range []struct {
		of   reflect.Type
		want string // after the head
	}{
		{reflect.TypeFor[struct{}](), `,"type":"null"}`},
		{reflect.TypeFor[struct{ hidden int }](), `,"type":"null"}`},
		{reflect.TypeFor[any](), `}`},
		{reflect.TypeFor[json.RawMessage](), `}`},
		{reflect.TypeFor[opaque](), `}`},
		{reflect.TypeFor[bool](), `,"type":"boolean"}`},
		{reflect.TypeFor[*string](), `,"type":["string","null"]}`},
		{reflect.TypeFor[int](), `,"type":"integer",` + int64Range + `}`},
		{reflect.TypeFor[uint8](), `,"type":"integer","format":"int32","minimum":0,"maximum":255}`},
		{reflect.TypeFor[uint32](), `,"type":"integer","format":"int64","minimum":0,"maximum":4294967295}`},
		{reflect.TypeFor[uint64](), `,"type":"integer","minimum":0,"maximum":18446744073709551615}`},
		{reflect.TypeFor[float32](), `,"type":"number","format":"float","minimum":-3.4028235e38,"maximum":3.4028235e38}`},
		{reflect.TypeFor[json.Number](), `,"type":"number"}`},
		{reflect.TypeFor[time.Duration](), `,"type":"integer","description":"nanoseconds",` + int64Range + `}`},
		{reflect.TypeFor[[]byte](), `,"type":"string","format":"byte","contentEncoding":"base64","pattern":"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"}`},
		{reflect.TypeFor[[2]bool](), `,"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":2}`},
		{reflect.TypeFor[[]any](), `,"type":"array"}`},
		{reflect.TypeFor[map[string]bool](), `,"type":"object","additionalProperties":{"type":"boolean"}}`},
		{reflect.TypeFor[map[int8]string](), `,"type":"object","additionalProperties":{"type":"string"},"propertyNames":{"type":"string",` +
			`"pattern":"^(?:0|[1-9][0-9]{0,1}|1[0-1][0-9]|12[0-6]|127|-(?:[1-9][0-9]{0,1}|1[0-1][0-9]|12[0-7]|128))$"}}`},
		{reflect.TypeFor[map[color]string](), `,"type":"object","additionalProperties":{"type":"string"},"propertyNames":{"type":"string","enum":["red","green"]}}`},
		{reflect.TypeFor[color](), `,"type":"string","enum":["red","green"]}`},
		{reflect.TypeFor[*color](), `,"type":["string","null"],"enum":["red","green",null]}`},
		{reflect.TypeFor[id](), `,"type":"string"}`},
		{reflect.TypeFor[UUID](), `,"type":"string","format":"uuid"}`},
		{reflect.TypeFor[described](), `,"type":"integer","description":"four","const":4,"minimum":3}`},
		{reflect.TypeFor[address](), `,"type":"object","properties":{"street":{"type":"string","minLength":1},"city":{"type":"string","title":"City","description":"Where"}},"required":["street"]}`},
		{reflect.TypeFor[tree](), `,"allOf":[{"$ref":"#/definitions/Tree"}],"definitions":{"Tree":{"type":"object","properties":{"name":{"type":"string"},` +
			`"kids":{"type":"array","items":{"anyOf":[{"$ref":"#/definitions/Tree"},{"type":"null"}]}}},"required":["name","kids"]}}}`},
		{reflect.TypeFor[nest](), `,"allOf":[{"$ref":"#/definitions/Nest"}],"definitions":{"Nest":{"type":"array","items":{"$ref":"#/definitions/Nest"}}}}`},
		{reflect.TypeFor[embedding](), `,"type":"object","properties":{"id":{"type":"integer","format":"int32","minimum":-128,"maximum":127},"deep":{"type":"boolean"},` +
			`"name":{"type":"string","maxLength":3}},"required":["id","name"],"additionalProperties":{"type":"boolean"}}`},
		{reflect.TypeFor[struct {
			A address `json:"a" doc:"first" example:"{\"street\":\"s\"}"`
			B struct{}
			C *address `json:"c"`
			D int8     `json:"d,string"`
			E uint8    `json:"e" default:"7" exclusiveMinimum:"2" multipleOf:"0.5" deprecated:"true"`
			F string   `json:"f" enum:"x,y" required:"false" readOnly:"true"`
			G string   `json:"g,omitempty" required:"true" writeOnly:"true" pattern:"^.\\s[.\\-]$"`
			H bool     `json:"-"`
		}](), `,"type":"object","properties":{"a":{"description":"first","examples":[{"street":"s"}],"allOf":[{"$ref":"#/definitions/Address"}]},` +
			`"B":{"type":"object"},"c":{"anyOf":[{"$ref":"#/definitions/Address"},{"type":"null"}]},` +
			`"d":{"type":"string","pattern":"^(?:0|[1-9][0-9]{0,1}|1[0-1][0-9]|12[0-6]|127|-(?:[1-9][0-9]{0,1}|1[0-1][0-9]|12[0-7]|128))$"},` +
			`"e":{"type":"integer","format":"int32","deprecated":true,"default":7,"exclusiveMinimum":2,"maximum":255,"multipleOf":0.5},` +
			`"f":{"type":"string","readOnly":true,"enum":["x","y"]},"g":{"type":"string","writeOnly":true,"pattern":"^[^\\n][\\t\\n\\f\\r ][.\\-]$"}},` +
			`"required":["a","B","d","g"],"definitions":{"Address":{"type":"object","properties":{"street":{"type":"string","minLength":1},` +
			`"city":{"type":"string","title":"City","description":"Where"}},"required":["street"]}}}`},
	} {
		s, err := schema.NewRegistry(nil).Of(c.of)
		if err != nil {
			t.Errorf("%v: %v", c.of, err)
			continue
		}
		if diff := cmp.Diff(head+c.want, string(s.JSON())); diff != "" {
			t.Errorf("%v (-want +got):\n%s\n%s", c.of, diff, s.JSON())
		}
	}
}

func TestNull(t *testing.T) {
	s := of[struct{}](t, nil)
	if !s.IsNull() || s.HasPayload() || of[address](t, nil).IsNull() {
		t.Error("only a struct without fields is null")
	}
	for raw, valid := range map[string]bool{"": true, "null": true, " null ": true, "{}": false, "0": false} {
		if got := s.Validate([]byte(raw)) == nil; got != valid {
			t.Errorf("%q: valid is %v", raw, got)
		}
	}
	if err := s.Decode(nil, &struct{}{}); err != nil {
		t.Error(err)
	}
	if out, err := s.AppendJSON([]byte("> "), struct{}{}); err != nil || string(out) != "> null" {
		t.Errorf("%s, %v", out, err)
	}
}

func TestDefinitions(t *testing.T) {
	type Point struct {
		X int8 `json:"x"`
	}
	type both struct {
		A Point       `json:"a"`
		B image.Point `json:"b"`
	}
	r := schema.NewRegistry(nil)
	s, err := schema.For[both](r)
	if err != nil {
		t.Fatal(err)
	}
	d := r.Definitions("#/components/schemas/")
	var names []string
	for _, name := range []string{"Both", "ImagePoint", "SchemaTestPoint"} {
		if d.Schemas[name] != nil {
			names = append(names, name)
		}
	}
	if len(d.Schemas) != 3 || len(names) != 3 {
		t.Errorf("two types of one name: got %v of %v", names, d.Schemas)
	}
	if got, want := string(d.Schemas["Both"]), `{"type":"object","properties":{"a":{"$ref":"#/components/schemas/SchemaTestPoint"},"b":{"$ref":"#/components/schemas/ImagePoint"}},"required":["a","b"]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(d.Ref(s)); got != `{"$ref":"#/components/schemas/Both"}` || d.Name(s) != "Both" || s.Name() != "Both" {
		t.Errorf("got %s, %s", got, d.Name(s))
	}
	list, err := schema.For[[]string](r)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(d.Ref(list)); got != `{"type":"array","items":{"type":"string"}}` || d.Name(list) != "" {
		t.Errorf("got %s, %s", got, d.Name(list))
	}
}

func TestNames(t *testing.T) {
	for want, s := range map[string]*schema.Schema{
		"Address":                of[address](t, nil),
		"PageAddress":            of[page[address]](t, nil),
		"PageListPoint":          of[page[[]*image.Point]](t, nil),
		"PageMapStringAddress":   of[page[map[string]address]](t, nil),
		"PagePageAddress":        of[page[page[address]]](t, nil),
		"PairStringPagePoint":    of[pair[string, page[image.Point]]](t, nil),
		"":                       of[[]string](t, nil),
		"PageAny":                of[page[any]](t, nil),
		"PairStringListListBool": of[pair[string, [][]bool]](t, nil),
	} {
		if got := s.Name(); got != want && !(want == "PageAny" && got == "PageInterface") {
			t.Errorf("%v: got %q, want %q", s.Type(), got, want)
		}
	}
}

func TestRegistryIsSafeForConcurrentUse(t *testing.T) {
	r := schema.NewRegistry(nil)
	var wg sync.WaitGroup
	got := make([]*schema.Schema, 8)
	for i := range got {
		wg.Go(func() {
			var err error
			if i%2 == 0 {
				_, err = schema.For[page[tree]](r)
			}
			if err == nil {
				got[i], err = schema.For[tree](r)
			}
			if err != nil {
				t.Error(err)
				return
			}
			got[i].Validate([]byte(`{"name":"","kids":[null]}`))
			r.Definitions("")
			got[i].JSON()
		})
	}
	wg.Wait()
	for _, s := range got {
		if s != got[0] {
			t.Error("a type has two schemas")
		}
	}
}

func TestSchemaIsTheSameEachTime(t *testing.T) {
	first := string(of[page[tree]](t, nil).JSON())
	for range 20 {
		r := schema.NewRegistry(nil)
		if _, err := schema.For[tree](r); err != nil { // met before, or not
			t.Fatal(err)
		}
		s, err := schema.For[page[tree]](r)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(s.JSON()); got != first {
			t.Fatalf("got %s, before %s", got, first)
		}
	}
	if strings.Count(first, `"Tree":`) != 1 {
		t.Error(first)
	}
}

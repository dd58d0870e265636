package schema_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
	"github.com/chanx-go/chanx/core/schema"
	"github.com/google/go-cmp/cmp"
)

type everything struct {
	S  string         `json:"s,omitempty" minLength:"2" maxLength:"3"`
	P  string         `json:"p,omitempty" pattern:"^a"`
	F  string         `json:"f,omitempty" format:"email"`
	E  string         `json:"e,omitempty" enum:"a,b"`
	C  string         `json:"c,omitempty" validate:"eq=x"`
	I  int8           `json:"i,omitempty" minimum:"2"`
	X  float64        `json:"x,omitempty" exclusiveMinimum:"0.5" exclusiveMaximum:"7" multipleOf:"0.25"`
	L  []int          `json:"l,omitempty" minItems:"2" maxItems:"3" uniqueItems:"true"`
	M  map[int8]bool  `json:"m,omitempty" minProperties:"1" maxProperties:"2"`
	N  *string        `json:"n,omitempty"`
	R  address        `json:"a/b~c,omitzero"`
	NE int            `json:"ne,omitempty" validate:"ne=5"`
	O  string         `json:"o,omitempty" validate:"ipv4|ipv6"`
	D  described2     `json:"d,omitempty"`
	A  map[string]any `json:"any,omitempty"`
}

type described2 map[string]any

func (described2) JSONSchema() string {
	return `{"oneOf":[{"type":"object","maxProperties":1},{"required":["k"]}],"properties":{"x":false},"additionalProperties":{"type":["boolean","null"]}}`
}

func TestViolations(t *testing.T) {
	s := of[everything](t, nil)
	for _, c := range []struct {
		raw  string
		want []string // path code message params
	}{
		{`{}`, nil},
		{`null`, []string{` type must be an object, not null map[type:object]`}},
		{``, []string{` required is required map[]`}},
		{`[`, []string{` type must be an object, not an array map[type:object]`}},
		{`{"s":1}`, []string{`/s type must be a string, not a number map[type:string]`}},
		{`{"s":"é"}`, []string{`/s min_length must be at least 2 characters long map[min:2]`}},
		{`{"s":"\u00e9\ud83d\ude00\n\t"}`, []string{`/s max_length must be at most 3 characters long map[max:3]`}},
		{`{"p":"b"}`, []string{`/p pattern must match ^a map[pattern:^a]`}},
		{`{"f":"b"}`, []string{`/f format must be a valid email map[format:email]`}},
		{`{"e":"c"}`, []string{`/e enum must be one of "a", "b" map[values:[a b]]`}},
		{`{"c":"c"}`, []string{`/c const must be "x" map[value:x]`}},
		{`{"i":1}`, []string{`/i minimum must be at least 2 map[min:2]`}},
		{`{"i":128}`, []string{`/i maximum must be at most 127 map[max:127]`}},
		{`{"i":2.5}`, []string{`/i type must be an integer, not a number with a fractional part map[type:integer]`}},
		{`{"x":0.5}`, []string{`/x exclusive_minimum must be more than 0.5 map[min:0.5]`}},
		{`{"x":7.1}`, []string{`/x exclusive_maximum must be less than 7 map[max:7]`, `/x multiple_of must be a multiple of 0.25 map[of:0.25]`}},
		{`{"l":[1]}`, []string{`/l min_items must have at least 2 items map[min:2]`}},
		{`{"l":[1,"2",3,1.0]}`, []string{`/l/1 type must be an integer, not a string map[type:integer]`,
			`/l max_items must have at most 3 items map[max:3]`, `/l unique_items must not have the same item twice map[items:[0 3]]`}},
		{`{"l":null}`, []string{`/l type must be an array, not null map[type:array]`}},
		{`{"m":{}}`, []string{`/m min_properties must have at least 1 member map[min:1]`}},
		{`{"m":{"1":true,"x":true,"300":1}}`, []string{`/m/x property_names is not a name that is allowed here map[]`,
			`/m/300 property_names is not a name that is allowed here map[]`, `/m/300 type must be a boolean, not a number map[type:boolean]`,
			`/m max_properties must have at most 2 members map[max:2]`}},
		{`{"n":true}`, []string{`/n type must be a string or null, not a boolean map[type:[string null]]`}},
		{`{"a/b~c":{}}`, []string{`/a~1b~0c/street required is required map[]`}},
		{`{"a\/b\u007ec":{"street":""}}`, []string{`/a~1b~0c/street min_length must be at least 1 character long map[min:1]`}},
		{`{"ne":5}`, []string{`/ne not must not be 5 map[value:5]`}},
		{`{"o":"x"}`, []string{`/o any_of must satisfy one of the alternatives map[]`}},
		{`{"d":{"k":true,"x":null}}`, []string{`/d/x not must not be what is excluded map[]`}},
		{`{"d":{"k":true}}`, []string{`/d one_of must satisfy exactly one of the alternatives, not 2 map[]`}},
		{`{"S":1,"text":[{"x":1}],"any":{"a":[1e400,null]}}`, nil},
		{`{"s":"a","p":"b","i":null}`, []string{`/s min_length must be at least 2 characters long map[min:2]`,
			`/p pattern must match ^a map[pattern:^a]`, `/i type must be an integer, not null map[type:integer]`}},
		{`{"s":"abc","s":"abc"}`, []string{` malformed is malformed: invalid JSON: an object has the same name twice at byte 11 map[]`}},
		{`{"s":"a","p":}`, []string{` malformed is malformed: invalid JSON: expected a value at byte 13 map[]`}},
	} {
		var got []string
		for _, v := range s.Validate([]byte(c.raw)) {
			got = append(got, fmt.Sprint(v.Path, " ", v.Code, " ", v.Message, " ", v.Params))
		}
		if c.raw == "[" { // what comes after the wrong type may be reported, too
			got = got[:min(len(got), 1)]
			if len(got) == 1 && strings.Contains(got[0], "malformed") {
				continue
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.raw, diff)
		}
	}
}

func TestManyViolationsAreCut(t *testing.T) {
	raw := []byte("[" + strings.Repeat(`"",`, 10_000) + `""]`)
	if n := len(of[[]int](t, nil).Validate(raw)); n != 256 {
		t.Errorf("got %d violations", n)
	}
}

func TestNestingIsBounded(t *testing.T) {
	s := of[nest](t, nil)
	deep := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if v := s.Validate(deep(128)); v != nil {
		t.Error(v)
	}
	if v := s.Validate(deep(129)); len(v) != 1 || v[0].Code != "malformed" {
		t.Error(v)
	}
	if v := s.Validate([]byte(strings.Repeat("[", 1<<20))); len(v) != 1 || v[0].Code != "malformed" {
		t.Error(v)
	}
}

func TestUniqueItems(t *testing.T) {
	type set struct {
		Items []any `json:"items" uniqueItems:"true"`
	}
	s := of[set](t, nil)
	many := func(more string) string {
		var b strings.Builder
		for i := range 5000 {
			fmt.Fprintf(&b, `{"a":%d,"b":["x",%d]},%d,"s%d",`, i, i, i, i)
		}
		return b.String() + more
	}
	for items, valid := range map[string]bool{
		`1,2,"1",true,null,[],{}`:          true,
		`1,1.0`:                            false,
		`"a","\u0061"`:                     false,
		`{"a":1,"b":2},{"b":2.0,"a":1}`:    false,
		`{"a":1},{"a":1,"b":1}`:            true,
		`[1,2],[2,1]`:                      true,
		`[1,[2]],[1,[2e0]]`:                false,
		`0,-0`:                             false,
		`1e400,10e399`:                     false,
		`null,false,0,"",[],{},1,2,3,null`: false,
		many(`5001`):                       true,
		many(`{"b":["\u0078",7],"a":7.0}`): false,
		many(`"\u00737"`):                  false,
		many(`40e1`):                       false,
	} {
		if got := s.Validate([]byte(`{"items":[`+items+`]}`)) == nil; got != valid {
			t.Errorf("%.60s: valid is %v", items, got)
		}
	}
}

func TestValidValuesDoNotAllocate(t *testing.T) {
	s := of[everything](t, nil)
	raw := []byte(`{"s":"ab","p":"a","f":"a@b.c","e":"b","c":"x","i":3,"x":1.25,"l":[1,2],"m":{"1":true},"n":null,"ne":4,"any":{"x":[1,2,{"y":"z"}]}}`)
	if v := s.Validate(raw); v != nil {
		t.Fatal(v)
	}
	for range 100 { // the race detector makes pools forget now and then
		if testing.AllocsPerRun(1, func() { s.Validate(raw) }) == 0 {
			return
		}
	}
	t.Error("it always allocates")
}

func FuzzValidate(f *testing.F) {
	s, deep, full := of[everything](f, nil), of[tree](f, nil), of[defaults](f, nil)
	for _, raw := range []string{`{}`, `{"s":"ab","l":[1,2],"m":{"1":true}}`, `{"d":{}}`, `{"d":{"n":1.0},"l":[{}],"m":{"a":1.0}}`, `{"name":"x","kids":[{"name":"y","kids":[null]}]}`, `[`, `{"s"`, `{"s":"\u`, `{"l":[1,`, `{"x":-`} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, s := range []*schema.Schema{s, deep, full} {
			text, violations := s.Complete(raw)
			for _, v := range violations {
				if v.Code == "" || v.Message == "" {
					t.Fatalf("%s: an empty violation", raw)
				}
			}
			if violations != nil || jsonraw.Valid(raw) != nil {
				continue
			}
			if again, violations := s.Complete(text); violations != nil || !bytes.Equal(again, text) || jsonraw.Valid(text) != nil {
				t.Fatalf("%s was completed to %s, and that to %s, %v", raw, text, again, violations)
			}
			if err := s.Decode(raw, reflect.New(s.Type()).Interface()); err != nil {
				t.Fatalf("%s is valid, but: %v", raw, err)
			}
		}
	})
}

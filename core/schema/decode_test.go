package schema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/schema"
	"github.com/google/go-cmp/cmp"
)

type inner struct {
	N    int8   `json:"n" default:"1e1"`
	Word string `json:"wörd" default:"a \"b\""`
}

type defaults struct {
	A int            `json:"a" default:"5"`
	B []string       `json:"b" default:"[\"x\"]"`
	C *inner         `json:"c" default:"{}"`
	D inner          `json:"d"`
	M map[string]any `json:"m,omitempty"`
	L []inner        `json:"l,omitempty"`
}

func TestComplete(t *testing.T) {
	s := of[defaults](t, nil)
	const c = `"c":{"n":10,"wörd":"a \"b\""}`
	const word = `"wörd":"a \"b\""`
	for raw, want := range map[string]string{
		`{"a":1,"b":[],"c":null,"d":{"n":1,"wörd":""}}`: ``,
		`{"d":{}}`:        `{"d":{"n":10,` + word + `},"a":5,"b":["x"],` + c + `}`,
		` { "d" : { } } `: ` { "d" : { "n":10,` + word + `} ,"a":5,"b":["x"],` + c + `} `,
		`{"a":1.0,"b":[],"c":null,"d":{"n":-1e1,"w\u00f6rd":""}}`:    `{"a":1,"b":[],"c":null,"d":{"n":-10,"w\u00f6rd":""}}`,
		`{"a":-0,"b":[],"c":null,"d":{"n":0e9,` + word + `}}`:        `{"a":0,"b":[],"c":null,"d":{"n":0,` + word + `}}`,
		`{"l":[{},{"n":2}],"a":1,"b":[],"d":{"n":1,"wörd":""}}`:      `{"l":[{"n":10,` + word + `},{"n":2,` + word + `}],"a":1,"b":[],"d":{"n":1,"wörd":""},` + c + `}`,
		`{"m":{"x":1.0},"a":1,"b":[],"c":null,"d":{"n":1,"wörd":1}}`: `violation`,
	} {
		got, violations := s.Complete([]byte(raw))
		switch {
		case want == "violation":
			if violations == nil || string(got) != raw {
				t.Errorf("%s: got %s, %v", raw, got, violations)
			}
		case violations != nil:
			t.Errorf("%s: %v", raw, violations)
		case want == "":
			if string(got) != raw {
				t.Errorf("%s: got %s", raw, got)
			}
		case string(got) != want:
			t.Errorf("%s (-want +got):\n%s", raw, cmp.Diff(want, string(got)))
		}
	}
	raw := []byte(`{"a":1,"b":[],"c":null,"d":{"n":1,"wörd":""}}`)
	if got, _ := s.Complete(raw); &got[0] != &raw[0] {
		t.Error("a complete value was copied")
	}
	if n := testing.AllocsPerRun(100, func() { s.Complete(raw) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDecodeKnowsNamesByCase(t *testing.T) {
	s := of[address](t, nil)
	var v address
	if err := s.Decode([]byte(`{"street":"ok","STREET":"","Street":1,"unknown":[1,{}]}`), &v); err != nil || v.Street != "ok" {
		t.Errorf("%+v, %v", v, err)
	}
}

// everyType holds what has a form of its own.
type everyType struct {
	Any   any               `json:"any"`
	Num   json.Number       `json:"num"`
	Dur   time.Duration     `json:"dur"`
	At    time.Time         `json:"at"`
	Bytes []byte            `json:"bytes"`
	Raw   json.RawMessage   `json:"raw"`
	Addr  netip.Addr        `json:"addr"`
	Keys  map[uint64]string `json:"keys"`
	Ptr   **int             `json:"ptr"`
	Quote int64             `json:"quote,string"`
	Nil   []int             `json:"nil"`
	None  map[string]int    `json:"none"`
}

func TestRoundTrip(t *testing.T) {
	s := of[everyType](t, nil)
	const raw = `{"any":{"a":[9007199254740993,1e400,-0,"x",null,true]},"num":1e999999,"dur":1500000000,"at":"2024-02-29T12:00:00.5+02:00",` +
		`"bytes":"AAE=","raw":{"b":1,"a":2.50},"addr":"::1","keys":{"18446744073709551615":"max"},"ptr":null,"quote":"-9223372036854775808","nil":[],"none":{}}`
	var v everyType
	if err := s.Decode([]byte(raw), &v); err != nil {
		t.Fatal(err)
	}
	if v.Dur != 1500*time.Millisecond {
		t.Error(v.Dur)
	}
	out, err := s.AppendJSON(nil, &v)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(raw, string(out)); diff != "" {
		t.Error(diff)
	}
	v.Nil, v.None = nil, nil
	if out, err = s.AppendJSON([]byte("> "), v); err != nil || string(out) != "> "+raw {
		t.Errorf("nil slice and map, by value: %s, %v", out, err)
	}
}

func TestAppendJSONFails(t *testing.T) {
	out, err := of[float64](t, nil).AppendJSON([]byte("before"), math.NaN())
	if err == nil || string(out) != "before" {
		t.Errorf("%q, %v", out, err)
	}
}

type picky struct {
	Odd int `json:"odd"`
}

func (p *picky) Validate() error {
	if p.Odd%2 == 0 {
		return errors.New("is even")
	}
	return nil
}

type strict string

func (s strict) Validate() error {
	if s == "no" {
		return &schema.InvalidError{Violations: []schema.Violation{{Path: "/sub", Code: "no", Message: "is no"}}}
	}
	return nil
}

type hooked struct {
	picky
	One  picky                  `json:"one"`
	Ptr  *picky                 `json:"ptr"`
	List []picky                `json:"li/st"`
	Map  map[string]*picky      `json:"map"`
	Keys map[int8]strict        `json:"keys"`
	Deep [1][]map[string]strict `json:"deep"`
	Self *hooked                `json:"self"`
	Free any                    `json:"free"`
}

func TestValidateMethods(t *testing.T) {
	s := of[hooked](t, nil)
	const good = `{"odd":1,"one":{"odd":1},"ptr":null,"li/st":[],"map":{},"keys":{},"deep":[[]],"self":null,"free":null}`
	var v hooked
	if err := s.Decode([]byte(good), &v); err != nil {
		t.Fatal(err)
	}
	bad := `{"odd":2,"one":{"odd":2},"ptr":{"odd":2},"li/st":[{"odd":1},{"odd":2}],"map":{"b":{"odd":2},"a":{"odd":4},"c":null},"keys":{"-1":"no","2":"yes"},` +
		`"deep":[[{},{"x":"no"}]],"free":{"odd":2},"self":` + strings.Replace(good, `"odd":1`, `"odd":2`, 1) + `}`
	err := s.Decode([]byte(bad), &v)
	invalid := new(schema.InvalidError)
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	var got []string
	for _, v := range invalid.Violations {
		got = append(got, v.Path+" "+v.Code+" "+v.Message)
	}
	want := []string{"/one invalid is even", "/ptr invalid is even", "/li~1st/1 invalid is even", "/map/a invalid is even", "/map/b invalid is even",
		"/keys/-1/sub no is no", "/deep/0/1/x/sub no is no", "/self invalid is even", " invalid is even"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

type even int

func (e *even) UnmarshalText(b []byte) error {
	_, err := fmt.Sscan(string(b), (*int)(e))
	if err == nil && *e%2 != 0 {
		err = errors.New("an odd number")
	}
	return err
}

func (e even) MarshalText() ([]byte, error) { return fmt.Append(nil, int(e)), nil }

// TestDecodersHaveTheLastWord checks that what a type's own method refuses is a
// violation with its place.
func TestDecodersHaveTheLastWord(t *testing.T) {
	type message struct {
		Evens []even `json:"e~s"`
	}
	s := of[message](t, nil)
	var v message
	if err := s.Decode([]byte(`{"e~s":["2","4"]}`), &v); err != nil || v.Evens[1] != 4 {
		t.Fatal(v, err)
	}
	err := s.Decode([]byte(`{"e~s":["2","3"]}`), &v)
	invalid := new(schema.InvalidError)
	if !errors.As(err, &invalid) || len(invalid.Violations) != 1 || invalid.Violations[0].Path != "/e~0s/1" || invalid.Violations[0].Code != "invalid" {
		t.Errorf("got %v", err)
	}
}

type refusing struct{}

func (refusing) Struct(v any) error {
	if _, ok := v.(*address); !ok {
		return fmt.Errorf("was given a %T", v)
	}
	return errors.New("is refused")
}

func TestStructValidator(t *testing.T) {
	options := &schema.Options{Struct: refusing{}}
	err := of[address](t, options).Decode([]byte(`{"street":"x"}`), new(address))
	if err == nil || err.Error() != "the value is refused" {
		t.Error(err)
	}
	pointer := new(address)
	err = of[*address](t, options).Decode([]byte(`{"street":"x"}`), &pointer)
	if err == nil || err.Error() != "the value is refused" {
		t.Error(err)
	}
	if err := of[*address](t, options).Decode([]byte(`null`), &pointer); err != nil {
		t.Error(err)
	}
	if err := of[int](t, options).Decode([]byte(`1`), new(int)); err != nil {
		t.Error("a value that is no struct:", err)
	}
}

func TestInvalidError(t *testing.T) {
	err := of[address](t, nil).Decode([]byte(`{"street":"","city":1}`), new(address))
	if got, want := fmt.Sprint(err), "/street must be at least 1 character long; /city must be a string, not a number"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := of[address](t, nil).Decode([]byte(`{"street":"x"}`), address{}); err == nil || errors.As(err, new(*schema.InvalidError)) {
		t.Errorf("decoding into a value that is no pointer: %v", err)
	}
}

func TestNullAsDefault(t *testing.T) {
	type message struct {
		Nick *string `json:"nick" default:"null"`
		Name string  `json:"name" default:"null"`
	}
	got, violations := of[message](t, nil).Complete([]byte(`{}`))
	if want := `{"nick":null,"name":"null"}`; violations != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, violations, want)
	}
}

// Unknown names a member that the type has no place for, however deep, and nothing
// where there is none.
func TestUnknown(t *testing.T) {
	type inner struct {
		Took time.Duration `json:"took"`
	}
	type outer struct {
		In   inner          `json:"in"`
		Any  any            `json:"any"`
		Rest map[string]int `json:"rest"`
	}
	s, err := schema.NewRegistry(nil).Of(reflect.TypeFor[outer]())
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		``: "", `null`: "", `{}`: "",
		`{"in":{"took":5},"any":{"x":1e999},"rest":{"x":1}}`: "",
		`{"in":{"took":5,"more":1}}`:                         "more",
		`{"In":{}}`:                                          "In",
	} {
		err := s.Unknown([]byte(raw))
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", raw, err, want)
		}
	}
}

package difftest_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/schema"
	"github.com/go-playground/validator/v10"
)

// TestRulesMeanTheSame compares what the schema makes of a tag with what the
// validator says that the tag is of.
func TestRulesMeanTheSame(t *testing.T) {
	check := validator.New(validator.WithRequiredStructEnabled())
	texts := []any{"", "a", "ab", "abc", "abcd", "é", "😀", "a b", "12", "-1.5", "x.", "x]", "ff", "#fff", "a\nb", "http://x.y/z", "a@b.cd",
		"1.2.3.4", "::1", "2024-02-29", "2024-02-30", "123e4567-e89b-42d3-a456-426614174000", "AAAA", "+4915112345678", "1.2.3", "a,b", "a|b"}
	numbers := []any{-2, -1, 0, 1, 2, 3, 5, 9, 10, 11}
	floats := []any{-1.5, 0.0, 0.5, 1.0, 1.5, 2.0}
	lists := []any{[]string{}, []string{"a"}, []string{"a", "a"}, []string{"a", "b"}, []string{"", "b"}, []string{"abc", "b", "c"}}
	maps := []any{map[string]int{}, map[string]int{"a": 1}, map[string]int{"ab": 0}, map[string]int{"a": 1, "b": 20}}
	for _, c := range []struct {
		values []any
		tags   []string
	}{
		{texts, []string{"required", "min=2", "max=2", "len=2", "gt=1", "gte=2", "lt=3", "lte=2", "eq=ab", "ne=ab", "oneof=a ab", "oneof='a b' abc",
			"omitempty,min=3", "omitempty,len=2", "required,max=3", "alpha", "alphanum", "alphaunicode", "numeric", "number", "hexadecimal", "hexcolor", "ascii",
			"printascii", "multibyte", "startswith=a", "endswith=b", "contains=b", "containsany=]x", "excludes=b", "excludesall=ab", "startsnotwith=a",
			"endsnotwith=b", "uuid", "uuid4", "ip", "ipv4", "ipv6", "ipv4|ipv6", "datetime=2006-01-02", "email", "uri", "e164", "base64", "eq=a|eq=abc",
			"min=2,max=3", "omitempty,alpha,min=2", "contains=0x2C", "eq=a0x7Cb", "alpha|numeric"}},
		{numbers, []string{"required", "min=2", "max=2", "gt=1", "lt=3", "eq=2", "ne=2", "len=2", "oneof=1 5", "omitempty,min=3", "min=1,max=9", "eq=1|gt=9", "gte=2,lte=5"}},
		{floats, []string{"required", "gt=0.5", "lte=1.5", "ne=2", "omitempty,min=1"}},
		{[]any{true, false}, []string{"required", "omitempty,eq=true", "eq=false"}},
		{lists, []string{"required", "min=1", "max=1", "len=2", "gt=1", "lt=2", "unique", "dive,required", "dive,max=2", "max=2,dive,alpha", "omitempty,min=1", "dive,oneof=a b"}},
		{maps, []string{"required", "min=1", "max=1", "dive,max=9", "dive,keys,len=1,endkeys,required", "dive,keys,alpha,endkeys"}},
	} {
		for _, tag := range c.tags {
			typ := reflect.StructOf([]reflect.StructField{{
				Name: "V", Type: reflect.TypeOf(c.values[0]), Tag: reflect.StructTag(`json:"v" validate:"` + tag + `"`),
			}})
			s, err := schema.NewRegistry(nil).Of(typ)
			if err != nil {
				t.Errorf("%v %s: %v", typ.Field(0).Type, tag, err)
				continue
			}
			for _, value := range c.values {
				v := reflect.New(typ)
				v.Elem().Field(0).Set(reflect.ValueOf(value))
				raw, err := s.AppendJSON(nil, v.Interface())
				if err != nil {
					t.Fatal(err)
				}
				want, got := check.Struct(v.Interface()), s.Validate(raw)
				if (want == nil) != (got == nil) {
					t.Errorf("%s %s: go-playground: %v, ours: %v", tag, raw, want, got)
				}
			}
		}
	}
}

type account struct {
	Password string   `json:"password" validate:"required,min=3"`
	Repeat   string   `json:"repeat" validate:"eqfield=Password"`
	Address  *address `json:"address"`
	More     []address
	By       map[string]address `json:"by,omitempty" validate:"dive"`
	hidden
}

type hidden struct {
	Note string `json:"note,omitempty"`
	Kind string `json:"kind,omitempty" validate:"omitempty,nefield=Note"`
}

type address struct {
	Street string `json:"street~1" validate:"required_if=City x"`
	City   string `json:"city"`
}

// TestStructValidator gives go-playground what JSON Schema can't say.
func TestStructValidator(t *testing.T) {
	if _, err := schema.For[account](schema.NewRegistry(nil)); err == nil || !strings.Contains(err.Error(), "Repeat") || !strings.Contains(err.Error(), "eqfield") {
		t.Errorf("a rule that can't be said, without a validator: %v", err)
	}
	r := schema.NewRegistry(&schema.Options{Struct: validator.New()})
	s, err := schema.For[account](r)
	if err != nil {
		t.Fatal(err)
	}
	var v account
	if err := s.Decode([]byte(`{"password":"abc","repeat":"abc","address":null,"More":[]}`), &v); err != nil {
		t.Errorf("valid: %v", err)
	}
	err = s.Decode([]byte(`{"password":"abc","repeat":"abd","note":"x","kind":"x","address":{"street~1":"","city":"x"},"More":[{"street~1":"s","city":"x"}],
		"by":{"k":{"street~1":"","city":"x"}}}`), &v)
	invalid := new(schema.InvalidError)
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	var got []string
	for _, v := range invalid.Violations {
		got = append(got, v.Path+" "+v.Code)
	}
	want := []string{"/repeat eqfield", "/address/street~01 required_if", "/by/k/street~01 required_if", "/kind nefield"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if p := invalid.Violations[0].Params["param"]; p != "Password" {
		out, _ := json.Marshal(invalid.Violations)
		t.Errorf("params: %s", out)
	}
}

package schema_test

import (
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/schema"
)

type half string

func (half) MarshalText() ([]byte, error) { return nil, nil }

type badSchema struct{}

func (badSchema) JSONSchema() string { return `{"type":"object","patternProperties":{}}` }

type unexportedPointer struct {
	*base
}

// TestOfRefuses checks that an error names the field and what is wrong with it.
func TestOfRefuses(t *testing.T) {
	for _, c := range []struct {
		of   reflect.Type
		want []string
	}{
		{reflect.TypeFor[chan int](), []string{"chan int", "no form"}},
		{reflect.TypeFor[struct{ F func() }](), []string{".F", "func()"}},
		{reflect.TypeFor[map[string]complex64](), []string{"complex64"}},
		{reflect.TypeFor[struct{ R io.Reader }](), []string{".R", "io.Reader", "use a struct"}},
		{reflect.TypeFor[map[float64]int](), []string{"float64", "key"}},
		{reflect.TypeFor[map[bool]int](), []string{"bool", "key"}},
		{reflect.TypeFor[half](), []string{"half", "MarshalText"}},
		{reflect.TypeFor[badSchema](), []string{"badSchema", "patternProperties"}},
		{reflect.TypeFor[unexportedPointer](), []string{"unexportedPointer.base", "embed the struct"}},
		{reflect.TypeFor[struct {
			A int `json:"a,case:ignore"`
		}](), []string{".A", "case"}},
		{reflect.TypeFor[struct {
			A []byte `json:"a,format:hex"`
		}](), []string{"A", "format"}},
		{reflect.TypeFor[struct {
			A base `json:",inline"`
		}](), []string{".A", "embed"}},
		{reflect.TypeFor[struct {
			A string `json:"a,string"`
		}](), []string{".A", "integers"}},
		{reflect.StructOf([]reflect.StructField{
			{Name: "A", Type: reflect.TypeFor[string](), Tag: `json:"x"`},
			{Name: "B", Type: reflect.TypeFor[string](), Tag: `json:"x"`},
		}), []string{"conflict"}},
		{reflect.TypeFor[struct {
			A int `minLength:"1"`
		}](), []string{".A", `minLength:"1"`, "not for a int"}},
		{reflect.TypeFor[struct {
			A []string `pattern:"a"`
		}](), []string{".A", "pattern", "dive"}},
		{reflect.TypeFor[struct {
			A base `minLength:"1"`
		}](), []string{".A", "minLength"}},
		{reflect.TypeFor[struct {
			A string `minLength:"-1"`
		}](), []string{".A", "not a count"}},
		{reflect.TypeFor[struct {
			A string `minlength:"1"`
		}](), []string{".A", "write minLength"}},
		{reflect.TypeFor[struct {
			A string `minLength:"2" maxLength:"1"`
		}](), []string{".A", "least"}},
		{reflect.TypeFor[struct {
			A uint8 `maximum:"256"`
		}](), []string{".A", "uint8"}},
		{reflect.TypeFor[struct {
			A int `minimum:"0x1"`
		}](), []string{".A", "not a number"}},
		{reflect.TypeFor[struct {
			A int `minimum:"4" exclusiveMaximum:"3"`
		}](), []string{".A"}},
		{reflect.TypeFor[struct {
			A int `multipleOf:"0"`
		}](), []string{".A", "above zero"}},
		{reflect.TypeFor[struct {
			A []int `uniqueItems:"yes"`
		}](), []string{".A", "true or false"}},
		{reflect.TypeFor[struct {
			A string `format:"e-mail"`
		}](), []string{".A", "e-mail"}},
		{reflect.TypeFor[struct {
			A int `format:"email"`
		}](), []string{".A", "email"}},
		{reflect.TypeFor[struct {
			A string `enum:"a,b" maxLength:"0"`
		}](), []string{".A", "enum", "at most 0"}},
		{reflect.TypeFor[struct {
			A int `enum:"1,1.0"`
		}](), []string{".A", "twice"}},
		{reflect.TypeFor[struct {
			A int `default:"x"`
		}](), []string{".A", "default"}},
		{reflect.TypeFor[struct {
			A string `default:"x" minLength:"2"`
		}](), []string{".A", `default:"x"`, "at least 2"}},
		{reflect.TypeFor[struct {
			A base `default:"{}"`
		}](), []string{".A", "default", "/id is required"}},
		{reflect.TypeFor[struct {
			A int8 `example:"128"`
		}](), []string{".A", "example", "127"}},
		{reflect.TypeFor[struct {
			A string `validate:"iscolor2"`
		}](), []string{".A", "iscolor2", "Options.Struct"}},
		{reflect.TypeFor[struct {
			A string `binding:"eqfield=B"`
		}](), []string{".A", "eqfield"}},
		{reflect.TypeFor[struct {
			A int `validate:"dive,min=1"`
		}](), []string{".A", "dive"}},
		{reflect.TypeFor[struct {
			A uint8 `validate:"min=300"`
		}](), []string{".A"}},
	} {
		_, err := schema.NewRegistry(nil).Of(c.of)
		if err == nil {
			t.Errorf("%v: no error", c.of)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %q is not in the error %q", c.of, want, err)
			}
		}
	}
}

func TestPatterns(t *testing.T) {
	published := func(source string) (string, error) {
		typ := reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(`json:"a" pattern:"` +
			strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(source) + `"`)}})
		s, err := schema.NewRegistry(nil).Of(typ)
		if err != nil {
			return "", err
		}
		_, rest, _ := strings.Cut(string(s.JSON()), `"pattern":"`)
		rest, _, _ = strings.Cut(rest, `"}}`)
		return strings.ReplaceAll(rest, `\\`, `\`), nil
	}
	for source, want := range map[string]string{
		`^[a-z]+$`:         `^[a-z]+$`,
		`a.b`:              `a[^\n]b`,
		`\s\S\d\D\w\W\b\B`: `[\t\n\f\r ][^\t\n\f\r ]\d\D\w\W\b\B`,
		`[\s\d.]`:          `[\t\n\f\r \d.]`,
		`\-\!\_\/\.`:       `-!_/\.`,
		`[\-\]]`:           `[\-\]]`,
		`[]a]`:             `[\]a]`,
		`[^]a]`:            `[^\]a]`,
		`[[]`:              `[\[]`,
		`a{2}b{2,}c{2,3}?`: `a{2}b{2,}c{2,3}?`,
		`a{b}`:             `a\{b\}`,
		`a{,2}`:            `a\{,2\}`,
		`(?:a|b)*(c)`:      `(?:a|b)*(c)`,
		`\pL\p{Lu}[\PN]`:   `\p{L}\p{Lu}[\P{N}]`,
		`\x41`:             `\x41`,
		`]}`:               `\]\}`,
	} {
		if got, err := published(source); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", source, got, err, want)
		}
	}
	for _, source := range []string{
		`(?i)a`, `(?P<x>a)`, `(?<x>a)`, `\Aa`, `a\z`, `\Qa.b\E`, `\x{41}`, `\p{Greek}`, `\p{C}`, `[[:alpha:]]`, `\a`, `\101`, `[\S]`, `^*`, `a|*`, `(?=a)`, `(`, `\1`, `\b+`, `\C`,
	} {
		if got, err := published(source); err == nil {
			t.Errorf("%s: no error, but %s", source, got)
		}
	}
}

package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/schema"
)

const library = ` {
	"types": {
		"tree": {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/types/tree"}}}, "required": ["kids"]},
		"a/b~c d": {"type": "string", "minLength": 2, "default": "x", "x-note": {"$ref": "nowhere"}},
		"named": {"definitions": {"n": {"type": "integer"}}, "allOf": [{"$ref": "#/types/named/definitions/n"}], "description": "a number"},
		"escaped": {"$ref": "#/types/a~1b~0c%20d"},
		"any": true, "none": false,
		"number": 7,
		"lost": {"items": {"$ref": "#/types/gone"}},
		"elsewhere": {"$ref": "other.json#/types/tree"},
		"beside": {"$ref": "#/types/tree", "minProperties": 1},
		"ring": {"$ref": "#/types/ring"},
		"long ring": {"anyOf": [{"type": "string"}, {"not": {"$ref": "#/types/ring again"}}]},
		"ring again": {"oneOf": [{"allOf": [{"$ref": "#/types/long ring"}]}]},
		"later": {"patternProperties": {}},
		"odd": {"$ref": 7},
		"percent": {"$ref": "#/%zz"}
	},
	"type": "object"
}
`

func TestDocument(t *testing.T) {
	document, err := schema.ReadDocument([]byte(library))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ pointer, valid, invalid, want string }{
		{"/types/tree", `{"kids":[{"kids":[]}]}`, `{"kids":[{"kids":[{}]}]}`, `/kids/0/kids/0/kids is required`},
		{"/types/a~1b~0c d", `"ab"`, `"a"`, `the value must be at least 2 characters long`},
		{"/types/escaped", `"ab"`, `"a"`, `the value must be at least 2 characters long`},
		{"/types/named", `1`, `"a"`, `the value must be an integer, not a string`},
		{"/types/any", `1`, ``, ``},
		{"/types/none", ``, `1`, `the value must not be what is excluded`},
	} {
		for range 2 { // the second time it is known
			v, err := document.Validator(c.pointer)
			if err != nil {
				t.Errorf("%s: %v", c.pointer, err)
				continue
			}
			if got := v.Validate([]byte(c.valid)); c.valid != "" && got != nil {
				t.Errorf("%s: %s is refused: %v", c.pointer, c.valid, got)
			}
			if got := v.Validate([]byte(c.invalid)); c.invalid != "" && (len(got) != 1 || got[0].String() != c.want) {
				t.Errorf("%s: %s: got %v, want %s", c.pointer, c.invalid, got, c.want)
			}
		}
	}
}

func TestDocumentErrors(t *testing.T) {
	document, err := schema.ReadDocument([]byte(library))
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]string{
		"":                 `"": keyword "types" is not supported`,
		"types":            `"types": it is no JSON Pointer`,
		"/gone":            `"/gone": there is nothing`,
		"/types/number/x":  `there is nothing`,
		"/types/number":    `a schema is an object`,
		"/types/lost":      `"/types/gone": there is nothing`,
		"/types/elsewhere": `"other.json#/types/tree" is not of this document`,
		"/types/beside":    `what stands beside $ref means nothing in draft-07`,
		"/types/ring":      `to know whether a value satisfies it one has to know that already`,
		"/types/long ring": `to know whether a value satisfies it one has to know that already`,
		"/types/later":     `keyword "patternProperties" is not supported`,
		"/types/odd":       `keyword "$ref": it must be a string`,
		"/types/percent":   `keyword "$ref": "#/%zz": `,
	} {
		if _, err := document.Validator(pointer); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", pointer, err, want)
		}
	}
	if _, err := document.Validator("/types/tree"); err != nil {
		t.Errorf("after errors: %v", err)
	}
	for _, text := range []string{``, `{`, `{"a":1,"a":2}`} {
		if _, err := schema.ReadDocument([]byte(text)); err == nil {
			t.Errorf("%q is a document", text)
		}
	}
}

// A type can't refer to places in a document.
func TestDescribersHaveNoReferences(t *testing.T) {
	_, err := schema.For[referring](schema.NewRegistry(nil))
	if want := `keyword "$ref" is not supported`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

type referring string

func (referring) JSONSchema() string { return `{"$ref":"#/definitions/x"}` }

func FuzzDocument(f *testing.F) {
	for _, pointer := range []string{"", "/types/tree", "/types/ring", "/types/escaped", "/types/a~1b~0c d"} {
		f.Add([]byte(library), pointer, []byte(`{"kids":[{"kids":[{}]}]}`))
	}
	f.Add([]byte(`{"definitions":{"a":{"items":{"$ref":"#"}}},"$ref":"#/definitions/a"}`), "/definitions/a", []byte(`[[[]]]`))
	f.Add([]byte(`{"allOf":[{"required":["a"]},{"not":{"const":1}}],"enum":[1,2]}`), "", []byte(`2`))
	f.Fuzz(func(_ *testing.T, text []byte, pointer string, value []byte) {
		document, err := schema.ReadDocument(text)
		if err != nil {
			return
		}
		if v, err := document.Validator(pointer); err == nil {
			v.Validate(value)
		}
	})
}

func ExampleDocument() {
	document, err := schema.ReadDocument([]byte(`{
		"message": {"type": "object", "properties": {"payload": {"$ref": "#/types/Text"}}, "required": ["payload"]},
		"types": {"Text": {"type": "string", "minLength": 1}}
	}`))
	if err != nil {
		panic(err)
	}
	message, err := document.Validator("/message")
	if err != nil {
		panic(err)
	}
	fmt.Println(message.Validate([]byte(`{"payload":""}`)))
	// Output: [/payload must be at least 1 character long]
}

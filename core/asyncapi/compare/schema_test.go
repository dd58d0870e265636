package compare_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi/compare"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// message is a document of one message, which goes one way: "receive" or "send".
func message(action, schema, components string) string {
	return fmt.Sprintf(`{"asyncapi": "3.0.0", "info": {"title": "t", "version": "1"},
		"channels": {"c": {"address": "/", "messages": {"m": {"$ref": "#/components/messages/m"}}}},
		"operations": {"c.m": {"action": %q, "channel": {"$ref": "#/channels/c"}, "messages": [{"$ref": "#/channels/c/messages/m"}]}},
		"components": {"schemas": {%s}, "messages": {"m": {"payload": {"type": "object", "required": ["action"],
			"properties": {"action": {"const": "m"}, "payload": %s}}}}}}`, action, components, schema)
}

// worst is the gravest level of changes; "" for none.
func worst(changes []compare.Change) compare.Level {
	if len(changes) == 0 {
		return ""
	}
	return changes[0].Level
}

// What a change of a schema means to clients that send it, and to those that get it.
type meaning struct{ sent, got compare.Level }

var (
	same     = meaning{"", ""}
	said     = meaning{compare.Documentation, compare.Documentation}
	free     = meaning{compare.Compatible, compare.Compatible}
	narrower = meaning{compare.Breaking, compare.Compatible}
	wider    = meaning{compare.Compatible, compare.Breaking}
	other    = meaning{compare.Breaking, compare.Breaking}
)

func (m meaning) backwards() meaning {
	switch m {
	case narrower:
		return wider
	case wider:
		return narrower
	default:
		return m
	}
}

// components of both documents.
const shared = `
	"Cat": {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}, "required": ["kind", "lives"]},
	"Dog": {"type": "object", "properties": {"kind": {"const": "dog"}, "tricks": {"type": "array", "items": {"type": "string"}}}, "required": ["kind"]},
	"Fox": {"type": "object", "properties": {"kind": {"const": "fox"}}, "required": ["kind"]},
	"Tree": {"type": "object", "properties": {"value": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}},
	"Tree2": {"type": "object", "properties": {"value": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree2"}}}},
	"Tree3": {"type": "object", "properties": {"value": {"type": "string", "minLength": 1}, "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree3"}}}},
	"List": {"type": "object", "properties": {"head": {"type": "string"}, "tail": {"anyOf": [{"$ref": "#/components/schemas/List"}, {"type": "null"}]}}},
	"List2": {"type": "object", "properties": {"head": {"type": "string"}, "tail": {"anyOf": [{"$ref": "#/components/schemas/List2"}, {"type": "null"}]}}},
	"List3": {"type": "object", "properties": {"head": {"type": "string", "maxLength": 5}, "tail": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/List3"}]}}},
	"Again": {"anyOf": [{"$ref": "#/components/schemas/Again"}, {"type": "string"}]},
	"Either": {"oneOf": [{"type": "array"}, {"type": "array", "items": {"type": "string"}}]},
	"Either2": {"oneOf": [{"type": "array"}, {"type": "array", "items": {"type": "string"}, "enum": ["x"]}]},
	"Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
	"Text": {"type": "string"}, "Alias": {"$ref": "#/components/schemas/Text"}`

var schemaChanges = []struct {
	name, old, now string
	want           meaning
	text           string // in the message of the gravest change
}{
	// What means the same.
	{"nothing", `{"type": "string"}`, `{"type": "string"}`, same, ""},
	{"true", `true`, `{}`, same, ""},
	{"moved", `{"type": "string"}`, `{"$ref": "#/components/schemas/Text"}`, same, ""},
	{"by way of another", `{"$ref": "#/components/schemas/Text"}`, `{"$ref": "#/components/schemas/Alias"}`, same, ""},
	{"wrapped", `{"$ref": "#/components/schemas/Cat"}`, `{"allOf": [{"$ref": "#/components/schemas/Cat"}]}`, same, ""},
	{"reordered", `{"type": ["string", "null"], "enum": ["a", "b", null]}`, `{"enum": [null, "b", "a"], "type": ["null", "string"]}`, same, ""},
	{"renamed", `{"$ref": "#/components/schemas/Tree"}`, `{"$ref": "#/components/schemas/Tree2"}`, same, ""},
	{"renamed, with alternatives", `{"$ref": "#/components/schemas/List"}`, `{"$ref": "#/components/schemas/List2"}`, same, ""},
	{"nullable in two ways", `{"type": ["string", "null"]}`, `{"anyOf": [{"type": "null"}, {"type": "string"}]}`, same, ""},
	{"enum in two ways", `{"enum": ["a", "b"]}`, `{"oneOf": [{"const": "b"}, {"const": "a", "type": "string"}]}`, same, ""},
	{"boolean in two ways", `{"type": "boolean"}`, `{"enum": [true, false]}`, same, ""},
	{"numbers in two ways", `{"type": "integer", "minimum": 1, "maximum": 10.0}`, `{"type": "integer", "exclusiveMinimum": 0, "maximum": 1e1}`, same, ""},
	{"int32 in two ways", `{"type": "integer", "format": "int32"}`, `{"type": "integer", "minimum": -2147483648, "maximum": 2147483647}`, same, ""},
	{"bounds that are none", `{"type": "string"}`, `{"type": "string", "minLength": 0}`, same, ""},
	{"keywords of other types", `{"type": "string"}`, `{"type": "string", "minimum": 3, "required": ["a"], "items": false}`, same, ""},
	{"beside a reference", `{"$ref": "#/components/schemas/Text"}`, `{"$ref": "#/components/schemas/Text", "minLength": 5}`, same, ""},
	{"alternatives in another order", `{"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}`, `{"anyOf": [{"$ref": "#/components/schemas/Dog"}, {"$ref": "#/components/schemas/Cat"}]}`, same, ""},
	{"one that is in another", `{"type": "number"}`, `{"anyOf": [{"type": "number"}, {"type": "integer"}]}`, same, ""},
	{"made of itself", `{"$ref": "#/components/schemas/Loop"}`, `{"$ref": "#/components/schemas/Loop"}`, same, ""},
	{"an alternative of itself", `{"$ref": "#/components/schemas/Again"}`, `{"type": "string"}`, same, ""},
	{"another language", `{"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {"type": "string"}}`, `{"schema": {"type": "string"}, "schemaFormat": "application/vnd.apache.avro;version=1.9.0"}`, same, ""},
	{"the same language", `{"schemaFormat": "application/schema+json;version=draft-07", "schema": {"type": "string"}}`, `{"type": "string"}`, same, ""},
	{"not", `{"not": {"type": "string"}}`, `{"not": {"$ref": "#/components/schemas/Text"}}`, same, ""},
	{"if", `{"if": {"type": "string"}, "then": {"minLength": 1}}`, `{"then": {"minLength": 1}, "if": {"$ref": "#/components/schemas/Text"}}`, same, ""},

	// What is said.
	{"description", `{"type": "string"}`, `{"type": "string", "description": "x"}`, said, "another description"},
	{"several", `{"title": "a", "default": 1}`, `{"title": "b", "default": 2, "examples": [3], "x-y": 1}`, said, "another default, examples, title, x-y"},
	{"deprecated", `{}`, `{"deprecated": true}`, said, "another deprecated"},

	// Types.
	{"another type", `{"type": "string"}`, `{"type": "boolean"}`, other, "it was a string, and is false, true"},
	{"one type less", `{"type": ["string", "null"]}`, `{"type": "string"}`, narrower, "null is not possible any more"},
	{"a type where there was none", `{}`, `{"type": "object"}`, narrower, "null is not possible any more"},
	{"integers of numbers", `{"type": "number"}`, `{"type": "integer"}`, narrower, "it was of the type number, and is of the type integer"},
	{"nothing at all", `{"type": "string"}`, `false`, narrower, "a string is not possible any more"},

	// Values.
	{"a value less", `{"enum": ["a", "b"]}`, `{"enum": ["a"]}`, narrower, `"b" is not possible any more`},
	{"another constant", `{"const": 1}`, `{"const": 2}`, other, "1 is not possible any more"},
	{"listed", `{"type": "string"}`, `{"type": "string", "enum": ["a", "b"]}`, narrower, `only "a", "b" is possible, not any string`},
	{"listed, some outside", `{"type": "string", "minLength": 2}`, `{"enum": ["a", "bb"]}`, other, ""},
	{"listed, maybe outside", `{"type": "string", "pattern": "^b"}`, `{"enum": ["a"]}`, other, `it has no pattern "^b" any more`},
	{"a long number", `{"enum": [12345678901234567890]}`, `{"enum": [12345678901234567891]}`, other, "12345678901234567890 is not possible any more"},
	{"numbers written otherwise", `{"enum": [1, 2.50]}`, `{"enum": [1.0, 25e-1]}`, same, ""},
	{"objects as values", `{"enum": [{"a": 1, "b": [true]}]}`, `{"enum": [{"b": [true], "a": 1.0}]}`, same, ""},
	{"a huge number", `{"enum": [1e999999999]}`, `{"enum": [1e999999998]}`, other, ""},

	// Texts.
	{"longer", `{"type": "string", "minLength": 1}`, `{"type": "string", "minLength": 2}`, narrower, "minLength was 1, and is 2"},
	{"a first bound", `{"type": "string"}`, `{"type": "string", "maxLength": 2}`, narrower, "maxLength is 2, and there was none"},
	{"a pattern", `{"type": "string"}`, `{"type": "string", "pattern": "^a"}`, narrower, `it has pattern "^a", and had not`},
	{"another pattern", `{"type": "string", "pattern": "^a"}`, `{"type": "string", "pattern": "^[a]"}`, other, "less and more may be possible"},
	{"a format", `{"type": "string"}`, `{"type": "string", "format": "uuid"}`, narrower, "it has format uuid, and had not"},
	{"base64", `{"type": "string"}`, `{"type": "string", "contentEncoding": "base64"}`, narrower, "contentEncoding base64"},

	// Numbers.
	{"a minimum", `{"type": "integer", "minimum": 1}`, `{"type": "integer", "minimum": 2}`, narrower, "minimum was 1, and is 2"},
	{"a maximum", `{"type": "number", "maximum": 0.3}`, `{"type": "number", "maximum": 0.25}`, narrower, "maximum was 0.3, and is 0.25"},
	{"itself not included", `{"type": "number", "maximum": 1}`, `{"type": "number", "exclusiveMaximum": 1}`, narrower, "maximum was 1, and is 1 (itself not included)"},
	{"shifted", `{"type": "number", "minimum": 0, "maximum": 2}`, `{"type": "number", "minimum": 1, "maximum": 3}`, other, ""},
	{"int64 to int32", `{"type": "integer", "format": "int64"}`, `{"type": "integer", "format": "int32"}`, narrower, ""},
	{"a multiple", `{"type": "integer", "multipleOf": 2}`, `{"type": "integer", "multipleOf": 6}`, narrower, ""},
	{"another multiple", `{"type": "integer", "multipleOf": 2}`, `{"type": "integer", "multipleOf": 3}`, other, ""},
	{"a bound too big to reckon with", `{"type": "number", "minimum": 1e999999999}`, `{"type": "number", "minimum": 1e999999998}`, other, ""},

	// Arrays.
	{"items", `{"type": "array", "items": {"type": ["string", "null"]}}`, `{"type": "array", "items": {"type": "string"}}`, narrower, "null is not possible any more"},
	{"items where there were none", `{"type": "array"}`, `{"type": "array", "items": {"type": "string"}}`, narrower, ""},
	{"fewer", `{"type": "array", "maxItems": 5}`, `{"type": "array", "maxItems": 4}`, narrower, "maxItems was 5, and is 4"},
	{"unique", `{"type": "array"}`, `{"type": "array", "uniqueItems": true}`, narrower, "it has uniqueItems, and had not"},
	{"tuples", `{"type": "array", "items": [{"type": "string"}]}`, `{"type": "array", "items": [{"type": "string", "minLength": 1}]}`, other, "it may be different"},
	{"contains", `{"type": "array"}`, `{"type": "array", "contains": {"type": "string"}}`, narrower, "another contains: it may be different"},

	// Objects.
	{"an optional property", `{"type": "object"}`, `{"type": "object", "properties": {"a": {"type": "string"}}}`, free, `optional property "a"`},
	{"a required property", `{"type": "object"}`, `{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}`, narrower, `there is a required property "a"`},
	{"a required property goes", `{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}`, `{"type": "object"}`, wider, `there is no required property "a" any more`},
	{"required now", `{"type": "object", "properties": {"a": {"type": "string"}}}`, `{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}`, narrower, `the property "a" is required now`},
	{"required, without a schema", `{"type": "object"}`, `{"type": "object", "required": ["a"]}`, narrower, `there is a required property "a"`},
	{"a property's type", `{"type": "object", "properties": {"a": {"type": ["string", "null"]}}}`, `{"type": "object", "properties": {"a": {"type": "string"}}}`, narrower, ""},
	{"closed", `{"type": "object"}`, `{"type": "object", "additionalProperties": false}`, narrower, "no other properties are possible any more"},
	{"closed, and a property goes", `{"type": "object", "properties": {"a": true}}`, `{"type": "object", "additionalProperties": false}`, narrower, ""},
	{"closed, with a property more", `{"type": "object", "additionalProperties": false}`, `{"type": "object", "additionalProperties": false, "properties": {"a": true}}`, wider, `there is a property "a", where there were no others`},
	{"a map", `{"type": "object"}`, `{"type": "object", "additionalProperties": {"type": "string"}}`, free, ""},
	{"a map of less", `{"type": "object", "additionalProperties": {}}`, `{"type": "object", "additionalProperties": {"type": "string"}}`, narrower, ""},
	{"a map with a property", `{"type": "object", "additionalProperties": {"type": "string"}}`, `{"type": "object", "additionalProperties": {"type": "string"}, "properties": {"a": {"type": "string", "maxLength": 1}}}`, narrower, "maxLength is 1"},
	{"names", `{"type": "object"}`, `{"type": "object", "propertyNames": {"maxLength": 3}}`, narrower, "maxLength is 3"},
	{"more of them", `{"type": "object", "minProperties": 1}`, `{"type": "object", "minProperties": 2}`, narrower, "minProperties was 1, and is 2"},
	{"by pattern", `{"type": "object", "patternProperties": {"^a": {"type": "string"}}}`, `{"type": "object", "patternProperties": {"^a": {"type": "integer"}}}`, other, "another patternProperties: it may be different"},
	{"beside a pattern", `{"type": "object", "patternProperties": {"^a": {"type": "string"}}}`, `{"type": "object", "patternProperties": {"^a": {"type": "string"}}, "properties": {"a": true}}`, other, "other properties beside patternProperties"},
	{"one for another", `{"type": "object"}`, `{"type": "object", "dependencies": {"a": ["b"]}}`, narrower, `dependencies "a": ["b"]`},
	{"a schema for another", `{"type": "object"}`, `{"type": "object", "dependencies": {"a": {"required": ["b"]}}}`, narrower, "another dependencies"},
	{"allOf", `{"type": "object", "properties": {"a": {"type": "string"}}}`, `{"allOf": [{"type": "object"}, {"properties": {"a": {"type": "string", "minLength": 1}}}]}`, narrower, "minLength is 1"},
	{"allOf with one that is closed", `{"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}`, `{"allOf": [{"properties": {"a": {"type": "string"}}, "additionalProperties": false}, {"type": "object", "properties": {"b": true}}]}`, same, ""},

	// Alternatives.
	{"one more", `{"oneOf": [{"$ref": "#/components/schemas/Cat"}]}`, `{"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}`, wider, "Dog is possible, too"},
	{"one of three", `{"oneOf": [{"$ref": "#/components/schemas/Fox"}, {"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}`, `{"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}`, narrower, "Fox is not possible any more"},
	{"within one", `{"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}`, `{"oneOf": [{"$ref": "#/components/schemas/Dog"}, {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer", "maximum": 9}}, "required": ["kind", "lives"]}]}`, narrower, "maximum is 9"},
	{"overlapping", `{"oneOf": [{"type": "string"}, {"type": "string", "minLength": 3}]}`, `{"type": "string"}`, other, "alternatives that overlap"},
	{"overlapping in the same way", `{"oneOf": [{"type": "string"}, {"type": "string", "minLength": 3}]}`, `{"oneOf": [{"type": "string", "minLength": 3}, {"$ref": "#/components/schemas/Text"}]}`, same, ""},
	{"overlapping, with an optional property more", `{"oneOf": [{"type": "object"}, {"type": "object", "properties": {"a": {"type": "string"}}}]}`, `{"oneOf": [{"type": "object", "properties": {"b": true}}, {"type": "object", "properties": {"a": {"type": "string"}}}]}`, other, "alternatives that overlap"},
	{"a bound between integers", `{"type": "integer", "minimum": 1, "maximum": 2}`, `{"type": "integer", "minimum": 0.5, "exclusiveMaximum": 2.5}`, same, ""},
	{"a negative bound between integers", `{"type": "integer", "minimum": -1, "maximum": -2}`, `{"type": "integer", "exclusiveMinimum": -2, "maximum": -1.5}`, same, ""},
	{"overlapping, by a reference", `{"$ref": "#/components/schemas/Either"}`, `{"$ref": "#/components/schemas/Either2"}`, other, "alternatives that overlap"},
	{"overlapping in another way", `{"oneOf": [{"type": "null"}, {"type": "null"}, {"type": "boolean"}]}`, `{"oneOf": [{"type": "null"}, {"type": "boolean"}, {"type": "boolean"}]}`, other, "alternatives that overlap"},
	{"recursive", `{"$ref": "#/components/schemas/Tree"}`, `{"$ref": "#/components/schemas/Tree3"}`, narrower, "minLength is 1"},
	{"recursive, with alternatives", `{"$ref": "#/components/schemas/List"}`, `{"$ref": "#/components/schemas/List3"}`, narrower, "maxLength is 5"},

	// What can't be told.
	{"another not", `{"not": {"type": "string"}}`, `{"not": {"type": "integer"}}`, other, "another not: it may be different"},
	{"a not", `{}`, `{"not": {"type": "string"}}`, narrower, "it may be different"},
	{"another if", `{"if": {"type": "string"}, "then": {"minLength": 1}}`, `{"if": {"type": "string"}, "then": {"minLength": 2}}`, other, "another then: it may be different"},
	{"a reference that leads nowhere", `{"$ref": "#/components/schemas/No"}`, `{"$ref": "#/components/schemas/Nowhere"}`, other, ""},
	{"the same that leads nowhere", `{"$ref": "#/components/schemas/No"}`, `{"$ref": "#/components/schemas/No"}`, same, ""},
	{"no schema at all", `{"type": 5, "minLength": "a"}`, `{"type": "string", "pattern": 7}`, other, ""},
	{"another language's", `{"schemaFormat": "application/vnd.apache.avro", "schema": 1}`, `{"schemaFormat": "application/vnd.apache.avro", "schema": 2}`, other, ""},
}

func TestSchemas(t *testing.T) {
	for _, c := range schemaChanges {
		for _, way := range []struct {
			action, old, now string
			want             compare.Level
		}{
			{"receive", c.old, c.now, c.want.sent}, {"send", c.old, c.now, c.want.got},
			{"receive", c.now, c.old, c.want.backwards().sent}, {"send", c.now, c.old, c.want.backwards().got},
		} {
			changes := documents(t, message(way.action, way.old, shared), message(way.action, way.now, shared))
			if got := worst(changes); got != way.want {
				t.Errorf("%s, %s, %s to %s: %q, want %q\n%+v", c.name, way.action, way.old, way.now, got, way.want, changes)
			}
			if way.old == c.old && worst(changes) == max(c.want.sent, c.want.got) && !mentions(changes, c.text) {
				t.Errorf("%s, %s: nothing says %q: %+v", c.name, way.action, c.text, changes)
			}
			pointersLead(t, c.name, changes, message(way.action, way.old, shared), message(way.action, way.now, shared))
		}
	}
}

func mentions(changes []compare.Change, text string) bool {
	if text == "" {
		return true
	}
	for _, c := range changes {
		if strings.Contains(c.Message, text) {
			return true
		}
	}
	return false
}

// pointersLead checks that the places of changes are places of the documents.
func pointersLead(t *testing.T, name string, changes []compare.Change, old, now string) {
	t.Helper()
	before, after := parse(t, []byte(old)), parse(t, []byte(now))
	for _, c := range changes {
		for pointer, d := range map[string]*spec.Document{c.Old: before, c.New: after} {
			if pointer == "" {
				continue
			}
			if _, err := d.Schema("#" + strings.ReplaceAll(pointer, "%", "%25")); err != nil && c.Old != c.New {
				t.Errorf("%s: %q: %v", name, c.Message, err)
			}
		}
	}
}

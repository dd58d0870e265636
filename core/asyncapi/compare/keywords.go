package compare

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// side is one of the two documents.
type side struct {
	document *spec.Document
	read     map[string]*keywords // by pointer
}

// place is a schema and where it stands.
type place struct {
	pointer jsontext.Pointer
	text    jsontext.Value
}

// places are schemas that a value has to match all of; none is any value.
type places []place

// keywords are what a schema says.
type keywords struct {
	Ref                  string                    `json:"$ref"`
	Type                 jsontext.Value            `json:"type"`
	Enum                 []jsontext.Value          `json:"enum"`
	Const                jsontext.Value            `json:"const"`
	Format               string                    `json:"format"`
	ContentEncoding      string                    `json:"contentEncoding"`
	Pattern              *string                   `json:"pattern"`
	MinLength            jsontext.Value            `json:"minLength"`
	MaxLength            jsontext.Value            `json:"maxLength"`
	Minimum              jsontext.Value            `json:"minimum"`
	Maximum              jsontext.Value            `json:"maximum"`
	ExclusiveMinimum     jsontext.Value            `json:"exclusiveMinimum"`
	ExclusiveMaximum     jsontext.Value            `json:"exclusiveMaximum"`
	MultipleOf           jsontext.Value            `json:"multipleOf"`
	MinItems             jsontext.Value            `json:"minItems"`
	MaxItems             jsontext.Value            `json:"maxItems"`
	UniqueItems          bool                      `json:"uniqueItems"`
	Items                jsontext.Value            `json:"items"`
	AdditionalItems      jsontext.Value            `json:"additionalItems"`
	Contains             jsontext.Value            `json:"contains"`
	MinProperties        jsontext.Value            `json:"minProperties"`
	MaxProperties        jsontext.Value            `json:"maxProperties"`
	Properties           map[string]jsontext.Value `json:"properties"`
	PatternProperties    map[string]jsontext.Value `json:"patternProperties"`
	AdditionalProperties jsontext.Value            `json:"additionalProperties"`
	PropertyNames        jsontext.Value            `json:"propertyNames"`
	Dependencies         map[string]jsontext.Value `json:"dependencies"`
	Required             []string                  `json:"required"`
	AllOf                []jsontext.Value          `json:"allOf"`
	AnyOf                []jsontext.Value          `json:"anyOf"`
	OneOf                []jsontext.Value          `json:"oneOf"`
	Not                  jsontext.Value            `json:"not"`
	If                   jsontext.Value            `json:"if"`
	Then                 jsontext.Value            `json:"then"`
	Else                 jsontext.Value            `json:"else"`

	Title       jsontext.Value            `json:"title"`
	Description jsontext.Value            `json:"description"`
	Default     jsontext.Value            `json:"default"`
	Examples    jsontext.Value            `json:"examples"`
	Deprecated  jsontext.Value            `json:"deprecated"`
	Rest        map[string]jsontext.Value `json:",embed"`

	// The schema of another language, with what it is wrapped in.
	SchemaFormat string         `json:"schemaFormat"`
	Schema       jsontext.Value `json:"schema"`

	unknown string // a text that says all, where the schema is not understood
}

// at is the place of a schema below another.
func (p place) at(text jsontext.Value, tokens ...string) place {
	for _, token := range tokens {
		p.pointer = p.pointer.AppendToken(token)
	}
	return place{p.pointer, text}
}

// maxRefs bounds a chain of references.
const maxRefs = 100

// keywords reads a schema by way of references. The place that it returns is where
// the schema really stands.
func (s *side) keywords(p place) (place, *keywords) {
	for range maxRefs {
		k := s.parse(p)
		switch {
		case k.Ref != "":
			text, err := s.document.Schema(k.Ref)
			if err != nil {
				return p, &keywords{unknown: "$ref " + k.Ref}
			}
			p = place{pointerOf(k.Ref), jsontext.Value(text)}
		case k.Schema != nil && k.SchemaFormat != "":
			if !isJSONSchema(k.SchemaFormat) {
				return p, &keywords{unknown: canonical(p.text)}
			}
			p = p.at(k.Schema, "schema")
		default:
			return p, k
		}
	}
	return p, &keywords{unknown: "$ref " + string(p.pointer)}
}

// pointerOf is the JSON Pointer of a reference within the document.
func pointerOf(ref string) jsontext.Pointer {
	pointer, err := url.PathUnescape(strings.TrimPrefix(ref, "#"))
	if err != nil {
		pointer = ref
	}
	return jsontext.Pointer(pointer)
}

func isJSONSchema(format string) bool {
	return strings.HasPrefix(format, "application/vnd.aai.asyncapi") || strings.HasPrefix(format, "application/schema+")
}

func (s *side) parse(p place) *keywords {
	if k, ok := s.read[string(p.pointer)]; ok && p.pointer != "" {
		return k
	}
	k := &keywords{}
	switch p.text.Kind() {
	case 't':
	case 'f':
		k.Not = jsontext.Value("true")
	default:
		if err := json.Unmarshal(p.text, k); err != nil {
			k = &keywords{unknown: canonical(p.text)}
		}
	}
	s.read[string(p.pointer)] = k
	return k
}

// annotations are what the schema says to people, by keyword.
func (k *keywords) annotations() map[string]jsontext.Value {
	all := map[string]jsontext.Value{"title": k.Title, "description": k.Description, "default": k.Default, "examples": k.Examples, "deprecated": k.Deprecated}
	maps.Copy(all, k.Rest)
	maps.DeleteFunc(all, func(name string, v jsontext.Value) bool {
		return v == nil || slices.Contains([]string{"$schema", "$id", "$comment", "definitions", "discriminator"}, name)
	})
	return all
}

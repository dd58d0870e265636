package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi/compare"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schema is a JSON Schema that is made at random.
type schema = map[string]any

// schemas makes schemas at random, of few words, so that they come close to each
// other.
type schemas struct{ *rand.Rand }

func (r schemas) one(depth int) schema {
	if depth <= 0 {
		return schema{"type": []string{"string", "integer", "boolean", "null", "number"}[r.IntN(5)]}
	}
	switch r.IntN(10) {
	case 0:
		return schema{"enum": r.values()}
	case 1:
		return schema{"$ref": "#/components/schemas/" + []string{"A", "B"}[r.IntN(2)]}
	case 2:
		return schema{"anyOf": []any{r.one(depth - 1), schema{"type": "null"}}}
	case 3:
		return schema{[]string{"anyOf", "oneOf"}[r.IntN(2)]: []any{r.one(depth - 1), r.one(depth - 1)}}
	case 4:
		return schema{"allOf": []any{r.one(depth - 1), r.one(depth - 1)}[:1+r.IntN(2)]}
	case 5:
		return schema{"type": "array", "items": r.one(depth - 1)}
	case 6:
		return schema{"type": []any{"string", "integer"}, "minimum": r.IntN(3), "minLength": r.IntN(3)}
	case 7:
		return r.tagged(depth)
	default:
		return r.object(depth)
	}
}

func (r schemas) values() []any {
	all := []any{"a", "b", "ab", 1, 2, true, nil, 1.5}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+r.IntN(4)]
}

var propertyNames = []string{"a", "b", "c", "kind"}

func (r schemas) object(depth int) schema {
	properties, required := schema{}, []any{}
	for _, name := range propertyNames[:r.IntN(4)] {
		properties[name] = r.one(depth - 1)
		if r.IntN(2) == 0 {
			required = append(required, name)
		}
	}
	s := schema{"type": "object", "properties": properties, "required": required}
	switch r.IntN(6) {
	case 0:
		s["additionalProperties"] = false
	case 1:
		s["additionalProperties"] = r.one(depth - 1)
	}
	return s
}

// tagged is a union of objects that a constant tells apart.
func (r schemas) tagged(depth int) schema {
	var alternatives []any
	for _, kind := range []string{"x", "y", "z"}[:1+r.IntN(3)] {
		s := r.object(depth - 1)
		s["properties"].(schema)["kind"] = schema{"const": kind}
		s["required"] = []any{"kind"}
		alternatives = append(alternatives, s)
	}
	r.Shuffle(len(alternatives), func(i, j int) { alternatives[i], alternatives[j] = alternatives[j], alternatives[i] })
	return schema{"oneOf": alternatives}
}

// changed returns a schema with some change in it.
func (r schemas) changed(s schema, depth int) schema {
	s = maps.Clone(s)
	if r.IntN(3) > 0 {
		if r.below(s, depth) {
			return s
		}
	}
	switch r.IntN(8) {
	case 0:
		return schema{"allOf": []any{s}}
	case 1:
		return schema{"anyOf": []any{s, r.one(1)}}
	case 2:
		return r.one(depth)
	case 3:
		s[[]string{"minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems", "maxItems", "minProperties"}[r.IntN(8)]] = r.IntN(4)
	case 4:
		s["pattern"] = []string{"^a", "b$"}[r.IntN(2)]
	case 5:
		delete(s, []string{"enum", "required", "additionalProperties", "items", "minimum", "type"}[r.IntN(6)])
	case 6:
		s["additionalProperties"] = []any{false, r.one(1), true}[r.IntN(3)]
	default:
		s["enum"] = r.values()
	}
	return s
}

// below changes something in a part of a schema; false if there is none.
func (r schemas) below(s schema, depth int) bool {
	for _, keyword := range []string{"properties", "anyOf", "oneOf", "allOf", "items", "required", "enum"} {
		switch x := s[keyword].(type) {
		case schema:
			if keyword == "items" {
				s[keyword] = r.changed(x, depth-1)
				return true
			}
			x = maps.Clone(x)
			name := propertyNames[r.IntN(4)]
			if old, ok := x[name].(schema); !ok {
				x[name] = r.one(depth - 1)
			} else if r.IntN(4) == 0 {
				delete(x, name)
			} else {
				x[name] = r.changed(old, depth-1)
			}
			s[keyword] = x
			return r.IntN(3) > 0 || r.below(maps.Clone(s), 0)
		case []any:
			x = slices.Clone(x)
			switch {
			case len(x) == 0 && keyword != "required":
				continue
			case keyword == "required":
				x = append(x, propertyNames[r.IntN(4)])
				slices.SortFunc(x, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
				x = slices.Compact(x)
			case keyword == "enum":
				x = r.values()
			default:
				i := r.IntN(len(x))
				x[i] = r.changed(x[i].(schema), depth-1)
			}
			s[keyword] = x
			return true
		}
	}
	return false
}

// world is a document's schemas.
type world struct {
	payload, a, b schema
	compiled      *jsonschema.Schema
}

func (w *world) text(t *testing.T, action string) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"asyncapi": "3.0.0", "info": schema{"title": "t", "version": "1"},
		"channels":   schema{"c": schema{"address": "/", "messages": schema{"m": schema{"$ref": "#/components/messages/m"}}}},
		"operations": schema{"o": schema{"action": action, "channel": schema{"$ref": "#/channels/c"}, "messages": []any{schema{"$ref": "#/channels/c/messages/m"}}}},
		"components": schema{
			"schemas":  schema{"A": w.a, "B": w.b, "P": w.payload},
			"messages": schema{"m": schema{"payload": schema{"properties": schema{"action": schema{"const": "m"}, "payload": schema{"$ref": "#/components/schemas/P"}}, "required": []any{"action"}}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (w *world) compile(t *testing.T) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.text(t, "send")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	if err := c.AddResource("d.json", document); err != nil {
		t.Fatal(err)
	}
	if w.compiled, err = c.Compile("d.json#/components/schemas/P"); err != nil {
		t.Fatal(err)
	}
}

// alternatives are the schemas of which a value has to match all, in every way in
// which it can.
func (w *world) alternatives(s schema, depth int) [][]schema {
	if depth > 8 {
		return nil
	}
	if ref, ok := s["$ref"].(string); ok {
		return w.alternatives(map[string]schema{"A": w.a, "B": w.b}[ref[len(ref)-1:]], depth+1)
	}
	all := [][]schema{{s}}
	times := func(more [][]schema) {
		var product [][]schema
		for _, x := range all {
			for _, y := range more {
				product = append(product, slices.Concat(x, y))
			}
		}
		all = product
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if list, ok := s[keyword].([]any); ok {
			var union [][]schema
			for _, x := range list {
				union = append(union, w.alternatives(x.(schema), depth+1)...)
			}
			times(union)
		}
	}
	if list, ok := s["allOf"].([]any); ok {
		for _, x := range list {
			times(w.alternatives(x.(schema), depth+1))
		}
	}
	return all
}

// value makes a value of a schema, whose objects have no other properties than it
// mentions. It need not keep to the rules.
func (w *world) value(r schemas, s schema, depth int) any {
	all := w.alternatives(s, 0)
	if len(all) == 0 || depth > 5 {
		return nil
	}
	parts := all[r.IntN(len(all))]
	object := map[string]any{}
	for _, part := range parts {
		if list, ok := part["enum"].([]any); ok && r.IntN(4) > 0 {
			return list[r.IntN(len(list))]
		}
		if constant, ok := part["const"]; ok {
			return constant
		}
	}
	switch kind := w.kind(r, parts); kind {
	case "string":
		return []string{"", "a", "b", "ab", "aab", "abab"}[r.IntN(6)]
	case "integer":
		return r.IntN(6) - 1
	case "number":
		return float64(r.IntN(12)-2) / 2
	case "boolean":
		return r.IntN(2) == 0
	case "array":
		list := make([]any, r.IntN(4))
		for i := range list {
			list[i] = w.value(r, w.every(parts, "items"), depth+1)
		}
		return list
	case "object":
		for _, name := range propertyNames {
			if p, ok := w.property(parts, name); ok && r.IntN(4) > 0 {
				object[name] = w.value(r, p, depth+1)
			}
		}
		return object
	default:
		return nil
	}
}

func (w *world) kind(r schemas, parts []schema) string {
	for _, part := range parts {
		switch x := part["type"].(type) {
		case string:
			return x
		case []any:
			return x[r.IntN(len(x))].(string)
		}
	}
	return []string{"string", "integer", "number", "boolean", "array", "object", "null"}[r.IntN(7)]
}

// every is the schema of what has to match a keyword's in all parts.
func (w *world) every(parts []schema, keyword string) schema {
	all := []any{}
	for _, part := range parts {
		if x, ok := part[keyword].(schema); ok {
			all = append(all, x)
		}
	}
	return schema{"allOf": append(all, schema{})}
}

// property is the schema of a property, if anything mentions it.
func (w *world) property(parts []schema, name string) (schema, bool) {
	all, ok := []any{}, false
	for _, part := range parts {
		properties, _ := part["properties"].(schema)
		if p, has := properties[name].(schema); has {
			all, ok = append(all, p), true
		} else if p, has := part["additionalProperties"].(schema); has {
			all, ok = append(all, p), true
		} else if part["additionalProperties"] == true {
			ok = true
		}
		if required, _ := part["required"].([]any); slices.Contains(required, any(name)) {
			ok = true
		}
	}
	return schema{"allOf": append(all, schema{})}, ok
}

// mentioned reports whether a value matches a schema and has only such properties
// as the schema mentions, where it matches.
func (w *world) mentioned(s schema, v any) bool {
	return slices.ContainsFunc(w.alternatives(s, 0), func(parts []schema) bool {
		var plain []any
		for _, part := range parts {
			part = maps.Clone(part)
			for _, keyword := range []string{"anyOf", "oneOf", "allOf"} {
				delete(part, keyword)
			}
			plain = append(plain, part)
		}
		if !w.matches(schema{"allOf": plain}, v) {
			return false
		}
		switch v := v.(type) {
		case map[string]any:
			for name, x := range v {
				if p, ok := w.property(parts, name); !ok || !w.mentioned(p, x) {
					return false
				}
			}
		case []any:
			for _, x := range v {
				if !w.mentioned(w.every(parts, "items"), x) {
					return false
				}
			}
		}
		return true
	})
}

// matches reports whether a value matches a schema by itself.
func (w *world) matches(s schema, v any) bool {
	text, _ := json.Marshal(schema{"components": schema{"schemas": schema{"A": w.a, "B": w.b, "S": s}}})
	document, _ := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	_ = c.AddResource("s.json", document)
	compiled, err := c.Compile("s.json#/components/schemas/S")
	return err == nil && compiled.Validate(v) == nil
}

// TestSound: where nothing is said to be breaking, what clients could send by the
// old document they can by the new one, and what comes by the new one could by the
// old one.
func TestSound(t *testing.T) {
	compatible := 0
	for seed := range uint64(200) {
		r := schemas{rand.New(rand.NewPCG(seed, 8))}
		old := &world{payload: r.one(3), a: r.object(2), b: r.one(2)}
		now := &world{payload: r.changed(old.payload, 3), a: old.a, b: old.b}
		switch r.IntN(4) {
		case 0:
			now.a = r.changed(old.a, 2)
		case 1:
			now.b = r.changed(old.b, 2)
		}
		old.compile(t)
		now.compile(t)
		for action, way := range map[string][2]*world{"receive": {old, now}, "send": {now, old}} {
			changes := changesOf(t, old, now, action)
			if len(changes) > 0 && changes[0].Level == compare.Breaking {
				continue
			}
			compatible++
			from, to := way[0], way[1]
			for range 20 {
				v := plainValue(from.value(r, from.payload, 0))
				if from.compiled.Validate(v) == nil && from.mentioned(from.payload, v) && to.compiled.Validate(v) != nil {
					t.Fatalf("seed %d, %s: %v is refused\nold %s\nnew %s\n%+v", seed, action, v, old.text(t, action), now.text(t, action), changes)
				}
			}
		}
		if changes := changesOf(t, old, old, "send"); len(changes) > 0 {
			t.Fatalf("seed %d: a change of nothing: %+v\n%s", seed, changes, old.text(t, "send"))
		}
	}
	t.Logf("%d comparisons found nothing breaking", compatible)
}

func plainValue(v any) any {
	text, _ := json.Marshal(v)
	x, _ := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	return x
}

func changesOf(t *testing.T, old, now *world, action string) []compare.Change {
	t.Helper()
	var documents []*spec.Document
	for _, w := range []*world{old, now} {
		d, err := spec.Parse(w.text(t, action))
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, d)
	}
	changes, err := compare.Documents(documents[0], documents[1])
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

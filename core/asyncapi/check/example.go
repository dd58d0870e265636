package check

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// later are keywords that draft-07 doesn't have, and that count for nothing there.
var later = []string{
	"prefixItems", "unevaluatedProperties", "unevaluatedItems", "dependentRequired", "dependentSchemas", "minContains", "maxContains",
	"$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$anchor", "$vocabulary",
}

// keywords finds what schemas say in vain.
func (d *document) keywords() {
	d.each("schema", func(n *node) {
		if s, ok := n.value["$schema"].(string); ok && !strings.Contains(s, "draft-07") {
			return
		}
		for _, keyword := range later {
			if _, ok := n.value[keyword]; ok {
				d.problem(Error, join(n.at, keyword), "later-draft", "draft-07 of JSON Schema has no %s: it counts for nothing", keyword)
			}
		}
	})
}

const bundleName = "bundle.json"

// bundle is every schema of a document as a part of one schema, whose references
// stay within it.
type bundle struct {
	*jsonschema.Compiler

	d     *document
	names map[string]string // of the schemas in it, by their places
	work  int               // that is left
	costs map[[2]string]int
}

// foreignSchemas checks schemas in places that the official schema doesn't know.
func (d *document) foreignSchemas() {
	if d.has("structure") {
		return
	}
	d.each("schema", func(n *node) {
		if !n.top || !strings.Contains(n.at, "/x-") {
			return
		}
		_, err := compile("schema.json", withoutReferences(n.value))
		invalid, ok := errors.AsType[*jsonschema.SchemaValidationError](err)
		if !ok {
			return
		}
		if cause, ok := errors.AsType[*jsonschema.ValidationError](invalid.Err); ok {
			for _, l := range (explainer{root: n.value}).leaves(cause) {
				d.problem(Error, n.at+l.at, "structure", "%s", l.text)
			}
		}
	})
}

// withoutReferences is a copy of a JSON value with nothing that would have
// something else read.
func withoutReferences(v any) any {
	switch x := v.(type) {
	case map[string]any:
		c := map[string]any{}
		for name, member := range x {
			if _, text := member.(string); !text || name != "$ref" && name != "$id" && name != "$schema" {
				c[name] = withoutReferences(member)
			}
		}
		return c
	case []any:
		c := make([]any, len(x))
		for i := range x {
			c[i] = withoutReferences(x[i])
		}
		return c
	}
	return v
}

// newBundle makes one; nil where a schema is at fault, which is reported by then.
func (d *document) newBundle() *bundle {
	b := &bundle{d: d, names: map[string]string{}, work: maxWork, costs: map[[2]string]int{}}
	again, _, err := parse(d.text) // to write in
	if err != nil {
		return nil
	}
	copied := &document{root: again}
	copied.walk()
	definitions := map[string]any{}
	for _, n := range copied.nodes {
		if n.kind == "schema" && n.top {
			b.names[n.at] = "s" + strconv.Itoa(len(b.names))
			definitions[b.names[n.at]] = n.value
		}
	}
	for _, n := range copied.nodes {
		if n.kind != "schema" {
			continue
		}
		pointer, ok := "", false
		if at, _, there := d.locate(n.ref); n.ref != "" && there {
			pointer, ok = b.pointer(at)
		}
		delete(n.value, "$id")
		delete(n.value, "$schema")
		delete(n.value, "$ref")
		if n.ref != "" {
			clear(n.value)
		}
		if ok {
			n.value["$ref"] = pointer
		}
	}
	if b.Compiler, err = newCompiler(bundleName, map[string]any{"definitions": definitions}); err != nil {
		return nil
	}
	return b
}

// pointer is where a schema is in the bundle.
func (b *bundle) pointer(at string) (string, bool) {
	for top := at; ; {
		if name, ok := b.names[top]; ok {
			return "#" + (&url.URL{Fragment: "/definitions/" + name + at[len(top):]}).EscapedFragment(), true
		}
		slash := strings.LastIndexByte(top, '/')
		if slash < 0 {
			return "", false
		}
		top = top[:slash]
	}
}

// examples checks every example and default against its schema.
func (d *document) examples() {
	if d.has("structure", "reference-cycle", "limit") {
		return // which would only be said again
	}
	b := d.newBundle()
	if b == nil {
		return
	}
	d.each("message", func(n *node) {
		list, _ := n.value["examples"].([]any)
		for i, example := range list {
			for _, member := range []string{"payload", "headers"} {
				value, ok := object(example)[member]
				if schema := d.at(join(n.at, member)); ok && schema != nil && n.value["traits"] == nil {
					b.check(schema, value, join(n.at, "examples", strconv.Itoa(i), member))
				}
			}
		}
	})
	d.each("schema", func(n *node) {
		if value, ok := n.value["default"]; ok {
			b.check(n, value, join(n.at, "default"))
		}
		list, _ := n.value["examples"].([]any)
		for i, value := range list {
			b.check(n, value, join(n.at, "examples", strconv.Itoa(i)))
		}
	})
	if b.work <= 0 {
		d.problem(Warning, "", "limit", "not every example was checked: it would take too long")
	}
}

// check reports what a value breaks of a schema.
func (b *bundle) check(n *node, value any, at string) {
	if n.kind == "schema with a format" {
		if n = b.d.at(join(n.at, "schema")); n == nil {
			return
		}
	}
	pointer, ok := b.pointer(n.at)
	if !ok || b.work <= 0 {
		return
	}
	if b.work -= b.cost(n, value, at); b.work <= 0 {
		return
	}
	schema, err := b.Compile(bundleName + pointer)
	if err != nil {
		return
	}
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](schema.Validate(value)); ok {
		for _, l := range (explainer{root: value}).leaves(invalid) {
			b.d.problem(Error, at+l.at, "example", "the schema refuses it: %s", l.text)
		}
	}
}

// maxWork is how many schemas are applied to values of a document.
const maxWork = 2_000_000

// cost is how many schemas a validator applies to a value, at most maxWork: with
// references a short schema can have any number.
func (b *bundle) cost(n *node, value any, at string) int {
	if n = b.d.follow(n); n == nil {
		return 1
	}
	key := [2]string{n.at, at}
	if known, ok := b.costs[key]; ok {
		return known
	}
	b.costs[key] = maxWork // where it comes back
	enum, _ := n.value["enum"].([]any)
	sum := 1 + len(enum)
	add := func(next *node, value any, at string) {
		if next != nil && sum < maxWork {
			sum += b.cost(next, value, at)
		}
	}
	for _, part := range b.d.inPlace(n) {
		add(part, value, at)
	}
	for name := range object(n.value["dependencies"]) {
		add(b.d.byPlace[join(n.at, "dependencies", name)], value, at)
	}
	switch v := value.(type) {
	case map[string]any:
		patterns := slices.Collect(maps.Keys(object(n.value["patternProperties"])))
		for name, member := range v {
			for _, p := range patterns {
				add(b.d.byPlace[join(n.at, "patternProperties", p)], member, join(at, name))
			}
			add(b.d.byPlace[join(n.at, "properties", name)], member, join(at, name))
			add(b.d.byPlace[join(n.at, "additionalProperties")], member, join(at, name))
		}
	case []any:
		for i, element := range v {
			place := join(at, strconv.Itoa(i))
			for _, keyword := range []string{"items", "additionalItems", "contains"} {
				add(b.d.byPlace[join(n.at, keyword)], element, place)
			}
			add(b.d.byPlace[join(n.at, "items", strconv.Itoa(i))], element, place)
		}
	}
	b.costs[key] = min(sum, maxWork)
	return b.costs[key]
}

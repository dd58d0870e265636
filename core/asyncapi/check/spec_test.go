package check_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// official is the JSON Schema of AsyncAPI 3.0.0.
func official(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("testdata/asyncapi-3.0.0.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, "asyncapi.json", schema)
}

func compile(t *testing.T, name string, document any) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	if err := c.AddResource(name, document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parse(t *testing.T, text []byte) map[string]any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value.(map[string]any)
}

func TestDocuments(t *testing.T) {
	spec := official(t)
	for name, register := range hubs {
		t.Run(name, func(t *testing.T) {
			hub := newHub(t)
			register(hub)
			d := parse(t, documentOf(t, hub))
			if err := spec.Validate(d); err != nil {
				t.Errorf("%#v", err)
			}
			for _, fault := range faults(d) {
				t.Error(fault)
			}
		})
	}
}

// The checks find what they are there for.
func TestFaults(t *testing.T) {
	spec := official(t)
	for name, spoil := range map[string]func(d map[string]any){
		"no version": func(d map[string]any) { delete(member(d, "info"), "version") },
		"wrong operation": func(d map[string]any) {
			member(d, "operations", "everything.grow")["action"] = "publish"
		},
		"unknown field": func(d map[string]any) { member(d, "channels", "everything")["topic"] = "x" },
	} {
		d := spoiled(t, spoil)
		if spec.Validate(d) == nil {
			t.Errorf("%s: the official schema finds nothing", name)
		}
	}
	for name, spoil := range map[string]func(d map[string]any){
		"dangling": func(d map[string]any) { delete(member(d, "components", "schemas"), "Tree") },
		"foreign message": func(d map[string]any) {
			member(d, "operations", "everything.grow")["messages"] = []any{map[string]any{"$ref": "#/components/messages/grow"}}
		},
		"foreign reply": func(d map[string]any) {
			member(d, "operations", "everything.grow", "reply")["messages"] = []any{map[string]any{"$ref": "#/components/messages/grow"}}
		},
		"undeclared":  func(d map[string]any) { delete(member(d, "channels", "everything"), "parameters") },
		"superfluous": func(d map[string]any) { member(d, "channels", "everything")["address"] = "/" },
		"draft 2020": func(d map[string]any) {
			member(d, "components", "schemas", "Tree")["prefixItems"] = []any{}
		},
		"beside a $ref": func(d map[string]any) {
			member(d, "components", "messages", "grow", "payload", "properties", "payload")["title"] = "x"
		},
		"action not required": func(d map[string]any) {
			member(d, "components", "messages", "grow", "payload")["required"] = []any{"payload"}
		},
		"ambiguous": func(d map[string]any) {
			messages := member(d, "channels", "everything", "messages")
			messages["again"] = messages["grow"]
		},
	} {
		if d := spoiled(t, spoil); len(faults(d)) == 0 {
			t.Errorf("%s: our rules find nothing", name)
		}
	}
}

func spoiled(t *testing.T, spoil func(d map[string]any)) map[string]any {
	t.Helper()
	hub := newHub(t)
	everything(hub)
	d := parse(t, documentOf(t, hub))
	spoil(d)
	return d
}

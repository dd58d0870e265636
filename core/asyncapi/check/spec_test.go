package check_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/check"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func parse(t *testing.T, text []byte) map[string]any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value.(map[string]any)
}

// member returns the object at a path; an empty one where there is none.
func member(d map[string]any, path ...string) map[string]any {
	for _, name := range path {
		d, _ = d[name].(map[string]any)
	}
	return d
}

func problems(t *testing.T, text []byte) []check.Problem {
	t.Helper()
	found, err := check.Document(text)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Nothing is wrong with what is made of a hub, in either version.
func TestDocuments(t *testing.T) {
	for name, register := range hubs {
		for _, version := range []string{"3.0.0", "3.1.0"} {
			for _, camelCase := range []bool{false, true} {
				hub := newHub(t)
				register(hub)
				text, err := asyncapi.Generate(hub, &asyncapi.Options{AsyncAPI: version, CamelCase: camelCase})
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range problems(t, text) {
					t.Errorf("%s, %s: %s: %s", name, version, p.Rule, p)
				}
			}
		}
	}
}

// Nothing is wrong with the documents that are kept in this repository.
func TestGoldens(t *testing.T) {
	const root = "../../.."
	found := 0
	for _, pattern := range []string{"core/asyncapi/testdata/*.json", "examples/showcase/testdata/showcase*.json"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, version := range []string{`"3.0.0"`, `"3.1.0"`} {
				found++
				for _, p := range problems(t, bytes.Replace(text, []byte(`"3.0.0"`), []byte(version), 1)) {
					t.Errorf("%s, %s: %s: %s", name, version, p.Rule, p)
				}
			}
		}
	}
	if found < 6 {
		t.Errorf("%d documents were checked", found)
	}
}

// The sample of Chanx can be read. It doesn't require "action", so that a frame
// without it can be several messages. Of those that go the same way on a channel,
// and whose payloads don't differ either, there are nine pairs; of all that a
// channel has, whichever way they go, there would be more.
func TestChanxSample(t *testing.T) {
	text, err := os.ReadFile("../../../examples/showcase/testdata/chanx-sample.asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]int{}
	for _, p := range problems(t, text) {
		rules[p.Rule]++
		if p.Severity != check.Warning {
			t.Error(p)
		}
	}
	want := map[string]int{"ambiguous-messages": 9, "beside-reference": 1, "duplicate-operation": 1}
	if diff := cmp.Diff(want, rules); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

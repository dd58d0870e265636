package compare_test

import (
	"os"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi/compare"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, text []byte) *spec.Document {
	t.Helper()
	d, err := spec.Parse(text)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return d
}

func documents(t *testing.T, old, now string) []compare.Change {
	t.Helper()
	changes, err := compare.Documents(parse(t, []byte(old)), parse(t, []byte(now)))
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A document is no change of itself.
func TestItself(t *testing.T) {
	for _, name := range []string{"../testdata/full.json", "../testdata/topics.json", "../../../examples/showcase/testdata/showcase.asyncapi.json", "../../../examples/showcase/testdata/chanx-sample.asyncapi.json"} {
		text := read(t, name)
		if diff := cmp.Diff([]compare.Change(nil), documents(t, text, text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

package compare_test

import (
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi/compare"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// Whatever a document says, it is no change of itself, and can be compared with any
// other.
func FuzzDocuments(f *testing.F) {
	f.Add(rooms)
	for _, c := range schemaChanges {
		f.Add(message("receive", c.old, shared))
		f.Add(message("send", c.now, shared))
	}
	other := func() *spec.Document {
		d, err := spec.Parse([]byte(rooms))
		if err != nil {
			f.Fatal(err)
		}
		return d
	}
	f.Fuzz(func(t *testing.T, text string) {
		old, err := spec.Parse([]byte(text))
		if err != nil || old.Resolve() != nil {
			return
		}
		now, err := spec.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if changes, err := compare.Documents(old, now); err != nil || len(changes) > 0 {
			t.Errorf("itself: %+v %v", changes, err)
		}
		if _, err := compare.Documents(old, other()); err != nil {
			t.Error(err)
		}
	})
}

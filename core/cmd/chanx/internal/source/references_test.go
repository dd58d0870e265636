package source_test

import (
	"testing"

	"github.com/chanx-go/chanx/core/cmd/chanx/internal/source"
	"github.com/google/go-cmp/cmp"
)

func TestReferences(t *testing.T) {
	d, err := stdin(`{
		"channels": {"a/b": {"messages": {"m": {"$ref": "#/1"}}}, "c": {"servers": [{"$ref": "#/2"}], "x-topic": {"parameterSchemas": {"p": {"$ref": "#/3"}}}}},
		"components": {"schemas": {
			"A": {"properties": {"$ref": {"$ref": "#/4"}}, "items": [{"allOf": [{"$ref": "#/5"}]}], "enum": [{"$ref": "no"}], "default": {"$ref": "no"}},
			"$ref": {"$ref": "#/6"}}},
		"x-a": {"$ref": "no"}, "info": {"$ref": "no"}}`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.References()
	if err != nil {
		t.Fatal(err)
	}
	want := []source.Reference{
		{Pointer: "/channels/a~1b/messages/m", Ref: "#/1"},
		{Pointer: "/channels/c/servers/0", Ref: "#/2"},
		{Pointer: "/channels/c/x-topic/parameterSchemas/p", Ref: "#/3", Schema: true},
		{Pointer: "/components/schemas/A/properties/$ref", Ref: "#/4", Schema: true},
		{Pointer: "/components/schemas/A/items/0/allOf/0", Ref: "#/5", Schema: true},
		{Pointer: "/components/schemas/$ref", Ref: "#/6", Schema: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

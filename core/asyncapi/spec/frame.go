package spec

import (
	stdjson "encoding/json"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
)

// Discriminator returns the member that tells a message's frames from those of
// others, and what it says there: "action" and "say", for instance. It is the
// property of the payload's schema that is one constant string: a required one
// before others, "action" before others.
//
// Where there is none the member is "", and action is the message's name.
func (d *Document) Discriminator(m *Message) (member, action string) {
	f := &frameHead{document: d, constants: map[string]string{}}
	f.read(m.Payload, 0)
	names := slices.Sorted(maps.Keys(f.constants))
	for _, fits := range []func(string) bool{
		func(name string) bool { return name == "action" && slices.Contains(f.required, name) },
		func(name string) bool { return slices.Contains(f.required, name) },
		func(name string) bool { return name == "action" },
		func(string) bool { return true },
	} {
		if i := slices.IndexFunc(names, fits); i >= 0 {
			return names[i], f.constants[names[i]]
		}
	}
	return "", m.Name
}

// frameHead is what the schema of a frame says of its constants.
type frameHead struct {
	document  *Document
	constants map[string]string
	required  []string
}

// constantSchema is the schema of a constant, or of an object that has some.
type constantSchema struct {
	Ref        string                        `json:"$ref"`
	AllOf      []stdjson.RawMessage          `json:"allOf"`
	Properties map[string]stdjson.RawMessage `json:"properties"`
	Required   []string                      `json:"required"`
	Const      any                           `json:"const"`
	Enum       []any                         `json:"enum"`
}

// schema reads a schema by way of references; nil for what is none.
func (f *frameHead) schema(text []byte) *constantSchema {
	for range maxRefs {
		s := &constantSchema{}
		if json.Unmarshal(text, s) != nil {
			return nil
		}
		if s.Ref == "" {
			return s
		}
		var err error
		if text, err = f.document.Schema(s.Ref); err != nil {
			return nil
		}
	}
	return nil
}

func (f *frameHead) read(text []byte, depth int) {
	s := f.schema(text)
	if s == nil || depth > maxRefs {
		return
	}
	f.required = append(f.required, s.Required...)
	for name, property := range s.Properties {
		p := f.schema(property)
		if p == nil {
			continue
		}
		if len(p.Enum) == 1 && p.Const == nil {
			p.Const = p.Enum[0]
		}
		if constant, ok := p.Const.(string); ok {
			f.constants[name] = constant
		}
	}
	for _, part := range s.AllOf {
		f.read(part, depth+1)
	}
}

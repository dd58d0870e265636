package check_test

import (
	"encoding/json"
	"errors"
	"testing"
)

// everywhere changes every object in a document's components, where it stands.
func everywhere(change func(object map[string]any)) func(d map[string]any) {
	return func(d map[string]any) {
		for _, s := range slots(d["components"], func(any) {}, nil) {
			if object, ok := s.value.(map[string]any); ok {
				change(object)
			}
		}
	}
}

// dropped removes a keyword from every schema.
func dropped(keyword string) func(d map[string]any) {
	return everywhere(func(object map[string]any) { delete(object, keyword) })
}

// A document that is wrong about its messages is noticed by what the other tests
// here look for.
func TestRandomSpoiled(t *testing.T) {
	document, messages := randomDocument(t)
	for name, spoil := range map[string]func(d map[string]any){
		"minLength":        dropped("minLength"),
		"maxLength":        dropped("maxLength"),
		"pattern":          dropped("pattern"),
		"format":           dropped("format"),
		"enum":             dropped("enum"),
		"const":            dropped("const"),
		"minimum":          dropped("minimum"),
		"exclusiveMaximum": dropped("exclusiveMaximum"),
		"multipleOf":       dropped("multipleOf"),
		"required":         dropped("required"),
		"minItems":         dropped("minItems"),
		"uniqueItems":      dropped("uniqueItems"),
		"maxProperties":    dropped("maxProperties"),
		"propertyNames":    dropped("propertyNames"),
		"anyOf":            dropped("anyOf"),
		"items":            dropped("items"),
		"no null": everywhere(func(object map[string]any) {
			if types, ok := object["type"].([]any); ok {
				object["type"] = types[0]
			}
		}),
		"no other members": everywhere(func(object map[string]any) {
			if object["type"] == "object" && object["additionalProperties"] == nil {
				object["additionalProperties"] = false
			}
		}),
		"int32 is not enough": everywhere(func(object map[string]any) {
			if object["format"] == "int64" {
				object["maximum"] = json.Number("2147483647")
			}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			d := parseObject(t, document)
			spoil(d)
			text, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			publishRandom(t, text, messages)
			if noticed(t, messages) == nil {
				t.Error("nobody notices")
			}
		})
	}
}

func parseObject(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// noticed is the first thing that is wrong about the messages.
func noticed(t *testing.T, messages []*randomMessage) error {
	t.Helper()
	for round := range uint64(100) {
		for i, m := range messages {
			d := newDrawer(uint64(i) + 1000*round)
			payload := m.value(t, d)
			var err error
			if m.Schema.Validate(payload) == nil {
				err = m.ambiguity(payload)
			}
			if err = errors.Join(err, m.disagreement(mutated(t, d, payload))); err != nil {
				return err
			}
		}
	}
	return nil
}

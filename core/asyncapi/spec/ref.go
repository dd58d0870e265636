package spec

import (
	"cmp"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxRefs bounds how many references are followed to find one thing.
const maxRefs = 100

// Schema returns the schema that a reference in a schema of the document refers to,
// such as "#/components/schemas/User" or "#/components/messages/say/payload". It
// may be a reference itself. The pointer may lead through references.
//
// It returns an error for what is not there, or not in this document.
func (d *Document) Schema(ref string) (stdjson.RawMessage, error) {
	v, err := d.find(ref)
	if err != nil {
		return nil, fmt.Errorf("spec: %w", err)
	}
	text, err := json.Marshal(v.Interface(), json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("spec: %q: %w", ref, err)
	}
	return text, nil
}

var (
	rawType      = reflect.TypeFor[stdjson.RawMessage]()
	errElsewhere = errors.New("it is in another document")
)

// find returns what a reference refers to: an object of the model, its text, or
// what an extension has.
func (d *Document) find(ref string) (reflect.Value, error) {
	f := &finder{document: d, left: maxRefs}
	return f.find(ref)
}

// finder finds one thing.
type finder struct {
	document *Document
	left     int // references to follow
}

func (f *finder) find(ref string) (reflect.Value, error) {
	fragment, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return reflect.Value{}, fmt.Errorf("%q: %w", ref, errElsewhere)
	}
	pointer, err := url.PathUnescape(fragment)
	if err != nil || pointer != "" && pointer[0] != '/' {
		return reflect.Value{}, fmt.Errorf("%q is not a JSON Pointer", ref)
	}
	v := reflect.ValueOf(f.document)
	for token := range jsontext.Pointer(pointer).Tokens() {
		if v, err = f.through(v); err != nil {
			return v, err
		}
		if v = member(v, token); !v.IsValid() {
			return v, fmt.Errorf("%q is not there", ref)
		}
	}
	return v, nil
}

// through returns what a reference in the way of a pointer refers to, and any other
// value as it is.
func (f *finder) through(v reflect.Value) (reflect.Value, error) {
	for {
		ref := refIn(v)
		if ref == "" {
			return v, nil
		}
		if f.left--; f.left < 0 {
			return v, fmt.Errorf("%q refers to itself", ref)
		}
		var err error
		if v, err = f.find(ref); err != nil {
			return v, err
		}
	}
}

// refIn returns the reference that a value is, whatever it is kept as.
func refIn(v reflect.Value) string {
	v = plain(v)
	switch {
	case !v.IsValid():
		return ""
	case v.Type() == rawType:
		return textRef(v.Bytes())
	case v.Kind() == reflect.Struct:
		return refOf(v)
	case v.Kind() == reflect.Map && v.Type() == reflect.TypeFor[map[string]any]():
		ref, _ := v.Interface().(map[string]any)["$ref"].(string)
		return ref
	default:
		return ""
	}
}

// plain is what pointers and interfaces hold; invalid for nil.
func plain(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// member returns what a value has by a name, or an index; invalid for nothing.
func member(v reflect.Value, token string) reflect.Value {
	v = plain(v)
	switch {
	case !v.IsValid():
		return v
	case v.Type() == rawType:
		return textMember(v.Bytes(), token)
	case v.Kind() == reflect.Map:
		return v.MapIndex(reflect.ValueOf(token))
	case v.Kind() == reflect.Slice:
		if i, ok := index(token); ok && i < v.Len() {
			return v.Index(i)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if name := memberName(f); name == token && !v.Field(i).IsZero() {
				return v.Field(i)
			} else if name == "" {
				if x := v.Field(i).MapIndex(reflect.ValueOf(token)); x.IsValid() {
					return x
				}
			}
		}
	}
	return reflect.Value{}
}

// textMember is member for a JSON text.
func textMember(text []byte, token string) reflect.Value {
	var value stdjson.RawMessage
	switch jsontext.Value(text).Kind() {
	case '{':
		var object map[string]stdjson.RawMessage
		if json.Unmarshal(text, &object) == nil {
			value = object[token]
		}
	case '[':
		var array []stdjson.RawMessage
		if i, ok := index(token); ok && json.Unmarshal(text, &array) == nil && i < len(array) {
			value = array[i]
		}
	default:
	}
	if value == nil {
		return reflect.Value{}
	}
	return reflect.ValueOf(value)
}

// index reads an index of an array as JSON Pointers have it.
func index(token string) (int, bool) {
	i, err := strconv.Atoi(token)
	return i, err == nil && strconv.Itoa(i) == token && i >= 0
}

// textRef returns the reference that a JSON text is; "" for anything else.
func textRef(text []byte) string {
	if jsontext.Value(text).Kind() != '{' {
		return ""
	}
	var object struct {
		Ref any `json:"$ref"`
	}
	if json.Unmarshal(text, &object) != nil {
		return ""
	}
	ref, _ := object.Ref.(string)
	return ref
}

// refOf returns the reference that an object of the model is; "" for any other.
func refOf(object reflect.Value) string {
	if ref := object.FieldByName("Ref"); ref.IsValid() {
		return ref.String()
	}
	return ""
}

// memberName is the name of a field in JSON; "" for the extensions.
func memberName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// sortedKeys are the names of a map of the model.
func sortedKeys(m reflect.Value) []reflect.Value {
	return slices.SortedFunc(slices.Values(m.MapKeys()), func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
}

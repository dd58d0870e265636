package spec

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Resolve puts what is referred to in the place of every reference, except in
// schemas, which stay text: see [Document.Schema]. Where the model has a pointer,
// all references to one object become pointers to that object, so that the message
// of an operation is one of its channel's. Where the model has a value, as for
// Security, Servers and Tags, it becomes a copy that keeps its Ref, which says the
// name. Traits are not applied.
//
// It returns all that it finds wrong, each a [*RefError], joined by [errors.Join]: a
// reference to what is not there, to something of another kind, to itself by way of
// others, or to another document; and null in the place of an object. The document
// is of no use then. Resolving a second time does nothing.
func (d *Document) Resolve() error {
	r := &resolver{document: d, made: map[string]reflect.Value{}}
	r.walk(reflect.ValueOf(d).Elem(), "")
	if len(r.faults) > 0 {
		return errors.Join(r.faults...)
	}
	return nil
}

// RefError is a reference that can't be resolved, or null where there has to be an
// object.
type RefError struct {
	Pointer string // a JSON Pointer to where it stands
	Err     error
}

func (e *RefError) Error() string { return e.Pointer + ": " + e.Err.Error() }

func (e *RefError) Unwrap() error { return e.Err }

// resolver replaces references. It goes by reflection: what a reference is, is the
// same for each of the model's types.
type resolver struct {
	document *Document
	made     map[string]reflect.Value // from what the model does not know, by reference and type
	faults   []error
}

func (r *resolver) fault(at jsontext.Pointer, format string, args ...any) {
	r.faults = append(r.faults, &RefError{string(at), fmt.Errorf(format, args...)})
}

// walk resolves what is in a value, which can be set.
func (r *resolver) walk(v reflect.Value, at jsontext.Pointer) {
	switch v.Kind() {
	case reflect.Pointer:
		r.pointer(v, at)
	case reflect.Struct:
		r.members(v, at)
	case reflect.Map:
		if isModel(v.Type().Elem()) {
			r.entries(v, at)
		}
	case reflect.Slice:
		if isModel(v.Type().Elem()) {
			for i := range v.Len() {
				r.walk(v.Index(i), at.AppendToken(strconv.Itoa(i)))
			}
		}
	default:
	}
}

// isModel reports whether values of a type are objects of the model.
func isModel(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

func (r *resolver) pointer(v reflect.Value, at jsontext.Pointer) {
	if v.IsNil() {
		r.fault(at, "it is null")
		return
	}
	ref := refOf(v.Elem())
	if ref == "" {
		r.walk(v.Elem(), at)
		return
	}
	target, err := r.target(ref, v.Type().Elem())
	if err != nil {
		r.fault(at, "%w", err)
		return
	}
	v.Set(target)
}

func (r *resolver) members(v reflect.Value, at jsontext.Pointer) {
	if ref := refOf(v); ref != "" {
		target, err := r.target(ref, v.Type())
		if err != nil {
			r.fault(at, "%w", err)
			return
		}
		v.Set(target.Elem())
		r.members(v, at)
		v.FieldByName("Ref").SetString(ref)
		return
	}
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Pointer && f.IsNil() {
			continue // not there
		}
		r.walk(f, at.AppendToken(memberName(v.Type().Field(i))))
	}
}

func (r *resolver) entries(m reflect.Value, at jsontext.Pointer) {
	for _, key := range sortedKeys(m) {
		v := reflect.New(m.Type().Elem()).Elem()
		v.Set(m.MapIndex(key))
		r.walk(v, at.AppendToken(key.String()))
		m.SetMapIndex(key, v)
	}
}

// target returns a pointer to what a reference refers to by way of any others.
func (r *resolver) target(ref string, t reflect.Type) (reflect.Value, error) {
	first, seen := ref, map[string]bool{}
	for {
		if seen[ref] {
			return reflect.Value{}, fmt.Errorf("%q refers to itself", first)
		}
		seen[ref] = true
		found, err := r.document.find(ref)
		if err != nil {
			return reflect.Value{}, err
		}
		v, err := r.typed(ref, found, t)
		if err != nil {
			return reflect.Value{}, err
		}
		next := refOf(v.Elem())
		if next == "" {
			return v, nil
		}
		ref = next
	}
}

// typed returns a pointer to a value of the model that was found, or makes it from
// one that the model does not know.
func (r *resolver) typed(ref string, found reflect.Value, t reflect.Type) (reflect.Value, error) {
	switch {
	case found.Kind() == reflect.Pointer && found.Type().Elem() == t:
		if found.IsNil() {
			return found, fmt.Errorf("%q is null", ref)
		}
		return found, nil
	case found.Type() == t:
		v := reflect.New(t)
		v.Elem().Set(found)
		return v, nil
	case found.Kind() != reflect.Interface && found.Kind() != reflect.Map && found.Type() != rawType:
		return found, fmt.Errorf("%q is something else than is needed here", ref)
	}
	id := t.Name() + " " + ref
	if v, ok := r.made[id]; ok {
		return v, nil
	}
	text, err := json.Marshal(found.Interface())
	if err != nil {
		return found, fmt.Errorf("%q: %w", ref, err)
	}
	v := reflect.New(t)
	if err := json.Unmarshal(text, v.Interface()); err != nil {
		return found, fmt.Errorf("%q is something else than is needed here: %w", ref, parseError(err))
	}
	r.made[id] = v
	if refOf(v.Elem()) == "" {
		r.members(v.Elem(), jsontext.Pointer(ref[1:]))
	}
	return v, nil
}

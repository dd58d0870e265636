package schema

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// validatable is a type with rules of its own.
type validatable interface{ Validate() error }

var validatableType = reflect.TypeFor[validatable]()

// hook is what is to be called on a decoded value of one type. Types that hold
// nothing to be called have no hook, and cost nothing.
type hook struct {
	typ     reflect.Type
	call    bool // Validate on the value
	fields  []fieldHook
	elem    *hook // of a pointer, slice, array or map
	structs StructValidator
}

type fieldHook struct {
	index []int
	name  string
	hook  *hook
}

// newHooks makes the hook of a schema's type; nil if there is nothing to call.
func newHooks(t reflect.Type, structs StructValidator) *hook {
	b := hookBuilder{has: map[reflect.Type]bool{}, hooks: map[reflect.Type]*hook{}}
	h := b.hook(t)
	if structs == nil || base(t).Kind() != reflect.Struct {
		return h
	}
	if h == nil {
		h = &hook{typ: t}
	}
	h.structs = structs
	return h
}

type hookBuilder struct {
	has   map[reflect.Type]bool
	hooks map[reflect.Type]*hook
}

// callable reports whether some value that t can hold has a Validate method.
func (b *hookBuilder) callable(t reflect.Type) bool {
	has, ok := b.has[t]
	if !ok {
		reachable(t, func(x reflect.Type) {
			has = has || x.Kind() != reflect.Interface && implements(x, validatableType)
		})
		b.has[t] = has
	}
	return has
}

func (b *hookBuilder) hook(t reflect.Type) *hook {
	if !b.callable(t) {
		return nil
	}
	if h := b.hooks[t]; h != nil {
		return h
	}
	h := &hook{typ: t}
	b.hooks[t] = h
	if t.Kind() != reflect.Pointer {
		h.call = t.Kind() != reflect.Interface && implements(t, validatableType)
	}
	if ownForm(t) {
		return h
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		h.elem = b.hook(t.Elem())
	case reflect.Struct:
		fields, rest, _ := structFields(t)
		if rest != nil && base(rest.Type).Kind() == reflect.Map {
			if x := b.hook(base(rest.Type)); x != nil {
				h.fields = append(h.fields, fieldHook{index: rest.index, hook: x})
			}
		}
		for _, f := range fields {
			if x := b.hook(f.Type); x != nil {
				h.fields = append(h.fields, fieldHook{f.index, f.name, x})
			}
		}
	}
	return h
}

// run calls everything on a decoded value and returns an [*InvalidError] with what
// was refused.
func (h *hook) run(v reflect.Value) error {
	c := calls{}
	for v.Kind() == reflect.Pointer && v.Type() != h.typ && !v.IsNil() {
		v = v.Elem()
	}
	c.value(h, v)
	if h.structs != nil {
		for v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		if v.CanAddr() && v.Kind() == reflect.Struct {
			c.structs(h.structs.Struct(v.Addr().Interface()), v.Type())
		}
	}
	if c.out == nil {
		return nil
	}
	return &InvalidError{c.out}
}

type calls struct {
	path []byte
	out  []Violation
}

func (c *calls) value(h *hook, v reflect.Value) {
	switch h.typ.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && h.elem != nil {
			c.value(h.elem, v.Elem())
		}
		return
	case reflect.Slice, reflect.Array:
		if h.elem != nil {
			for i := range v.Len() {
				c.inside(strconv.Itoa(i), h.elem, v.Index(i))
			}
		}
	case reflect.Map:
		if h.elem != nil {
			c.members(h.elem, v)
		}
	case reflect.Struct:
		for _, f := range h.fields {
			x, err := v.FieldByIndexErr(f.index)
			if err != nil {
				continue // an embedded pointer is nil
			}
			if f.name == "" {
				c.value(f.hook, reflect.Indirect(x))
			} else {
				c.inside(f.name, f.hook, x)
			}
		}
	}
	if h.call {
		c.validate(v)
	}
}

func (c *calls) inside(name string, h *hook, v reflect.Value) {
	mark := len(c.path)
	c.path = appendPointer(c.path, name)
	c.value(h, v)
	c.path = c.path[:mark]
}

// members calls on the values of a map, in the order of its keys.
func (c *calls) members(h *hook, m reflect.Value) {
	if !m.IsValid() || m.Kind() != reflect.Map {
		return
	}
	type member struct {
		name  string
		value reflect.Value
	}
	var all []member
	for k, v := range m.Seq2() {
		x := reflect.New(v.Type()).Elem() // a map's values have no address
		x.Set(v)
		all = append(all, member{keyName(k), x})
	}
	slices.SortFunc(all, func(x, y member) int { return strings.Compare(x.name, y.name) })
	for _, x := range all {
		c.inside(x.name, h, x.value)
	}
}

func keyName(k reflect.Value) string {
	if t, ok := reflect.TypeAssert[interface{ MarshalText() ([]byte, error) }](k); ok {
		if text, err := t.MarshalText(); err == nil {
			return string(text)
		}
	}
	if k.Kind() == reflect.String {
		return k.String()
	}
	return fmt.Sprint(k.Interface())
}

// validate calls the method of one value.
func (c *calls) validate(v reflect.Value) {
	var x any
	if v.CanAddr() {
		x = v.Addr().Interface()
	} else {
		x = v.Interface()
	}
	own, ok := x.(validatable)
	if !ok {
		return
	}
	err := own.Validate()
	if err == nil {
		return
	}
	if invalid := new(InvalidError); errors.As(err, &invalid) {
		for _, one := range invalid.Violations {
			one.Path = string(c.path) + one.Path
			c.out = append(c.out, one)
		}
		return
	}
	c.out = append(c.out, Violation{Path: string(c.path), Code: "invalid", Message: err.Error()})
}

// fieldError is what go-playground's errors know.
type fieldError interface {
	Field() string
	Tag() string
	Namespace() string
	Param() string
}

// structs takes the errors of a struct validator: a list of field errors, or one
// error about the whole.
func (c *calls) structs(err error, t reflect.Type) {
	if err == nil {
		return
	}
	v := reflect.ValueOf(err)
	found := false
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			if e, ok := reflect.TypeAssert[fieldError](v.Index(i)); ok {
				c.out, found = append(c.out, fieldViolation(e, t)), true
			}
		}
	}
	if !found {
		c.out = append(c.out, Violation{Code: "invalid", Message: err.Error()})
	}
}

func fieldViolation(e fieldError, t reflect.Type) Violation {
	place := e.Namespace()
	if x, ok := e.(interface{ StructNamespace() string }); ok {
		place = x.StructNamespace() // the same in Go's names
	}
	v := Violation{Path: pointerOf(place, t), Code: e.Tag(), Message: "does not satisfy the rule " + e.Tag()}
	if e.Param() != "" {
		v.Message += "=" + e.Param()
		v.Params = map[string]any{"param": e.Param()}
	}
	return v
}

// pointerOf makes a JSON Pointer of a place such as User.Addresses[0].Street.
func pointerOf(place string, t reflect.Type) string {
	var path []byte
	_, place, _ = strings.Cut(place, ".") // the type's own name
	for place != "" {
		t = base(t)
		if place[0] == '[' {
			key, rest, _ := strings.Cut(place[1:], "]")
			path, place = appendPointer(path, key), strings.TrimPrefix(rest, ".")
			if k := t.Kind(); k == reflect.Slice || k == reflect.Array || k == reflect.Map {
				t = t.Elem()
			}
			continue
		}
		end := strings.IndexAny(place, ".[")
		if end < 0 {
			end = len(place)
		}
		name := place[:end]
		place = strings.TrimPrefix(place[end:], ".")
		if t.Kind() != reflect.Struct {
			path = appendPointer(path, name)
			continue
		}
		sf, ok := t.FieldByName(name)
		if !ok {
			path = appendPointer(path, name)
			continue
		}
		f, embed, _, _ := parseField(t, sf)
		if t = sf.Type; !embed {
			path = appendPointer(path, f.name)
		}
	}
	return string(path)
}

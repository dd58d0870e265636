package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// codec decodes and encodes values of one type. Only types that need it pay for
// options: numbers inside of `any` stay as they are written, and durations are
// nanoseconds.
type codec struct {
	in, out []jsonv2.Options
}

var (
	numbersIn = jsonv2.WithUnmarshalers(jsonv2.JoinUnmarshalers(
		jsonv2.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) error {
			if dec.PeekKind() != '0' {
				return errors.ErrUnsupported
			}
			raw, err := dec.ReadValue()
			*v = json.Number(raw)
			return err
		}),
		jsonv2.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *json.Number) error {
			raw, err := dec.ReadValue()
			if raw.Kind() == 'n' {
				raw = nil
			}
			*v = json.Number(raw)
			return err
		}),
	))
	numbersOut = jsonv2.WithMarshalers(jsonv2.MarshalToFunc(func(enc *jsontext.Encoder, n json.Number) error {
		if n == "" {
			n = "0"
		}
		return enc.WriteValue(jsontext.Value(n))
	}))
	durations = jsonv1.FormatDurationAsNano(true)
)

// newCodec finds out what a type needs.
func newCodec(t reflect.Type) codec {
	var c codec
	numbers, nanos := false, false
	reachable(t, func(x reflect.Type) {
		numbers = numbers || x.Kind() == reflect.Interface || x == numberType
		nanos = nanos || x.Kind() == reflect.Interface || x == durationType
	})
	if numbers {
		c.in, c.out = append(c.in, numbersIn), append(c.out, numbersOut)
	}
	if nanos {
		c.in, c.out = append(c.in, durations), append(c.out, durations)
	}
	return c
}

// reachable visits every type that a value of type t can hold by its JSON, once.
func reachable(t reflect.Type, visit func(reflect.Type)) {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		visit(t)
		switch t.Kind() {
		case reflect.Map:
			walk(t.Key())
			walk(t.Elem())
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(t.Elem())
		case reflect.Struct:
			for f := range t.Fields() {
				if f.IsExported() || f.Anonymous {
					walk(f.Type)
				}
			}
		}
	}
	walk(t)
}

func (c *codec) unmarshal(raw []byte, v any) error {
	return jsonv2.Unmarshal(raw, v, c.in...)
}

// Decode validates raw, completes it with defaults ([Schema.Complete]), decodes it
// into v, a pointer to a zero value of the schema's type, and then calls every
// `Validate() error` method of v and of the values in it, and the struct
// validator of the registry's [Options].
//
// The error is an [*InvalidError] unless v itself is wrong. For a schema that is
// null ([Schema.IsNull]) raw may be empty, and v isn't touched.
//
// Types with their own JSON or text methods have the last word on what they
// accept: their errors are violations with the code "invalid".
func (s *Schema) Decode(raw []byte, v any) error {
	full, violations := s.Complete(raw)
	if violations != nil {
		return &InvalidError{violations}
	}
	if !s.null {
		if err := s.codec.unmarshal(full, v); err != nil {
			return decodeError(err)
		}
	}
	if s.hooks == nil {
		return nil
	}
	return s.hooks.run(reflect.ValueOf(v))
}

// Unknown returns an error that names a member of raw, a valid value, for which the
// schema's type has no place, so that Decode passes over it; nil where there is none.
// It decodes raw once more.
func (s *Schema) Unknown(raw []byte) error {
	if s.null || len(raw) == 0 {
		return nil
	}
	err := jsonv2.Unmarshal(raw, reflect.New(s.typ).Interface(), append(slices.Clip(s.codec.in), jsonv2.RejectUnknownMembers(true))...)
	if errors.Is(err, jsonv2.ErrUnknownName) {
		return err
	}
	return nil
}

// decodeError tells what a type refused from what a caller did wrong.
func decodeError(err error) error {
	if x := new(jsontext.SyntacticError); errors.As(err, &x) {
		return &InvalidError{[]Violation{{Path: string(x.JSONPointer), Code: "malformed", Message: "is malformed: " + x.Err.Error()}}}
	}
	x := new(jsonv2.SemanticError)
	if !errors.As(err, &x) || x.JSONKind == 0 {
		return err
	}
	message := "is not a value of its type"
	if x.Err != nil {
		message = "is refused: " + x.Err.Error()
	}
	return &InvalidError{[]Violation{{Path: string(x.JSONPointer), Code: "invalid", Message: message}}}
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// AppendJSON encodes v, a value of the schema's type or, which saves an
// allocation, a pointer to one, and appends it to dst. For a schema that is null
// it appends null. Nil slices and maps become empty ones. On an error, such as a
// number that is not finite, what is returned is dst as it was.
//
// The value isn't validated: bounds are for what comes in.
func (s *Schema) AppendJSON(dst []byte, v any) ([]byte, error) {
	if s.null {
		return append(dst, "null"...), nil
	}
	buf := buffers.Get().(*bytes.Buffer)
	*buf = *bytes.NewBuffer(dst)
	err := jsonv2.MarshalWrite(buf, v, s.codec.out...)
	out := buf.Bytes()
	*buf = bytes.Buffer{} // dst is the caller's
	buffers.Put(buf)
	if err != nil {
		return dst, err
	}
	return out, nil
}

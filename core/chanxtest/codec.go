package chanxtest

import (
	"errors"
	"fmt"
	"reflect"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/schema"
	"github.com/go-json-experiment/json"
)

// anyStruct takes every struct: rules of validate tags are the server's to check.
type anyStruct struct{}

func (anyStruct) Struct(any) error { return nil }

// structOf returns the type of a message itself, without its pointer.
func structOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// schemaOf returns the schema of a message type: the endpoint's where it declares
// the type, so that it is read and written as there.
func (c *Client) schemaOf(t reflect.Type) (*schema.Schema, error) {
	t = structOf(t)
	if m, ok := c.contract.declared(t); ok {
		return m.Schema, nil
	}
	return schemaAlone(t)
}

// schemaAlone returns the schema of a type of which no endpoint is known.
func schemaAlone(t reflect.Type) (*schema.Schema, error) {
	return schema.NewRegistry(&schema.Options{Struct: anyStruct{}}).Of(structOf(t))
}

// empty says whether a message has no payload.
func empty(t reflect.Type) bool {
	t = structOf(t)
	return t.Kind() == reflect.Struct && t.NumField() == 0
}

// encode returns the payload of a message, nil for none.
func (c *Client) encode(m chanx.Message) ([]byte, error) {
	t := reflect.TypeOf(m)
	if empty(t) {
		return nil, nil
	}
	s, err := c.schemaOf(t)
	if err != nil {
		return nil, err
	}
	return s.AppendJSON(nil, m)
}

// decode reads a payload as an M and refuses fields that M doesn't have.
func decode[M chanx.Message](s *schema.Schema, payload []byte) (M, error) {
	var m M
	var into any = &m
	t := reflect.TypeFor[M]()
	if t.Kind() == reflect.Pointer {
		m = reflect.New(t.Elem()).Interface().(M)
		into = m
	}
	if empty(t) {
		if string(payload) != "null" {
			return m, errors.New("it has a payload")
		}
		return m, nil
	}
	if err := json.Unmarshal(payload, reflect.New(structOf(t)).Interface(), json.RejectUnknownMembers(true)); errors.Is(err, json.ErrUnknownName) {
		return m, fmt.Errorf("%v lacks a field of it: %w", t, err)
	}
	return m, s.Decode(payload, into)
}

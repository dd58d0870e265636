package chanx

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
	"github.com/chanx-go/chanx/core/internal/wire"
	"github.com/chanx-go/chanx/core/schema"
)

// paramsType is a struct that is filled from a handshake.
type paramsType struct {
	goType reflect.Type
	schema *schema.Schema
	fields []paramField
}

// paramField is one parameter. Source is "path", "query", "header", "cookie" or
// "topic".
type paramField struct {
	source string
	name   string
	member string // the JSON name of the field
	list   bool
	raw    bool // a number or boolean, which stands in JSON as it stands in the request
	whole  bool // a whole number
}

// sourceTopic is the source of a topic's parameters.
const sourceTopic = "topic"

var paramSources = []string{"path", "query", "header", "cookie", sourceTopic}

// Bindable is what [Bind] takes parameters from: a [*Conn] while open runs, or a
// [*Subscription].
type Bindable interface {
	// bindable returns the hub, and what gives the values of a parameter.
	bindable() (*Hub, func(f *paramField) ([]string, error))
}

// Bind fills a struct from the handshake request, in open. A field names where
// its value comes from:
//
//	type RoomParams struct {
//		Room  string   `path:"room" minLength:"1"`
//		Page  int      `query:"page" default:"1" minimum:"1"`
//		Tags  []string `query:"tag" required:"false"`
//		Token string   `header:"X-Token"`
//		Theme *string  `cookie:"theme"`
//	}
//
// For a subscription it fills one with the parameters of the topic's pattern, at
// any time:
//
//	type RoomParams struct {
//		ID int `topic:"id" minimum:"1"`
//	}
//
// Values are checked like messages, by the same tags. What is wrong is an
// [Invalid] error that names the parameters, such as "/query/page" or "/topic/id";
// returned from open it refuses the handshake with 400, or the subscription.
func Bind[P any](from Bindable) (P, error) {
	var p P
	hub, values := from.bindable()
	pt, err := hub.paramsOf(reflect.TypeFor[P]())
	if err != nil {
		return p, fmt.Errorf("chanx: Bind[%v]: %w", reflect.TypeFor[P](), err)
	}
	object, err := pt.object(values)
	if err != nil {
		return p, fmt.Errorf("chanx: Bind[%v]: %w", pt.goType, err)
	}
	err = pt.schema.Decode(object, &p)
	if e, ok := errors.AsType[*schema.InvalidError](err); ok {
		return p, pt.invalid(e.Violations)
	}
	return p, err
}

func (c *Conn) bindable() (*Hub, func(*paramField) ([]string, error)) {
	r := c.Request()
	return c.hub, func(f *paramField) ([]string, error) {
		if r == nil {
			return nil, errors.New("there is no request once the connection is open: bind in the consumer's open, and keep the result in its state, which State gets")
		}
		return f.values(c, r)
	}
}

func (s *Subscription) bindable() (*Hub, func(*paramField) ([]string, error)) {
	return s.conn.hub, func(f *paramField) ([]string, error) {
		if f.source != sourceTopic {
			return nil, fmt.Errorf("a topic has no %s: the parameters of its pattern have a topic tag", f.source)
		}
		if !slices.Contains(s.topic.pattern.names, f.name) {
			return nil, fmt.Errorf("the pattern %q has no parameter {%s}", s.topic.pattern.text, f.name)
		}
		return []string{s.Param(f.name)}, nil
	}
}

// paramsOf describes a type of parameters.
func (h *Hub) paramsOf(t reflect.Type) (*paramsType, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("parameters are a struct, not %v", t)
	}
	p := &paramsType{goType: t}
	for f := range t.Fields() {
		if !f.IsExported() {
			continue
		}
		field, err := paramOf(t, f)
		if err != nil {
			return nil, err
		}
		p.fields = append(p.fields, field)
	}
	var err error
	if p.schema, err = h.types.schemas.Of(t); err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	return p, nil
}

func paramOf(t reflect.Type, f reflect.StructField) (paramField, error) {
	field := paramField{member: f.Name}
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
		field.member = name
	}
	for _, source := range paramSources {
		if name, ok := f.Tag.Lookup(source); ok {
			if field.source != "" {
				return field, fmt.Errorf("%v.%s comes from %s and from %s: choose one", t, f.Name, field.source, source)
			}
			field.source, field.name = source, name
		}
	}
	if field.source == "" || field.name == "" {
		return field, fmt.Errorf("%v.%s does not say where it comes from: give it a path, query, header, cookie or topic tag with a name", t, f.Name)
	}
	ft := f.Type
	if ft.Kind() == reflect.Pointer {
		ft = ft.Elem()
	}
	if ft.Kind() == reflect.Slice && ft.Elem().Kind() != reflect.Uint8 {
		field.list, ft = true, ft.Elem()
	}
	switch ft.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		field.raw = true
		field.whole = ft.Kind() >= reflect.Int && ft.Kind() <= reflect.Uint64
	}
	return field, nil
}

func (p *paramsType) pathNames() []string {
	var names []string
	for _, f := range p.fields {
		if f.source == "path" {
			names = append(names, f.name)
		}
	}
	return names
}

// object writes the parameters as a JSON object.
func (p *paramsType) object(valuesOf func(*paramField) ([]string, error)) ([]byte, error) {
	b := []byte{'{'}
	for _, f := range p.fields {
		values, err := valuesOf(&f)
		if err != nil {
			return nil, err
		}
		if len(values) == 0 {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(wire.AppendString(b, f.member), ':')
		if !f.list {
			b = f.appendValue(b, values[0])
			continue
		}
		b = append(b, '[')
		for i, v := range values {
			if i > 0 {
				b = append(b, ',')
			}
			b = f.appendValue(b, v)
		}
		b = append(b, ']')
	}
	return append(b, '}'), nil
}

// values are what the request says of a parameter.
func (f *paramField) values(c *Conn, r *http.Request) ([]string, error) {
	switch f.source {
	case "path":
		return []string{c.PathValue(f.name)}, nil
	case "query":
		return r.URL.Query()[f.name], nil
	case "header":
		return r.Header.Values(f.name), nil
	case sourceTopic:
		return nil, errors.New("a connection has no topic: Bind a Subscription")
	}
	var values []string
	for _, cookie := range r.CookiesNamed(f.name) {
		values = append(values, cookie.Value)
	}
	return values, nil
}

// appendValue writes a value as JSON. One that should be a number or a boolean
// and isn't becomes a string, which the schema then refuses.
func (f *paramField) appendValue(b []byte, v string) []byte {
	if f.source == sourceTopic && f.whole && (strings.ContainsAny(v, ".eE") || v == "-0") {
		return wire.AppendString(b, v) // a number has one name only: room:100 is not room:1e2
	}
	if f.raw && v != "" && v[0] != '"' && v[0] != '[' && v[0] != '{' && jsonraw.Valid([]byte(v)) == nil && strings.TrimSpace(v) == v {
		return append(b, v...)
	}
	return wire.AppendString(b, v)
}

// invalid names parameters in place of fields.
func (p *paramsType) invalid(vs []Violation) *Error {
	places := make([]string, 0, len(vs))
	moved := make([]Violation, len(vs))
	for i, v := range vs {
		member, rest, _ := strings.Cut(strings.TrimPrefix(v.Path, "/"), "/")
		for _, f := range p.fields {
			if f.member == member {
				if f.raw { // everything in a request is text
					v.Message, _, _ = strings.Cut(v.Message, ", not ")
				}
				v.Path = "/" + f.source + "/" + f.name
				if rest != "" {
					v.Path += "/" + rest
				}
				places = append(places, f.source+" parameter "+strconv.Quote(f.name)+" "+v.Message)
				break
			}
		}
		moved[i] = v
	}
	return &Error{Reason: Invalid, Detail: strings.Join(places, "; "), Violations: moved}
}

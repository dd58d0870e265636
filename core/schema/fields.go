package schema

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
)

// field is one member of a struct's JSON, as the decoder sees it.
type field struct {
	reflect.StructField
	index   []int // from the outermost struct, as reflect counts
	name    string
	tagged  bool // name is from the tag
	omit    bool // may be left out when encoding
	quoted  bool // an integer in a string
	pointer bool // it stands in an embedded *struct, which may be nil
	id      int
}

// structFields are the members of a struct's JSON in the order of encoding, and
// the embedded map or raw value for all others, if there is one. The rules are
// those of go-json-experiment/json.
func structFields(t reflect.Type) (fields []field, rest *field, err error) {
	// The decoder itself says what is wrong with the `json` tags.
	if err := jsonv2.Unmarshal([]byte("{}"), reflect.New(t).Interface()); err != nil {
		return nil, nil, fmt.Errorf("%v: %w", t, err)
	}
	type entry struct {
		typ     reflect.Type
		index   []int
		pointer bool
		visit   bool
	}
	queue := []entry{{typ: t, visit: true}}
	seen := map[reflect.Type]bool{t: true}
	var rests []field
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for i := range at.typ.NumField() {
			f, embed, ignored, err := parseField(at.typ, at.typ.Field(i))
			if err != nil {
				return nil, nil, err
			}
			if ignored {
				continue
			}
			f.index = append(slices.Clone(at.index), i)
			f.pointer = at.pointer
			inner := f.Type
			if inner.Kind() == reflect.Pointer && inner.Name() == "" {
				inner = inner.Elem()
			}
			switch {
			case !embed:
				f.id = len(fields)
				fields = append(fields, f)
			case inner.Kind() != reflect.Struct:
				rests = append(rests, f)
			case inner != f.Type && !f.IsExported():
				return nil, nil, fmt.Errorf("%v.%s: the decoder can't set an embedded pointer to a type that isn't exported; embed the struct itself", at.typ, f.Name)
			case at.visit:
				queue = append(queue, entry{inner, f.index, at.pointer || inner != f.Type, !seen[inner]})
				seen[inner] = true
			}
		}
	}
	if len(rests) == 1 || len(rests) > 1 && len(rests[0].index) != len(rests[1].index) {
		rest = &rests[0]
	}
	return dominant(fields), rest, nil
}

// dominant keeps, of the fields of one name, the one that Go's rules select.
func dominant(fields []field) []field {
	slices.SortStableFunc(fields, func(x, y field) int {
		return cmp.Or(strings.Compare(x.name, y.name), cmp.Compare(len(x.index), len(y.index)), -compareBools(x.tagged, y.tagged))
	})
	var out []field
	for len(fields) > 0 {
		n := 1
		for n < len(fields) && fields[n].name == fields[0].name {
			n++
		}
		if n == 1 || len(fields[0].index) != len(fields[1].index) || fields[0].tagged != fields[1].tagged {
			out = append(out, fields[0])
		}
		fields = fields[n:]
	}
	slices.SortFunc(out, func(x, y field) int { return slices.Compare(x.index, y.index) })
	return out
}

func compareBools(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}

// parseField reads a field's `json` tag, which the decoder has approved.
func parseField(t reflect.Type, sf reflect.StructField) (f field, embed, ignored bool, err error) {
	tag := sf.Tag.Get("json")
	if tag == "-" || !sf.IsExported() && !sf.Anonymous {
		return field{}, false, true, nil
	}
	f = field{StructField: sf, name: sf.Name}
	name, options, _ := strings.Cut(tag, ",")
	if name != "" {
		f.name, f.tagged = name, true
	}
	inline := false
	for option := range strings.SplitSeq(options, ",") {
		switch option, _, _ := strings.Cut(option, ":"); option {
		case "omitempty", "omitzero":
			f.omit = true
		case "string":
			f.quoted = true
		case "embed":
			embed = true
		case "inline":
			inline = true
		case "case":
			return f, false, false, fmt.Errorf("%v.%s: option case of its json tag: names are always told apart by case; remove it", t, sf.Name)
		case "format":
			return f, false, false, fmt.Errorf("%v.%s: option format of its json tag is not supported; give the field a type with MarshalText and UnmarshalText", t, sf.Name)
		}
	}
	embed = embed || sf.Anonymous && !f.tagged
	if inline && !embed {
		return f, false, false, fmt.Errorf(`%v.%s: option inline of its json tag is called embed: write json:",embed"`, t, sf.Name)
	}
	return f, embed, false, nil
}

// isFieldless reports whether t is a struct that has no member in JSON.
func isFieldless(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || ownForm(t) {
		return false
	}
	for field := range t.Fields() {
		f, embed, ignored, err := parseField(t, field)
		if err != nil || !ignored && !(embed && isFieldless(f.Type)) {
			return false
		}
	}
	return true
}

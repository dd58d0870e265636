package difftest_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// maker makes types and values from one seed.
type maker struct{ *rand.Rand }

func (m maker) one(of ...string) string { return of[m.IntN(len(of))] }

func (m maker) chance(percent int) bool { return m.IntN(100) < percent }

var plainTypes = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](),
	reflect.TypeFor[uint64](), reflect.TypeFor[int64](), reflect.TypeFor[float32](), reflect.TypeFor[float64](),
	reflect.TypeFor[string](), reflect.TypeFor[string](), reflect.TypeFor[string](), reflect.TypeFor[[]byte](),
	reflect.TypeFor[[7]byte](), reflect.TypeFor[time.Time](), reflect.TypeFor[any](), reflect.TypeFor[json.Number](),
	reflect.TypeFor[time.Duration](), reflect.TypeFor[tree](), reflect.TypeFor[level](), reflect.TypeFor[say](),
}

func (m maker) typ(depth int, plain bool) reflect.Type {
	if depth > 0 {
		switch m.IntN(9) {
		case 0:
			return reflect.SliceOf(m.typ(depth-1, plain))
		case 1:
			return reflect.ArrayOf(m.IntN(3), m.typ(depth-1, plain))
		case 2:
			keys := []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[int16](), reflect.TypeFor[uint64](), reflect.TypeFor[level]()}
			return reflect.MapOf(keys[m.IntN(len(keys))], m.typ(depth-1, plain))
		case 3:
			return reflect.PointerTo(m.typ(depth-1, plain))
		case 4, 5:
			return m.structType(depth-1, plain)
		}
	}
	n := len(plainTypes)
	if plain {
		n -= 2 // without those that have bounds
	}
	return plainTypes[m.IntN(n)]
}

// structType makes a struct; plain is without tags that bound values.
func (m maker) structType(depth int, plain bool) reflect.Type {
	var fields []reflect.StructField
	for i := range m.IntN(6) + 1 {
		t := m.typ(depth, plain)
		fields = append(fields, reflect.StructField{Name: "F" + strconv.Itoa(i), Type: t, Tag: m.tag(i, t, plain)})
	}
	return reflect.StructOf(fields)
}

// tag makes tags of which some don't fit; the schema refuses those.
func (m maker) tag(i int, t reflect.Type, plain bool) reflect.StructTag {
	tag := fmt.Sprintf(`json:"f%d%s"`, i, m.one("", ",omitempty", ",omitzero"))
	if plain {
		return reflect.StructTag(tag)
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var options []string
	switch k := t.Kind(); {
	case k == reflect.String:
		options = []string{`minLength:"2"`, `maxLength:"3"`, `pattern:"^a.*b?$"`, `format:"ipv4"`, `format:"date-time"`, `enum:"a,ab,é"`,
			`default:"ab"`, `example:"a"`, `validate:"omitempty,min=2,max=4"`, `validate:"required,alphanum"`, `validate:"ne=ab"`}
	case reflect.Int <= k && k <= reflect.Float64:
		options = []string{`minimum:"0"`, `maximum:"100"`, `exclusiveMinimum:"-3"`, `exclusiveMaximum:"7.5"`, `multipleOf:"2"`,
			`multipleOf:"0.5"`, `enum:"1,2,300"`, `default:"4"`, `default:"1e1"`, `validate:"required"`, `validate:"gt=1,lt=9"`, `validate:"omitempty,oneof=5 6"`}
	case k == reflect.Slice || k == reflect.Array:
		options = []string{`minItems:"1"`, `maxItems:"2"`, `uniqueItems:"true"`, `default:"[]"`, `validate:"min=1,dive,required"`, `validate:"unique"`, `minLength:"4"`}
	case k == reflect.Map:
		options = []string{`minProperties:"1"`, `maxProperties:"1"`, `default:"{}"`, `validate:"max=2,dive,keys,min=2,endkeys"`}
	case k == reflect.Bool:
		options = []string{`enum:"true"`, `default:"true"`, `validate:"required"`}
	default:
		options = []string{`default:"{}"`, `example:"null"`}
	}
	for m.chance(45) {
		tag += " " + options[m.IntN(len(options))]
	}
	if m.chance(15) {
		tag += fmt.Sprintf(` required:"%v"`, m.chance(50))
	}
	if m.chance(10) {
		tag += ` doc:"words" title:"Word"`
	}
	return reflect.StructTag(tag)
}

var someTexts = []string{
	"", "a", "ab", "abc", "abcd", "aé", "😀😀", "é", "red", "low", "high", "1", "-5", "007", "65535", "65536", "-0", "x.y]",
	"a@b.c", "@", "a@[1.2.3.4]", "\"q r\"@x.y", "a..b@c", "http://x/y", "//x", "%zz", "a b", "::1", "fe80::1%eth0", "1.2.3.4", "1.2.3.400", "01.2.3.4",
	"2024-02-29", "2023-02-29", "2024-01-01T00:00:00Z", "2024-01-01t00:00:00z", "2024-12-31T23:59:60Z", "2024-12-31T23:59:60+01:00",
	"2024-01-01T00:00:00.123456789012+23:59", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00+24:00", "12:00:00Z", "23:59:60Z", "00:59:60+01:00",
	"123e4567-e89b-12d3-a456-426614174000", "AAAA", "AAA=", "AA==", "AAAAAA==", "AAAAAAAAAA==", "A===", "AAAAAAA=", "example.com.", "-x", "/a~1b", "/~", "a\nb", "a\rb", "a\u2028b",
	"b c", "<a>", "255", "256", "-128", "127", "128", "18446744073709551615", "18446744073709551616", "F0", "f0",
}

var someNumbers = []string{
	"0", "-0", "1", "2", "3", "5", "7", "10", "13", "100", "127", "128", "-128", "-129", "255", "256", "65535", "65536", "1.0", "1.5", "0.25", "0.1", "-1.5", "7.25",
	"7.249999", "1e1", "1E+2", "10e-1", "100e-3", "1.50e1", "12.5e1", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
	"18446744073709551615", "18446744073709551616", "1e18", "1e19", "1e20", "3.4028234663852886e38", "3.4028234663852887e38", "3.5e38", "1.7976931348623157e308", "1.7976931348623158e308",
	"1e308", "2e308", "1e400", "-1e400", "1e-400", "0e500", "0.00", "-0.0", "5e-324", "300", "3e2", "6", "4.0", "-3", "-2.999",
}

func (m maker) text(s string) string {
	b, _ := json.Marshal(s)
	if m.chance(20) && len(b) > 2 && b[1] < 0x80 && b[1] != '\\' {
		return fmt.Sprintf(`"\u%04x%s`, b[1], b[2:]) // the same, with an escape
	}
	return string(b)
}

// junk is a value of no type.
func (m maker) junk(depth int) string {
	switch n := m.IntN(8); {
	case n == 0:
		return "null"
	case n == 1:
		return m.one("true", "false")
	case n <= 3 || depth == 0:
		return m.text(m.one(someTexts...))
	case n <= 5:
		return m.one(someNumbers...)
	case n == 6:
		return m.list(m.IntN(4), func(int) string { return m.junk(depth - 1) })
	}
	return m.object(m.IntN(4), func(i int) (string, string) { return "f" + strconv.Itoa(i), m.junk(depth - 1) })
}

func (m maker) list(n int, item func(int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = item(i)
	}
	return "[" + m.one("", " ", "\n") + strings.Join(items, m.one(",", " , ")) + "]"
}

func (m maker) object(n int, member func(int) (string, string)) string {
	var members []string
	seen := map[string]bool{}
	for i := range n {
		if name, value := member(i); !seen[name] {
			seen[name] = true
			members = append(members, m.text(name)+m.one(":", " : ")+value)
		}
	}
	m.Shuffle(len(members), func(i, k int) {
		if m.chance(50) {
			members[i], members[k] = members[k], members[i]
		}
	})
	return "{" + strings.Join(members, ",") + m.one("}", " }")
}

// value makes a value that is mostly one of the type.
func (m maker) value(t reflect.Type, depth int) string {
	if m.chance(4) || depth < 0 {
		return m.junk(2)
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return m.text(m.one(someTexts...))
	case reflect.TypeFor[json.Number]():
		return m.one(someNumbers...)
	case reflect.TypeFor[point]():
		return m.one(`{"X":1,"Y":7}`, `{"X":1.0,"Y":7}`, `{"X":9,"Y":7}`, `{"X":1,"Y":8}`, `{"Y":7,"X":2,"Z":1}`)
	}
	switch k := t.Kind(); {
	case k == reflect.Pointer:
		if m.chance(20) {
			return "null"
		}
		return m.value(t.Elem(), depth)
	case k == reflect.String:
		return m.text(m.one(someTexts...))
	case k == reflect.Bool:
		return m.one("true", "false")
	case reflect.Int <= k && k <= reflect.Float64:
		if m.chance(60) {
			return m.one(someNumbers[:14]...)
		}
		return m.one(someNumbers...)
	case (k == reflect.Slice || k == reflect.Array) && t.Elem().Kind() == reflect.Uint8:
		return m.text(m.one("", "AAAA", "AAA=", "AA==", "AAAAAAAA", "AAAAAAA=", "AAAAAA==", "AAAAAAAAAA==", "AAAA=AAA", "AB==", "A"))
	case k == reflect.Slice:
		return m.list(m.IntN(4), func(int) string { return m.value(t.Elem(), depth-1) })
	case k == reflect.Array:
		n := t.Len()
		if m.chance(10) {
			n++
		}
		return m.list(n, func(int) string { return m.value(t.Elem(), depth-1) })
	case k == reflect.Map:
		return m.object(m.IntN(3), func(int) (string, string) { return m.one(someTexts...), m.value(t.Elem(), depth-1) })
	case k == reflect.Struct:
		return m.structValue(t, depth)
	}
	return m.junk(3)
}

func (m maker) structValue(t reflect.Type, depth int) string {
	// Few fields at a time, so that one doesn't hide what another is about.
	left := []int{60, 90, 95}[m.IntN(3)]
	return m.object(t.NumField()+1, func(i int) (string, string) {
		if i == t.NumField() {
			return m.one("other", "F0", "NAME", "bonus", "id"), m.one("1", "2", "true", "1.0")
		}
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		if m.chance(4) || options != "" && m.chance(left) {
			return "missing", "null"
		}
		if good, ok := samples[t][name]; ok && m.chance(85) {
			return name, good
		}
		return name, m.value(f.Type, depth-1)
	})
}

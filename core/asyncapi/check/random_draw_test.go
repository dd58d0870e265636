package check_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"time"
)

// drawer draws values of Go types. The same seed draws the same ones.
type drawer struct{ *rand.Rand }

func newDrawer(seed uint64) drawer { return drawer{rand.New(rand.NewPCG(seed, 7))} }

func (d drawer) chance(percent int) bool { return d.IntN(100) < percent }

func pick[T any](d drawer, of ...T) T { return of[d.IntN(len(of))] }

// randomTexts are texts of what a tag calls them.
var randomTexts = map[string][]string{
	`^[a-z]{2,6}$`:  {"ab", "abcdef", "xyz"},
	`^\d+-[A-Z]$`:   {"1-A", "0042-Z"},
	"email":         {"a@b.c", "x.y+z@example.com", "a@[1.2.3.4]"},
	"uri":           {"http://x/y", "urn:a:b", "https://example.com/a?b=c#d"},
	"uri-reference": {"/x", "?a", "http://x/y", "a/../b"},
	"uuid":          {"123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-000000000000"},
	"date":          {"2024-02-29", "1999-12-31"},
	"date-time":     {"2024-01-01T00:00:00Z", "2024-12-31T23:59:60Z", "2024-01-01T00:00:00.123+23:59"},
	"time":          {"12:00:00Z", "23:59:59.5-01:30"},
	"ipv4":          {"1.2.3.4", "255.255.255.255"},
	"ipv4|ipv6":     {"1.2.3.4", "::1"},
	"ipv6":          {"::1", "fe80::1:2", "::ffff:1.2.3.4"},
	"hostname":      {"example.com", "x", "a-b.c"},
	"json-pointer":  {"", "/a~1b/0", "/"},
	"alphanum":      {"a", "Z9", "0a"},
	"startswith=x-": {"x-", "x-é y"},
	"markdown":      {"", "*a*"},
}

// fill draws a value into v, which is zero, that fits the limits. Depth bounds what
// refers to itself.
func (d drawer) fill(v reflect.Value, l *limits, depth int) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		zone := time.FixedZone("", d.IntN(2000)*60-60000)
		*x = time.Date(1+d.IntN(9997), time.Month(1+d.IntN(12)), d.IntN(31), d.IntN(24), d.IntN(60), d.IntN(60), d.IntN(1e9), zone)
		return
	case *json.Number:
		*x = pick(d, json.Number("0"), "1.50", "-2e3", "18446744073709551617")
		return
	case *any:
		*x = d.junk(2)
		return
	}
	switch k := v.Kind(); k {
	case reflect.Bool:
		v.SetBool(l.must || l.enum != nil || d.chance(50))
	case reflect.String:
		d.text(v, l)
	case reflect.Float32, reflect.Float64:
		d.float(v, l)
	case reflect.Pointer:
		if l.must || depth > 0 && d.chance(70) {
			p := reflect.New(v.Type().Elem())
			inner := *l
			inner.must, inner.may = false, false // they are about null
			d.fill(p.Elem(), &inner, depth-1)
			v.Set(p)
		}
	case reflect.Slice, reflect.Array:
		d.list(v, l, depth)
	case reflect.Map:
		d.members(v, l, depth)
	case reflect.Struct:
		for f, field := range v.Fields() {
			of := limitsOf(f.Tag)
			of.must = of.must || f.Anonymous && d.chance(95) // it may have members that are required
			d.fill(field, of, depth-1)
		}
	default:
		d.integer(v, l)
	}
}

func (d drawer) text(v reflect.Value, l *limits) {
	if e := v.MethodByName("Enum"); e.IsValid() {
		values := e.Call(nil)[0]
		v.Set(values.Index(d.IntN(values.Len())))
		return
	}
	switch {
	case l.may && d.chance(20):
	case l.enum != nil:
		v.SetString(pick(d, l.enum...))
	case l.shape != "":
		v.SetString(pick(d, randomTexts[l.shape]...))
	default:
		v.SetString(d.letters(l))
	}
}

func (d drawer) letters(l *limits) string {
	least, most := l.least, l.most
	if l.must {
		least = max(least, 1)
	}
	if most < 0 {
		most = least + 6
	}
	text := make([]rune, least+d.IntN(most-least+1))
	for i := range text {
		text[i] = pick(d, []rune("abz09 é😀\"\\</&\n\u2028")...)
	}
	return string(text)
}

// near draws a number near to the limits.
func (d drawer) near(l *limits) float64 {
	v := pick(d, 0, 1, 2, 3, 5, 7, 30, 100, 127, 255, l.low, l.high, l.above+1, l.below-1, l.above+0.25, l.below-0.25)
	if math.IsInf(v, 0) || d.chance(30) {
		v = float64(d.IntN(400)-100) / pick(d, 1.0, 4)
	}
	return v
}

// often bounds how often something is drawn until it fits.
const often = 300

func (d drawer) float(v reflect.Value, l *limits) {
	for range often {
		x := pick(d, d.near(l), d.near(l), d.NormFloat64(), math.MaxFloat32, -math.MaxFloat64, 5e-324)
		if l.enum != nil {
			x = float(pick(d, l.enum...))
		}
		if v.OverflowFloat(x) {
			continue
		}
		if v.SetFloat(x); l.fits(v.Float()) { // as what it is rounded to
			return
		}
	}
}

func (d drawer) integer(v reflect.Value, l *limits) {
	if e := v.MethodByName("Enum"); e.IsValid() {
		values := e.Call(nil)[0]
		v.Set(values.Index(d.IntN(values.Len())))
		return
	}
	for range often {
		x := d.near(l)
		if l.enum != nil {
			x = float(pick(d, l.enum...))
		}
		wide := d.Uint64() >> d.IntN(64)
		switch full := d.chance(20) && l.enum == nil; {
		case v.CanUint():
			if !full {
				wide = uint64(max(x, 0))
			}
			if !v.OverflowUint(wide) && l.fits(float64(wide)) {
				v.SetUint(wide)
				return
			}
		default:
			if !full {
				wide = uint64(int64(x))
			}
			if !v.OverflowInt(int64(wide)) && l.fits(float64(int64(wide))) {
				v.SetInt(int64(wide))
				return
			}
		}
	}
}

// size draws how many items there are.
func (d drawer) size(l *limits, depth int) int {
	if depth <= 0 {
		return l.least
	}
	if l.most >= 0 {
		return l.least + d.IntN(l.most-l.least+1)
	}
	return l.least + d.IntN(4)
}

func (d drawer) list(v reflect.Value, l *limits, depth int) {
	each := l.each
	if each == nil {
		each = noLimits()
	}
	n := v.Len()
	if v.Kind() == reflect.Slice {
		n = d.size(l, depth)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
	}
	for i := range n {
		for range often {
			v.Index(i).SetZero()
			d.fill(v.Index(i), each, depth-1)
			if !l.unique || !among(v, i) {
				break
			}
		}
	}
}

// among reports whether an item of a list stands there before.
func among(v reflect.Value, i int) bool {
	for k := range i {
		if reflect.DeepEqual(v.Index(k).Interface(), v.Index(i).Interface()) {
			return true
		}
	}
	return false
}

func (d drawer) members(v reflect.Value, l *limits, depth int) {
	keys, each := l.keys, l.each
	if keys == nil {
		keys = noLimits()
	}
	if each == nil {
		each = noLimits()
	}
	v.Set(reflect.MakeMap(v.Type()))
	for n := d.size(l, depth); v.Len() < n; {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		d.fill(key, keys, depth-1)
		d.fill(value, each, depth-1)
		v.SetMapIndex(key, value)
	}
}

// junk is a JSON value of no type.
func (d drawer) junk(depth int) any {
	if depth > 0 && d.chance(30) {
		if d.chance(50) {
			return []any{d.junk(depth - 1), d.junk(depth - 1)}[d.IntN(3):]
		}
		return map[string]any{"k" + strconv.Itoa(d.IntN(5)): d.junk(depth - 1)}
	}
	return pick[any](d, nil, true, false, "", "x", "é😀", json.Number("0"), json.Number("-1"), json.Number("1.5"),
		json.Number("1e3"), json.Number("1.0"), json.Number("1e19"), json.Number("18446744073709551616"), "2024-02-30", "1")
}

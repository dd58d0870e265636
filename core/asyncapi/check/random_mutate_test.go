package check_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// slot is a value inside of a JSON value.
type slot struct {
	value any
	set   func(any)
	drop  func() // nil for the outermost
}

// slots are all values inside of v, and v itself.
func slots(v any, set func(any), drop func()) []slot {
	all := []slot{{v, set, drop}}
	switch x := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(x)) {
			all = append(all, slots(x[name], func(n any) { x[name] = n }, func() { delete(x, name) })...)
		}
	case []any:
		for i := range x {
			all = append(all, slots(x[i], func(n any) { x[i] = n }, func() { set(slices.Delete(slices.Clone(x), i, i+1)) })...)
		}
	}
	return all
}

// copied is a JSON value that has nothing in common with v.
func copied(v any) any {
	switch x := v.(type) {
	case map[string]any:
		n := map[string]any{}
		for name, value := range x {
			n[name] = copied(value)
		}
		return n
	case []any:
		n := make([]any, len(x))
		for i := range x {
			n[i] = copied(x[i])
		}
		return n
	}
	return v
}

// mutate changes one thing about a value.
func (d drawer) mutate(root any) any {
	all := slots(root, func(n any) { root = n }, nil)
	s := all[d.IntN(len(all))]
	switch n := d.IntN(10); {
	case n == 0 && s.drop != nil:
		s.drop()
	case n == 1:
		s.set(d.junk(2))
	case n == 2:
		s.set(nil)
	case n == 3:
		s.set(copied(all[d.IntN(len(all))].value))
	default:
		s.set(d.altered(s.value))
	}
	return root
}

// altered is a value of the same kind that is another one.
func (d drawer) altered(v any) any {
	switch x := v.(type) {
	case bool:
		return !x
	case string:
		return d.alteredText(x)
	case json.Number:
		text := x.String()
		if strings.ContainsAny(text, ".eE") {
			return pick(d, json.Number("0.25"), "0.26", "-0", "7.25", "3.4028236e38", "1.8e308", "2", "0.50")
		}
		n := pick(d, json.Number("-"+strings.TrimPrefix(text, "-")), json.Number(text+"0"), json.Number(text+".0"), json.Number(text+".5"),
			json.Number(text+"e-1"), "0", "1", "4", "-128", "-129", "90", "100", "101", "255", "256", "32768", "65536", "2147483648", "4294967296",
			"9223372036854775808", "18446744073709551616", "1e2")
		if !json.Valid([]byte(n)) {
			return json.Number("0") // there was one already, to which another came
		}
		return n
	case []any:
		return d.alteredList(x)
	case map[string]any:
		return d.alteredObject(x)
	}
	return d.junk(2)
}

func (d drawer) alteredText(text string) any {
	runes := []rune(text)
	switch d.IntN(5) {
	case 0:
		return text + pick(d, "a", "\n", "é", "=", " ", "0")
	case 1:
		return string(runes[:len(runes)/2])
	case 2:
		return strings.ToUpper(text)
	case 3:
		return strings.Repeat(text, 4)
	}
	of := slices.Sorted(maps.Keys(randomTexts))
	return pick(d, append(randomTexts[pick(d, of...)], "", "0", "no", "-7", "2024-02-30", "24:00:00Z", "AAAA", "AAA=", "1.2.3.400", "a b", "x--y..z")...)
}

func (d drawer) alteredList(list []any) any {
	n := slices.Clone(list)
	if len(n) == 0 || d.chance(25) {
		return append(n, d.junk(1))
	}
	switch d.IntN(3) {
	case 0:
		return append(n, copied(n[d.IntN(len(n))]))
	case 1:
		return []any{}
	}
	return slices.Repeat(n, 3)
}

func (d drawer) alteredObject(object map[string]any) any {
	names := slices.Sorted(maps.Keys(object))
	if len(names) == 0 || d.chance(30) {
		object[pick(d, "other", "", "7", "-1", "99999", "F1", "a/b~")] = d.junk(1)
		return object
	}
	name := pick(d, names...)
	value := object[name]
	switch d.IntN(3) {
	case 0:
		delete(object, name)
	case 1:
		delete(object, name)
		object[strings.ToUpper(name)] = value
	default:
		object[name+pick(d, "0", "x", "")] = copied(value)
	}
	return object
}

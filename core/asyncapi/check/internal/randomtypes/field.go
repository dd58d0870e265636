package main

import (
	"fmt"
	"strings"
)

// Tags that go with each other, and with a field of some type.
var (
	textTags = []string{
		``, ``, `minLength:"1" maxLength:"12"`, `maxLength:"5"`, `minLength:"3"`, `pattern:"^[a-z]{2,6}$"`,
		`pattern:"^\\d+-[A-Z]$" example:"1-A"`, `enum:"red,green,blue"`, `format:"email"`, `format:"uri"`,
		`format:"uri-reference"`, `format:"uuid"`, `format:"date"`, `format:"date-time"`, `format:"time"`,
		`format:"ipv4"`, `format:"ipv6"`, `format:"hostname"`, `format:"json-pointer"`, `default:"anon" maxLength:"8"`,
		`validate:"required,min=2,max=6"`, `binding:"required,alphanum"`, `validate:"omitempty,email"`,
		`binding:"oneof=a b 'c d'"`, `validate:"omitempty,uuid"`, `validate:"startswith=x-"`, `validate:"ipv4|ipv6"`,
		`validate:"ne=no"`, `binding:"omitempty,len=4"`, `format:"markdown" doc:"Words"`,
	}
	integerTags = []string{
		``, ``, `minimum:"3" maximum:"100"`, `exclusiveMinimum:"0"`, `exclusiveMaximum:"90"`, `multipleOf:"3"`,
		`enum:"1,2,30"`, `default:"7" maximum:"50"`, `validate:"required,gte=1,lte=9"`, `binding:"omitempty,min=5"`,
		`validate:"oneof=5 6 7"`, `validate:"required"`, `validate:"gt=1,lt=9,ne=4"`, `minimum:"1" default:"1" title:"One"`,
	}
	floatTags = []string{
		``, ``, `minimum:"-1.5" exclusiveMaximum:"7.25"`, `multipleOf:"0.25"`, `validate:"gt=0.5,lt=2"`, `default:"0.5"`,
		`enum:"0.5,1.5"`, `validate:"required"`, `exclusiveMinimum:"0"`,
	}
	listTags = []string{``, ``, `minItems:"1" maxItems:"4"`, `maxItems:"2"`, `default:"[]"`, `validate:"min=1"`, `binding:"len=2"`, `binding:"omitempty,max=3"`}
	setTags  = []string{``, `uniqueItems:"true"`, `validate:"max=3,unique"`}
	wordTags = []string{`validate:"max=3,dive,min=2,max=5"`, `binding:"min=1,dive,oneof=a b"`, `validate:"dive,omitempty,email"`, `validate:"dive,required"`}
	mapTags  = []string{``, ``, `minProperties:"1"`, `maxProperties:"2"`, `default:"{}"`, `validate:"min=1,max=3"`}
	nameTags = []string{`validate:"max=2,dive,keys,min=2,endkeys,min=1"`, `binding:"dive,keys,alphanum,endkeys,required,max=4"`}
)

// scalars are types of one value, with their tags.
var scalars = []struct {
	types []string
	tags  []string
}{
	{[]string{"string", "string", "*string"}, textTags},
	{[]string{"string", "*string"}, textTags},
	{[]string{"int", "int8", "int16", "int32", "int64", "*int"}, integerTags},
	{[]string{"uint", "uint8", "uint16", "uint32", "uint64", "*uint16"}, integerTags},
	{[]string{"float64", "float32", "*float64"}, floatTags},
	{[]string{"bool", "bool", "*bool"}, []string{``, ``, `default:"true"`, `enum:"true"`, `binding:"required"`}},
	{[]string{"time.Time", "*time.Time", "json.Number", "time.Duration"}, []string{``}},
	{[]string{"any", "[]byte", "[4]byte", "[5]byte", "*[6]byte"}, []string{``}},
}

// field makes up a type and its tags, which begin with a space or are empty.
func (w *writer) field(depth int) (typ, tags string) {
	if w.chance(20) {
		tags = w.one(` doc:"Some words, <b>&amp;</b> others"`, ` title:"A title"`, ` deprecated:"true"`, ` readOnly:"true"`)
	}
	more := func(of []string) string {
		if tag := w.one(of...); tag != "" && !strings.Contains(tags, tag[:3]) {
			tags += " " + tag
		}
		return tags
	}
	switch n := w.IntN(10); {
	case n == 0:
		if w.chance(30) {
			return "[]string", more(wordTags)
		}
		if w.chance(30) {
			return "[]" + w.one("int8", "string", "float64"), more(setTags)
		}
		return w.one("[]", "[]", "[]*", "*[]", "[2]") + w.element(depth), tags
	case n == 1:
		return "[]" + w.element(depth), more(listTags)
	case n == 2:
		if w.chance(30) {
			return "map[string]string", more(nameTags)
		}
		return fmt.Sprintf("map[%s]%s", w.one("string", "int16", "uint64", "string"), w.element(depth)), more(mapTags)
	case n == 3:
		return w.one("", "*") + w.enumeration(), tags
	case n == 4 && len(w.kin) > 0:
		return w.one("*", "[]", "map[string]", "[]*") + w.kin[w.IntN(len(w.kin))], tags
	case n <= 5 && depth > 0:
		return w.one("", "", "*") + w.structure("Part", depth-1), tags
	}
	of := scalars[w.IntN(len(scalars))]
	return of.types[w.IntN(len(of.types))], more(of.tags)
}

// element is the type of a list's or a map's elements.
func (w *writer) element(depth int) string {
	switch n := w.IntN(8); {
	case n == 0 && depth > 0:
		return w.structure("Part", depth-1)
	case n == 1:
		return w.enumeration()
	case n == 2:
		return w.one("[]", "map[string]") + w.one("bool", "float32", "any")
	}
	return w.one("string", "int", "uint16", "float64", "bool", "time.Time", "any", "int64", "*string")
}

// member is the name of a field in JSON, with the options after it.
func (w *writer) member(typ, tags string) string {
	name := fmt.Sprintf("%s%d", w.one("f", "F", "a_", "é", "x-", "a/b~"), w.count)
	integer := strings.HasPrefix(typ, "int") || strings.HasPrefix(typ, "uint")
	if integer && tags == "" && w.chance(15) {
		name += ",string"
	}
	return name + w.one("", "", "", ",omitempty", ",omitzero")
}

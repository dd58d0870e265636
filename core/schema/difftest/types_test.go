package difftest_test

import (
	"encoding/json"
	"reflect"
	"time"
)

type say struct {
	Text string `json:"text" minLength:"1" maxLength:"10" doc:"What to say" example:"hi"`
	To   string `json:"to,omitempty" format:"email"`
}

type numbers struct {
	I8   int8           `json:"i8" default:"3"`
	U8   uint8          `json:"u8" exclusiveMinimum:"5" required:"false"`
	I64  int64          `json:"i64,omitzero"`
	U64  uint64         `json:"u64,omitzero" multipleOf:"3"`
	F32  float32        `json:"f32,omitzero" minimum:"-1.5" exclusiveMaximum:"7.25"`
	F64  float64        `json:"f64,omitzero" multipleOf:"0.25"`
	Q    uint16         `json:"q,omitzero,string"`
	Enum int            `json:"enum,omitzero" enum:"1,2,30"`
	Num  json.Number    `json:"num,omitzero"`
	Dur  time.Duration  `json:"dur,omitzero" minimum:"0"`
	Ptr  *int           `json:"ptr" maximum:"10"`
	Any  any            `json:"any,omitempty"`
	M    map[int8]int   `json:"m,omitempty"`
	MU   map[uint64]any `json:"mu,omitempty" maxProperties:"2"`
}

type texts struct {
	Email  string            `json:"email,omitempty" format:"email"`
	URI    string            `json:"uri,omitempty" format:"uri"`
	Ref    string            `json:"ref,omitempty" format:"uri-reference"`
	UUID   string            `json:"uuid,omitempty" format:"uuid"`
	Stamp  string            `json:"stamp,omitempty" format:"date-time"`
	Date   string            `json:"date,omitempty" format:"date"`
	Clock  string            `json:"clock,omitempty" format:"time"`
	V4     string            `json:"v4,omitempty" format:"ipv4"`
	V6     string            `json:"v6,omitempty" format:"ipv6"`
	Host   string            `json:"host,omitempty" format:"hostname"`
	Ptr    string            `json:"ptr,omitempty" format:"json-pointer"`
	Time   time.Time         `json:"time,omitzero"`
	Opt    *time.Time        `json:"opt"`
	Bytes  []byte            `json:"bytes,omitempty" maxLength:"12"`
	Four   [4]byte           `json:"four,omitzero"`
	Five   *[5]byte          `json:"five"`
	Six    [6]byte           `json:"six,omitzero"`
	Color  *string           `json:"color" enum:"red,green"`
	Code   string            `json:"code,omitempty" pattern:"^[a-z]\\S.{1,3}$"`
	Names  map[string]string `json:"names,omitempty" minProperties:"1"`
	Level  level             `json:"level,omitempty"`
	Levels map[level]int     `json:"levels,omitempty"`
}

type level string

func (level) Enum() []level { return []level{"low", "high"} }

type tree struct {
	Name string          `json:"name"`
	Kids []tree          `json:"kids" default:"[]" maxItems:"3" doc:"below"`
	Up   *tree           `json:"up"`
	By   map[string]tree `json:"by,omitempty"`
	Nest nest            `json:"nest,omitempty" maxItems:"2"`
}

type nest []nest

type page[T any] struct {
	Items []T  `json:"items" uniqueItems:"true"`
	Next  *int `json:"next,omitempty"`
}

type base struct {
	ID   uint32 `json:"id,omitzero"`
	Name string `json:"name"`
}

type extra struct {
	base
	*More
	Name string         `json:"name" maxLength:"3"`
	Rest map[string]int `json:",embed"`
}

type More struct {
	Bonus bool `json:"bonus"`
}

type fixed struct {
	Pair  [2]int           `json:"pair"`
	Grid  [2][]string      `json:"grid,omitzero"`
	Empty struct{}         `json:"empty,omitzero"`
	Raw   json.RawMessage  `json:"raw,omitempty"`
	Set   []any            `json:"set,omitempty" uniqueItems:"true" maxItems:"20"`
	Deep  map[string][]any `json:"deep,omitempty"`
}

type ruled struct {
	Name   string            `json:"name" validate:"required,min=2,max=5"`
	Mail   string            `json:"mail" validate:"omitempty,email"`
	Age    int               `json:"age" validate:"gte=0,lte=130,ne=13"`
	Zero   int               `json:"zero" validate:"omitempty,min=5"`
	Must   int               `json:"must" validate:"required"`
	Yes    bool              `json:"yes" validate:"required"`
	Tags   []string          `json:"tags,omitempty" validate:"max=2,unique,dive,alpha,min=1"`
	Attr   map[string]string `json:"attr,omitempty" validate:"dive,keys,min=1,alphanum,endkeys,required,max=4"`
	Kind   string            `json:"kind" binding:"oneof=a 'b c' d"`
	Either string            `json:"either,omitempty" validate:"ipv4|ipv6"`
	Ptr    *string           `json:"ptr" validate:"omitempty,min=2"`
	Not    string            `json:"not,omitempty" validate:"excludesall=<>,startswith=x.,containsany=]^-"`
	Len    []int             `json:"len,omitempty" validate:"len=2"`
	F      float64           `json:"f,omitzero" validate:"gt=0.5,lt=2"`
}

type described string

func (described) JSONSchema() string {
	return `{"type":"string","oneOf":[{"minLength":3},{"pattern":"^a"}],"not":{"const":"abc"},"description":"text"}`
}

type point struct{ X, Y int }

func (point) JSONSchema() string {
	return `{"type":"object","properties":{"X":{"type":"integer","minimum":0,"maximum":9,"enum":[1,2,3,4]},"Y":{"const":7}},"required":["X","Y"],"additionalProperties":false}`
}

type custom struct {
	D  described            `json:"d"`
	P  *point               `json:"p"`
	DM map[described]string `json:"dm,omitempty"`
}

// table is every type that is compared by name.
var table = []reflect.Type{
	reflect.TypeFor[say](), reflect.TypeFor[numbers](), reflect.TypeFor[texts](), reflect.TypeFor[tree](),
	reflect.TypeFor[page[say]](), reflect.TypeFor[page[*tree]](), reflect.TypeFor[extra](), reflect.TypeFor[fixed](),
	reflect.TypeFor[ruled](), reflect.TypeFor[custom](), reflect.TypeFor[*say](), reflect.TypeFor[[]int8](),
	reflect.TypeFor[map[string]*float32](), reflect.TypeFor[nest](), reflect.TypeFor[struct{}](), reflect.TypeFor[any](),
	reflect.TypeFor[level](), reflect.TypeFor[string](), reflect.TypeFor[json.Number](), reflect.TypeFor[*bool](),
	reflect.TypeFor[[]page[[]byte]](),
}

// bounded are types whose absent members decode to values that don't satisfy
// the member's own bounds, so that what they encode to may be invalid.
var bounded = map[reflect.Type]bool{
	reflect.TypeFor[numbers](): true,
	reflect.TypeFor[ruled]():   true,
	// Items may be the same once their unknown members are gone.
	reflect.TypeFor[page[say]]():      true,
	reflect.TypeFor[page[*tree]]():    true,
	reflect.TypeFor[[]page[[]byte]](): true,
}

// samples are valid values of members that chance seldom finds.
var samples = map[reflect.Type]map[string]string{
	reflect.TypeFor[say]():     {"text": `"hi"`},
	reflect.TypeFor[numbers](): {"ptr": "null", "i8": "1.0", "u8": "6"},
	reflect.TypeFor[texts]():   {"opt": "null", "five": "null", "color": "null"},
	reflect.TypeFor[tree]():    {"up": "null", "kids": "[]"},
	reflect.TypeFor[extra]():   {"base": "1", "More": "1", "name": `"abc"`, "Rest": "0", "id": "7"},
	reflect.TypeFor[ruled](): {
		"name": `"abc"`, "mail": `""`, "age": "12", "zero": "0", "must": "1", "yes": "true", "kind": `"b c"`, "ptr": "null",
		"not": `"x.y]"`, "len": "[1,2]", "f": "1.5", "either": `"::1"`, "tags": `["a","b"]`, "attr": `{"a1":"x"}`,
	},
	reflect.TypeFor[custom](): {"p": "null"},
}

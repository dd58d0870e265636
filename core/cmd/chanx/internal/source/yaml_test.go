package source_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/chanx-go/chanx/core/cmd/chanx/internal/source"
	"github.com/go-json-experiment/json/jsontext"
)

// stdin reads a text from standard input.
func stdin(text string) (*source.Document, error) {
	r := &source.Reader{Stdin: strings.NewReader(text)}
	return r.Read(context.Background(), "-")
}

func TestYAML(t *testing.T) {
	for name, c := range map[string]struct{ yaml, want string }{
		"block":            {"a: 1\nb:\n  - x\n  - y: z\n", `{"a":1,"b":["x",{"y":"z"}]}`},
		"flow":             {"a: {b: [1, two, null, ~, true]}\n", `{"a":{"b":[1,"two",null,null,true]}}`},
		"JSON in it":       {"a: {\"b\": [1]}\n", `{"a":{"b":[1]}}`},
		"order":            {"b: 1\na: 2\n", `{"b":1,"a":2}`},
		"digits":           {"a: 12345678901234567890\nb: 1.10\nc: 1e400\nd: -0\n", `{"a":12345678901234567890,"b":1.10,"c":1e400,"d":-0}`},
		"numbers":          {"a: +1\nb: .5\nc: 5.\nd: 0x1F\ne: 0o17\nf: -.5e+3\n", `{"a":1,"b":0.5,"c":5,"d":31,"e":15,"f":-0.5e+3}`},
		"dates":            {"a: 2001-12-14\nb: 2001-12-14T21:59:43.10-05:00\n", `{"a":"2001-12-14","b":"2001-12-14T21:59:43.10-05:00"}`},
		"versions":         {"asyncapi: 3.0.0\n", `{"asyncapi":"3.0.0"}`},
		"not booleans":     {"a: on\nb: yes\nc: \"true\"\n", `{"a":"on","b":"yes","c":"true"}`},
		"booleans":         {"a: True\nb: FALSE\n", `{"a":true,"b":false}`},
		"nothing":          {"a:\nb: ''\n", `{"a":null,"b":""}`},
		"literal":          {"a: |\n  x\n  y\nb: >\n  x\n  y\n", `{"a":"x\ny\n","b":"x y\n"}`},
		"tags":             {"a: !!str 1\nb: !!int \"2\"\n", `{"a":"1","b":2}`},
		"aliases":          {"a: &x {b: 1}\nc: *x\nd: [*x]\n", `{"a":{"b":1},"c":{"b":1},"d":[{"b":1}]}`},
		"merging":          {"a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n", `{"a":{"b":1,"c":2},"d":{"c":3,"b":1}}`},
		"merging several":  {"a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne:\n  <<: [*x, *y]\n", `{"a":{"b":1},"c":{"b":2,"d":3},"e":{"b":1,"d":3}}`},
		"a key like a sum": {"'<<': 1\n", `{"<<":1}`},
		"comments":         {"# x\na: 1 # y\n", `{"a":1}`},
		"escapes":          {"a: \"\\u00e4\\n\\\"\"\n", "{\"a\":\"\u00e4\\n\\\"\"}"},
		"one document":     {"---\na: 1\n...\n", `{"a":1}`},
		"a mark":           {"\ufeffa: 1\n", `{"a":1}`},
	} {
		d, err := stdin(c.yaml)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if string(d.JSON) != c.want {
			t.Errorf("%s: %s, want %s", name, d.JSON, c.want)
		}
	}
}

func TestYAMLFaults(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'n'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 9) + "x]\n"
	}
	merges := "a: &a {}\n"
	for c := 'b'; c < 'z'; c++ {
		merges += string(c) + ": &" + string(c) + " {<<: [" + strings.Repeat("*"+string(c-1)+",", 9) + "*a]}\n"
	}
	for name, c := range map[string]struct{ yaml, want string }{
		"a key twice":            {"a: 1\nb: 2\na: 3\n", `line 3, column 1: the key "a" is there a second time, after line 1`},
		"a number as a key":      {"a:\n  200: x\n", `line 2, column 3: the key 200 is not a string but a number: write "200"`},
		"a boolean as a key":     {"true: x\n", `line 1, column 1: the key true is not a string but a boolean: write "true"`},
		"null as a key":          {"~: x\n", `the key ~ is not a string but null: write "~"`},
		"a mapping as a key":     {"? {a: 1}\n: x\n", "a key must be a string, and this is a mapping"},
		"no number of JSON":      {"a: .inf\n", "line 1, column 4: JSON has no .inf"},
		"not a number":           {"a: .NaN\n", "JSON has no .NaN"},
		"an octal to some":       {"a: 0777\n", `0777 is not the same to all readers of YAML: write it in decimal, or as a string: "0777"`},
		"underscores":            {"a: 1_000\n", "1_000 is not the same to all readers of YAML"},
		"a boolean by a tag":     {"a: !!bool yes\n", "yes is a boolean to some and a string to others"},
		"a tag":                  {"a: !money 5\n", "the tag !money has no meaning in JSON"},
		"a set":                  {"a: !!set {x}\n", "the tag !!set has no meaning in JSON"},
		"merging a text":         {"a: {<<: x}\n", "only mappings can be merged with <<"},
		"a bomb":                 {bomb, "its aliases make it larger than 10 MB"},
		"a bomb of merging":      {merges, "there is too much to merge"},
		"within itself":          {"a: &a [*a]\n", "it is nested more than 500 deep"},
		"too deep":               {strings.Repeat("[", 2000), ""},
		"two documents":          {"a: 1\n---\nb: 2\n", ""},
		"no YAML":                {"a: [1\nb: 2\n", "line 2"},
		"an alias of nothing":    {"a: *x\n", ""},
		"nothing":                {" \n", "standard input: it is empty"},
		"only a comment":         {"# x\n", ""},
		"no UTF-8":               {"a: \"\xff\"\n", ""},
		"JSON with a fault":      {"{\n  \"ä\": 1,\n}", "standard input: line 3, column 1: "},
		"JSON with a name twice": {"{\"a\": 1,\n \"a\": 2}", "line 2, column 2: duplicate object member name"},
		"JSON that ends early":   {"{\"a\": [1,\n2", "line 2, column 2: it ends too early"},
		"JSON and more":          {"{\"a\": 1} x", "there is something behind the document"},
	} {
		_, err := stdin(c.yaml)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if err != nil && strings.HasPrefix(c.want, "line") {
			if _, ok := errors.AsType[*source.PositionError](err); !ok {
				t.Errorf("%s: a %T", name, err)
			}
		}
	}
}

func TestPosition(t *testing.T) {
	const yaml = "info:\n  title: x\nchannels: &c\n  ä b:\n    - one\n    - two: {three: 3}\nmore: *c\nmerged:\n  <<: *c\n"
	const json = "{\n  \"info\": {\"title\": \"x\"},\n  \"channels\": {\"ä b\": [\"one\",\n    {\"two\": {\"three\": 3}}\n  ]}, \"a/b\": 1\n}\n"
	for text, places := range map[string]map[string][2]int{
		yaml: {
			"": {1, 1}, "/info": {1, 1}, "/info/title": {2, 3}, "/channels/ä b/0": {5, 7}, "/channels/ä b/1/two/three": {6, 13},
			"/info/missing": {1, 1}, "/info/title/below": {2, 3}, "/more/ä b/0": {5, 7}, "/merged/ä b": {4, 3}, "/channels/ä b/7": {4, 3},
		},
		json: {
			"": {1, 1}, "/info": {2, 3}, "/info/title": {2, 12}, "/channels/ä b": {3, 16}, "/channels/ä b/0": {3, 24}, "/channels/ä b/1/two/three": {4, 14},
			"/info/missing": {2, 3}, "/a~1b": {5, 7}, "/channels/ä b/7": {3, 16}, "/info/title/below": {2, 12},
		},
	} {
		d, err := stdin(text)
		if err != nil {
			t.Fatal(err)
		}
		for pointer, want := range places {
			if got := d.Positions("/nowhere", pointer)[1]; got != (source.Position{Line: want[0], Column: want[1]}) {
				t.Errorf("%q is at %v, want %v in\n%s", pointer, got, want, text)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"a: 1\nb: [x, {y: z}]\n", "a: &x {b: 1}\nc: {<<: *x}\nd: *x\n", `{"a": [1, 2.50, "x"]}`, "? a\n: !!str 1\n", "a: |\n  x\n", "a: 0x1F\nb: 1_0\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := stdin(text)
		if err != nil {
			return
		}
		if v := jsontext.Value(d.JSON); !v.IsValid() {
			t.Fatalf("no JSON: %s", d.JSON)
		}
		d.Positions("/a/b/0", "")
		yaml, err := spec.YAML(d.JSON)
		if err != nil {
			return // nested too deep
		}
		again, err := stdin(string(yaml))
		if err != nil {
			t.Fatalf("%v in\n%s", err, yaml)
		}
		x, y := jsontext.Value(d.JSON).Clone(), jsontext.Value(again.JSON).Clone()
		for _, v := range []*jsontext.Value{&x, &y} { // YAML writes exponents in another way
			if err := v.Compact(jsontext.CanonicalizeRawFloats(true), jsontext.CanonicalizeRawInts(true)); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(x, y) {
			t.Errorf("as YAML and back, %s is %s", x, y)
		}
	})
}

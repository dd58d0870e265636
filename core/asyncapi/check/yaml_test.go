package check_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"go.yaml.in/yaml/v4"
)

// What a reader of YAML finds in what spec.YAML writes is the JSON that it came
// from: the same kinds, strings, digits and order.
func FuzzYAML(f *testing.F) {
	for _, seed := range []string{
		`{"asyncapi":"3.0.0","info":{"title":"A","description":"# One\n\n  two  \n\n- three\n"},"channels":{},"x":[],"n":null,"t":true}`,
		`{"on":1,"1":2,"null":3,"~":4,"":5,"<<":{"a":1},"=":6,"- a":7,"?":8,"a: b":9,"#x":10,"$ref":"#/a"}`,
		`["on","2001-01-01","1e3","0o7","0x1f","\u2028","\u0085","\ufeff","- a","#x","a: b","a #b","a:","\ta","a\t","'","\"","\\","%","@","---","..."]`,
		`["a\nb","a\nb\n","a\n\nb\n\n","\na"," a\nb","a\n b\n  \nc","a\r\nb","a\n\tb","|\n-","---\n...","#\n#","a\n\u2028","key: 1\nother: 2"]`,
		`[0,-0,1,-1.50,1e3,1E+3,1.5e-3,123456789012345678901234567890,0.1e400,[[[]]],[{"a":[{"b":{}}]}]]`,
		`{"` + strings.Repeat("long ", 400) + `":{"a":[1]},"` + strings.Repeat("\\u0001", 300) + `":"b"}`,
		`"text"`, `"two\nlines"`, `[["a\nb"],{"a":"b\nc"}]`, `{"a":{"b":"\u0000","c":"\ud83d\ude00\u200d"}}`, `{"no":"No","y":"~"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		written, err := spec.YAML([]byte(text))
		if err != nil {
			return
		}
		again, err := spec.YAML([]byte(text))
		if err != nil || !bytes.Equal(written, again) {
			t.Fatalf("another time it is (%v)\n%s", err, again)
		}
		var root yaml.Node
		if err := yaml.Unmarshal(written, &root); err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := sameNode(root.Content[0], dec); err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
	})
}

// sameNode compares a node of YAML with the next value of a JSON text.
func sameNode(node *yaml.Node, dec *json.Decoder) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	same := false
	switch v := token.(type) {
	case json.Delim:
		return sameNodes(node, v, dec)
	case string:
		same = node.ShortTag() == "!!str" && node.Value == v
	case json.Number:
		same = sameNumber(node.ShortTag(), node.Value, v.String())
	case bool:
		same = node.ShortTag() == "!!bool" && node.Value == fmt.Sprint(v)
	case nil:
		same = node.ShortTag() == "!!null"
	}
	if !same {
		return fmt.Errorf("%#v is read as %s %q", token, node.ShortTag(), node.Value)
	}
	return nil
}

// sameNodes compares the content of what has begun with a delimiter.
func sameNodes(node *yaml.Node, begin json.Delim, dec *json.Decoder) error {
	want := yaml.SequenceNode
	if begin == '{' {
		want = yaml.MappingNode
	}
	if node.Kind != want {
		return fmt.Errorf("%v is read as %s", begin, node.ShortTag())
	}
	for _, child := range node.Content {
		if err := sameNode(child, dec); err != nil {
			return err
		}
	}
	if dec.More() {
		return fmt.Errorf("%v has only %d parts", begin, len(node.Content))
	}
	_, err := dec.Token()
	return err
}

// sameNumber reports whether two numbers have the same digits, of which an
// exponent may bring a further zero along. What is too large for a float64 is
// nobody's number.
func sameNumber(tag, a, b string) bool {
	if _, err := strconv.ParseFloat(b, 64); err != nil {
		return true
	}
	if tag != "!!int" && tag != "!!float" {
		return false
	}
	if !strings.ContainsAny(b, "eE") {
		return a == b
	}
	mantissa := func(s string) string { return strings.TrimSuffix(s[:strings.IndexAny(s+"e", "eE")], ".0") }
	exponent := func(s string) string { return strings.TrimPrefix(s[strings.IndexAny(s, "eE")+1:], "+") }
	return mantissa(a) == mantissa(b) && exponent(a) == exponent(b)
}

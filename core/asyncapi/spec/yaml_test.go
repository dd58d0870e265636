package spec_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/google/go-cmp/cmp"
)

func TestYAML(t *testing.T) {
	for in, want := range map[string]string{
		`{}`: "{}", `[]`: "[]", `null`: "null", `true`: "true", `-0.50`: "-0.50", `12345678901234567890123`: "12345678901234567890123",
		`1e3`: "1.0e+3", `1E+3`: "1.0E+3", `1.5e-3`: "1.5e-3", `0.10E30`: "0.10E+30",
		`{"b":1,"a":[]}`:                            "b: 1\na: []",
		`{"b":{"a":{}}}`:                            "b:\n  a: {}",
		`{"b":["x",{"c":1,"d":[2]},[3,[4]],{}]}`:    "b:\n  - x\n  - c: 1\n    d:\n      - 2\n  - - 3\n    - - 4\n  - {}",
		`[[{"a":{"b":1}}]]`:                         "- - a:\n      b: 1",
		`{"a":"one\ntwo\n\n  three","b":1}`:         "a: |-\n  one\n  two\n\n    three\nb: 1",
		`{"a":["one\n\ttwo\n"],"b":"one\ntwo  \n"}`: "a:\n  - \"one\\n\\ttwo\\n\"\nb: |\n  one\n  two  ",
		`"one\ntwo"`:                                "|-\n  one\n  two",
	} {
		got, err := spec.YAML([]byte(in))
		if diff := cmp.Diff(want+"\n", string(got)); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", in, err, diff)
		}
	}
}

// Strings, which are quoted where a reader of some version could take them for
// something else.
func TestYAMLStrings(t *testing.T) {
	for in, want := range map[string]string{
		"chat": "chat", "chat.ping": "chat.ping", "/ws/{room}": "/ws/{room}", "$ref": "$ref", "a:b": "a:b", "it's": "it's", `say "no"`: `say "no"`, "a#b": "a#b", "Ünïcödé": "Ünïcödé", "a, b]": "a, b]",
		"": `""`, "on": `"on"`, "No": `"No"`, "y": `"y"`, "null": `"null"`, "NULL": `"NULL"`, "~": `"~"`, "true": `"true"`,
		"1": `"1"`, "1e3": `"1e3"`, "0o7": `"0o7"`, "0x1F": `"0x1F"`, "1_000": `"1_000"`, "+1": `"+1"`, "-1": `"-1"`, ".5": `".5"`, ".inf": `".inf"`, "190:20:30": `"190:20:30"`,
		"2001-01-01": `"2001-01-01"`, "3.0.0": `"3.0.0"`, "<<": `"<<"`, "=": `"="`,
		"- a": `"- a"`, "-": `"-"`, "---": `"---"`, "...": `"..."`, "? a": `"? a"`, "#x": `"#x"`, "a #x": `"a #x"`, "a: b": `"a: b"`, "a:": `"a:"`, " a": `" a"`, "a ": `"a "`,
		"#/channels/chat": `"#/channels/chat"`, "*a": `"*a"`, "&a": `"&a"`, "!a": `"!a"`, "%a": `"%a"`, "@a": `"@a"`, "`a": "\"`a\"", "[a": `"[a"`, "{a": `"{a"`, ",a": `",a"`, "|": `"|"`, ">": `">"`, "'a": `"'a"`,
		`"a"`: `'"a"'`, `^\d+$`: `'^\d+$'`, `\'`: `"\\'"`,
		"\n": `"\n"`, "\na": `"\na"`, "a\n\n": `"a\n\n"`, " a\nb": `" a\nb"`, "a\n \nb": `"a\n \nb"`, "a\r\nb": `"a\r\nb"`, "a\tb": `"a\tb"`,
		"\u2028": `"\u2028"`, "a\u0085b\nc": `"a\x85b\nc"`, "\ufeff": `"\ufeff"`, "\x00": `"\x00"`, "a\u00a0b": `"a\xa0b"`, "\u202e": `"\u202e"`, "\U000e0001": `"\U000e0001"`, "a😀": "a😀",
	} {
		text, err := spec.YAML(quoted(t, in))
		if diff := cmp.Diff(want+"\n", string(text)); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", in, err, diff)
		}
		key, err := spec.YAML([]byte(`{` + string(quoted(t, in)) + `:1}`))
		if diff := cmp.Diff(want+": 1\n", string(key)); diff != "" || err != nil {
			t.Errorf("%q as a key: %v (-want +got):\n%s", in, err, diff)
		}
	}
}

// quoted is a string in JSON.
func quoted(t *testing.T, s string) []byte {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestYAMLLongKey(t *testing.T) {
	key := strings.Repeat("k", 2000)
	got, err := spec.YAML([]byte(`{"a":{"` + key + `":{"b":1}}}`))
	if want := "a:\n  ? " + key + "\n  :\n    b: 1\n"; string(got) != want || err != nil {
		t.Errorf("%v: %s", err, got)
	}
}

func TestNoYAML(t *testing.T) {
	for _, in := range []string{
		``, `{`, `[1,]`, `{"a"}`, `{1:2}`, `{"a":1}{}`, `{"a":1,"a":2}`, "\"\xff\"", `nul`,
		strings.Repeat("[", 1000) + strings.Repeat("]", 1000),
	} {
		if got, err := spec.YAML([]byte(in)); err == nil || !strings.HasPrefix(err.Error(), "spec: no YAML: ") {
			t.Errorf("%.20s: the error is %v, the text\n%s", in, err, got)
		}
	}
}

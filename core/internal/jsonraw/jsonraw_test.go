package jsonraw_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
	"github.com/go-json-experiment/json/jsontext"
)

var good = []string{
	`null`, `true`, `false`, `0`, `-0`, `1.5`, `-1.5e3`, `1E+400`, `1e-7`, `""`, `"a"`, ` "a" `, "\t\r\n[ ]\n",
	`{}`, `[]`, `{"a":1}`, `{ "a" : 1 , "b" : [ 1 , 2 ] }`, `{"a":{"a":{"a":1}},"b":{"a":1}}`,
	`"a long string without escapes, of more than eight bytes"`, `"\"\\\/\b\f\n\r\t\u0041"`, `"\ud83d\ude00"`, `"\uD83D\uDE00x"`,
	`"é😀"`, `"` + "\x7f" + `"`, `{"":1}`, `{"a":1,"A":2}`, `[[],{},"",0]`,
}

var bad = []struct {
	text   string
	offset int
	msg    string
}{
	{``, 0, "end of text"},
	{` `, 1, "end of text"},
	{`nul`, 3, "end of text"},
	{`nulx`, 3, "expected null"},
	{`tru `, 3, "expected true"},
	{`x`, 0, "expected a value"},
	{`1 2`, 2, "after the value"},
	{`01`, 1, "leading zero"},
	{`-`, 1, "end of text"},
	{`-a`, 1, "expected a digit"},
	{`1.`, 2, "end of text"},
	{`1.e3`, 2, "expected a digit"},
	{`1e`, 2, "end of text"},
	{`1e+x`, 3, "expected a digit"},
	{`+1`, 0, "expected a value"},
	{`.5`, 0, "expected a value"},
	{`"abc`, 4, "end of text"},
	{`"abcdefghijkl`, 13, "end of text"},
	{"\"a\nb\"", 2, "control character"},
	{"\"\x00\"", 1, "control character"},
	{`"\x"`, 1, "unknown escape"},
	{`"\`, 2, "end of text"},
	{`"\u12`, 5, "end of text"},
	{`"\u12g4"`, 1, "hexadecimal"},
	{`"\ud83d"`, 1, "surrogate"},
	{`"\ud83dxxxxxx"`, 1, "surrogate"},
	{`"\ud83d\u0041"`, 1, "surrogate"},
	{`"\ude00\ud83d"`, 1, "surrogate"},
	{`[`, 1, "end of text"},
	{`[1`, 2, "end of text"},
	{`[1,]`, 3, "expected a value"},
	{`[1 2]`, 3, "',' or ']'"},
	{`[1}`, 2, "',' or ']'"},
	{`{`, 1, "end of text"},
	{`{a:1}`, 1, "name in quotes"},
	{`{"a"}`, 4, "':'"},
	{`{"a":}`, 5, "expected a value"},
	{`{"a":1`, 6, "end of text"},
	{`{"a":1]`, 6, "',' or '}'"},
	{`{"a":1,}`, 7, "name in quotes"},
	{`{"a":1,"a":2}`, 7, "twice"},
	{`{"x":[{"a":1,"b":2,"a":2}]}`, 19, "twice"},
	{`{"a":1,"\u0061":2}`, 7, "twice"},
	{`{"\u0061":1,"a":2}`, 12, "twice"},
	{"\"a\xff\"", 2, "UTF-8"},
	{"\"\xed\xa0\x80\"", 1, "UTF-8"},
}

func TestValid(t *testing.T) {
	for _, text := range good {
		if err := jsonraw.Valid([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, c := range bad {
		err := jsonraw.Valid([]byte(c.text))
		var syntax *jsonraw.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: got %v, want a syntax error", c.text, err)
			continue
		}
		if syntax.Offset != c.offset || !strings.Contains(syntax.Msg, c.msg) {
			t.Errorf("%q: got %q at %d, want %q at %d", c.text, syntax.Msg, syntax.Offset, c.msg, c.offset)
		}
		if !strings.Contains(err.Error(), fmt.Sprint("byte ", c.offset)) {
			t.Errorf("%q: the error does not say where: %v", c.text, err)
		}
	}
}

func TestDepth(t *testing.T) {
	nest := func(n int) []byte { return []byte(strings.Repeat(`[`, n) + strings.Repeat(`]`, n)) }
	if err := jsonraw.Valid(nest(jsonraw.MaxDepth)); err != nil {
		t.Errorf("MaxDepth: %v", err)
	}
	if err := jsonraw.Valid(nest(jsonraw.MaxDepth + 1)); err == nil {
		t.Error("MaxDepth+1: no error")
	}
	objects := strings.Repeat(`{"a":`, jsonraw.MaxDepth+1) + `1` + strings.Repeat(`}`, jsonraw.MaxDepth+1)
	if err := jsonraw.Valid([]byte(objects)); err == nil {
		t.Error("objects beyond MaxDepth: no error")
	}
	if _, err := jsonraw.SkipValue(nest(1), 0, jsonraw.MaxDepth); err == nil {
		t.Error("one more level inside MaxDepth: no error")
	}
	if err := jsonraw.Valid(bytes.Repeat([]byte(`[`), 1<<20)); err == nil {
		t.Error("a million brackets: no error")
	}
}

func TestDuplicatesInBigObjects(t *testing.T) {
	object := func(n int, more string) []byte {
		b := []byte(`{`)
		for i := range n {
			b = fmt.Appendf(b, `"name%d":%d,`, i, i)
		}
		return append(b, more+`:0}`...)
	}
	for _, n := range []int{1, 63, 64, 65, 200, 10_000} {
		if err := jsonraw.Valid(object(n, `"other"`)); err != nil {
			t.Errorf("%d names: %v", n, err)
		}
		for _, twice := range []string{`"name0"`, `"n\u0061me0"`, fmt.Sprintf(`"name%d"`, n-1)} {
			if err := jsonraw.Valid(object(n, twice)); err == nil {
				t.Errorf("%d names and %s: no error", n, twice)
			}
		}
	}
}

func TestSkipStringAtEveryAlignment(t *testing.T) {
	for n := range 40 {
		for at := range n {
			s := []byte(`"` + strings.Repeat("é", n)[:n] + `"`)
			for _, c := range []struct {
				stop byte
				ok   bool
			}{{'"', true}, {'\n', false}, {'\\', false}} {
				b := bytes.Clone(s)
				b[1+at] = c.stop
				b[2+at] = '"' // so that a backslash escapes it
				end, _, err := jsonraw.SkipString(b, 0)
				switch {
				case c.ok && (err != nil || end != at+2):
					t.Fatalf("%q: end %d, %v", b, end, err)
				case c.stop == '\n' && err == nil:
					t.Fatalf("%q: no error", b)
				}
			}
		}
	}
}

func TestUnquote(t *testing.T) {
	for token, want := range map[string]string{
		`""`: "", `"abc"`: "abc", `"\"\\\/\b\f\n\r\t"`: "\"\\/\b\f\n\r\t", `"x\u00e9y"`: "xéy",
		`"\ud83d\ude00!"`: "😀!", `"\u0000"`: "\x00", `"a\nb\nc"`: "a\nb\nc",
	} {
		if got := string(jsonraw.Unquote([]byte("> "), []byte(token))); got != "> "+want {
			t.Errorf("%s: got %q, want %q", token, got, want)
		}
	}
}

func TestOrdinaryTextsDoNotAllocate(t *testing.T) {
	text := frame()
	if n := testing.AllocsPerRun(100, func() { _ = jsonraw.Valid(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzValid(f *testing.F) {
	for _, text := range good {
		f.Add([]byte(text))
	}
	for _, c := range bad {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		err := jsonraw.Valid(b)
		var syntax *jsonraw.SyntaxError
		if err != nil && (!errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(b)) {
			t.Fatalf("%q: strange error %v", b, err)
		}
		if syntax != nil && strings.Contains(syntax.Msg, "deeply") {
			return
		}
		if want := jsontext.Value(b).IsValid(); want != (err == nil) {
			t.Fatalf("%q: jsontext says %v, got %v", b, want, err)
		}
	})
}

func FuzzUnquote(f *testing.F) {
	for _, text := range good {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || b[0] != '"' || jsonraw.Valid(b) != nil {
			jsonraw.Unquote(nil, b) // must not panic
			return
		}
		var want string
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		token := bytes.TrimRight(b, " \t\r\n")
		if got := string(jsonraw.Unquote(nil, token)); got != want {
			t.Fatalf("%s: got %q, want %q", token, got, want)
		}
	})
}

func frame() []byte {
	return []byte(`{"action":"say","ref":"17","payload":{"room":"general","user":"ada.lovelace","text":"the quick brown fox jumps over"}}`)
}

func BenchmarkValid(b *testing.B) {
	text := frame()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := jsonraw.Valid(text); err != nil {
			b.Fatal(err)
		}
	}
}

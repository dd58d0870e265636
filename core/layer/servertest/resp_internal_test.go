package servertest

import (
	"bufio"
	"strings"
	"testing"
)

func TestReadRESP(t *testing.T) {
	for text, want := range map[string]string{
		"+OK\r\n":                            "OK",
		":12\r\n":                            "12",
		"$-1\r\n":                            "",
		"$0\r\n\r\n":                         "",
		"$5\r\na\r\nbc\r\n":                  "a\r\nbc",
		"*2\r\n$1\r\na\r\n*1\r\n+b\r\n":      "a\nb",
		"*0\r\n":                             "",
		"-ERR no\r\n":                        "!ERR no",
		"$3\r\nab":                           "!unexpected EOF",
		"?\r\n":                              `!"?" is no answer`,
		"\r\n":                               "!an empty line in place of an answer",
		strings.Repeat("*1\r\n", 20):         "!an answer of 1 bytes or elements, 8 deep",
		"$99999999999\r\n":                   "!an answer of 99999999999 bytes or elements, 0 deep",
		"*1000000\r\n+a\r\n":                 "!EOF",
		"$99999999999999999999999999999\r\n": `!"$99999999999999999999999999999" is no answer`,
	} {
		got, err := readRESP(bufio.NewReader(strings.NewReader(text)), maxDepth)
		if err != nil {
			got = "!" + err.Error()
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzReadRESP(f *testing.F) {
	for _, text := range []string{"+OK\r\n", "-ERR\r\n", ":1\r\n", "$-1\r\n", "$2\r\nab\r\n", "*2\r\n+a\r\n$1\r\nb\r\n", "*-1\r\n", "*1\r\n*1\r\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readRESP(bufio.NewReader(strings.NewReader(text)), maxDepth)
		if err == nil && len(got) > 2*len(text) {
			t.Errorf("%q is %q", text, got)
		}
	})
}

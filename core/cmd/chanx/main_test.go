package main

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the transcripts that tests compare with")

// TestTranscripts runs the commands of the transcripts, and compares what they say,
// on standard output and standard error, with what stands below them.
func TestTranscripts(t *testing.T) {
	t.Chdir("testdata")
	site := httptest.NewServer(http.FileServer(http.Dir(".")))
	defer site.Close()
	names, err := filepath.Glob("transcripts/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, name := range names {
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got := transcript(t, string(want), site.URL)
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		} else if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got), -update writes it:\n%s", name, diff)
		}
	}
}

// transcript runs the commands of a transcript. Lines that begin with "| " are their
// output; other lines are comments.
func transcript(t *testing.T, text, site string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|") {
			continue
		}
		b.WriteString(line)
		command, ok := strings.CutPrefix(line, "$ chanx")
		if !ok {
			continue
		}
		out, status := execute(t, strings.ReplaceAll(command, "$SITE", site))
		for line := range strings.Lines(strings.ReplaceAll(out, site, "$SITE")) {
			b.WriteString(strings.TrimRight("| "+strings.TrimRight(line, "\n"), " ") + "\n")
		}
		if status != 0 {
			fmt.Fprintf(&b, "| exit status %d\n", status)
		}
	}
	return b.String()
}

// execute runs a command line with quotes, and with "<file" for standard input.
func execute(t *testing.T, line string) (out string, status int) {
	t.Helper()
	var args []string
	var stdin []byte
	for i, part := range strings.Split(strings.TrimSpace(line), "'") {
		if i%2 == 1 {
			args = append(args, part)
			continue
		}
		for word := range strings.FieldsSeq(part) {
			name, ok := strings.CutPrefix(word, "<")
			if !ok {
				args = append(args, word)
				continue
			}
			var err error
			if stdin, err = os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	status = run(t.Context(), args, &stdio{bytes.NewReader(stdin), &b, &b})
	return b.String(), status
}

// Files are written as their names say, and a document as YAML and back is what it
// was.
func TestSchemaFiles(t *testing.T) {
	folder := t.TempDir()
	showcase := filepath.Join("..", "..", "..", "examples", "showcase", "testdata", "showcase.asyncapi.json")
	yaml, json := filepath.Join(folder, "x.yaml"), filepath.Join(folder, "x.json")
	for _, args := range [][]string{{"schema", "-o", yaml, showcase}, {"schema", yaml, "-o", json}} {
		var b bytes.Buffer
		if status := run(t.Context(), args, &stdio{nil, &b, &b}); status != 0 || b.Len() > 0 {
			t.Fatalf("%q: %d, %s", args, status, &b)
		}
	}
	want, err := os.ReadFile(showcase)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(json)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	text, err := os.ReadFile(yaml)
	if err != nil || !strings.HasPrefix(string(text), "asyncapi: ") {
		t.Errorf("as YAML: %.40s %v", text, err)
	}
	var b bytes.Buffer
	if status := run(t.Context(), []string{"schema", "-o", filepath.Join(folder, "no", "x.json"), showcase}, &stdio{nil, &b, &b}); status != statusTrouble {
		t.Errorf("into a folder that is not there: %d, %s", status, &b)
	}
}

// What a document says can't do anything to a terminal, or in a comment.
func TestHostileTexts(t *testing.T) {
	const old = `{"asyncapi": "3.0.0", "channels": {"\u001b[31m<img src=x onerror=alert(1)>\n| [a](javascript:b) \u202e": {"address": "/` + "```" + `"}}}`
	folder := t.TempDir()
	names := []string{filepath.Join(folder, "old.json"), filepath.Join(folder, "new.json")}
	for i, text := range []string{old, `{"asyncapi": "3.0.0"}`} {
		if err := os.WriteFile(names[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for format, want := range map[string]string{
		"text": "breaking: the channel at /``` is gone\n" +
			"    old /channels/\\u001b[31m<img src=x onerror=alert(1)>\n    | [a](javascript:b) \\u202e\n" +
			"    in  \\u001b[31m<img src=x onerror=alert(1)>\n    | [a](javascript:b) \\u202e\n\nbreaking (1 breaking)\n",
		"markdown": "**The API: breaking (1 breaking)**\n\n### Breaking\n\n" +
			"- the channel at /\\`\\`\\` is gone (\\\\u001b\\[31m\\<img src=x onerror=alert(1)\\> \\| \\[a\\](javascript:b) \\\\u202e) " +
			"`/channels/\\u001b[31m<img src=x onerror=alert(1)> | [a](javascript:b) \\u202e`\n",
	} {
		var b bytes.Buffer
		run(t.Context(), []string{"diff", "-format", format, names[0], names[1]}, &stdio{nil, &b, &b})
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
}

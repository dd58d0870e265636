package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var console = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

// TestPages: what the documentation shows of the commands is what they say. With
// -update it is written behind the commands.
func TestPages(t *testing.T) {
	says := said(t)
	for _, page := range []string{"README.md", "../../../docs/cli.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		shown := console.ReplaceAllStringFunc(string(text), func(block string) string {
			command := strings.Split(block, "\n")[1]
			out, ok := says[command]
			if !ok {
				t.Errorf("%s: no transcript has %q", page, command)
			}
			return "```console\n" + command + "\n" + out + "```"
		})
		if shown == string(text) {
			continue
		}
		if !*update {
			t.Errorf("%s shows something else than the transcripts: -update writes it", page)
		} else if err := os.WriteFile(page, []byte(shown), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// said returns what the transcripts have below each command.
func said(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	says := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		command := ""
		for line := range strings.Lines(string(text)) {
			if out, ok := strings.CutPrefix(line, "|"); ok {
				if !strings.HasPrefix(out, " exit status ") {
					says[command] += strings.TrimPrefix(out, " ")
				}
			} else {
				command = strings.TrimSpace(line)
			}
		}
	}
	return says
}

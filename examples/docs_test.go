// Package examples_test checks that what README and docs show is true.
package examples_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages returns the text of every page, by its path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../docs/*.md")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no pages in docs: %v", err)
	}
	texts := map[string]string{}
	for _, p := range append(paths, "../README.md", "../CONTRIBUTING.md") {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		texts[p] = string(b)
	}
	return texts
}

// sources returns the Go files of the examples, without their indentation.
func sources(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		b, err := os.ReadFile(path)
		files = append(files, "\n"+flat(string(b))+"\n")
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files found: %v", err)
	}
	return files
}

// flat drops the indentation of every line.
func flat(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}

var (
	goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")
	code    = regexp.MustCompile("(?ms)^```.*?^```$|`[^`\n]+`")
	link    = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)
)

// Every block of Go in the documentation stands, line for line, in a file here,
// and is compiled and tested with it.
func TestGoBlocksAreCompiled(t *testing.T) {
	files := sources(t)
	for page, text := range pages(t) {
		if strings.Count(text, "```go") != len(goBlock.FindAllString(text, -1)) {
			t.Errorf("%s: a block of Go is not closed, or indented", page)
		}
		for _, match := range goBlock.FindAllStringSubmatch(text, -1) {
			if !standsIn(files, flat(match[1])) {
				t.Errorf("%s: this block stands in no file of examples:\n%s", page, match[1])
			}
		}
	}
}

func standsIn(files []string, block string) bool {
	for _, f := range files {
		if strings.Contains(f, "\n"+block+"\n") {
			return true
		}
	}
	return false
}

func TestLinksLeadSomewhere(t *testing.T) {
	for page, text := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			target := match[1]
			if strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", page, target)
			}
		}
	}
}

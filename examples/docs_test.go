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
	texts := map[string]string{}
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../adapters/*/README.md", "../core/layer/*/README.md", "../bench/README.md", "*/README.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no pages %s: %v", pattern, err)
		}
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			texts[p] = string(b)
		}
	}
	return texts
}

// sourcesOf returns the folder whose code a page shows: an adapter's README its own.
func sourcesOf(page string) string {
	if dir := filepath.Dir(page); filepath.Dir(dir) == "../adapters" {
		return dir
	}
	return "."
}

// sources returns the Go files below a folder, without their indentation.
func sources(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
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

// Every block of Go in the documentation stands, line for line, in a file here, or
// of the adapter that it is about, and is compiled and tested with it.
func TestGoBlocksAreCompiled(t *testing.T) {
	for page, text := range pages(t) {
		files := sources(t, sourcesOf(page))
		if strings.Count(text, "```go") != len(goBlock.FindAllString(text, -1)) {
			t.Errorf("%s: a block of Go is not closed, or indented", page)
		}
		for _, match := range goBlock.FindAllStringSubmatch(text, -1) {
			if !standsIn(files, flat(match[1])) {
				t.Errorf("%s: this block stands in no file below %s:\n%s", page, sourcesOf(page), match[1])
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

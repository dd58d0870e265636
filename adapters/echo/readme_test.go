package chanxecho_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every block of Go in the README stands, line for line, in a test.
func TestReadme(t *testing.T) {
	code, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllSubmatch(readme, -1)
	if len(blocks) != strings.Count(string(readme), "```go") || len(blocks) == 0 {
		t.Error("a block of Go is not closed, or indented")
	}
	for _, b := range blocks {
		if !bytes.Contains(code, b[1]) {
			t.Errorf("this block stands in no test:\n%s", b[1])
		}
	}
}

package chanxchi_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every block of Go in the README stands, line for line, in a test.
func TestReadme(t *testing.T) {
	var code strings.Builder
	for _, name := range []string{"example_test.go"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(b)
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
		if !strings.Contains(code.String(), string(b[1])) {
			t.Errorf("this block stands in no test:\n%s", b[1])
		}
	}
}

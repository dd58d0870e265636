package page_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi/page"
)

// What the page may weigh, compressed.
const most = 40 << 10

func TestThePageIsSmall(t *testing.T) {
	var compressed bytes.Buffer
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(page.Default().HTML); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if compressed.Len() > most {
		t.Errorf("the page is %d bytes compressed, more than %d", compressed.Len(), most)
	}
}

var elements = regexp.MustCompile(`(?s)<(script|style)>(.*?)</(?:script|style)>`)

func TestThePolicyAllowsTheScriptAndTheStyleOnly(t *testing.T) {
	p := page.Default()
	want := map[string]string{
		"default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'self'",
	}
	found := elements.FindAllSubmatch(p.HTML, -1)
	if len(found) != 2 {
		t.Fatalf("the page has %d elements script and style, want one of each", len(found))
	}
	for _, element := range found {
		sum := sha256.Sum256(element[2])
		want[string(element[1])+"-src"] = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	directives := strings.Split(p.Policy, "; ")
	if len(directives) != len(want) {
		t.Errorf("the policy has %d directives, want %d: %s", len(directives), len(want), p.Policy)
	}
	for _, directive := range directives {
		name, value, _ := strings.Cut(directive, " ")
		if want[name] != value {
			t.Errorf("%s is %s, want %s", name, value, want[name])
		}
	}
	if strings.Contains(p.Policy, "unsafe") {
		t.Errorf("the policy allows what is unsafe: %s", p.Policy)
	}
}

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	outside := elements.ReplaceAll(page.Default().HTML, nil)
	for _, loading := range []string{` src=`, `<script`, `<link rel="stylesheet`, `<iframe`, `<object`, `http:`, `https:`, ` style=`, ` onerror=`, ` onload=`} {
		if bytes.Contains(outside, []byte(loading)) {
			t.Errorf("the page has %q outside of its script and style", loading)
		}
	}
	// What the script names are namespaces of elements, and examples of addresses.
	harmless := regexp.MustCompile(`^https?://(www\.w3\.org/|example\.com)`)
	for _, element := range elements.FindAllSubmatch(page.Default().HTML, -1) {
		for _, url := range regexp.MustCompile(`https?://[\w.-]+[^"'\x60\s]*`).FindAll(element[2], -1) {
			if !harmless.Match(url) {
				t.Errorf("the %s names %s", element[1], url)
			}
		}
	}
}

// Everything is made of elements and text, so that no document can have HTML shown, or
// a script run. Preact can do otherwise where it is told to: nobody may tell it.
func TestTheSourceMakesNoHTML(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|\beval\(|new Function`)
	err := filepath.WalkDir("src", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path, ".test.") {
			return err
		}
		text, err := os.ReadFile(path)
		if found := forbidden.Find(text); found != nil {
			t.Errorf("%s has %s", path, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDefaultIsTheCallersOwn(t *testing.T) {
	p := page.Default()
	clear(p.HTML)
	if bytes.Equal(p.HTML, page.Default().HTML) {
		t.Error("who changes a page changes that of everybody")
	}
}

package reactpage_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/reactpage"
)

// The files are those of the version, and nobody else's.
func TestComponent(t *testing.T) {
	for name, want := range map[string]string{
		"component/without-parser.js.gz": "50dbacd33a9e1f84844dd5dcce4d2682ffd3c0cc0981b4ad5ab9bf72d67f9ccd",
		"component/default.min.css.gz":   "c8093f9b6441559267845abc24611f7721d075e4f278a8143857bcdc348df410",
	} {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		zip, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, zip); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != want {
			t.Errorf("the sum of %s is %s", name, got)
		}
	}
	script, err := os.ReadFile("update.sh")
	if err != nil || !bytes.Contains(script, []byte("version=${1:-"+reactpage.Version+"}")) {
		t.Errorf("update.sh fetches another version: %v", err)
	}
}

// Every element that is written into the page is allowed by its hash, and nothing
// comes from elsewhere.
func TestPage(t *testing.T) {
	p := reactpage.Page()
	elements := regexp.MustCompile(`(?s)<(script|style)>(.*?)</(?:script|style)>`).FindAllSubmatch(p.HTML, -1)
	if len(elements) != 3 {
		t.Fatalf("the page has %d elements", len(elements))
	}
	rest := p.HTML
	for _, e := range elements {
		sum := sha256.Sum256(e[2])
		_, sources, _ := strings.Cut(p.Policy, string(e[1])+"-src ")
		sources, _, _ = strings.Cut(sources, ";")
		if !strings.Contains(sources, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("the policy does not allow the %s that begins with %.40q", e[1], e[2])
		}
		rest = bytes.Replace(rest, e[0], nil, 1)
	}
	if bytes.Contains(rest, []byte("src=")) || bytes.Contains(rest, []byte("href=")) || bytes.Contains(rest, []byte("<script")) {
		t.Errorf("the page loads something:\n%s", rest)
	}
	if strings.Contains(p.Policy, "unsafe-inline") || strings.Contains(p.Policy, "//") || !strings.HasPrefix(p.Policy, "default-src 'none';") {
		t.Errorf("the policy is %s", p.Policy)
	}
	if !bytes.Equal(p.HTML, reactpage.Page().HTML) {
		t.Error("another time it is another page")
	}
}

func TestServed(t *testing.T) {
	h := asyncapi.Handler(chanx.NewHub(nil), &asyncapi.Options{Page: reactpage.Page()})
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/asyncapi", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Body.Len() > 600_000 || !strings.Contains(w.Header().Get("Content-Security-Policy"), "connect-src 'self'") {
		t.Errorf("the page is answered with %d and %d bytes: %v", w.Code, w.Body.Len(), w.Header())
	}
}

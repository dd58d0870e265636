package source_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/cmd/chanx/internal/source"
	"github.com/go-json-experiment/json/jsontext"
)

// files writes files into a folder and returns it.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range texts {
		name = filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// bundle reads a document and what it refers to.
func bundle(t *testing.T, name string, hosts ...string) (string, error) {
	t.Helper()
	r := &source.Reader{Header: http.Header{"X-Token": {"secret"}}}
	d, err := r.Read(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Bundle(t.Context(), d, source.Reach{Hosts: hosts})
	return string(text), err
}

var apart = map[string]string{
	"api.json": `{"asyncapi":"3.0.0",
		"channels":{"chat":{"messages":{"say":{"$ref":"messages/say.yaml"},"hi":{"$ref":"./messages/all.json#/hi~1there"},"own":{"$ref":"#/components/messages/own"}}}},
		"components":{"messages":{"own":{"payload":{"$ref":"schemas.yaml#/Text"},"x-own":{"$ref":"nowhere.json"},"examples":[{"payload":{"$ref":"nowhere.json"}}]}},
			"schemas":{"Text":{"const":{"$ref":"nowhere.json"}}}}}`,
	"messages/say.yaml": "payload:\n  type: object\n  properties:\n    $ref: {type: string}\n    text: {$ref: '../schemas.yaml#/Text'}\n    again: {$ref: '#/payload'}\n    back: {$ref: '../api.json#/components/schemas/Text'}\n",
	"messages/all.json": `{"hi/there":{"$ref":"say.yaml"}}`,
	"schemas.yaml":      "Text: {type: string, maxLength: 10}\n",
}

// What a document refers to comes in with all that it refers to itself, once.
func TestBundle(t *testing.T) {
	got, err := bundle(t, filepath.Join(files(t, apart), "api.json"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"asyncapi":"3.0.0",
		"channels":{"chat":{"messages":{"say":{"$ref":"#/components/messages/say"},"hi":{"$ref":"#/components/messages/hi_there"},"own":{"$ref":"#/components/messages/own"}}}},
		"components":{"messages":{
				"own":{"payload":{"$ref":"#/components/schemas/Text_2"},"x-own":{"$ref":"nowhere.json"},"examples":[{"payload":{"$ref":"nowhere.json"}}]},
				"say":{"payload":{"type":"object","properties":{"$ref":{"type":"string"},"text":{"$ref":"#/components/schemas/Text_2"},
					"again":{"$ref":"#/components/schemas/payload"},"back":{"$ref":"#/components/schemas/Text"}}}},
				"hi_there":{"$ref":"#/components/messages/say"}},
			"schemas":{"Text":{"const":{"$ref":"nowhere.json"}},"Text_2":{"type":"string","maxLength":10},
				"payload":{"type":"object","properties":{"$ref":{"type":"string"},"text":{"$ref":"#/components/schemas/Text_2"},
					"again":{"$ref":"#/components/schemas/payload"},"back":{"$ref":"#/components/schemas/Text"}}}}}}`
	if flat := strings.NewReplacer("\n", "", "\t", "").Replace(want); got != flat {
		t.Errorf("got  %s\nwant %s", got, flat)
	}
}

func TestBundleFaults(t *testing.T) {
	folder := files(t, apart)
	if err := os.Symlink("/etc/hostname", filepath.Join(folder, "link.json")); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{
		"../up.json":                   "it lies outside of the document's folder",
		"messages/../../up.json":       "it lies outside of the document's folder",
		"/etc/hostname":                "it lies outside of the document's folder",
		"%2e%2e/up.json":               "it lies outside of the document's folder",
		"link.json":                    "path escapes",
		"file:///etc/hostname":         `only files and URLs can be read, not "file"`,
		"//example.org/x.json":         "only files and URLs can be read",
		"https://example.org/x.json#/": "it is on another host: allow it with -ref-host example.org",
		"nowhere.json":                 "no such file",
		"schemas.yaml#/Nothing":        "it is not there",
		"schemas.yaml#Text":            "#Text is not a JSON Pointer",
		"schemas.yaml#/%zz":            "is not a JSON Pointer",
		"messages":                     "is a directory",
	} {
		name := filepath.Join(folder, "broken.json")
		if err := os.WriteFile(name, fmt.Appendf(nil, `{"asyncapi":"3.0.0","channels":{"a":{"$ref":%q}}}`, ref), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bundle(t, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", ref, err, want)
		}
	}
	r := &source.Reader{Stdin: strings.NewReader(`{"channels":{"a":{"$ref":"x.json"}}}`)}
	d, err := r.Read(t.Context(), "-")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Bundle(t.Context(), d, source.Reach{}); err == nil || !strings.Contains(err.Error(), "standard input has no folder") {
		t.Errorf("from standard input: %v", err)
	}
}

// A folder above that of the document can be allowed.
func TestBundleFolder(t *testing.T) {
	folder := files(t, map[string]string{
		"api/chat/api.yaml":      "asyncapi: 3.0.0\nchannels:\n  a: {$ref: '../common/parts.yaml#/a'}\n",
		"api/common/parts.yaml":  "a: {messages: {m: {$ref: 'more/m.yaml'}}}\n",
		"api/common/more/m.yaml": "payload: {$ref: ../../../secret.yaml}\n",
		"secret.yaml":            "type: string\n",
	})
	r := &source.Reader{}
	d, err := r.Read(t.Context(), filepath.Join(folder, "api", "chat", "api.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for reach, want := range map[string]string{
		"":           "../common/parts.yaml#/a, in api.yaml: it lies outside of the document's folder",
		"api":        "../../../secret.yaml, in common/more/m.yaml: it lies outside of the document's folder",
		"api/common": "is not in",
	} {
		if reach != "" {
			reach = filepath.Join(folder, reach)
		}
		if _, err := r.Bundle(t.Context(), d, source.Reach{Folder: reach}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", reach, err, want)
		}
	}
	got, err := r.Bundle(t.Context(), d, source.Reach{Folder: folder})
	const want = `{"asyncapi":"3.0.0","channels":{"a":{"$ref":"#/components/channels/a"}},"components":{"channels":{"a":{"messages":{"m":{"$ref":"#/components/messages/m"}}}},"messages":{"m":{"payload":{"$ref":"#/components/schemas/secret"}}},"schemas":{"secret":{"type":"string"}}}}`
	if err != nil || string(got) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
	}
}

// A chain that never ends, and a crowd, are refused.
func TestBundleBounds(t *testing.T) {
	texts := map[string]string{}
	var crowd []string
	for i := range 100 {
		texts[fmt.Sprintf("chain%d.json", i)] = fmt.Sprintf(`{"components":{"schemas":{"A":{"$ref":"chain%d.json#/components/schemas/A"}}}}`, i+1)
		texts[fmt.Sprintf("part%d.json", i)] = `{"type":"string"}`
		crowd = append(crowd, fmt.Sprintf(`"S%d":{"$ref":"part%d.json"}`, i, i))
	}
	texts["crowd.json"] = `{"components":{"schemas":{` + strings.Join(crowd, ",") + `}}}`
	folder := files(t, texts)
	for name, want := range map[string]string{"chain0.json": "it lies behind 32 documents", "crowd.json": "it is one document too many: 64 are enough"} {
		if _, err := bundle(t, filepath.Join(folder, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// URLs of the same host are read with what the user sends, those of another only if
// they are allowed, and without.
func TestBundleURLs(t *testing.T) {
	var elsewhere string
	serve := func(name string) *httptest.Server {
		mux := http.NewServeMux()
		mux.HandleFunc("/docs/api.json", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"asyncapi":"3.0.0","components":{"schemas":{"A":{"$ref":"parts/a.json?x=1#/S"},"B":{"$ref":"%s/docs/parts/a.json#/S"}}}}`, elsewhere)
		})
		mux.HandleFunc("/docs/parts/a.json", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"S":{"title":"%s %s"}}`, name, r.Header.Get("X-Token"))
		})
		mux.HandleFunc("/leads.json", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"asyncapi":"3.0.0","components":{"schemas":{"A":{"$ref":"away.json"}}}}`)
		})
		mux.HandleFunc("/away.json", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere+"/docs/parts/a.json", http.StatusFound)
		})
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		return server
	}
	elsewhere = serve("elsewhere").URL
	here := serve("here").URL
	host := strings.TrimPrefix(elsewhere, "http://")
	for _, path := range []string{"/docs/api.json", "/leads.json"} {
		if _, err := bundle(t, here+path); err == nil || !strings.Contains(err.Error(), "it is on another host: allow it with -ref-host "+host) {
			t.Errorf("%s: %v", path, err)
		}
	}
	got, err := bundle(t, here+"/docs/api.json", host)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"asyncapi":"3.0.0","components":{"schemas":{"A":{"$ref":"#/components/schemas/S"},"B":{"$ref":"#/components/schemas/S_2"},"S":{"title":"here secret"},"S_2":{"title":"elsewhere "}}}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A document that refers to itself only is what it was.
func FuzzBundle(f *testing.F) {
	f.Add(`{"channels":{"a":{"$ref":"#/components/channels/a"}},"components":{"schemas":{"A":{"properties":{"$ref":{"$ref":"#/x"}},"items":[{"$ref":"#"}]}}}}`)
	f.Add(`{"channels":[],"operations":{"a":{"messages":[{"$ref":"x.json"}]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := stdin(text)
		if err != nil || text[0] != '{' {
			return
		}
		got, err := new(source.Reader).Bundle(t.Context(), d, source.Reach{})
		if err != nil {
			return
		}
		want := jsontext.Value(text)
		if err := want.Compact(jsontext.PreserveRawStrings(false)); err != nil {
			t.Fatal(err)
		}
		if compact := jsontext.Value(got); compact.Compact(jsontext.PreserveRawStrings(false)) != nil || string(compact) != string(want) {
			t.Errorf("%s became %s", text, got)
		}
	})
}

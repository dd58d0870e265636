package source_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/cmd/chanx/internal/source"
)

const document = `{"asyncapi": "3.0.0"}`

// site is a server with a document in many guises.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html>")
	}
	text := func(kind, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, text)
		}
	}
	mux.HandleFunc("/asyncapi", page)
	mux.HandleFunc("/asyncapi/", page)
	mux.HandleFunc("/asyncapi.json", text("application/json", document))
	mux.HandleFunc("/asyncapi.yaml", text("application/yaml", "asyncapi: 3.0.0\n"))
	mux.HandleFunc("/flow", text("application/yaml", "{asyncapi: 3.0.0}\n"))
	mux.HandleFunc("/pages", page)
	mux.HandleFunc("/pages.json", page)
	mux.HandleFunc("/lonely", page)
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/asyncapi.json", http.StatusFound) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/to", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("url"), http.StatusFound)
	})
	mux.HandleFunc("/headers", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"token": %q, "host": %q, "accept": %q}`, r.Header.Get("X-Token"), r.Host, r.Header.Get("Accept"))
	})
	mux.HandleFunc("/private", func(w http.ResponseWriter, r *http.Request) {
		if user, _, _ := r.BasicAuth(); user != "ann" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, document)
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"x": "`)
		for chunk := strings.Repeat("x", 1<<20); ; {
			if _, err := fmt.Fprint(w, chunk); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "{")
		_ = http.NewResponseController(w).Flush() // the client may be gone
		<-r.Context().Done()
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestFetch(t *testing.T) {
	server := site(t)
	for path, want := range map[string]string{
		"/asyncapi.json": document,
		"/asyncapi.yaml": `{"asyncapi":"3.0.0"}`,
		"/flow":          `{"asyncapi":"3.0.0"}`,
		"/asyncapi":      document,
		"/asyncapi/?a#b": document,
		"/moved":         document,
		"/headers":       `{"token": "secret", "host": "` + strings.TrimPrefix(server.URL, "http://") + `", "accept": "application/json, application/yaml;q=0.9, */*;q=0.5"}`,
	} {
		r := &source.Reader{Header: http.Header{"X-Token": {"secret"}}}
		d, err := r.Read(t.Context(), server.URL+path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if string(d.JSON) != want {
			t.Errorf("%s: %s, want %s", path, d.JSON, want)
		}
	}
	withUser := strings.Replace(server.URL, "http://", "http://ann:secret@", 1)
	if _, err := new(source.Reader).Read(t.Context(), withUser+"/private"); err != nil {
		t.Error(err)
	}
}

func TestFetchFaults(t *testing.T) {
	server := site(t)
	for url, want := range map[string]string{
		server.URL + "/nowhere": "404 Not Found",
		server.URL + "/private": "401 Unauthorized: say who you are, with -header",
		server.URL + "/big":     "it is larger than 10 MB",
		server.URL + "/slow":    "it takes too long",
		server.URL + "/loop":    "more than 10 redirects",
		server.URL + "/pages":   "are pages, not documents",
		server.URL + "/lonely":  "is a page, and there is no document beside it",
		"http://127.0.0.1:1/x":  "refused",
		"http://[::1/x":         "missing ']' in host",
		strings.Replace(server.URL, "http://", "http://ann:secret@", 1) + "/nowhere": "http://ann:xxxxx@",
		server.URL + "/to?url=file:///etc/passwd":                                    "unsupported protocol scheme",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, err := new(source.Reader).Read(ctx, url)
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the password is in the error: %v", url, err)
		}
	}
}

// What the user sends to one host goes to no other, and nothing that was asked for in
// private goes over the wire in the open.
func TestRedirects(t *testing.T) {
	here, there := site(t), site(t)
	r := &source.Reader{Header: http.Header{"X-Token": {"secret"}}}
	d, err := r.Read(t.Context(), here.URL+"/to?url="+there.URL+"/headers")
	if err != nil || !strings.Contains(string(d.JSON), `"token": ""`) {
		t.Errorf("on another host: %s %v", d.JSON, err)
	}
	d, err = r.Read(t.Context(), here.URL+"/to?url=/headers")
	if err != nil || !strings.Contains(string(d.JSON), `"token": "secret"`) {
		t.Errorf("on the same host: %s %v", d.JSON, err)
	}
	private := httptest.NewTLSServer(http.RedirectHandler(here.URL+"/asyncapi.json", http.StatusFound))
	defer private.Close()
	r.Client = private.Client()
	if _, err := r.Read(t.Context(), private.URL); err == nil || !strings.Contains(err.Error(), "it leads from https to http://") {
		t.Errorf("from https to http: %v", err)
	}
}

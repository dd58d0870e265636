package asyncapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
)

func serve(t *testing.T, h http.Handler, method, tag string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), method, "/anywhere.json", nil)
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	h.ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	hub := newHub()
	h := asyncapi.Handler(hub, nil)
	chanx.Mount(chanx.NewConsumer[conn](hub, "late", nil, nil), "/late") // before the first request is early enough
	w := serve(t, h, http.MethodGet, "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" || !strings.Contains(w.Body.String(), "/late") {
		t.Fatalf("GET: %d %s\n%s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if text := generate(t, hub, nil); string(text) != w.Body.String() {
		t.Error("what is served is not what Generate makes")
	}
	tag := w.Header().Get("ETag")
	if tag == "" || tag[0] != '"' {
		t.Errorf("the tag is %q", tag)
	}
	for _, c := range []struct {
		method, tag string
		status      int
	}{
		{http.MethodHead, "", http.StatusOK},
		{http.MethodGet, tag, http.StatusNotModified},
		{http.MethodHead, `"other", W/` + tag, http.StatusNotModified},
		{http.MethodGet, `"other"`, http.StatusOK},
		{http.MethodPost, "", http.StatusMethodNotAllowed},
	} {
		w := serve(t, h, c.method, c.tag)
		if w.Code != c.status {
			t.Errorf("%s with %q: %d, want %d", c.method, c.tag, w.Code, c.status)
		}
		if hasBody := w.Body.Len() > 0; hasBody != (c.method == http.MethodGet && c.status == http.StatusOK || c.method == http.MethodPost) {
			t.Errorf("%s with %q: %d bytes", c.method, c.tag, w.Body.Len())
		}
		if allow := w.Header().Get("Allow"); (allow == "GET, HEAD") != (c.status == http.StatusMethodNotAllowed) {
			t.Errorf("%s allows %q", c.method, allow)
		}
	}
}

func TestHandlerWithoutHub(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "without a hub") {
			t.Errorf("the panic is %q", text)
		}
	}()
	asyncapi.Handler(nil, nil)
}

func TestHandlerAtOnce(t *testing.T) {
	h := asyncapi.Handler(fullHub(false), nil)
	tags := make([]string, 8)
	var all sync.WaitGroup
	for i := range tags {
		all.Go(func() { tags[i] = serve(t, h, http.MethodGet, "").Header().Get("ETag") })
	}
	all.Wait()
	for _, tag := range tags {
		if tag != tags[0] {
			t.Errorf("the tags are %q", tags)
		}
	}
}

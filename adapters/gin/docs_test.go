package chanxgin_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
)

func TestDocs(t *testing.T) {
	for name, prefix := range map[string]string{"engine": "", "group": "/:tenant/docs"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				r := gin.New()
				r.HandleMethodNotAllowed = true
				chanxgin.Docs(r.Group(prefix), "/asyncapi", hub, &asyncapi.Options{Title: "Rooms"})
				chanxgin.Handle(r.Group("/:tenant"), "/rooms/:room", peers(hub, "rooms"), nil)
				chanxgin.Handle(r, "/files/*path", peers(hub, "files"), nil)
				documented(t, r, prefix+"/asyncapi.json")
			})
		})
	}
}

// documented asks for the document of TestDocs.
func documented(t *testing.T, h http.Handler, path string) {
	t.Helper()
	w := request(t, h, http.MethodGet, path)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("GET %s: %d %s", path, w.Code, w.Header().Get("Content-Type"))
	}
	if head := request(t, h, http.MethodHead, path); head.Code != http.StatusOK || head.Header().Get("ETag") != w.Header().Get("ETag") {
		t.Errorf("HEAD %s: %d with the tag %q", path, head.Code, head.Header().Get("ETag"))
	}
	if post := request(t, h, http.MethodPost, path); post.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST %s: %d", path, post.Code)
	}
	var doc struct {
		Info struct {
			Title string `json:"title"`
		} `json:"info"`
		Channels map[string]struct {
			Address string `json:"address"`
		} `json:"channels"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	addresses := map[string]string{}
	for name, c := range doc.Channels {
		addresses[name] = c.Address
	}
	want := map[string]string{"rooms": "/{tenant}/rooms/{room}", "files": "/files/{path}"}
	if diff := cmp.Diff(want, addresses); diff != "" || doc.Info.Title != "Rooms" {
		t.Errorf("%q (-want +got):\n%s", doc.Info.Title, diff)
	}
}

func TestDocsProtected(t *testing.T) {
	r := gin.New()
	internal := r.Group("/internal", gin.BasicAuth(gin.Accounts{"ann": "secret"}))
	chanxgin.Docs(internal.Group("/:tenant"), "/docs", newHub(), nil)
	for path, kind := range map[string]string{"/docs": "text/html; charset=utf-8", "/docs.json": "application/json", "/docs.yaml": "application/yaml"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if w := request(t, r, method, "/internal/acme"+path); w.Code != http.StatusUnauthorized || w.Body.Len() > 0 {
				t.Errorf("%s %s without a password: %d", method, path, w.Code)
			}
			w := httptest.NewRecorder()
			req := httptest.NewRequestWithContext(t.Context(), method, "/internal/acme"+path, nil)
			req.SetBasicAuth("ann", "secret")
			r.ServeHTTP(w, req)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind {
				t.Errorf("%s %s: %d %s", method, path, w.Code, w.Header().Get("Content-Type"))
			}
		}
	}
}

func TestDocsAtNoPath(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, `such as "/asyncapi"`) {
			t.Errorf("the panic is %q", text)
		}
	}()
	chanxgin.Docs(gin.New(), "/asyncapi.json", newHub(), nil)
}

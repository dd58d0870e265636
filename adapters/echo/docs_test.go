package chanxecho_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

func TestDocs(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := newEcho()
		api := e.Group("/api")
		chanxecho.Docs(api, "/asyncapi", hub, &asyncapi.Options{Title: "Rooms"})
		chanxecho.Handle(api.Group("/:tenant"), "/rooms/:room", peers(hub, "rooms"), nil)
		chanxecho.Handle(e, "/files/*", peers(hub, "files"), nil)

		const path = "/api/asyncapi.json"
		w := request(t, e, http.MethodGet, path)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("GET: %d %s", w.Code, w.Header().Get("Content-Type"))
		}
		if head := request(t, e, http.MethodHead, path); head.Code != http.StatusOK || head.Header().Get("ETag") != w.Header().Get("ETag") {
			t.Errorf("HEAD: %d with the tag %q", head.Code, head.Header().Get("ETag"))
		}
		if post := plain(t, e, http.MethodPost, path); post != http.StatusMethodNotAllowed {
			t.Errorf("POST: %d", post)
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
		if doc.Info.Title != "Rooms" {
			t.Errorf("the title is %q", doc.Info.Title)
		}
		got := map[string]string{}
		for name, c := range doc.Channels {
			got[name] = c.Address
		}
		if diff := cmp.Diff(map[string]string{"rooms": "/api/{tenant}/rooms/{room}", "files": "/files/{path}"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestDocsProtected(t *testing.T) {
	e := newEcho()
	internal := e.Group("/internal", middleware.BasicAuth(func(user, password string, _ echo.Context) (bool, error) {
		return user == "ann" && password == "secret", nil
	}))
	chanxecho.Docs(internal.Group("/:tenant"), "/docs", newHub(), nil)
	for path, kind := range map[string]string{"/docs": "text/html; charset=utf-8", "/docs.json": "application/json", "/docs.yaml": "application/yaml"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if w := request(t, e, method, "/internal/acme"+path); w.Code != http.StatusUnauthorized || w.Header().Get("ETag") != "" {
				t.Errorf("%s %s without a password: %d", method, path, w.Code)
			}
			w := httptest.NewRecorder()
			req := httptest.NewRequestWithContext(t.Context(), method, "/internal/acme"+path, nil)
			req.SetBasicAuth("ann", "secret")
			e.ServeHTTP(w, req)
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
	chanxecho.Docs(newEcho(), "/asyncapi.json", newHub(), nil)
}

package chanxchi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/go-cmp/cmp"
)

// documented asks for a document and returns title and addresses, by channel.
func documented(t *testing.T, h http.Handler, path string) (string, map[string]string) {
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
	return doc.Info.Title, addresses
}

func request(t *testing.T, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return w
}

func TestDocs(t *testing.T) {
	opts := &asyncapi.Options{Title: "Rooms"}
	for name, c := range map[string]struct {
		routes func(hub *chanx.Hub) http.Handler
		path   string
		want   map[string]string
	}{
		"ServeMux": {func(hub *chanx.Hub) http.Handler {
			mux := http.NewServeMux()
			chanxchi.Docs(mux, "/asyncapi", hub, opts)
			chanxchi.Handle(mux, "GET /rooms/{room}", peers(hub, "rooms"), nil)
			mux.HandleFunc("GET /", http.NotFound) // a pattern without a method would be in its way
			return mux
		}, "/asyncapi.json", map[string]string{"rooms": "/rooms/{room}"}},
		"chi": {func(hub *chanx.Hub) http.Handler {
			r := chi.NewRouter()
			chanxchi.Docs(r, "/asyncapi", hub, opts)
			r.Route("/{tenant}", func(r chi.Router) {
				chanxchi.Handle(r, "/rooms/{room:[a-z]+}", peers(hub, "rooms"), nil)
			})
			return r
		}, "/asyncapi.json", map[string]string{"rooms": "/{tenant}/rooms/{room}"}},
		"chi, on a sub-router": {func(hub *chanx.Hub) http.Handler {
			r := chi.NewRouter()
			r.Route("/api", func(r chi.Router) {
				chanxchi.Docs(r, "/asyncapi", hub, opts)
				r.Route("/v1", func(r chi.Router) { chanxchi.Handle(r, "/rooms", peers(hub, "rooms"), nil) })
			})
			chanxchi.Handle(r, "/lobby", peers(hub, "lobby"), nil)
			return r
		}, "/api/asyncapi.json", map[string]string{"rooms": "/api/v1/rooms", "lobby": "/lobby"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				title, addresses := documented(t, c.routes(hub), c.path)
				if title != opts.Title {
					t.Errorf("the title is %q", title)
				}
				if diff := cmp.Diff(c.want, addresses); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestDocsOfMisplaced(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := chi.NewRouter()
		chanxchi.Docs(r, "/asyncapi", hub, nil)
		c := chanx.NewConsumer(hub, "rooms", func(_ context.Context, conn *chanx.Conn) (*peer, error) { return &peer{conn}, nil }, nil)
		chanx.Params[tenantParams](c)
		r.Route("/plain", func(r chi.Router) { chanxchi.Handle(r, "/rooms", c, nil) })
		if w := request(t, r, http.MethodGet, "/asyncapi.json"); w.Code != http.StatusInternalServerError {
			t.Errorf("the document of a consumer that lacks its parameter: %d %s", w.Code, w.Body)
		}
	})
}

func TestDocsProtected(t *testing.T) {
	r := chi.NewRouter()
	r.Route("/internal", func(r chi.Router) {
		r.Use(middleware.BasicAuth("docs", map[string]string{"ann": "secret"}))
		r.Route("/{tenant}", func(r chi.Router) { chanxchi.Docs(r, "/docs", newHub(), nil) })
	})
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
	chanxchi.Docs(http.NewServeMux(), "/asyncapi.json", newHub(), nil)
}

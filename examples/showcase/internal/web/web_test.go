package web_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/chanx-go/chanx/examples/showcase/internal/web"
)

// handler serves the pages of a showcase that has one socket.
func handler(t *testing.T) http.Handler {
	t.Helper()
	a := app.New(&app.Options{Logger: slog.New(slog.DiscardHandler)})
	chanx.Mount(a.Chat, "/ws/chat")
	t.Cleanup(func() {
		if err := a.Hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return web.Handler(a)
}

func do(t *testing.T, h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body)))
	return w
}

func TestPage(t *testing.T) {
	h := handler(t)
	for target, kind := range map[string]string{
		"/":                  "text/html",
		"/assets/index.html": "text/html",
		"/assets/page.css":   "text/css",
		"/assets/page.js":    "text/javascript",
		"/assets/icon.svg":   "image/svg+xml",
		"/routes.json":       "application/json",
		"/healthz":           "application/json",
		"/token?sub=ada":     "application/json",
		"/members/lobby:a":   "application/json",
	} {
		w := do(t, h, http.MethodGet, target, "")
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) {
			t.Errorf("GET %s: %d %s", target, w.Code, w.Header().Get("Content-Type"))
		}
		if p := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'") {
			t.Errorf("GET %s has the policy %q", target, p)
		}
	}
	for target, status := range map[string]int{
		"/nothing":                               http.StatusNotFound,
		"/assets/":                               http.StatusNotFound,
		"/assets/nothing":                        http.StatusNotFound,
		"/assets/..%2fweb.go":                    http.StatusNotFound,
		"/token":                                 http.StatusBadRequest,
		"/token?sub=" + strings.Repeat("x", 101): http.StatusBadRequest,
		"/events/chat_room":                      http.StatusMethodNotAllowed,
		"/members/room:a":                        http.StatusNotFound,
	} {
		if w := do(t, h, http.MethodGet, target, ""); w.Code != status {
			t.Errorf("GET %s: %d, want %d", target, w.Code, status)
		}
	}
}

func TestEvents(t *testing.T) {
	h := handler(t)
	for _, c := range []struct {
		group, body string
		status      int
		reason      chanx.Reason
	}{
		{"chat_room", `{"action":"system_notify","payload":"x"}`, 202, ""},
		{"chat_room", `{"action":"user_joined_notification","payload":{"message":"x"}}`, 202, ""},
		{"nothing", `{"action":"system_notify","payload":"x"}`, 404, chanx.NotFound},
		{"room:", `{"action":"system_notify","payload":"x"}`, 404, chanx.NotFound},
		{"room:a:b", `{"action":"room_event","payload":{"body":"x"}}`, 404, chanx.NotFound},
		{"garden:a", `{"action":"room_event","payload":{"body":"x"}}`, 404, chanx.NotFound},
		{"room:a", `{"action":"room_event","payload":{"body":"x"}}`, 202, ""},
		{"lobby:a", `{"action":"room_event","payload":{"body":"x","author":"cook"}}`, 202, ""},
		{"presence:ann", `{"action":"presence_changed","payload":{"user":"ann","online":true}}`, 202, ""},
		{"room:a", `{"action":"system_notify","payload":"x"}`, 422, chanx.UnknownAction},
		{"room:a", `{"action":"post","payload":{"body":"x"}}`, 422, chanx.UnknownAction},
		{"room:a", `{"action":"room_event","payload":"x"}`, 422, chanx.Invalid},
		{"chat_room", `{"action":"chat","payload":{"message":"x"}}`, 422, chanx.UnknownAction},
		{"chat_room", `{"action":"system_notify","payload":{}}`, 422, chanx.Invalid},
		{"chat_room", `{"action":"system_notify"}`, 422, chanx.Invalid},
		{"chat_room", `{"action":"system_notify","payload":null}`, 422, chanx.Invalid},
		{"chat_room", `{"payload":"x"}`, 400, chanx.Malformed},
		{"chat_room", `{"action":7}`, 400, chanx.Malformed},
		{"chat_room", `{"action":"system_notify","payload":"x"} {}`, 400, chanx.Malformed},
		{"chat_room", `{"action":"user_joined_notification","payload":{"message":"x","message":"y"}}`, 400, chanx.Malformed},
		{"chat_room", "{\"action\":\"system_notify\",\"payload\":\"\xff\"}", 400, chanx.Malformed},
		{"chat_room", ``, 400, chanx.Malformed},
		{"chat_room", `{"action":"system_notify","payload":"` + strings.Repeat("x", 1<<17) + `"}`, 413, chanx.TooLarge},
	} {
		w := do(t, h, http.MethodPost, "/events/"+c.group, c.body)
		var e chanx.Error
		if w.Body.Len() > 0 {
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
				t.Errorf("%s: the answer %q: %v", c.body, w.Body, err)
			}
		}
		if w.Code != c.status || e.Reason != c.reason || (e.Detail == "") != (c.reason == "") {
			t.Errorf("POST /events/%s %.80s: %d %s", c.group, c.body, w.Code, w.Body)
		}
		if c.reason == chanx.Invalid && (len(e.Violations) != 1 || e.Violations[0].Path != "/payload") {
			t.Errorf("%s: the violations are %+v", c.body, e.Violations)
		}
	}
}

func TestEventsOfForeignPages(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/events/chat_room",
		strings.NewReader(`{"action":"system_notify","payload":"x"}`))
	r.Header.Set("Origin", "https://elsewhere.example")
	if handler(t).ServeHTTP(w, r); w.Code != http.StatusForbidden {
		t.Errorf("a foreign page's event: %d", w.Code)
	}
}

package documents

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/google/go-cmp/cmp"
)

func TestRoutes(t *testing.T) {
	router := NewRouter(chanx.NewHub(nil), map[string]string{"ann": "secret"})
	ask := func(path, password string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://orders:8080"+path, nil)
		r.RemoteAddr = "10.1.2.3:4567"
		r.Header.Set("X-Forwarded-Host", "api.example.com")
		r.Header.Set("X-Forwarded-Proto", "https")
		r.SetBasicAuth("ann", password)
		router.ServeHTTP(w, r)
		return w
	}
	for _, end := range []string{"", ".json", ".yaml"} {
		if right, wrong := ask("/internal/asyncapi"+end, "secret").Code, ask("/internal/asyncapi"+end, "guess").Code; right != http.StatusOK || wrong != http.StatusUnauthorized {
			t.Errorf("%q: %d with the password, %d without", end, right, wrong)
		}
	}
	var document struct {
		Servers map[string]map[string]string `json:"servers"`
	}
	if err := json.Unmarshal(ask("/internal/asyncapi.json", "secret").Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]map[string]string{"current": {"host": "api.example.com", "protocol": "wss"}}, document.Servers); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

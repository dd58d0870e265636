package chanx_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/google/go-cmp/cmp"
)

// A health check is answered with 200 until the hub ends, whatever its layer does.
func TestHealth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, nil)
		hub, began := c.labs[0].hub, time.Now()
		openRaw(t, c.labs[0].mux, "/ws")
		expect := func(method string, status int, want chanx.Health) {
			t.Helper()
			want.Hub, want.Connections = hub.ID(), hub.Connections()
			w := httptest.NewRecorder()
			hub.HealthHandler().ServeHTTP(w, httptest.NewRequest(method, "/healthz", nil))
			var got chanx.Health
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Errorf("%v: %s", err, w.Body)
			}
			if diff := cmp.Diff(want, got); w.Code != status || diff != "" {
				t.Errorf("status %d (-want +got):\n%s", w.Code, diff)
			}
			if diff := cmp.Diff(want, hub.Health()); diff != "" {
				t.Errorf("asked directly (-want +got):\n%s", diff)
			}
		}
		expect(http.MethodGet, 200, chanx.Health{Status: "ok", Layer: &chanx.LayerHealth{Connected: true, Since: began}})
		<-time.After(time.Minute)
		c.stations[0].away(true)
		lost := time.Now()
		if err := c.labs[0].Publish(t.Context(), note{"x"}, "all"); err == nil {
			t.Error("the layer is not away")
		}
		failed := c.stations[0].Health().Failed
		expect(http.MethodHead, 200, chanx.Health{Status: "degraded", Layer: &chanx.LayerHealth{
			Since: lost, Error: "the cable was pulled", Outages: 1, Failed: failed,
		}})
		c.stations[0].away(false)
		expect(http.MethodGet, 200, chanx.Health{Status: "ok", Layer: &chanx.LayerHealth{
			Connected: true, Since: lost, Error: "the cable was pulled", Outages: 1, Failed: failed,
		}})
		if err := hub.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(http.MethodGet, 503, chanx.Health{Status: "closing", Layer: &chanx.LayerHealth{
			Connected: true, Since: lost, Error: "the cable was pulled", Outages: 1, Failed: failed,
		}})
		w := httptest.NewRecorder()
		hub.HealthHandler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/healthz", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST: %d %v", w.Code, w.Header())
		}
	})
}

// A hub whose layer needs no server says nothing of one.
func TestHealthWithoutServer(t *testing.T) {
	t.Parallel()
	hub := chanx.NewHub(nil)
	w := httptest.NewRecorder()
	hub.HealthHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if want := `{"status":"ok","hub":"` + hub.ID() + `","connections":0,"skipped":0}` + "\n"; w.Body.String() != want {
		t.Errorf("%s, want %s", w.Body, want)
	}
}

package processes_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/examples/guide/processes"
	"go.opentelemetry.io/otel/trace"
)

// newProcess makes what stands for a process on a layer.
func newProcess(t *testing.T, shared layer.Layer) http.Handler {
	t.Helper()
	hub := chanx.NewHub(&chanx.HubOptions{Layer: shared})
	t.Cleanup(func() { _ = hub.Shutdown(context.Background()) })
	return processes.Routes(hub)
}

func TestQueriesOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := layer.NewMemory()
		one, two := newProcess(t, shared), newProcess(t, shared)
		ann := chanxtest.Dial(t, one, "/desk?token=ann", nil)
		chanxtest.Dial(t, two, "/desk?token=ben", nil)
		<-time.After(time.Minute) // they have got to know each other

		ask := func(method, path string, into any) {
			t.Helper()
			w := httptest.NewRecorder()
			two.ServeHTTP(w, httptest.NewRequest(method, path, nil))
			if err := json.Unmarshal(w.Body.Bytes(), into); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		var count chanx.ConnectionCount
		if ask("GET", "/admin/connections", &count); count.Total != 2 || count.Processes != 2 {
			t.Errorf("counted %+v", count)
		}
		var members chanx.GroupMembers
		if ask("GET", "/admin/users/ann", &members); members.Total != 1 || members.Members[0].Identity != "ann" {
			t.Errorf("found %+v", members)
		}
		var done chanx.Disconnection
		if ask("DELETE", "/admin/users/ann", &done); done.Connections != 1 {
			t.Errorf("done %+v", done)
		}
		ann.ExpectClose(chanx.CloseForbidden)
		var health chanx.Health
		if ask("GET", "/healthz", &health); health.Status != "ok" || health.Connections != 1 {
			t.Errorf("health %+v", health)
		}
	})
}

func TestWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := layer.NewMemory()
		ann := chanxtest.Dial(t, newProcess(t, shared), "/desk?token=ann", nil)
		jobs := make(chan processes.Job, 1)
		jobs <- processes.Job{Name: "export", User: "ann"}
		close(jobs)
		if err := processes.Worker(t.Context(), shared, jobs); err != nil {
			t.Fatal(err)
		}
		if got := chanxtest.Expect[processes.Finished](ann); got.Job != "export" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestTracesTravel(t *testing.T) {
	id, span := trace.TraceID{1, 2, 3}, trace.SpanID{4}
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: span}))
	travels := map[string]string{}
	traces := processes.Traces{TextMapPropagator: processes.W3C}
	traces.Inject(ctx, func(key, value string) { travels[key] = value })
	got := trace.SpanContextFromContext(traces.Extract(t.Context(), func(key string) string { return travels[key] }))
	if got.TraceID() != id || got.SpanID() != span {
		t.Errorf("%v became %+v", travels, got)
	}
}

// A process says at its start that there is no server.
func TestWebWithoutServer(t *testing.T) {
	for _, url := range []string{"redis://127.0.0.1:1", "nats://127.0.0.1:1"} {
		err := processes.Web(t.Context(), url, nil)
		if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

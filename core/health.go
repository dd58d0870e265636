package chanx

import (
	"net/http"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/go-json-experiment/json"
)

// Health is how a hub is. See [Hub.Health].
type Health struct {
	// Status is "ok", "degraded" where the layer has lost its server, or "closing"
	// once [Hub.Shutdown] was called.
	Status string `json:"status"`
	// Hub is the hub's id: see [Hub.ID].
	Hub string `json:"hub"`
	// Connections is how many are open in this process: see [Hub.Connections].
	Connections int `json:"connections"`
	// Skipped is how often something came through the layer that this process does
	// not understand, as another version of the application has published it.
	Skipped uint64 `json:"skipped"`
	// Layer is nil where the layer needs no server.
	Layer *LayerHealth `json:"layer,omitempty"`
}

// LayerHealth is how the layer's connection to its server is, and has been: see
// [layer.Health], of which it is the form in JSON.
type LayerHealth struct {
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since"`           // when Connected became what it is
	Error     string    `json:"error,omitempty"` // why the server is away, or was the last time
	Outages   uint64    `json:"outages"`         // how often it was lost
	Failed    uint64    `json:"failed"`          // messages that could not be published
	Lost      uint64    `json:"lost"`            // messages of other processes that are known to have been missed
}

// The values of [Health].Status.
const (
	healthOK       = "ok"
	healthDegraded = "degraded"
	healthClosing  = "closing"
)

// Health returns how the hub is now. It asks nobody, and never waits.
func (h *Hub) Health() Health {
	health := Health{Status: healthOK, Hub: h.id, Connections: h.Connections(), Skipped: h.skipped.Load()}
	if r, ok := h.layer.(layer.Reporter); ok {
		health.Layer = healthOf(r.Health())
		if !health.Layer.Connected {
			health.Status = healthDegraded
		}
	}
	if h.closing.Load() {
		health.Status = healthClosing
	}
	return health
}

func healthOf(h layer.Health) *LayerHealth {
	l := &LayerHealth{Connected: h.Connected, Since: h.Since, Outages: h.Outages, Failed: h.Failed, Lost: h.Lost}
	if h.Err != nil {
		l.Error = h.Err.Error()
	}
	return l
}

// HealthHandler returns a handler that answers GET and HEAD with the hub's [Health]
// as JSON, for a load balancer, an orchestrator and people. The status is 503 once
// the hub is shutting down, so that nobody new is sent there, and 200 before: also
// where the hub is degraded, as it goes on serving its connections, and to restart
// every process because the server between them is away would make it worse. What it
// says of the layer may name the server; mount it where only they get to it.
func (h *Hub) HealthHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		health := h.Health()
		body, err := json.Marshal(health, json.Deterministic(true))
		if err != nil { // an error's text that is no UTF-8
			health.Layer.Error = "the error can't be shown"
			body, _ = json.Marshal(health, json.Deterministic(true))
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		status := http.StatusOK // said, since a router's handler of unknown paths may have said 404
		if health.Status == healthClosing {
			status = http.StatusServiceUnavailable
		}
		w.WriteHeader(status)
		_, _ = w.Write(append(body, '\n'))
	})
}

package chanx_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

// stuckLayer takes no subscriptions, as one that has lost its server.
type stuckLayer struct{ layer.Layer }

func (stuckLayer) Subscribe(ctx context.Context, _ string, _ func([]byte)) (layer.Subscription, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Handshakes that wait for a layer don't wait for each other.
func TestHandshakesWithAStuckLayer(t *testing.T) {
	bubble(t, labOptions{hub: chanx.HubOptions{Layer: stuckLayer{layer.NewMemory()}}}, func(t *testing.T, l *lab) {
		start := time.Now()
		var clients sync.WaitGroup
		for range 5 {
			clients.Go(func() {
				w := httptest.NewRecorder()
				l.mux.ServeHTTP(w, upgradeRequest("/ws"))
				if d := time.Since(start); w.Code != 503 || d > 15*time.Second {
					t.Errorf("status %d after %v", w.Code, d)
				}
			})
		}
		clients.Wait()
		if log := l.errors.String(); !strings.Contains(log, "subscribing to the layer") {
			t.Errorf("log: %s", log)
		}
	})
}

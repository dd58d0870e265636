package chanxchi_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// ask is answered with what the connection knows at that time.
type ask struct {
	Params []string `json:"params" doc:"Parameters of the route"`
}

func (ask) Action() string { return "ask" }

// answer is what a connection knows long after its handshake.
type answer struct {
	User      string            `json:"user"`
	Values    map[string]string `json:"values"`  // by Conn.PathValue
	URLParams map[string]string `json:"chi"`     // by chi.URLParamFromCtx
	Pattern   string            `json:"pattern"` // by chi.RouteContext
	RequestID string            `json:"id"`
	Tag       string            `json:"tag"` // that a middleware left in the context
	Ended     bool              `json:"ended"`
}

func (answer) Action() string { return "answer" }

type tagKey struct{}

// peer is a client that is answered.
type peer struct{ *chanx.Conn }

func (p *peer) Ask(ctx context.Context, m ask) (answer, error) {
	a := answer{Values: map[string]string{}, URLParams: map[string]string{}, Ended: p.Context().Err() != nil}
	a.User, _ = chanx.Identity[string](p.Conn)
	a.RequestID = middleware.GetReqID(p.Context())
	a.Tag, _ = p.Context().Value(tagKey{}).(string)
	if rctx := chi.RouteContext(ctx); rctx != nil {
		a.Pattern = rctx.RoutePattern()
	}
	for _, name := range m.Params {
		a.Values[name] = p.PathValue(name)
		a.URLParams[name] = chi.URLParamFromCtx(ctx, name)
	}
	return a, nil
}

// inBubble runs a test whose hub ends with it.
func inBubble(t *testing.T, test func(t *testing.T, hub *chanx.Hub)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		hub := newHub()
		t.Cleanup(func() {
			if err := hub.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		})
		test(t, hub)
	})
}

func newHub() *chanx.Hub {
	return chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})
}

// peers makes a consumer whose clients are answered.
func peers(hub *chanx.Hub, name string) *chanx.Consumer[*peer] {
	c := chanx.NewConsumer(hub, name, func(_ context.Context, conn *chanx.Conn) (*peer, error) { return &peer{conn}, nil }, nil)
	chanx.Reply(c, (*peer).Ask)
	return c
}

// asked connects, and asks once the handler of the handshake has long returned.
func asked(t *testing.T, h http.Handler, path string, params ...string) answer {
	t.Helper()
	c := chanxtest.Dial(t, h, path, nil)
	c.ExpectNothing()
	return chanxtest.Request[answer](c, ask{params})
}

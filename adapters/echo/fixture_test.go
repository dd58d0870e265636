package chanxecho_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/labstack/echo/v4"
)

// ask is answered with what the connection knows at that time.
type ask struct {
	Params []string `json:"params" doc:"Parameters of the route"`
}

func (ask) Action() string { return "ask" }

// answer is what a connection knows long after its handshake.
type answer struct {
	User   string            `json:"user"`
	Values map[string]string `json:"values"`
	Tag    string            `json:"tag"` // that a middleware left in the request's context
	Ended  bool              `json:"ended"`
}

func (answer) Action() string { return "answer" }

type tagKey struct{}

// peer is a client that is answered.
type peer struct{ *chanx.Conn }

func (p *peer) Ask(_ context.Context, m ask) (answer, error) {
	a := answer{Values: map[string]string{}, Ended: p.Context().Err() != nil}
	a.User, _ = chanx.Identity[string](p.Conn)
	a.Tag, _ = p.Context().Value(tagKey{}).(string)
	for _, name := range m.Params {
		a.Values[name] = p.PathValue(name)
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

// newEcho makes an echo that logs nothing.
func newEcho(mw ...echo.MiddlewareFunc) *echo.Echo {
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(mw...)
	return e
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

// handshake returns the headers of a handshake.
func handshake() http.Header {
	return http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="},
	}
}

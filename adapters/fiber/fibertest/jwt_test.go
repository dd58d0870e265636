package fibertest

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gofiber/fiber/v2"
)

// whoami asks for identity.
type whoami struct{}

func (whoami) Action() string { return "whoami" }

// identity is who the client is, and what can be found of the request.
type identity struct {
	User   string `json:"user"`
	Locals bool   `json:"locals"`
}

func (identity) Action() string { return "identity" }

type member struct{ *chanx.Conn }

func (m *member) WhoAmI(ctx context.Context, _ whoami) (identity, error) {
	user, _ := chanx.Identity[string](m.Conn)
	return identity{user, ctx.Value("user") != nil}, nil
}

// A socket whose credential says when it expires doesn't outlive the token; one
// that was given a name does.
func TestTokenExpiresLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		identity func(*fiber.Ctx) (any, error)
		ends     bool
	}{
		"a credential": {userOfToken, true},
		"a name": {func(c *fiber.Ctx) (any, error) {
			who, err := userOfToken(c)
			return who.(chanx.Credential).Subject, err
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // tokens expire by whole seconds of the real clock
			hub := chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})
			members := chanx.NewConsumer(hub, "members", func(_ context.Context, conn *chanx.Conn) (*member, error) {
				return &member{conn}, nil
			}, nil)
			chanx.Reply(members, (*member).WhoAmI)
			app := fiber.New(fiber.Config{DisableStartupMessage: true})
			chanxfiber.Handle(app.Group("/members", newJWT()), "", members, &chanxfiber.Options{Identity: c.identity})

			client := chanxtest.DialURL(t, "ws://"+serve(t, app, hub)+"/members", &chanxtest.DialOptions{
				Header: authorization("Bearer " + token(t, secret, "ann", 2*time.Second)),
				Quiet:  3 * time.Second,
			})
			if got := chanxtest.Request[identity](client, whoami{}); got != (identity{User: "ann"}) {
				t.Errorf("ann is %+v", got)
			}
			if c.ends {
				client.ExpectClose(chanx.CloseExpired)
				return
			}
			client.ExpectNothing()
			chanxtest.Request[identity](client, whoami{})
		})
	}
}

// serve serves an app until the test ends, and returns where.
func serve(t *testing.T, app *fiber.App, hub *chanx.Hub) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(l) }()
	t.Cleanup(func() {
		for _, err := range []error{hub.Shutdown(context.Background()), app.Shutdown(), <-served} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return l.Addr().String()
}

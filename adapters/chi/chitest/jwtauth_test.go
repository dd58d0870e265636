package chitest

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/jwtauth/v5"
)

// whoami asks for identity.
type whoami struct{}

func (whoami) Action() string { return "whoami" }

// identity is who the client is: as Options.Identity found it, and as the token
// says that the middleware left in the request's context.
type identity struct {
	User  string `json:"user"`
	Token string `json:"token"`
}

func (identity) Action() string { return "identity" }

type member struct {
	*chanx.Conn

	user string
}

func (m *member) WhoAmI(ctx context.Context, _ whoami) (identity, error) {
	token, _, err := jwtauth.FromContext(ctx)
	if err != nil {
		return identity{}, err
	}
	return identity{m.user, token.Subject()}, nil
}

var tokens = jwtauth.New("HS256", []byte("secret"), nil)

// members serves who has a valid token, in the header or as a subprotocol.
func members(t *testing.T) http.Handler {
	t.Helper()
	hub := chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	c := chanx.NewConsumer(hub, "members", func(_ context.Context, conn *chanx.Conn) (*member, error) {
		user, ok := chanx.Identity[string](conn)
		if !ok {
			return nil, chanx.Errorf(chanx.Unauthenticated, "who are you?")
		}
		return &member{conn, user}, nil
	}, &chanx.ConsumerOptions{Subprotocols: []string{"chat", "bearer.*"}})
	chanx.Reply(c, (*member).WhoAmI)

	return newRouter(c)
}

// newRouter lets in who has a valid token.
func newRouter(members *chanx.Consumer[*member]) http.Handler {
	r := chi.NewRouter()
	r.Use(jwtauth.Verify(tokens, jwtauth.TokenFromHeader, jwtauth.TokenFromCookie, fromSubprotocol))
	r.Use(jwtauth.Authenticator(tokens))
	chanxchi.Handle(r, "/members", members, &chanxchi.Options{Identity: subject})
	return r
}

// subject is who the token was made out to that the middleware has verified.
func subject(r *http.Request) (any, error) {
	token, _, err := jwtauth.FromContext(r.Context())
	if err != nil {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	return token.Subject(), nil
}

// fromSubprotocol finds the token where a browser can put it:
// new WebSocket(url, ["bearer." + token]).
func fromSubprotocol(r *http.Request) string {
	for p := range strings.SplitSeq(r.Header.Get("Sec-WebSocket-Protocol"), ",") {
		if token, ok := strings.CutPrefix(strings.TrimSpace(p), "bearer."); ok {
			return token
		}
	}
	return ""
}

// private mounts a consumer behind that middleware.
func private(r chi.Router, pattern string, c chanx.Mountable) {
	r = r.With(jwtauth.Verify(tokens, jwtauth.TokenFromHeader, jwtauth.TokenFromCookie, fromSubprotocol), jwtauth.Authenticator(tokens))
	chanxchi.Handle(r, pattern, c, &chanxchi.Options{Identity: subject})
}

func sign(t testing.TB, with *jwtauth.JWTAuth, subject string, expires time.Duration) string {
	t.Helper()
	_, token, err := with.Encode(map[string]any{"sub": subject, "exp": time.Now().Add(expires)})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func header(name, value string) *chanxtest.DialOptions {
	return &chanxtest.DialOptions{Header: http.Header{name: {value}}}
}

// A token as a subprotocol is echoed, unless the client offers one that is
// preferred.
func TestSubprotocol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := members(t)
		bearer := "bearer." + sign(t, tokens, "ann", time.Hour)
		for want, offered := range map[string][]string{bearer: {"other", bearer}, "chat": {bearer, "chat"}} {
			c := chanxtest.Dial(t, h, "/members", &chanxtest.DialOptions{Subprotocols: offered})
			if got := c.Subprotocol(); got != want {
				t.Errorf("the subprotocol is %q, want %q", got, want)
			}
			if got := chanxtest.Request[identity](c, whoami{}); got != (identity{"ann", "ann"}) {
				t.Errorf("ann is %+v", got)
			}
		}
		chanxtest.Refused(t, h, "/members", http.StatusUnauthorized, &chanxtest.DialOptions{Subprotocols: []string{"chat"}})
	})
}

// A token that expires while the socket is open has done its part: the
// middleware saw it once.
func TestTokenExpiresLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := members(t)
		opts := header("Authorization", "Bearer "+sign(t, tokens, "ann", time.Minute))
		opts.Quiet = time.Hour
		c := chanxtest.Dial(t, h, "/members", opts)
		c.ExpectNothing()
		chanxtest.Request[identity](c, whoami{})
		chanxtest.Refused(t, h, "/members", http.StatusUnauthorized, opts)
	})
}

package chitest

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/jwtauth/v5"
)

var tokens = jwtauth.New("HS256", []byte("secret"), nil)

// private mounts a consumer for those who have a valid token.
func private(r chanxchi.Router, pattern string, c chanx.Mountable) {
	verify := jwtauth.Verify(tokens, jwtauth.TokenFromHeader, jwtauth.TokenFromCookie, fromSubprotocol)
	insist := jwtauth.Authenticator(tokens)
	switch mux := r.(type) {
	case chi.Router:
		r = mux.With(verify, insist)
	case *http.ServeMux:
		r = routes{&group{mux: mux, middleware: []func(http.Handler) http.Handler{verify, insist}}}
	}
	chanxchi.Handle(r, pattern, c, &chanxchi.Options{Identity: subject})
}

// subject is who the token was made out to that the middleware has verified, for as
// long as it is good.
func subject(r *http.Request) (any, error) {
	token, _, err := jwtauth.FromContext(r.Context())
	if err != nil {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	return chanx.Credential{Identity: token.Subject(), Subject: token.Subject(), Expires: token.Expiration()}, nil
}

// fromSubprotocol finds the token where a browser can put it:
// new WebSocket(url, ["bearer." + token]).
func fromSubprotocol(r *http.Request) string {
	return chanx.OfferedToken(r.Header.Values("Sec-WebSocket-Protocol")...)
}

func sign(t testing.TB, with *jwtauth.JWTAuth, subject string, expires time.Duration) string {
	t.Helper()
	_, token, err := with.Encode(map[string]any{"sub": subject, "exp": time.Now().Add(expires)})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// A socket ends with the token that it was opened with.
func TestTokenExpiresLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})
		t.Cleanup(func() {
			if err := hub.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		})
		r := chi.NewRouter()
		private(r, "/members", chanx.NewConsumer[*chanx.Conn](hub, "members", nil, nil))
		opts := &chanxtest.DialOptions{
			Header: http.Header{"Authorization": {"Bearer " + sign(t, tokens, "ann", time.Hour)}},
			Quiet:  59 * time.Minute, Timeout: 2 * time.Minute,
		}
		c := chanxtest.Dial(t, r, "/members", opts)
		c.ExpectNothing()
		c.ExpectClose(chanx.CloseExpired)
		chanxtest.Refused(t, r, "/members", http.StatusUnauthorized, opts)
	})
}

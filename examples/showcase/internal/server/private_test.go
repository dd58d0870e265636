package server_test

import (
	"net/http"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/chanx-go/chanx/examples/showcase/internal/web"
	"github.com/golang-jwt/jwt/v5"
)

func bearer(token string) *chanxtest.DialOptions {
	return &chanxtest.DialOptions{Header: http.Header{"Authorization": {"Bearer " + token}}}
}

// tokenFor makes a token that is good for some time.
func tokenFor(subject string, life time.Duration) string {
	return web.Token(subject, time.Now().Add(life))
}

// signed makes a token that says anything.
func signed(t *testing.T, claims jwt.MapClaims, method jwt.SigningMethod, key any) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// badTokens are tokens that nobody is to get in with, nor to stay with.
func badTokens(t *testing.T) map[string]string {
	t.Helper()
	key, in1h := []byte(app.Secret), time.Now().Add(time.Hour).Unix()
	ada := jwt.MapClaims{"sub": "ada", "exp": in1h}
	return map[string]string{
		"one that has expired":    tokenFor("ada", -time.Minute),
		"one of nobody":           tokenFor("", time.Hour),
		"one without a subject":   signed(t, jwt.MapClaims{"exp": in1h}, jwt.SigningMethodHS256, key),
		"one of a number":         signed(t, jwt.MapClaims{"sub": 7, "exp": in1h}, jwt.SigningMethodHS256, key),
		"one that never expires":  signed(t, jwt.MapClaims{"sub": "ada"}, jwt.SigningMethodHS256, key),
		"one of tomorrow":         signed(t, jwt.MapClaims{"sub": "ada", "exp": in1h, "nbf": in1h - 60}, jwt.SigningMethodHS256, key),
		"one with another secret": signed(t, ada, jwt.SigningMethodHS256, []byte("a guess")),
		"another algorithm":       signed(t, ada, jwt.SigningMethodHS512, key),
		"no signature":            signed(t, ada, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType),
		"none at all":             "x",
	}
}

func TestPrivate(t *testing.T) {
	each(t, func(s *showcase) {
		c := s.dialWith("/ws/private", bearer(tokenFor("ada", time.Hour)))
		if got := chanxtest.Request[app.Identity](c, app.WhoAmI{}); got.Subject != "ada" {
			s.Errorf("the server takes ada for %q", got.Subject)
		}

		protocol := "bearer." + tokenFor("bob", time.Hour)
		c = s.dialWith("/ws/private", &chanxtest.DialOptions{Subprotocols: []string{"chat", protocol}})
		if c.Subprotocol() != protocol {
			s.Errorf("the subprotocol is %q, not the token's", c.Subprotocol())
		}
		if got := chanxtest.Request[app.Identity](c, app.WhoAmI{}); got.Subject != "bob" {
			s.Errorf("the server takes bob for %q", got.Subject)
		}
	})
}

func TestPrivateRefuses(t *testing.T) {
	each(t, func(s *showcase) {
		for name, token := range badTokens(s.T) {
			s.Log(name)
			s.refused("/ws/private", http.StatusUnauthorized, bearer(token))
			s.refused("/ws/private", http.StatusUnauthorized, &chanxtest.DialOptions{Subprotocols: []string{"bearer." + token}})
		}
	})
}

// Who brings no token doesn't come as far as the consumer, whose authenticator would
// ask for one too.
func TestPrivateIsBehindMiddleware(t *testing.T) {
	each(t, func(s *showcase) {
		for name, opts := range map[string]*chanxtest.DialOptions{
			"nothing":               nil,
			"another subprotocol":   {Subprotocols: []string{"chat"}},
			"an empty subprotocol":  {Subprotocols: []string{"bearer."}},
			"another scheme":        {Header: http.Header{"Authorization": {"Basic YWRhOng="}}},
			"a place nobody sees":   {Header: http.Header{"Cookie": {"token=" + tokenFor("ada", time.Hour)}}},
			"one that is of no use": bearer("x"),
		} {
			if r := s.refused("/ws/private", http.StatusUnauthorized, opts); r.Error != nil {
				s.Errorf("%s: it is the consumer that refuses: %v", name, r)
			}
		}
	})
}

// The socket ends when the token does.
func TestPrivateExpires(t *testing.T) {
	each(t, func(s *showcase) {
		c := s.dialWith("/ws/private", bearer(tokenFor("ada", 2*time.Second)))
		chanxtest.Request[app.Identity](c, app.WhoAmI{})
		c.ExpectClose(chanx.CloseExpired)
	})
}

// Unless the client has brought another one.
func TestPrivateRefreshes(t *testing.T) {
	each(t, func(s *showcase) {
		c := s.dialWith("/ws/private", bearer(tokenFor("ada", 3*time.Second)))
		if left := c.Authenticate(tokenFor("ada", time.Hour)); left < 59*time.Minute || left > time.Hour {
			s.Errorf("the new token is good for %v", left)
		}
		<-time.After(4500 * time.Millisecond)
		if got := chanxtest.Request[app.Identity](c, app.WhoAmI{}); got.Subject != "ada" {
			s.Errorf("the server takes ada for %q", got.Subject)
		}
		c.Authenticate(tokenFor("ada", 2*time.Second))
		c.ExpectClose(chanx.CloseExpired)
	})
}

// A token that is bad, or somebody else's, leaves everything as it was.
func TestPrivateRefusesToRefresh(t *testing.T) {
	each(t, func(s *showcase) {
		c := s.dialWith("/ws/private", bearer(tokenFor("ada", 3*time.Second)))
		c.AuthenticateError(tokenFor("bob", time.Hour), chanx.Forbidden)
		for name, token := range badTokens(s.T) {
			s.Log(name)
			c.AuthenticateError(token, chanx.Unauthenticated)
		}
		if got := chanxtest.Request[app.Identity](c, app.WhoAmI{}); got.Subject != "ada" {
			s.Errorf("the server takes ada for %q", got.Subject)
		}
		c.ExpectClose(chanx.CloseExpired)
	})
}

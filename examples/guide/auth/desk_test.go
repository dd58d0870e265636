package auth_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/guide/auth"
	"github.com/golang-jwt/jwt/v5"
)

var tokens = &auth.Tokens{Key: []byte("a key for tests")}

// token makes a token that is good for some time.
func token(t *testing.T, user auth.User, life time.Duration) string {
	t.Helper()
	claims := auth.Claims{Admin: user.Admin, RegisteredClaims: jwt.RegisteredClaims{
		Subject: user.Name, ExpiresAt: jwt.NewNumericDate(time.Now().Add(life)),
	}}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(tokens.Key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// router is the program under test.
func router(t *testing.T, sessions auth.Sessions) http.Handler {
	hub := chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return auth.Router(auth.NewDesk(hub, tokens), sessions.Login)
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ann := auth.User{Name: "ann"}
		handler := router(t, nil)
		c := chanxtest.Dial(t, handler, "/desk", &chanxtest.DialOptions{
			Subprotocols: []string{"bearer." + token(t, ann, 15*time.Minute)},
		})
		<-time.After(14 * time.Minute)
		left := c.Authenticate(token(t, ann, 15*time.Minute))
		if left != 15*time.Minute {
			t.Errorf("the new token is good for %v", left)
		}
		<-time.After(left + time.Second)
		c.ExpectClose(chanx.CloseExpired)
	})
}

func TestRights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := router(t, nil)
		header := http.Header{"Authorization": {"Bearer " + token(t, auth.User{Name: "ann"}, time.Hour)}}
		c := chanxtest.Dial(t, handler, "/desk", &chanxtest.DialOptions{Header: header})
		chanxtest.RequestError(c, auth.Remove{ID: 1}, chanx.Forbidden)
		c.Authenticate(token(t, auth.User{Name: "ann", Admin: true}, time.Hour))
		chanxtest.Request[auth.Removed](c, auth.Remove{ID: 1})
		c.AuthenticateError(token(t, auth.User{Name: "bob"}, time.Hour), chanx.Forbidden)
		c.AuthenticateError(token(t, auth.User{Name: "ann"}, -time.Hour), chanx.Unauthenticated)
	})
}

// Sessions come first, and who has one can go on with a token.
func TestSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ann := auth.User{Name: "ann", Admin: true}
		handler := router(t, auth.Sessions{"s1": {User: ann, Expires: time.Now().Add(time.Minute)}})
		header := http.Header{"Cookie": {"session=s1"}}
		c := chanxtest.Dial(t, handler, "/desk", &chanxtest.DialOptions{Header: header})
		chanxtest.Request[auth.Removed](c, auth.Remove{ID: 1})
		c.Authenticate(token(t, ann, time.Hour))
		<-time.After(2 * time.Minute)
		chanxtest.Request[auth.Removed](c, auth.Remove{ID: 2})

		chanxtest.Refused(t, handler, "/desk", http.StatusUnauthorized, &chanxtest.DialOptions{Header: header})
		chanxtest.Refused(t, handler, "/desk", http.StatusUnauthorized, nil)
	})
}

// A cookie counts on the application's own pages only.
func TestCookies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := router(t, nil)
		header := http.Header{"Cookie": {"token=" + token(t, auth.User{Name: "ann"}, time.Hour)}}
		chanxtest.Dial(t, handler, "/desk", &chanxtest.DialOptions{Header: header, Origin: "https://chanx.test"})
		chanxtest.Refused(t, handler, "/desk", http.StatusForbidden, &chanxtest.DialOptions{Header: header, Origin: "https://elsewhere.test"})
	})
}

package echotest

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

const secret = "a secret of 32 bytes, or of more"

// token is what a user got when they logged in.
func token(t testing.TB, secret, user string, expires time.Duration) string {
	t.Helper()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject:   user,
		ExpiresAt: jwt.NewNumericDate(time.Now().Add(expires)),
	}).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func bearer(t testing.TB, secret, user string, expires time.Duration) http.Header {
	t.Helper()
	return authorization("Bearer " + token(t, secret, user, expires))
}

// jwtAuth is echo-jwt, whose token is found without an option.
var jwtAuth = adaptertest.Auth{
	Kind: "JWT",
	Name: "echo-jwt",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		behind(a, echojwt.JWT([]byte(secret)), pattern, c, nil)
	},
	User: func(conn *chanx.Conn) string {
		token, ok := chanx.Identity[*jwt.Token](conn)
		if !ok {
			return ""
		}
		user, _ := token.Claims.GetSubject()
		return user
	},
	Valid:   func(t testing.TB, _, user string) http.Header { return bearer(t, secret, user, time.Hour) },
	Wrong:   func(t testing.TB, _, user string) http.Header { return bearer(t, "a guess", user, time.Hour) },
	Expired: func(t testing.TB, _, user string) http.Header { return bearer(t, secret, user, -time.Minute) },
	Missing: http.StatusUnauthorized,
	Secrets: []any{"user"},
}

// jwtAuthWithExpiry is the same with an option that knows when the token expires,
// and with the token where a browser can put it.
var jwtAuthWithExpiry = adaptertest.Auth{
	Kind: "JWT",
	Name: "echo-jwt, in a subprotocol",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		behind(a, fromBrowsers, pattern, c, &chanxecho.Options{Identity: userOfToken})
	},
	Valid: func(t testing.TB, _, user string) http.Header {
		return http.Header{"Sec-Websocket-Protocol": {"bearer." + token(t, secret, user, time.Hour)}}
	},
	Wrong: func(t testing.TB, _, user string) http.Header {
		return http.Header{"Sec-Websocket-Protocol": {"bearer." + token(t, "a guess", user, time.Hour)}}
	},
	Expired: func(t testing.TB, _, user string) http.Header {
		return http.Header{"Sec-Websocket-Protocol": {"bearer." + token(t, secret, user, -time.Minute)}}
	},
	Missing: http.StatusUnauthorized,
	Secrets: []any{"user"},
}

// fromBrowsers is echo-jwt for clients that can't set headers.
var fromBrowsers = echojwt.WithConfig(echojwt.Config{
	SigningKey:       []byte(secret),
	TokenLookup:      "header:Authorization:Bearer ,cookie:jwt",
	TokenLookupFuncs: []middleware.ValuesExtractor{tokenFromSubprotocol},
})

// tokenFromSubprotocol finds the token where a browser can put it:
// new WebSocket(url, ["bearer." + token]).
func tokenFromSubprotocol(c echo.Context) ([]string, error) {
	token := chanx.OfferedToken(c.Request().Header.Values("Sec-WebSocket-Protocol")...)
	if token == "" {
		return nil, echojwt.ErrJWTMissing
	}
	return []string{token}, nil
}

// userOfToken is who the token was made out to, and until when it is good.
func userOfToken(c echo.Context) (any, error) {
	token, ok := c.Get("user").(*jwt.Token)
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	user, err := token.Claims.GetSubject()
	if err != nil {
		return nil, err
	}
	expires, err := token.Claims.GetExpirationTime()
	if err != nil || expires == nil {
		return nil, chanx.Errorf(chanx.Unauthenticated, "the token is good for ever")
	}
	return chanx.Credential{Identity: user, Subject: user, Expires: expires.Time}, nil
}

// whoami asks for identity.
type whoami struct{}

func (whoami) Action() string { return "whoami" }

// identity is who the client is.
type identity struct {
	User string `json:"user"`
}

func (identity) Action() string { return "identity" }

type member struct{ *chanx.Conn }

func (m *member) WhoAmI(context.Context, whoami) (identity, error) {
	user, _ := chanx.Identity[string](m.Conn)
	return identity{user}, nil
}

// members makes a consumer for those who are somebody.
func members(t *testing.T) *chanx.Consumer[*member] {
	t.Helper()
	hub := chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	c := chanx.NewConsumer(hub, "members", func(_ context.Context, conn *chanx.Conn) (*member, error) {
		if _, ok := chanx.Identity[string](conn); !ok {
			return nil, chanx.Errorf(chanx.Unauthenticated, "who are you?")
		}
		return &member{conn}, nil
	}, &chanx.ConsumerOptions{Subprotocols: []string{"bearer.*"}})
	chanx.Reply(c, (*member).WhoAmI)
	return c
}

// A token that expires takes its socket along; one in a cookie is as good.
func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := echo.New()
		chanxecho.Handle(e.Group("", fromBrowsers), "/members", members(t), &chanxecho.Options{Identity: userOfToken})
		c := chanxtest.Dial(t, e, "/members", &chanxtest.DialOptions{
			Header: http.Header{"Cookie": {"jwt=" + token(t, secret, "ann", time.Minute)}},
			Quiet:  50 * time.Second,
		})
		c.ExpectNothing()
		if got := chanxtest.Request[identity](c, whoami{}).User; got != "ann" {
			t.Errorf("ann is %q", got)
		}
		<-time.After(8 * time.Second)
		c.ExpectClose(chanx.CloseExpired)
	})
}

// Where the middleware lets everybody in, the consumer is told of nobody.
func TestNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := echo.New()
		optional := echojwt.WithConfig(echojwt.Config{
			SigningKey:             []byte(secret),
			ContinueOnIgnoredError: true,
			ErrorHandler:           func(echo.Context, error) error { return nil },
		})
		chanxecho.Handle(e.Group("", optional), "/members", members(t), nil)
		refusal := chanxtest.Refused(t, e, "/members", http.StatusUnauthorized, nil)
		if refusal.Error == nil || refusal.Error.Detail != "who are you?" {
			t.Errorf("the refusal is %v", refusal)
		}
	})
}

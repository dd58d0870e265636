package fibertest

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	jwtware "github.com/gofiber/contrib/jwt"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/basicauth"
	"github.com/gofiber/fiber/v2/middleware/keyauth"
	"github.com/golang-jwt/jwt/v5"
)

const secret = "a secret of 32 bytes, or of more"

// basicAuth is fiber's, whose identity is found without an option.
var basicAuth = adaptertest.Auth{
	Kind: "basic auth",
	Name: "basicauth",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		private := a.(*app).fiber.Group("", basicauth.New(basicauth.Config{
			Users: map[string]string{"ann": "secret of ann", "bob": "secret of bob"},
		}))
		chanxfiber.Handle(private, pattern, c, nil)
	},
	Valid:   func(_ testing.TB, _, user string) http.Header { return basic(user, "secret of "+user) },
	Wrong:   func(_ testing.TB, _, user string) http.Header { return basic(user, "a guess") },
	Secrets: []any{"password", "username"},
}

func basic(user, password string) http.Header {
	return authorization("Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

// keyAuth has the key in its local, which is a secret: whose it is, the program
// knows.
var keyAuth = adaptertest.Auth{
	Kind: "API key",
	Name: "keyauth",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		private := a.(*app).fiber.Group("", keyauth.New(keyauth.Config{
			Validator: func(_ *fiber.Ctx, key string) (bool, error) { return userOfKey(key) != "", nil },
		}))
		chanxfiber.Handle(private, pattern, c, &chanxfiber.Options{
			Identity: func(c *fiber.Ctx) (any, error) { return userOfKey(c.Locals("token").(string)), nil },
		})
	},
	Valid:   func(_ testing.TB, _, user string) http.Header { return authorization("Bearer key of " + user) },
	Wrong:   func(_ testing.TB, _, user string) http.Header { return authorization("Bearer guess at " + user) },
	Expired: func(_ testing.TB, _, user string) http.Header { return authorization("Bearer old key of " + user) },
	Secrets: []any{"token"},
}

// userOfKey is whose key it is, "" for nobody's.
func userOfKey(key string) string {
	user, _ := strings.CutPrefix(key, "key of ")
	if user == key {
		return ""
	}
	return user
}

// jwtAuth is contrib/jwt, whose token is the identity without an option.
var jwtAuth = adaptertest.Auth{
	Kind: "JWT",
	Name: "contrib/jwt",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		chanxfiber.Handle(a.(*app).fiber.Group("", newJWT()), pattern, c, nil)
	},
	User: func(conn *chanx.Conn) string {
		token, ok := chanx.Identity[*jwt.Token](conn)
		if !ok {
			return "nobody"
		}
		user, _ := token.Claims.GetSubject()
		return user
	},
	Valid: func(t testing.TB, _, user string) http.Header {
		return authorization("Bearer " + token(t, secret, user, time.Hour))
	},
	Wrong: func(t testing.TB, _, user string) http.Header {
		return authorization("Bearer " + token(t, "a guess", user, time.Hour))
	},
	Expired: func(t testing.TB, _, user string) http.Header {
		return authorization("Bearer " + token(t, secret, user, -time.Minute))
	},
	Missing: http.StatusBadRequest,
	Secrets: []any{"user"},
}

// jwtAuthWithExpiry is the same with an option that knows when the token expires,
// and with the token where a browser can put it.
var jwtAuthWithExpiry = adaptertest.Auth{
	Kind: "JWT",
	Name: "contrib/jwt, in a subprotocol",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		private := a.(*app).fiber.Group("", tokenFromSubprotocol, newJWT())
		chanxfiber.Handle(private, pattern, c, &chanxfiber.Options{Identity: userOfToken})
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
	Missing: http.StatusBadRequest,
	Secrets: []any{"user"},
}

func newJWT() fiber.Handler {
	return jwtware.New(jwtware.Config{SigningKey: jwtware.SigningKey{JWTAlg: jwtware.HS256, Key: []byte(secret)}})
}

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

// userOfToken is who the token was made out to, and until when it is good.
func userOfToken(c *fiber.Ctx) (any, error) {
	token, ok := c.Locals("user").(*jwt.Token)
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	user, err := token.Claims.GetSubject()
	if err != nil {
		return nil, chanx.Errorf(chanx.Unauthenticated, "the token is nobody's")
	}
	expires, err := token.Claims.GetExpirationTime()
	if err != nil || expires == nil {
		return nil, chanx.Errorf(chanx.Unauthenticated, "the token never expires")
	}
	return chanx.Credential{Identity: user, Subject: user, Expires: expires.Time}, nil
}

// tokenFromSubprotocol puts a token where the middleware looks, from where a
// browser can put it: new WebSocket(url, ["bearer." + token]).
func tokenFromSubprotocol(c *fiber.Ctx) error {
	if token := chanx.OfferedToken(c.Get("Sec-WebSocket-Protocol")); token != "" {
		c.Request().Header.Set(fiber.HeaderAuthorization, "Bearer "+token)
	}
	return c.Next()
}

package gintest

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	jwt "github.com/appleboy/gin-jwt/v2"
	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gin-gonic/gin"
	tokens "github.com/golang-jwt/jwt/v4"
)

const secret = "a secret of 32 bytes, or of more"

// newJWT is the application's middleware. The user is the claim "identity", which
// is gin-jwt's default.
func newJWT(t testing.TB) *jwt.GinJWTMiddleware {
	t.Helper()
	mw, err := jwt.New(&jwt.GinJWTMiddleware{
		Key:         []byte(secret),
		TokenLookup: "header: Authorization, cookie: jwt",
	})
	if err != nil {
		t.Fatal(err)
	}
	return mw
}

// token is what a user got when they logged in.
func token(t testing.TB, secret, user string, expires time.Duration) string {
	t.Helper()
	signed, err := tokens.NewWithClaims(tokens.SigningMethodHS256, tokens.MapClaims{
		"identity": user,
		"exp":      time.Now().Add(expires).Unix(),
	}).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// userOfToken is who the token was made out to, and until when it is good.
func userOfToken(c *gin.Context) (any, error) {
	claims := jwt.ExtractClaims(c)
	user, ok := claims["identity"].(string)
	expires, isNumber := claims["exp"].(float64)
	if !ok || !isNumber {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	return chanx.Credential{Identity: user, Subject: user, Expires: time.Unix(int64(expires), 0)}, nil
}

// tokenFromSubprotocol finds the token where a browser can put it:
// new WebSocket(url, ["bearer." + token]).
func tokenFromSubprotocol(c *gin.Context) {
	if token := chanx.OfferedToken(c.Request.Header.Values("Sec-WebSocket-Protocol")...); token != "" {
		c.Request.Header.Set("Authorization", "Bearer "+token)
	}
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

// members makes a consumer for those who have been identified.
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

// A socket whose credential says when it expires doesn't outlive the token; one
// that was given a name does.
func TestTokenExpiresLater(t *testing.T) {
	for name, c := range map[string]struct {
		opts    *chanxgin.Options
		expires bool
	}{
		"credential": {&chanxgin.Options{Identity: userOfToken}, true},
		"name":       {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := gin.New()
				chanxgin.Handle(r.Group("", newJWT(t).MiddlewareFunc()), "/members", members(t), c.opts)
				dial := &chanxtest.DialOptions{
					Header:  http.Header{"Cookie": {"jwt=" + token(t, secret, "ann", time.Minute)}},
					Quiet:   30 * time.Second,
					Timeout: time.Hour,
				}
				client := chanxtest.Dial(t, r, "/members", dial)
				client.ExpectNothing()
				if got := chanxtest.Request[identity](client, whoami{}).User; got != "ann" {
					t.Errorf("ann is %q", got)
				}
				if c.expires {
					client.ExpectClose(chanx.CloseExpired)
				} else {
					<-time.After(time.Hour)
					chanxtest.Request[identity](client, whoami{})
				}
				chanxtest.Refused(t, r, "/members", http.StatusUnauthorized, dial)
			})
		})
	}
}

package chitest

import (
	"net/http"
	"testing"
	"time"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/jwtauth/v5"
)

// passwords are the users' and what they log in with.
var passwords = map[string]string{"ann": "secret of ann", "bob": "secret of bob"}

func basic(user, password string) http.Header {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return r.Header
}

// basicUser is who the middleware has checked.
func basicUser(r *http.Request) (any, error) {
	name, _, _ := r.BasicAuth()
	return name, nil
}

var chiBasicAuth = adaptertest.Auth{
	Kind: "basic auth",
	Name: "middleware.BasicAuth",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		private := a.(*chiApp).root.With(middleware.BasicAuth("chanx", passwords))
		chanxchi.Handle(private, pattern, c, &chanxchi.Options{Identity: basicUser})
	},
	Valid: func(_ testing.TB, _, user string) http.Header { return basic(user, passwords[user]) },
	Wrong: func(_ testing.TB, _, user string) http.Header { return basic(user, "a guess") },
}

// muxBasicAuth is the same middleware, which needs nothing of chi.
var muxBasicAuth = adaptertest.Auth{
	Kind: "basic auth",
	Name: "chi's middleware.BasicAuth",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		app := a.(*muxApp)
		app.Handler = middleware.BasicAuth("chanx", passwords)(app.Handler)
		chanxchi.Handle(app.mux, pattern, c, &chanxchi.Options{Identity: basicUser})
	},
	Valid: chiBasicAuth.Valid,
	Wrong: chiBasicAuth.Wrong,
}

// jwt is jwtauth with the token in a header that header makes.
func jwt(name string, header func(token string) http.Header) adaptertest.Auth {
	with := func(tokens *jwtauth.JWTAuth, age time.Duration) func(testing.TB, string, string) http.Header {
		return func(t testing.TB, _, user string) http.Header { return header(sign(t, tokens, user, age)) }
	}
	return adaptertest.Auth{
		Kind: "JWT",
		Name: name,
		Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
			routes, _ := routesOf(a)
			private(routes, pattern, c)
		},
		User:    tokenAndIdentity,
		Valid:   with(tokens, time.Hour),
		Wrong:   with(jwtauth.New("HS256", []byte("a guess"), nil), time.Hour),
		Expired: with(tokens, -time.Minute),
	}
}

// tokenAndIdentity is who the option has found, where that is who the token in the
// connection's context is made out to.
func tokenAndIdentity(conn *chanx.Conn) string {
	user, _ := chanx.Identity[string](conn)
	token, _, err := jwtauth.FromContext(conn.Context())
	if err != nil || token.Subject() != user {
		return "not " + user
	}
	return user
}

var (
	chiJWT = jwt("go-chi/jwtauth", func(token string) http.Header {
		return http.Header{"Authorization": {"Bearer " + token}}
	})
	chiJWTInCookie = jwt("go-chi/jwtauth, in a cookie", func(token string) http.Header {
		return http.Header{"Cookie": {"jwt=" + token}}
	})
	chiJWTInSubprotocol = jwt("go-chi/jwtauth, in a subprotocol", func(token string) http.Header {
		return http.Header{"Sec-Websocket-Protocol": {"bearer." + token}}
	})
)

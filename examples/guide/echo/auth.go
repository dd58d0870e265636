package echoguide

import (
	"crypto/subtle"
	"errors"
	"net/http"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/guide/notes"
	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/sessions"
	"github.com/labstack/echo-contrib/session"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// member is who echo-jwt has let in, for as long as the token is good.
func member(c echo.Context) (any, error) {
	name, err := subject(c)
	if err != nil {
		return nil, err
	}
	who := chanx.Credential{Identity: name, Subject: name}
	expires, err := c.Get("user").(*jwt.Token).Claims.GetExpirationTime()
	if expires != nil {
		who.Expires = expires.Time
	}
	return who, err
}

// subject is whom the token was made out to that echo-jwt has verified.
func subject(c echo.Context) (string, error) {
	return c.Get("user").(*jwt.Token).Claims.GetSubject()
}

// subprotocolToken is another place where echo-jwt looks for a token. A browser can
// offer it as a subprotocol: new WebSocket(url, ["bearer." + token]).
func subprotocolToken(c echo.Context) ([]string, error) {
	token := chanx.OfferedToken(c.Request().Header.Values("Sec-WebSocket-Protocol")...)
	if token == "" {
		return nil, echojwt.ErrJWTMissing
	}
	return []string{token}, nil
}

// withPassword lets in who knows a password. BasicAuth leaves nothing for others:
// that is up to the validator.
func withPassword(e *echo.Echo, password string, readers *chanx.Consumer[*notes.Reader]) {
	teams := e.Group("/teams/:team", middleware.BasicAuth(func(name, given string, c echo.Context) (bool, error) {
		c.Set("user", name) // where the adapter looks
		return name == "ann" && subtle.ConstantTimeCompare([]byte(given), []byte(password)) == 1, nil
	}))
	chanxecho.Handle(teams, "/live", readers, nil)
}

// withSession lets in who has logged in.
func withSession(e *echo.Echo, store sessions.Store, readers *chanx.Consumer[*notes.Reader]) {
	e.Use(session.Middleware(store))
	chanxecho.Handle(e, "/teams/:team/live", readers, &chanxecho.Options{
		Identity: func(c echo.Context) (any, error) {
			s, err := session.Get("session", c)
			if err != nil {
				return nil, err
			}
			return s.Values["name"], nil
		},
	})
}

// withErrorPage answers refused handshakes, and every other error, in one way.
func withErrorPage(e *echo.Echo) {
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		status, text := http.StatusInternalServerError, "the server failed"
		if he, ok := errors.AsType[*echo.HTTPError](err); ok {
			status, text = he.Code, http.StatusText(he.Code)
		}
		if refusal, ok := errors.AsType[*chanx.Error](err); ok {
			text = refusal.Detail
		}
		_ = c.JSON(status, map[string]string{"problem": text})
	}
}

package chanxecho_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// Whoever is at "user" in echo's context is who the client is.
func TestDefaultIdentity(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := behind(hub, before(func(c echo.Context) error {
			if user := c.Request().Header.Get("X-User"); user != "" {
				c.Set("user", user)
			}
			return nil
		}))
		ann := chanxtest.Dial(t, e, "/ws", &chanxtest.DialOptions{Header: http.Header{"X-User": {"ann"}}})
		if got := chanxtest.Request[answer](ann, ask{}).User; got != "ann" {
			t.Errorf("the user is %q", got)
		}
		if got := asked(t, e, "/ws").User; got != "" {
			t.Errorf("nobody is %q", got)
		}
	})
}

// An error of Identity refuses the handshake with chanx's JSON, or with an error of
// echo's own, and tells nothing of a failure.
func TestIdentityRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		body   string
	}{
		"unauthenticated": {chanx.Errorf(chanx.Unauthenticated, "log in first"), http.StatusUnauthorized, `{"reason":"unauthenticated","detail":"log in first"}`},
		"forbidden":       {fmt.Errorf("wrapped: %w", chanx.Errorf(chanx.Forbidden, "not for <you>")), http.StatusForbidden, `{"reason":"forbidden","detail":"not for \u003cyou\u003e"}`},
		"echo's 401":      {echo.ErrUnauthorized, http.StatusUnauthorized, `{"message":"Unauthorized"}`},
		"echo's 403":      {echo.NewHTTPError(http.StatusForbidden, map[string]int{"code": 7}), http.StatusForbidden, `{"code":7}`},
		"echo's 418":      {fmt.Errorf("wrapped: %w", echo.ErrTeapot), http.StatusTeapot, `{"message":"I'm a teapot"}`},
		"of both":         {chanx.Errorf(chanx.NotFound, "no such room: %w", echo.ErrForbidden), http.StatusNotFound, `{"reason":"not_found","detail":"no such room: code=403, message=Forbidden"}`},
		"a failure":       {errors.New("the database is at 10.0.0.1"), http.StatusInternalServerError, `{"reason":"internal","detail":"the server failed"}`},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				e := newEcho()
				chanxecho.Handle(e, "/ws", peers(hub, "peers"), &chanxecho.Options{
					Identity: func(echo.Context) (any, error) { return nil, c.err },
				})
				refusal := chanxtest.Refused(t, e, "/ws", c.status, nil)
				if got := strings.TrimSpace(refusal.Body); got != c.body || refusal.Header.Get("Content-Type") != "application/json" {
					t.Errorf("the refusal says %s, want %s", got, c.body)
				}
			})
		})
	}
}

// A panic of Identity is a failure like any other.
func TestIdentityPanics(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := newEcho()
		chanxecho.Handle(e, "/ws", peers(hub, "peers"), &chanxecho.Options{
			Identity: func(echo.Context) (any, error) { panic("the database is at 10.0.0.1") },
		})
		if got := chanxtest.Refused(t, e, "/ws", http.StatusInternalServerError, nil); strings.Contains(got.Body, "10.0.0.1") {
			t.Errorf("the refusal says %s", got.Body)
		}
	})
}

// A consumer that announces its authentication tells of echo's own errors too.
func TestAnnounced(t *testing.T) {
	for err, code := range map[error]chanx.CloseCode{
		echo.ErrUnauthorized: chanx.CloseUnauthenticated,
		echo.ErrForbidden:    chanx.CloseForbidden,
	} {
		inBubble(t, func(t *testing.T, hub *chanx.Hub) {
			e := newEcho()
			c := chanx.NewConsumer(hub, "peers", func(_ context.Context, conn *chanx.Conn) (*peer, error) { return &peer{conn}, nil },
				&chanx.ConsumerOptions{AnnounceAuthentication: true})
			chanxecho.Handle(e, "/ws", c, &chanxecho.Options{Identity: func(echo.Context) (any, error) { return nil, err }})
			client := chanxtest.Dial(t, e, "/ws", nil)
			client.Next()
			client.ExpectClose(code)
		})
	}
}

// An error handler of the application's own sees every refusal, with chanx's error
// in it, and the headers that belong to it go out with its page.
func TestErrorHandler(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := newEcho()
		e.HTTPErrorHandler = func(err error, c echo.Context) {
			page := "?"
			he, ok := errors.AsType[*echo.HTTPError](err)
			if ok {
				page = fmt.Sprintf("%d %v", he.Code, he.Message)
			}
			if refusal, ok := errors.AsType[*chanx.Error](err); ok {
				page += " because " + string(refusal.Reason)
			}
			if e := c.HTML(he.Code, page); e != nil {
				t.Error(e)
			}
		}
		c := chanx.NewConsumer(hub, "busy", func(context.Context, *chanx.Conn) (*peer, error) {
			return nil, chanx.Errorf(chanx.Unavailable, "come back later")
		}, nil)
		chanxecho.Handle(e, "/ws", c, nil)

		busy := chanxtest.Refused(t, e, "/ws", http.StatusServiceUnavailable, nil)
		if busy.Body != "503 unavailable: come back later because unavailable" || busy.Header.Get("Retry-After") == "" ||
			busy.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(busy.Header.Get("Content-Type"), "text/html") {
			t.Errorf("the refusal is %v with %v", busy, busy.Header)
		}
	})
}

// Plain requests get an answer that says what is wanted: of a handshake the one
// that they get everywhere, else echo's own.
func TestNoHandshake(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := behind(hub, middleware.Gzip())
		for method, want := range map[string]struct {
			status int
			body   string
		}{
			http.MethodGet:  {http.StatusUpgradeRequired, "this is a WebSocket endpoint"},
			http.MethodHead: {http.StatusMethodNotAllowed, ""},
			http.MethodPost: {http.StatusMethodNotAllowed, `{"message":"Method Not Allowed"}`},
		} {
			w := request(t, e, method, "/ws")
			if got := strings.TrimSpace(w.Body.String()); w.Code != want.status || got != want.body {
				t.Errorf("%s: %d %s, want %d %s", method, w.Code, got, want.status, want.body)
			}
		}
	})
}

// An origin is refused as on any other router.
func TestOrigin(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		refusal := chanxtest.Refused(t, behind(hub), "/ws", http.StatusForbidden, &chanxtest.DialOptions{
			Header: http.Header{"Origin": {"https://evil.example"}},
		})
		if refusal.Error == nil || refusal.Error.Reason != chanx.Forbidden {
			t.Errorf("the refusal is %v", refusal)
		}
	})
}

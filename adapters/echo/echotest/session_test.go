package echotest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gorilla/sessions"
	"github.com/labstack/echo-contrib/session"
	"github.com/labstack/echo/v4"
)

// sessionName is the cookie's.
const sessionName = "session"

// withSessions puts sessions in front of e's routes, and a route to log in at.
func withSessions(e *echo.Echo) {
	e.Use(session.Middleware(sessions.NewCookieStore([]byte(secret))))
	e.GET("/login/:user", func(c echo.Context) error {
		s, err := session.Get(sessionName, c)
		if err != nil {
			return err
		}
		s.Values["user"] = c.Param("user")
		s.Values["password"] = "secret"
		if err := s.Save(c.Request(), c.Response()); err != nil {
			return err
		}
		return c.NoContent(http.StatusOK)
	})
}

// userOfSession is who has logged in.
func userOfSession(c echo.Context) (any, error) {
	s, err := session.Get(sessionName, c)
	if err != nil {
		return nil, echo.ErrUnauthorized.WithInternal(err) // a cookie that is not ours, or too old
	}
	user, ok := s.Values["user"].(string)
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	return user, nil
}

var sessionAuth = adaptertest.Auth{
	Kind: "session",
	Name: "echo-contrib/session",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		e := a.(*app).echo
		withSessions(e)
		chanxecho.Handle(e, pattern, c, &chanxecho.Options{Identity: userOfSession})
	},
	Valid: func(t testing.TB, base, user string) http.Header {
		return http.Header{"Cookie": {login(t, base, user)}}
	},
	Wrong: func(t testing.TB, base, user string) http.Header {
		return http.Header{"Cookie": {signed(t, login(t, base, user), "a guess", time.Now())}}
	},
	Expired: func(t testing.TB, base, user string) http.Header {
		return http.Header{"Cookie": {signed(t, login(t, base, user), secret, time.Now().AddDate(0, -2, 0))}}
	},
	Secrets: []any{"_session_store", sessionName, "password"},
}

// login returns the cookie of a user who logs in.
func login(t testing.TB, base, user string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/login/"+user, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return cookieOf(t, response)
}

func cookieOf(t testing.TB, response *http.Response) string {
	t.Helper()
	for _, c := range response.Cookies() {
		if c.Name == sessionName {
			return c.Name + "=" + c.Value
		}
	}
	t.Fatalf("no session in %v", response.Header)
	return ""
}

// signed returns a session's cookie as it would be if it had been signed with
// another key, or at another time.
func signed(t testing.TB, cookie, key string, at time.Time) string {
	t.Helper()
	raw, err := base64.URLEncoding.DecodeString(strings.TrimPrefix(cookie, sessionName+"="))
	parts := strings.SplitN(string(raw), "|", 3)
	if err != nil || len(parts) != 3 {
		t.Fatalf("%q is no signed cookie: %v", cookie, err)
	}
	text := strconv.FormatInt(at.Unix(), 10) + "|" + parts[1] + "|"
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(sessionName + "|" + strings.TrimSuffix(text, "|")))
	return sessionName + "=" + base64.URLEncoding.EncodeToString(append([]byte(text), mac.Sum(nil)...))
}

// What is signed here is what the store signs: a cookie signed again with the
// right key and time is good, and one that isn't gets echo's own page.
func TestSigned(t *testing.T) {
	e := echo.New()
	withSessions(e)
	chanxecho.Handle(e, "/members", members(t), &chanxecho.Options{Identity: userOfSession})
	server := httptest.NewServer(e)
	defer server.Close()
	url := strings.Replace(server.URL, "http", "ws", 1) + "/members"
	at := func(when time.Time) *chanxtest.DialOptions {
		return &chanxtest.DialOptions{Header: http.Header{"Cookie": {signed(t, login(t, server.URL, "ann"), secret, when)}}}
	}
	if got := chanxtest.Request[identity](chanxtest.DialURL(t, url, at(time.Now())), whoami{}).User; got != "ann" {
		t.Errorf("ann is %q", got)
	}
	refusal := chanxtest.RefusedURL(t, url, http.StatusUnauthorized, at(time.Now().AddDate(0, -2, 0)))
	if got := strings.TrimSpace(refusal.Body); got != `{"message":"Unauthorized"}` {
		t.Errorf("the refusal says %s", got)
	}
}

// A session's cookie is good for a month.
func TestSessionExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := echo.New()
		withSessions(e)
		chanxecho.Handle(e, "/members", members(t), &chanxecho.Options{Identity: userOfSession})
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login/ann", nil))
		dial := &chanxtest.DialOptions{Header: http.Header{"Cookie": {cookieOf(t, w.Result())}}}
		<-time.After(29 * 24 * time.Hour)
		if got := chanxtest.Request[identity](chanxtest.Dial(t, e, "/members", dial), whoami{}).User; got != "ann" {
			t.Errorf("ann is %q", got)
		}
		<-time.After(2 * 24 * time.Hour)
		chanxtest.Refused(t, e, "/members", http.StatusUnauthorized, dial)
	})
}

package gintest

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

	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
)

// sessionName is the cookie's.
const sessionName = "session"

// withSessions puts sessions in front of r's routes, and a route to log in at.
func withSessions(r *gin.Engine) {
	r.Use(sessions.Sessions(sessionName, cookie.NewStore([]byte(secret))))
	r.GET("/login/:user", func(c *gin.Context) {
		session := sessions.Default(c)
		session.Set("user", c.Param("user"))
		session.Set("password", "secret")
		if err := session.Save(); err != nil {
			_ = c.AbortWithError(http.StatusInternalServerError, err)
		}
	})
}

// userOfSession is who has logged in.
func userOfSession(c *gin.Context) (any, error) {
	user, ok := sessions.Default(c).Get("user").(string)
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	return user, nil
}

var sessionAuth = adaptertest.Auth{
	Kind: "session",
	Name: "gin-contrib/sessions",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		r := a.(*app).engine
		withSessions(r)
		chanxgin.Handle(r, pattern, c, &chanxgin.Options{Identity: userOfSession})
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
	Secrets: []any{sessions.DefaultKey, "password"},
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

// What is signed here is what gin's store signs: a cookie signed again with the
// right key and time is good.
func TestSigned(t *testing.T) {
	r := gin.New()
	withSessions(r)
	chanxgin.Handle(r, "/members", members(t), &chanxgin.Options{Identity: userOfSession})
	server := httptest.NewServer(r)
	defer server.Close()
	c := chanxtest.DialURL(t, strings.Replace(server.URL, "http", "ws", 1)+"/members", &chanxtest.DialOptions{
		Header: http.Header{"Cookie": {signed(t, login(t, server.URL, "ann"), secret, time.Now())}},
	})
	if got := chanxtest.Request[identity](c, whoami{}).User; got != "ann" {
		t.Errorf("ann is %q", got)
	}
}

// A session's cookie is good for a month.
func TestSessionExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := gin.New()
		withSessions(r)
		chanxgin.Handle(r, "/members", members(t), &chanxgin.Options{Identity: userOfSession})
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login/ann", nil))
		dial := &chanxtest.DialOptions{Header: http.Header{"Cookie": {cookieOf(t, w.Result())}}}
		<-time.After(29 * 24 * time.Hour)
		if got := chanxtest.Request[identity](chanxtest.Dial(t, r, "/members", dial), whoami{}).User; got != "ann" {
			t.Errorf("ann is %q", got)
		}
		<-time.After(2 * 24 * time.Hour)
		chanxtest.Refused(t, r, "/members", http.StatusUnauthorized, dial)
	})
}

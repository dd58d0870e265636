package echoguide

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/guide/notes"
	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/sessions"
	"github.com/labstack/echo-contrib/session"
	"github.com/labstack/echo/v4"
)

var key = []byte("secret")

// token is one that is good for an hour.
func token(t *testing.T, name string) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject: name, ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// as are the options of a client that brings a token.
func as(t *testing.T, name string) *chanxtest.DialOptions {
	t.Helper()
	return &chanxtest.DialOptions{Header: http.Header{"Authorization": {"Bearer " + token(t, name)}}}
}

// post writes a note, and returns the answer.
func post(t *testing.T, h http.Handler, path, body string, as *chanxtest.DialOptions) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header = as.Header.Clone()
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := NewEcho(chanx.NewHub(nil), key)
		ann := chanxtest.Dial(t, e, "/teams/red/live", as(t, "ann"))
		if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" || you.Team != "red" {
			t.Errorf("got %+v", you)
		}
		if w := post(t, e, "/teams/red/notes", `{"text":"hello"}`, as(t, "bob")); w.Code != http.StatusCreated {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		if note := chanxtest.Expect[notes.Note](ann); note.Text != "hello" || note.By != "bob" {
			t.Errorf("got %+v", note)
		}
		chanxtest.Refused(t, e, "/teams/red/live", http.StatusUnauthorized, nil)
	})
}

func TestInvalidNote(t *testing.T) {
	e := NewEcho(chanx.NewHub(nil), key)
	for body, says := range map[string]string{`{"text":""}`: `"path":"/payload/text"`, `{"text":`: ""} {
		if w := post(t, e, "/teams/red/notes", body, as(t, "ann")); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s is answered with %d %s", body, w.Code, w.Body)
		}
	}
}

func TestTokenOfABrowser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, bearer := NewEcho(chanx.NewHub(nil), key), "bearer."+token(t, "ann")
		ann := chanxtest.Dial(t, e, "/teams/a%2Fb/live", &chanxtest.DialOptions{Subprotocols: []string{"other", bearer}})
		if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" || you.Team != "a/b" {
			t.Errorf("got %+v", you)
		}
		if got := ann.Subprotocol(); got != bearer {
			t.Errorf("the subprotocol is %q", got)
		}
	})
}

// A socket ends with its token.
func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ann := chanxtest.Dial(t, NewEcho(chanx.NewHub(nil), key), "/teams/red/live", as(t, "ann"))
		ann.ExpectNothing()
		<-time.After(time.Hour)
		ann.ExpectClose(chanx.CloseExpired)
	})
}

func TestPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := echo.New()
		withPassword(e, "secret", notes.NewReaders(chanx.NewHub(nil)))
		login := func(password string) *chanxtest.DialOptions {
			r := &http.Request{Header: http.Header{}}
			r.SetBasicAuth("ann", password)
			return &chanxtest.DialOptions{Header: r.Header}
		}
		ann := chanxtest.Dial(t, e, "/teams/red/live", login("secret"))
		if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" {
			t.Errorf("got %+v", you)
		}
		chanxtest.Refused(t, e, "/teams/red/live", http.StatusUnauthorized, login("guess"))
	})
}

func TestSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := echo.New()
		withSession(e, sessions.NewCookieStore([]byte("0123456789abcdef")), notes.NewReaders(chanx.NewHub(nil)))
		e.POST("/login", func(c echo.Context) error {
			s, err := session.Get("session", c)
			if err != nil {
				return err
			}
			s.Values["name"] = "ann"
			return s.Save(c.Request(), c.Response())
		})
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", nil))
		ann := chanxtest.Dial(t, e, "/teams/red/live", &chanxtest.DialOptions{Header: http.Header{"Cookie": w.Header()["Set-Cookie"]}})
		if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" {
			t.Errorf("got %+v", you)
		}
		chanxtest.Refused(t, e, "/teams/red/live", http.StatusUnauthorized, nil)
	})
}

func TestErrorPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := NewEcho(chanx.NewHub(nil), key)
		withErrorPage(e)
		for path, want := range map[string]string{
			"/teams/red/live":    `{"problem":"Unauthorized"}`,
			"/nowhere":           `{"problem":"Not Found"}`,
			"/teams/red/nowhere": `{"problem":"Unauthorized"}`, // a group's middleware answers for all of its prefix
		} {
			if refusal := chanxtest.Refused(t, e, path, 0, nil); strings.TrimSpace(refusal.Body) != want {
				t.Errorf("%s: the refusal says %s", path, refusal.Body)
			}
		}
		origin := as(t, "ann")
		origin.Origin = "https://elsewhere.example"
		refusal := chanxtest.Refused(t, e, "/teams/red/live", http.StatusForbidden, origin)
		if !strings.Contains(refusal.Body, `"problem":"the origin`) {
			t.Errorf("the refusal says %s", refusal.Body)
		}
	})
}

func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hub := chanx.NewHub(nil)
	e := NewEcho(hub, key)
	e.Listener, e.HideBanner, e.HidePort = l, true, true
	ended := make(chan error, 1)
	go func() { ended <- Serve(hub, "", e) }()
	ann := chanxtest.DialURL(t, "ws://"+l.Addr().String()+"/teams/red/live", as(t, "ann"))
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ann.ExpectClose(chanx.CloseRestart)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

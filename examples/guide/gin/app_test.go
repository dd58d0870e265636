package ginguide

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	jwt "github.com/appleboy/gin-jwt/v2"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/guide/notes"
	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	gin.DefaultWriter = io.Discard // where gin.Logger writes
	os.Exit(m.Run())
}

func newTokens(t *testing.T) *jwt.GinJWTMiddleware {
	t.Helper()
	tokens, err := jwt.New(&jwt.GinJWTMiddleware{
		Key:         []byte("secret"),
		Timeout:     time.Hour,
		PayloadFunc: func(name any) jwt.MapClaims { return jwt.MapClaims{jwt.IdentityKey: name} },
	})
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// as are the options of a client that brings a token.
func as(t *testing.T, tokens *jwt.GinJWTMiddleware, name string) *chanxtest.DialOptions {
	t.Helper()
	token, _, err := tokens.TokenGenerator(name)
	if err != nil {
		t.Fatal(err)
	}
	return &chanxtest.DialOptions{Header: http.Header{"Authorization": {"Bearer " + token}}}
}

// post writes a note, and returns the answer.
func post(t *testing.T, h http.Handler, path, body string, as *chanxtest.DialOptions) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header = as.Header.Clone()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, tokens := chanx.NewHub(nil), newTokens(t)
		engine := NewEngine(hub, tokens)

		ann := chanxtest.Dial(t, engine, "/teams/red/live", as(t, tokens, "ann"))
		if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" || you.Team != "red" {
			t.Errorf("got %+v", you)
		}
		if w := post(t, engine, "/teams/red/notes", `{"text":"hello"}`, as(t, tokens, "bob")); w.Code != http.StatusCreated {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		if note := chanxtest.Expect[notes.Note](ann); note.Text != "hello" || note.By != "bob" {
			t.Errorf("got %+v", note)
		}
		chanxtest.Refused(t, engine, "/teams/red/live", http.StatusUnauthorized, nil)
	})
}

func TestInvalidNote(t *testing.T) {
	engine, tokens := NewEngine(chanx.NewHub(nil), newTokens(t)), newTokens(t)
	for body, says := range map[string]string{`{"text":""}`: `"path":"/payload/text"`, `{"text":`: ""} {
		if w := post(t, engine, "/teams/red/notes", body, as(t, tokens, "ann")); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s is answered with %d %s", body, w.Code, w.Body)
		}
	}
}

func TestTokenOfABrowser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t)
		engine := NewEngine(chanx.NewHub(nil), tokens)
		token, _, err := tokens.TokenGenerator("ann")
		if err != nil {
			t.Fatal(err)
		}
		ann := chanxtest.Dial(t, engine, "/teams/a%2Fb/live", &chanxtest.DialOptions{Subprotocols: []string{"other", "bearer." + token}})
		if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" || you.Team != "a/b" {
			t.Errorf("got %+v", you)
		}
		if got := ann.Subprotocol(); got != "bearer."+token {
			t.Errorf("the subprotocol is %q", got)
		}
	})
}

// A socket ends with its token.
func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t)
		ann := chanxtest.Dial(t, NewEngine(chanx.NewHub(nil), tokens), "/teams/red/live", as(t, tokens, "ann"))
		ann.ExpectNothing()
		<-time.After(time.Hour)
		ann.ExpectClose(chanx.CloseExpired)
	})
}

func TestPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := gin.New()
		withPassword(r, notes.NewReaders(chanx.NewHub(nil)))
		login := func(password string) *chanxtest.DialOptions {
			r := &http.Request{Header: http.Header{}}
			r.SetBasicAuth("ann", password)
			return &chanxtest.DialOptions{Header: r.Header}
		}
		ann := chanxtest.Dial(t, r, "/teams/red/live", login("secret"))
		if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" {
			t.Errorf("got %+v", you)
		}
		chanxtest.Refused(t, r, "/teams/red/live", http.StatusUnauthorized, login("guess"))
	})
}

func TestSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := gin.New()
		withSession(r, cookie.NewStore([]byte("0123456789abcdef")), notes.NewReaders(chanx.NewHub(nil)))
		r.POST("/login", func(c *gin.Context) {
			session := sessions.Default(c)
			session.Set("name", "ann")
			_ = session.Save()
		})
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", nil))
		ann := chanxtest.Dial(t, r, "/teams/red/live", &chanxtest.DialOptions{Header: http.Header{"Cookie": w.Header()["Set-Cookie"]}})
		if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" {
			t.Errorf("got %+v", you)
		}
		chanxtest.Refused(t, r, "/teams/red/live", http.StatusUnauthorized, nil)
	})
}

func TestErrorPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := gin.New()
		withErrorPage(r, notes.NewReaders(chanx.NewHub(nil)))
		refusal := chanxtest.Refused(t, r, "/teams/red/live", http.StatusUnauthorized, nil)
		if refusal.Body != `{"problem":"unauthenticated: log in first"}` {
			t.Errorf("the refusal says %s", refusal.Body)
		}
	})
}

func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hub, tokens := chanx.NewHub(nil), newTokens(t)
	ended := make(chan error, 1)
	go func() { ended <- Serve(hub, l, NewEngine(hub, tokens)) }()
	ann := chanxtest.DialURL(t, "ws://"+l.Addr().String()+"/teams/red/live", as(t, tokens, "ann"))
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ann.ExpectClose(chanx.CloseRestart)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

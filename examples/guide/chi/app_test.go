package chiguide

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"
	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/guide/notes"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/jwtauth/v5"
)

var tokens = jwtauth.New("HS256", []byte("secret"), nil)

// token is one that is good for an hour.
func token(t *testing.T, name string) string {
	t.Helper()
	_, text, err := tokens.Encode(map[string]any{"sub": name, "exp": time.Now().Add(time.Hour)})
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
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := chanx.NewHub(nil)
		routes := NewRouter(hub, tokens)
		ann := chanxtest.Dial(t, routes, "/teams/red/live", as(t, "ann"))
		if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" || you.Team != "red" {
			t.Errorf("got %+v", you)
		}
		if w := post(t, routes, "/teams/red/notes", `{"text":"hello"}`, as(t, "bob")); w.Code != http.StatusCreated {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		if note := chanxtest.Expect[notes.Note](ann); note.Text != "hello" || note.By != "bob" {
			t.Errorf("got %+v", note)
		}
		chanxtest.Refused(t, routes, "/teams/red/live", http.StatusUnauthorized, nil)
		chanxtest.Refused(t, routes, "/teams/42/live", http.StatusNotFound, as(t, "ann"))
	})
}

func TestDocsHaveTheWholeAddress(t *testing.T) {
	hub := chanx.NewHub(nil)
	w := httptest.NewRecorder()
	NewRouter(hub, tokens).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/asyncapi.json", nil))
	if got := hub.Endpoints()[0].Path(); w.Code != http.StatusOK || got != "/teams/{team}/live" {
		t.Errorf("%d, and the address is %s", w.Code, got)
	}
}

func TestInvalidNote(t *testing.T) {
	routes := NewRouter(chanx.NewHub(nil), tokens)
	for body, says := range map[string]string{`{"text":""}`: `"path":"/payload/text"`, `{"text":`: ""} {
		if w := post(t, routes, "/teams/red/notes", body, as(t, "ann")); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s is answered with %d %s", body, w.Code, w.Body)
		}
	}
}

func TestTokenOfABrowser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		routes, bearer := NewRouter(chanx.NewHub(nil), tokens), "bearer."+token(t, "ann")
		ann := chanxtest.Dial(t, routes, "/teams/red/live", &chanxtest.DialOptions{Subprotocols: []string{"other", bearer}})
		if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" {
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
		ann := chanxtest.Dial(t, NewRouter(chanx.NewHub(nil), tokens), "/teams/red/live", as(t, "ann"))
		ann.ExpectNothing()
		<-time.After(time.Hour)
		ann.ExpectClose(chanx.CloseExpired)
	})
}

func TestPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chi.NewRouter()
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

// Outside of a bubble, as the session store cleans up for ever.
func TestSession(t *testing.T) {
	r, sessions := chi.NewRouter(), scs.New()
	withSession(r, sessions, notes.NewReaders(chanx.NewHub(nil)))
	r.Post("/login", func(_ http.ResponseWriter, r *http.Request) { sessions.Put(r.Context(), "name", "ann") })
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", nil))
	ann := chanxtest.Dial(t, r, "/teams/red/live", &chanxtest.DialOptions{Header: http.Header{"Cookie": w.Header()["Set-Cookie"]}})
	if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" {
		t.Errorf("got %+v", you)
	}
	chanxtest.Refused(t, r, "/teams/red/live", http.StatusUnauthorized, nil)
}

func TestServeMux(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := chanx.NewHub(nil)
		mux := NewMux(hub)
		chanxtest.Refused(t, mux, "/teams/red/live", http.StatusUnauthorized, nil) // there is no middleware
		if got := hub.Endpoints()[0].Path(); got != "/teams/{team}/live" {
			t.Errorf("the address is %s", got)
		}
	})
}

// What a middleware leaves in the request's context outlives the request.
func TestContextValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants := make(chan string, 1)
		hub, r := chanx.NewHub(nil), chi.NewRouter()
		r.Use(withTenant)
		c := chanx.NewConsumer(hub, "tenants", func(_ context.Context, conn *chanx.Conn) (*chanx.Conn, error) { return conn, nil }, nil)
		chanx.OnClose(c, func(conn *chanx.Conn, _ context.Context, _ *chanx.CloseError) { tenants <- tenantOf(conn) })
		chanxchi.Handle(r, "/ws", c, nil)
		client := chanxtest.Dial(t, r, "/ws", &chanxtest.DialOptions{Header: http.Header{"X-Tenant": {"acme"}}})
		client.Close(chanx.CloseNormal, "")
		if got := <-tenants; got != "acme" {
			t.Errorf("the tenant is %q", got)
		}
	})
}

func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hub := chanx.NewHub(nil)
	ended := make(chan error, 1)
	go func() { ended <- Serve(hub, l, NewRouter(hub, tokens)) }()
	ann := chanxtest.DialURL(t, "ws://"+l.Addr().String()+"/teams/red/live", as(t, "ann"))
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ann.ExpectClose(chanx.CloseRestart)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestErrorPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chi.NewRouter()
		withErrorPage(r, notes.NewReaders(chanx.NewHub(nil)))
		refusal := chanxtest.Refused(t, r, "/teams/red/live", http.StatusUnauthorized, nil)
		if refusal.Body != "problem: unauthenticated: log in first\n" {
			t.Errorf("the refusal says %q", refusal.Body)
		}
	})
}

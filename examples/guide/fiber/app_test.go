package fiberguide

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/guide/notes"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/session"
	"github.com/golang-jwt/jwt/v5"
)

var key = []byte("secret")

// token is one that is good for a while.
func token(t *testing.T, name string, good time.Duration) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject: name, ExpiresAt: jwt.NewNumericDate(time.Now().Add(good)),
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// as are the options of a client that brings a token.
func as(t *testing.T, name string) *chanxtest.DialOptions {
	t.Helper()
	return &chanxtest.DialOptions{Header: http.Header{"Authorization": {"Bearer " + token(t, name, time.Hour)}}}
}

// on has the frames of a client held against the hub's document.
func on(hub *chanx.Hub, opts *chanxtest.DialOptions) *chanxtest.DialOptions {
	opts.Hub = hub
	return opts
}

// serve serves an application until the test ends, and returns its address.
func serve(t *testing.T, hub *chanx.Hub, app *fiber.App) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = app.Listener(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(hub.Shutdown(ctx), app.ShutdownWithContext(ctx)); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// post writes a note, and returns the answer.
func post(t *testing.T, app *fiber.App, path, body string, as *chanxtest.DialOptions) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = as.Header.Clone()
	r.Header.Set("Content-Type", "application/json")
	response, err := app.Test(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestNotes(t *testing.T) {
	hub := chanx.NewHub(nil)
	app := NewApp(hub, key)
	url := "ws://" + serve(t, hub, app) + "/teams/red/live"

	ann := chanxtest.DialURL(t, url, on(hub, as(t, "ann")))
	if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" || you.Team != "red" {
		t.Errorf("got %+v", you)
	}
	if status, answer := post(t, app, "/teams/red/notes", `{"text":"hello"}`, as(t, "bob")); status != fiber.StatusCreated {
		t.Errorf("got %d %s", status, answer)
	}
	if note := chanxtest.Expect[notes.Note](ann); note.Text != "hello" || note.By != "bob" {
		t.Errorf("got %+v", note)
	}
	chanxtest.RefusedURL(t, url, fiber.StatusUnauthorized, nil)
}

func TestInvalidNote(t *testing.T) {
	app := NewApp(chanx.NewHub(nil), key)
	for body, says := range map[string]string{`{"text":""}`: `"path":"/payload/text"`, `{"text":`: ""} {
		if status, answer := post(t, app, "/teams/red/notes", body, as(t, "ann")); status != fiber.StatusBadRequest || !strings.Contains(answer, says) {
			t.Errorf("%s is answered with %d %s", body, status, answer)
		}
	}
}

// The REST side and the socket mean the same team.
func TestEncodedTeam(t *testing.T) {
	hub := chanx.NewHub(nil)
	app := NewApp(hub, key)
	ann := chanxtest.DialURL(t, "ws://"+serve(t, hub, app)+"/teams/red%20and%2Fblue/live", on(hub, as(t, "ann")))
	if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Team != "red and/blue" {
		t.Errorf("got %+v", you)
	}
	if status, answer := post(t, app, "/teams/red%20and%2Fblue/notes", `{"text":"hello"}`, as(t, "bob")); status != fiber.StatusCreated {
		t.Errorf("got %d %s", status, answer)
	}
	chanxtest.Expect[notes.Note](ann)
}

func TestTokenOfABrowser(t *testing.T) {
	hub := chanx.NewHub(nil)
	bearer := "bearer." + token(t, "ann", time.Hour)
	ann := chanxtest.DialURL(t, "ws://"+serve(t, hub, NewApp(hub, key))+"/teams/red/live", &chanxtest.DialOptions{
		Subprotocols: []string{"other", bearer}, Hub: hub,
	})
	if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" {
		t.Errorf("got %+v", you)
	}
	if got := ann.Subprotocol(); got != bearer {
		t.Errorf("the subprotocol is %q", got)
	}
}

// A socket ends with its token.
func TestTokenExpires(t *testing.T) {
	hub := chanx.NewHub(nil)
	ann := chanxtest.DialURL(t, "ws://"+serve(t, hub, NewApp(hub, key))+"/teams/red/live", &chanxtest.DialOptions{
		Header: http.Header{"Authorization": {"Bearer " + token(t, "ann", 2*time.Second)}}, Hub: hub,
	})
	ann.ExpectClose(chanx.CloseExpired)
}

func TestPassword(t *testing.T) {
	hub, app := chanx.NewHub(nil), fiber.New(fiber.Config{DisableStartupMessage: true})
	withPassword(app, notes.NewReaders(hub))
	url := "ws://" + serve(t, hub, app) + "/teams/red/live"
	login := func(password string) *chanxtest.DialOptions {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth("ann", password)
		return &chanxtest.DialOptions{Header: r.Header}
	}
	ann := chanxtest.DialURL(t, url, on(hub, login("secret")))
	if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" {
		t.Errorf("got %+v", you)
	}
	chanxtest.RefusedURL(t, url, fiber.StatusUnauthorized, login("guess"))
}

func TestSession(t *testing.T) {
	hub, app, store := chanx.NewHub(nil), fiber.New(fiber.Config{DisableStartupMessage: true}), session.New()
	withSession(app, store, notes.NewReaders(hub))
	app.Post("/login", func(c *fiber.Ctx) error {
		s, err := store.Get(c)
		if err != nil {
			return err
		}
		s.Set("name", "ann")
		return s.Save()
	})
	url := "ws://" + serve(t, hub, app) + "/teams/red/live"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := app.Test(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	cookie := response.Cookies()[0]
	ann := chanxtest.DialURL(t, url, &chanxtest.DialOptions{Header: http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}}, Hub: hub})
	if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Name != "ann" {
		t.Errorf("got %+v", you)
	}
	chanxtest.RefusedURL(t, url, fiber.StatusUnauthorized, nil)
}

func TestErrorPage(t *testing.T) {
	hub, app := chanx.NewHub(nil), fiber.New(fiber.Config{DisableStartupMessage: true, ErrorHandler: problem})
	withErrorPage(app, notes.NewReaders(hub))
	refusal := chanxtest.RefusedURL(t, "ws://"+serve(t, hub, app)+"/teams/red/live", fiber.StatusUnauthorized, nil)
	if refusal.Body != `{"problem":"log in first"}` {
		t.Errorf("the refusal says %s", refusal.Body)
	}
}

func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hub := chanx.NewHub(nil)
	ended := make(chan error, 1)
	go func() { ended <- Serve(hub, l, NewApp(hub, key)) }()
	ann := chanxtest.DialURL(t, "ws://"+l.Addr().String()+"/teams/red/live", on(hub, as(t, "ann")))
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ann.ExpectClose(chanx.CloseRestart)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

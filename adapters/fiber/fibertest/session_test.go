package fibertest

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/session"
)

// sessionAuth has the session in a cookie.
var sessionAuth = adaptertest.Auth{
	Kind: "session",
	Name: "session",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		store := session.New(session.Config{Storage: &storage{}})
		f := a.(*app).fiber
		f.Get("/login/:user", func(c *fiber.Ctx) error { return login(store, c) })
		f.Get("/expire", func(c *fiber.Ctx) error {
			store.Storage.(*storage).expire()
			return nil
		})
		chanxfiber.Handle(f, pattern, c, &chanxfiber.Options{
			Identity: func(c *fiber.Ctx) (any, error) { return userOfSession(store, c) },
		})
	},
	Valid: cookie,
	Wrong: func(testing.TB, string, string) http.Header {
		return http.Header{"Cookie": {"session_id=5b0e4a5c-7a3e-4a8e-9a6b-0d8c2b1f7a11"}}
	},
	Expired: func(t testing.TB, base, user string) http.Header {
		header := cookie(t, base, user)
		get(t, base+"/expire")
		return header
	},
	Secrets: []any{"password", "user"},
}

// login opens a session.
func login(store *session.Store, c *fiber.Ctx) error {
	s, err := store.Get(c)
	if err != nil {
		return err
	}
	s.Set("user", strings.Clone(c.Params("user")))
	s.Set("password", "secret")
	return s.Save()
}

// userOfSession is who has logged in.
func userOfSession(store *session.Store, c *fiber.Ctx) (any, error) {
	s, err := store.Get(c)
	if err != nil {
		return nil, err
	}
	user, ok := s.Get("user").(string)
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	return user, nil
}

// cookie returns the cookie of a user who logs in.
func cookie(t testing.TB, base, user string) http.Header {
	t.Helper()
	pair, _, _ := strings.Cut(get(t, base+"/login/"+user).Get("Set-Cookie"), ";")
	return http.Header{"Cookie": {pair}}
}

func get(t testing.TB, url string) http.Header {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, resp.Status)
	}
	return resp.Header
}

// storage is a fiber.Storage whose time can be put forward.
type storage struct {
	mu      sync.Mutex
	entries map[string]entry
}

type entry struct {
	value   []byte
	expires time.Time
}

func (s *storage) Get(key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[key]
	if time.Now().After(e.expires) {
		return nil, nil
	}
	return e.value, nil
}

func (s *storage) Set(key string, value []byte, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries == nil {
		s.entries = map[string]entry{}
	}
	s.entries[strings.Clone(key)] = entry{value, time.Now().Add(ttl)}
	return nil
}

func (s *storage) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.entries, key)
	return nil
}

func (s *storage) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.entries)
	return nil
}

func (s *storage) Close() error { return nil }

// expire makes all that there is older than it may get.
func (s *storage) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, e := range s.entries {
		e.expires = time.Time{}
		s.entries[key] = e
	}
}

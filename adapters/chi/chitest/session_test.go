package chitest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"
	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/adaptertest"
	"github.com/gorilla/sessions"
)

// login returns the cookies of a user who logs in.
func login(t testing.TB, base, target string) http.Header {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var cookies []string
	for _, c := range response.Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	if response.StatusCode != http.StatusOK || len(cookies) == 0 {
		t.Fatalf("log in: %s", response.Status)
	}
	return http.Header{"Cookie": {strings.Join(cookies, "; ")}}
}

// loggedIn logs in at a path that names the user.
func loggedIn(path string) func(testing.TB, string, string) http.Header {
	return func(t testing.TB, base, user string) http.Header { return login(t, base, path+user) }
}

// guessed is a cookie that nobody has given out.
func guessed(name string) func(testing.TB, string, string) http.Header {
	return func(testing.TB, string, string) http.Header { return http.Header{"Cookie": {name + "=a-guess"}} }
}

// routesOf are an application's, whichever it is of.
func routesOf(a adaptertest.App) (chanxchi.Router, func(pattern string, h http.HandlerFunc)) {
	switch a := a.(type) {
	case *chiApp:
		return a.root, a.root.Get
	case *muxApp:
		return a.mux, func(pattern string, h http.HandlerFunc) { a.mux.HandleFunc("GET "+pattern, h) }
	}
	return nil, nil
}

// scsAuth is a session of scs, whose data are in the server's memory.
var scsAuth = adaptertest.Auth{
	Kind: "session",
	Name: "alexedwards/scs",
	Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
		manager := scs.New()
		using(manager.LoadAndSave)(nil, a)
		routes, get := routesOf(a)
		put := func(user string, age time.Duration) http.HandlerFunc {
			return func(_ http.ResponseWriter, r *http.Request) {
				manager.Put(r.Context(), "user", user)
				manager.SetDeadline(r.Context(), time.Now().Add(age))
			}
		}
		for user := range passwords {
			get("/login/"+user, put(user, time.Hour))
			get("/login/briefly/"+user, put(user, 50*time.Millisecond))
		}
		chanxchi.Handle(routes, pattern, c, &chanxchi.Options{Identity: func(r *http.Request) (any, error) {
			user := manager.GetString(r.Context(), "user")
			if user == "" {
				return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
			}
			return user, nil
		}})
	},
	Valid: loggedIn("/login/"),
	Wrong: guessed("session"),
	Expired: func(t testing.TB, base, user string) http.Header {
		header := login(t, base, "/login/briefly/"+user)
		<-time.After(100 * time.Millisecond)
		return header
	},
}

// store keeps sessions in signed cookies.
var store = sessions.NewCookieStore([]byte("a key that signs and is long enough"))

// logIn starts a session of gorilla's.
func logIn(w http.ResponseWriter, r *http.Request, user string) {
	session, _ := store.Get(r, "app")
	session.Values["user"] = user
	if err := session.Save(r, w); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// gorillaUser is whose session it is.
func gorillaUser(r *http.Request) (any, error) {
	session, err := store.Get(r, "app")
	user, ok := session.Values["user"].(string)
	if err != nil || !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	return user, nil
}

// gorillaAuth is a session of gorilla's, all of which is in the cookie.
func gorillaAuth(t *testing.T) adaptertest.Auth {
	t.Helper()
	expired := cookieOfOldTimes(t)
	return adaptertest.Auth{
		Kind: "session",
		Name: "gorilla/sessions",
		Mount: func(_ testing.TB, a adaptertest.App, pattern string, c chanx.Mountable) {
			routes, get := routesOf(a)
			for user := range passwords {
				get("/login/"+user, func(w http.ResponseWriter, r *http.Request) { logIn(w, r, user) })
			}
			chanxchi.Handle(routes, pattern, c, &chanxchi.Options{Identity: gorillaUser})
		},
		Valid:   loggedIn("/login/"),
		Wrong:   guessed("app"),
		Expired: func(testing.TB, string, string) http.Header { return expired },
	}
}

// cookieOfOldTimes returns the cookie of somebody who has logged in at the
// beginning of the time in bubbles, in the year 2000.
func cookieOfOldTimes(t *testing.T) http.Header {
	t.Helper()
	header := http.Header{}
	synctest.Test(t, func(t *testing.T) {
		w := httptest.NewRecorder()
		logIn(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), "ann")
		for _, c := range w.Result().Cookies() {
			header.Add("Cookie", c.Name+"="+c.Value)
		}
	})
	if len(header) == 0 {
		t.Fatal("no cookie was set")
	}
	return header
}

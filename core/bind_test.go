package chanx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/google/go-cmp/cmp"
)

type roomParams struct {
	Room   string   `path:"room" minLength:"2" pattern:"^[a-z/ ]+$"`
	Page   int      `query:"page" default:"1" minimum:"1"`
	Tags   []string `query:"tag" required:"false" maxItems:"3"`
	Levels []int    `query:"level" required:"false"`
	Ratio  *float64 `query:"ratio"`
	Quiet  bool     `query:"quiet" default:"false"`
	Token  string   `header:"X-Token" minLength:"3"`
	Theme  *string  `cookie:"theme" enum:"dark,light"`
	Named  string   `query:"renamed" json:"other" default:"none"`
}

// bindServer binds a P on /rooms/{room} and keeps what it got.
func bindServer[P any](t testing.TB) (http.Handler, *P) {
	t.Helper()
	hub := chanx.NewHub(nil)
	t.Cleanup(func() { _ = hub.Shutdown(context.Background()) })
	var got P
	consumer := chanx.NewConsumer(hub, "rooms", func(_ context.Context, c *chanx.Conn) (*chanx.Conn, error) {
		var err error
		got, err = chanx.Bind[P](c)
		return c, err
	}, nil)
	chanx.Params[P](consumer)
	mux := http.NewServeMux()
	mux.Handle("/rooms/{room}", chanx.Mount(consumer, "/rooms/{room}"))
	return mux, &got
}

func TestBind(t *testing.T) {
	ratio, theme := 0.25, "dark"
	tests := []struct {
		path   string
		header http.Header
		want   roomParams
	}{
		{"/rooms/go", http.Header{"X-Token": {"abc"}}, roomParams{Room: "go", Page: 1, Token: "abc", Named: "none"}},
		{
			"/rooms/a%2Fb%20c?page=3&tag=x&tag=y%26z&level=1&level=-2&ratio=0.25&quiet=true&renamed=it",
			http.Header{"X-Token": {"token", "ignored"}, "Cookie": {"a=b; theme=dark"}},
			roomParams{Room: "a/b c", Page: 3, Tags: []string{"x", "y&z"}, Levels: []int{1, -2}, Ratio: &ratio, Quiet: true, Token: "token", Theme: &theme, Named: "it"},
		},
		{"/rooms/go?page=1e0&page=7&Page=9", http.Header{"X-Token": {`"1"`}}, roomParams{Room: "go", Page: 1, Token: `"1"`, Named: "none"}},
		{"/rooms/go?tag=7&renamed=true", http.Header{"X-Token": {"123"}}, roomParams{Room: "go", Page: 1, Tags: []string{"7"}, Token: "123", Named: "true"}},
	}
	mux, got := bindServer[roomParams](t)
	for _, test := range tests {
		*got = roomParams{}
		c := chanxtest.Dial(t, mux, test.path, &chanxtest.DialOptions{Header: test.header})
		if diff := cmp.Diff(test.want, *got); diff != "" {
			t.Errorf("%s: %s", test.path, diff)
		}
		c.Drop()
	}
}

func TestBindRefuses(t *testing.T) {
	tests := []struct {
		path   string
		header http.Header
		want   map[string]string // path → code
	}{
		{"/rooms/go", nil, map[string]string{"/header/X-Token": "required"}},
		{"/rooms/g", http.Header{"X-Token": {"abc"}}, map[string]string{"/path/room": "min_length"}},
		{
			"/rooms/9?page=0&tag=1&tag=2&tag=3&tag=4&level=1&level=x&ratio=much&quiet=maybe",
			http.Header{"X-Token": {"ab"}, "Cookie": {"theme=pink"}},
			map[string]string{
				"/path/room": "pattern", "/query/page": "minimum", "/query/tag": "max_items", "/query/level/1": "type", "/query/ratio": "type",
				"/query/quiet": "type", "/header/X-Token": "min_length", "/cookie/theme": "enum",
			},
		},
		{"/rooms/go?page=", http.Header{"X-Token": {"abc"}}, map[string]string{"/query/page": "type"}},
		{"/rooms/go?page=1.5", http.Header{"X-Token": {"abc"}}, map[string]string{"/query/page": "type"}},
		{"/rooms/go?page=%201", http.Header{"X-Token": {"abc"}}, map[string]string{"/query/page": "type"}},
		{"/rooms/go?page=99999999999999999999", http.Header{"X-Token": {"abc"}}, map[string]string{"/query/page": "maximum"}},
		{"/rooms/go?page=null", http.Header{"X-Token": {"abc"}}, map[string]string{"/query/page": "type"}},
		{"/rooms/go?quiet=1", http.Header{"X-Token": {"abc"}}, map[string]string{"/query/quiet": "type"}},
		{"/rooms/go?page={}", http.Header{"X-Token": {"abc"}}, map[string]string{"/query/page": "type"}},
	}
	mux, _ := bindServer[roomParams](t)
	for _, test := range tests {
		r := chanxtest.Refused(t, mux, test.path, 400, &chanxtest.DialOptions{Header: test.header})
		if r.Error == nil || r.Error.Reason != chanx.Invalid {
			t.Errorf("%s: refused with %s", test.path, r)
			continue
		}
		got := map[string]string{}
		for _, v := range r.Error.Violations {
			got[v.Path] = v.Code
		}
		for path := range test.want { // "/path/room" may break two rules
			if test.want[path] != got[path] {
				t.Errorf("%s: %s", test.path, cmp.Diff(test.want, got))
				break
			}
		}
		for path := range got {
			if test.want[path] == "" {
				t.Errorf("%s: %s is told to be wrong", test.path, path)
			}
			kind, name, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
			name, _, _ = strings.Cut(name, "/")
			if want := kind + ` parameter "` + name + `" `; !strings.Contains(r.Error.Detail, want) {
				t.Errorf("%s: the detail %q doesn't say %q", test.path, r.Error.Detail, want)
			}
		}
	}
}

func TestBindTypesThatCanNotBe(t *testing.T) {
	type nowhere struct{ Room string }
	type twice struct {
		Room string `path:"room" query:"room"`
	}
	type unnamed struct {
		Room string `query:""`
	}
	type unsayable struct {
		Room chan int `query:"room"`
	}
	type elsewhere struct {
		Hall string `path:"hall"`
	}
	register := func(words string, params func(chanx.Registrar[*chanx.Conn])) {
		t.Helper()
		consumer := chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), "rooms", nil, nil)
		mustPanic(t, words, func() {
			params(consumer)
			chanx.Mount(consumer, "/rooms/{room}")
		})
	}
	register("nowhere.Room … does not say where it comes from", chanx.Params[nowhere, *chanx.Conn])
	register("twice.Room … path … query", chanx.Params[twice, *chanx.Conn])
	register("unnamed.Room", chanx.Params[unnamed, *chanx.Conn])
	register("chan int", chanx.Params[unsayable, *chanx.Conn])
	register("are a struct, not string", chanx.Params[string, *chanx.Conn])
	register(`no parameter {hall} … elsewhere … "rooms"`, chanx.Params[elsewhere, *chanx.Conn])
	register("two types … roomParams … elsewhere", func(c chanx.Registrar[*chanx.Conn]) {
		chanx.Params[roomParams](c)
		chanx.Params[elsewhere](c)
	})
}

// Bind works for a type that was not declared, and fails the handshake with 500
// where the type is wrong.
func TestBindUndeclared(t *testing.T) {
	hub := chanx.NewHub(&chanx.HubOptions{Logger: discard})
	var err error
	consumer := chanx.NewConsumer(hub, "rooms", func(_ context.Context, c *chanx.Conn) (*chanx.Conn, error) {
		_, err = chanx.Bind[struct {
			X func() `query:"x"`
		}](c)
		return c, err
	}, nil)
	w := httptest.NewRecorder()
	chanx.Mount(consumer, "/").ServeHTTP(w, upgradeRequest("/"))
	if w.Code != 500 || err == nil || strings.Contains(w.Body.String(), "func") {
		t.Errorf("status %d, error %v: %s", w.Code, err, w.Body)
	}
}

package chanxecho_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
)

// A path is refused with its mend, or echo routes to it what its address says.
func FuzzPath(f *testing.F) {
	for _, path := range []string{
		"", "/", "ws", "/r/:room", "/v:version/ws", "/:a/:b", "/:a/:a", "/:", "/:/x", "/files/*", "*", "/*/x", `/a\:b`, `/a\\:b`, `/\`, "/{a}", "//", "/é/:ü", "/:a*",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		hub, e := newHub(), newEcho()
		text := panics(func() { chanxecho.Handle(e, path, peers(hub, "peers"), nil) })
		if text != "<nil>" {
			if !strings.HasPrefix(text, "chanx") {
				t.Fatalf("%q panics with %s", path, text)
			}
			return
		}
		info := hub.Endpoints()[0].Describe()
		target := info.Path
		for _, name := range info.PathParams {
			target = strings.Replace(target, "{"+name+"}", "value", 1)
		}
		for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
			if segment == "." || segment == ".." || segment == "" && strings.Contains(path, "//") {
				return // an address has none of these, and clients send none
			}
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: target}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != http.StatusUpgradeRequired {
			t.Errorf("%q, which is the path %q of %q, is answered with %d", target, info.Path, path, w.Code)
		}
	})
}

// Whatever a value is, the consumer sees it as the client meant it.
func FuzzValues(f *testing.F) {
	for _, seed := range [][2]string{
		{"go", "a/b"}, {"a b", ""}, {"a/b", "c/d/"}, {"100%", "%2F"}, {"a+b", "+"}, {"%41", "%2541"},
		{"é", "//"}, {"..", "."}, {":x", "*y"}, {"a%2Fb", "\xff"}, {"?", "#"}, {"{room}", "a\x00b"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, room, rest string) {
		if room == "" {
			return // no such route
		}
		var got [3]string
		e, c := newEcho(), chanx.NewConsumer(newHub(), "seen", func(_ context.Context, conn *chanx.Conn) (*peer, error) {
			got = [3]string{conn.PathValue("room"), conn.PathValue("room2"), conn.PathValue("path")}
			return nil, chanx.Errorf(chanx.Forbidden, "seen")
		}, nil)
		chanxecho.Handle(e.Group("/in/:room"), "/x:room2/*", c, nil)

		escaped := url.PathEscape(room)
		path := "/in/" + escaped + "/x" + escaped + "/" + url.PathEscape(rest)
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.URL, r.Header = u, handshake()
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if want := [3]string{room, room, rest}; w.Code != http.StatusForbidden || got != want {
			t.Errorf("%s is answered with %d: got %q, want %q", path, w.Code, got, want)
		}
	})
}

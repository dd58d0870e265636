package chanxecho_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
)

func TestPaths(t *testing.T) {
	for _, c := range []struct {
		path    string
		url     string
		address string
		values  map[string]string
	}{
		{"/ws", "/ws", "/ws", nil},
		{"ws", "/ws", "/ws", nil},
		{"/ws/", "/ws/", "/ws/", nil},
		{"", "/", "/", nil},
		{"/r/:room/u/:user", "/r/go/u/ann", "/r/{room}/u/{user}", map[string]string{"room": "go", "user": "ann"}},
		{"/r/:room", "/r/go", "/r/{room}", map[string]string{"room": "go", "other": ""}},
		{"/v:version/ws", "/v2/ws", "/v{version}/ws", map[string]string{"version": "2"}},
		{"/r/:room/", "/r/go/", "/r/{room}/", map[string]string{"room": "go"}},
		{`/r\:all/:room`, "/r:all/go", "/r:all/{room}", map[string]string{"room": "go"}},
		{"/files/*", "/files/a/b.txt", "/files/{path}", map[string]string{"path": "a/b.txt"}},
		{"/files/*", "/files/", "/files/{path}", map[string]string{"path": ""}},
		{"/:tenant/files/*", "/acme/files/a", "/{tenant}/files/{path}", map[string]string{"tenant": "acme", "path": "a"}},
	} {
		t.Run(c.path, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				e := newEcho()
				chanxecho.Handle(e, c.path, peers(hub, "peers"), nil)
				var names []string
				want := map[string]string{}
				for name, value := range c.values {
					names = append(names, name)
					want[name] = value
				}
				if diff := cmp.Diff(want, asked(t, e, c.url, names...).Values); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if got := hub.Endpoints()[0].Path(); got != c.address {
					t.Errorf("the address is %q, want %q", got, c.address)
				}
			})
		})
	}
}

// A consumer sees decoded values, however echo has them.
func TestEncodedValues(t *testing.T) {
	for url, want := range map[string]string{
		"/r/a%20b":         "a b",
		"/r/caf%C3%A9":     "café",
		"/r/café":          "café",
		"/r/a%2Fb":         "a/b",
		"/r/a%2Fb%20c":     "a/b c",
		"/r/100%25":        "100%",
		"/r/%252F":         "%2F",
		"/r/%252F%2F":      "%2F/",
		"/r/a+b":           "a+b",
		"/r/a&b;c=d":       "a&b;c=d",
		"/r/%3Fq%23f":      "?q#f",
		"/r/%F0%9F%9A%AA":  "🚪",
		"/r/%22%3Cb%3E%22": `"<b>"`,
	} {
		t.Run(url, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				e := newEcho()
				chanxecho.Handle(e, "/r/:room", peers(hub, "peers"), nil)
				if got := asked(t, e, url, "room").Values["room"]; got != want {
					t.Errorf("the room is %q, want %q", got, want)
				}
			})
		})
	}
}

func TestEncodedRest(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := newEcho()
		chanxecho.Handle(e, "/f/*", peers(hub, "files"), nil)
		if got, want := asked(t, e, "/f/a/b%2Fc/%20d", "path").Values["path"], "a/b/c/ d"; got != want {
			t.Errorf("the rest is %q, want %q", got, want)
		}
	})
}

// A parameter is one segment, also where echo would give it more.
func TestOneSegment(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := newEcho()
		chanxecho.Handle(e, "/r/:room", peers(hub, "peers"), nil)
		for _, url := range []string{"/r/a/b", "/r/a%2Fb/c", "/r/go/", "/r/", "/r"} {
			chanxtest.Refused(t, e, url, http.StatusNotFound, nil)
		}
	})
}

func TestGroups(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := newEcho()
		for _, version := range []string{"v1", "v2"} { // the same paths twice
			tenant := e.Group("/"+version+"/:tenant", tagged(version))
			chanxecho.Handle(tenant, "", peers(hub, version+" root"), nil)
			chanxecho.Handle(tenant.Group("", tagged("inner "+version)), "/rooms/:room", peers(hub, version+" rooms"), nil)
			chanxecho.Handle(tenant.Group("/sub").Group("/files"), "/*", peers(hub, version+" files"), nil)
		}
		chanxecho.Handle(e.Group("bare"), "/ws", peers(hub, "bare"), nil)
		got := map[string]string{}
		for _, e := range hub.Endpoints() {
			info := e.Describe()
			got[info.Consumer] = info.Path + " " + strings.Join(info.PathParams, ",")
		}
		want := map[string]string{"bare": "/bare/ws "}
		for _, version := range []string{"v1", "v2"} {
			want[version+" root"] = "/" + version + "/{tenant} tenant"
			want[version+" rooms"] = "/" + version + "/{tenant}/rooms/{room} tenant,room"
			want[version+" files"] = "/" + version + "/{tenant}/sub/files/{path} tenant,path"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for url, want := range map[string]answer{
			"/v1/acme":                 {Values: map[string]string{"tenant": "acme", "path": ""}, Tag: "v1"},
			"/v2/acme/rooms/go":        {Values: map[string]string{"tenant": "acme", "path": ""}, Tag: "inner v2"},
			"/v2/ac%2Fme/sub/files/a/": {Values: map[string]string{"tenant": "ac/me", "path": "a/"}, Tag: "v2"},
		} {
			if diff := cmp.Diff(want, asked(t, e, url, "tenant", "path")); diff != "" {
				t.Errorf("%s: (-want +got):\n%s", url, diff)
			}
		}
	})
}

// Routes of one host are not another's. The same path on two hosts is one address,
// so each host has a hub of its own.
func TestHosts(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		other := newHub()
		defer other.Shutdown(t.Context())
		e := newEcho()
		chanxecho.Handle(e.Host("chanx.test"), "/ws/:a", peers(hub, "one"), nil)
		chanxecho.Handle(e.Host("other.test").Group("/ws", tagged("other")), "/:b", peers(other, "other"), nil)
		on := func(host string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Host = host
				e.ServeHTTP(w, r)
			})
		}
		if got := asked(t, on("chanx.test"), "/ws/1", "a", "b"); got.Values["a"] != "1" || got.Tag != "" {
			t.Errorf("the first host's: %+v", got)
		}
		if got := asked(t, on("other.test"), "/ws/1", "a", "b"); got.Values["b"] != "1" || got.Tag != "other" {
			t.Errorf("the other host's: %+v", got)
		}
		chanxtest.Refused(t, on("nobody.test"), "/ws/1", http.StatusNotFound, nil)
		if got := other.Endpoints()[0].Path(); got != "/ws/{b}" {
			t.Errorf("the address is %q", got)
		}
	})
}

func TestSeveralHubs(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		other := newHub()
		e := newEcho()
		chanxecho.Handle(e, "/a/:room", peers(hub, "peers"), nil)
		chanxecho.Handle(e, "/b/:room", peers(other, "peers"), nil)
		a := chanxtest.Dial(t, e, "/a/1", nil)
		b := chanxtest.Dial(t, e, "/b/2", nil)
		done := make(chan error, 1)
		go func() { done <- other.Shutdown(context.Background()) }()
		b.ExpectClose(chanx.CloseRestart)
		if err := <-done; err != nil {
			t.Error(err)
		}
		chanxtest.Request[answer](a, ask{})
		chanxtest.Refused(t, e, "/b/2", http.StatusServiceUnavailable, nil)
	})
}

// Rewriting in front of the router is seen by the router and by the consumer.
func TestPre(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := newEcho()
		e.Pre(rewrite("/old/", "/new/"), tagged("pre"))
		chanxecho.Handle(e, "/new/:room", peers(hub, "peers"), nil)
		want := answer{Values: map[string]string{"room": "a/b"}, Tag: "pre"}
		if diff := cmp.Diff(want, asked(t, e, "/old/a%2Fb", "room")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestPrefix(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e, mux := newEcho(), http.NewServeMux()
		chanxecho.Handle(e, "/rooms/:room", peers(hub, "rooms"), &chanxecho.Options{Prefix: "/api/{version}"})
		mux.HandleFunc("/api/{version}/{rest...}", func(w http.ResponseWriter, req *http.Request) {
			http.StripPrefix("/api/"+req.PathValue("version"), e).ServeHTTP(w, req)
		})
		a := asked(t, mux, "/api/v1/rooms/go", "version", "room")
		if diff := cmp.Diff(map[string]string{"version": "v1", "room": "go"}, a.Values); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := hub.Endpoints()[0].Path(); got != "/api/{version}/rooms/{room}" {
			t.Errorf("the address is %q", got)
		}
	})
}

type roomParams struct {
	Room string `path:"room"`
}

// What can't be mounted panics with what to do, and leaves nothing that serves.
func TestMisuse(t *testing.T) {
	for name, c := range map[string]struct {
		mount func(e *echo.Echo, hub *chanx.Hub)
		want  []string
	}{
		"another router's way": {func(e *echo.Echo, hub *chanx.Hub) {
			chanxecho.Handle(e, "/bad/{room}", peers(hub, "bad"), nil)
		}, []string{`"/bad/{room}"`, `":name"`}},
		"glued to the prefix": {func(e *echo.Echo, hub *chanx.Hub) {
			chanxecho.Handle(e.Group("/bad"), "ws/:room", peers(hub, "bad"), nil)
		}, []string{`"/badws/:room"`, "begin it with a slash"}},
		"with a method": {func(e *echo.Echo, hub *chanx.Hub) {
			chanxecho.Handle(e, "GET /bad/x", peers(hub, "bad"), nil)
		}, []string{"GET /bad/x", "give the path alone"}},
		"no consumer": {func(e *echo.Echo, _ *chanx.Hub) {
			chanxecho.Handle(e, "/bad/x", nil, nil)
		}, []string{`mounted at "/bad/x" is nil`}},
		"nameless": {func(e *echo.Echo, hub *chanx.Hub) {
			chanxecho.Handle(e, "/bad/:/x", peers(hub, "bad"), nil)
		}, []string{`"/bad/:/x"`, "without a name"}},
		"something behind the rest": {func(e *echo.Echo, hub *chanx.Hub) {
			chanxecho.Handle(e, "/bad/*/x", peers(hub, "bad"), nil)
		}, []string{`"/bad/*/x"`, "at the end"}},
		"two of one name": {func(e *echo.Echo, hub *chanx.Hub) {
			chanxecho.Handle(e.Group("/bad/:a"), "/:a", peers(hub, "bad"), nil)
		}, []string{`"/bad/{a}/{a}"`, "two of one name"}},
		"mounted twice": {func(e *echo.Echo, hub *chanx.Hub) {
			c := peers(hub, "twice")
			chanxecho.Handle(e, "/good", c, nil)
			chanxecho.Handle(e.Group("/bad"), "/x", c, nil)
		}, []string{`"twice"`, `"/good"`, `"/bad/x"`, "make another consumer"}},
		"taken": {func(e *echo.Echo, hub *chanx.Hub) {
			chanxecho.Handle(e, "/bad/x", peers(hub, "first"), nil)
			chanxecho.Handle(e.Group("/bad"), "/x", peers(hub, "second"), nil)
		}, []string{`"/bad/x"`, `"first"`, `"second"`}},
		"no such parameter": {func(e *echo.Echo, hub *chanx.Hub) {
			c := peers(hub, "rooms")
			chanx.Params[roomParams](c)
			chanxecho.Handle(e, "/bad/:other", c, nil)
		}, []string{`"/bad/{other}"`, "{room}"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEcho()
			text := panics(func() { c.mount(e, newHub()) })
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("the panic is %q, want %q in it", text, want)
				}
			}
			if got := plain(t, e, http.MethodGet, "/bad/x"); got != http.StatusNotFound {
				t.Errorf("what could not be mounted answers %d", got)
			}
		})
	}
}

func panics(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}

func plain(t *testing.T, h http.Handler, method, target string) int {
	t.Helper()
	return request(t, h, method, target).Code
}

func request(t *testing.T, h http.Handler, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, nil))
	return w
}

// HTTP/2 has no such handshake: whoever tries gets an answer.
func TestHTTP2(t *testing.T) {
	server := httptest.NewUnstartedServer(behind(newHub()))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("%s %s", resp.Proto, resp.Status)
	}
}

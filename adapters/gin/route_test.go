package chanxgin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
)

func TestPaths(t *testing.T) {
	for name, c := range map[string]struct {
		group   string
		pattern string
		path    string
		address string
		values  map[string]string
	}{
		"plain":                   {"", "/ws", "/ws", "/ws", nil},
		"root":                    {"", "/", "/", "/", nil},
		"slash":                   {"", "/ws/", "/ws/", "/ws/", nil},
		"without a slash":         {"/api", "ws", "/api/ws", "/api/ws", nil},
		"the group itself":        {"/ws", "", "/ws", "/ws", nil},
		"the group with a slash":  {"/ws", "/", "/ws/", "/ws/", nil},
		"the group's own slash":   {"/ws/", "", "/ws/", "/ws/", nil},
		"parameters":              {"", "/r/:room/u/:user", "/r/go/u/ann", "/r/{room}/u/{user}", map[string]string{"room": "go", "user": "ann"}},
		"a parameter of none":     {"", "/r/:room", "/r/go", "/r/{room}", map[string]string{"room": "go", "other": ""}},
		"within a segment":        {"", "/v:version/ws", "/v2/ws", "/v{version}/ws", map[string]string{"version": "2"}},
		"colon":                   {"", `/r/\:room/x\:y/:z`, "/r/:room/x:y/q", "/r/:room/x:y/{z}", map[string]string{"z": "q"}},
		"rest":                    {"", "/files/*path", "/files/a/b.txt", "/files/{path}", map[string]string{"path": "a/b.txt"}},
		"rest with a slash":       {"", "/files/*path", "/files/a/b/", "/files/{path}", map[string]string{"path": "a/b/"}},
		"no rest":                 {"", "/files/*path", "/files/", "/files/{path}", map[string]string{"path": ""}},
		"a group with parameters": {"/:tenant/api", "/rooms/:room", "/acme/api/rooms/go", "/{tenant}/api/rooms/{room}", map[string]string{"tenant": "acme", "room": "go"}},
		"a group with a slash":    {"/api/", "/ws", "/api/ws", "/api/ws", nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				r := gin.New()
				chanxgin.Handle(r.Group(c.group), c.pattern, peers(hub, "peers"), nil)
				var names []string
				want := map[string]string{}
				for name, value := range c.values {
					names = append(names, name)
					want[name] = value
				}
				if diff := cmp.Diff(want, asked(t, r, c.path, names...).Values); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if got := hub.Endpoints()[0].Path(); got != c.address {
					t.Errorf("the address is %q, want %q", got, c.address)
				}
			})
		})
	}
}

// engines are all the ways in which gin finds values. raw says whether an encoded
// slash is part of one.
var engines = map[string]struct {
	settings func(*gin.Engine)
	raw      bool
}{
	"default":                       {func(*gin.Engine) {}, false},
	"UseRawPath":                    {func(r *gin.Engine) { r.UseRawPath = true }, true},
	"UseRawPath, as they are":       {func(r *gin.Engine) { r.UseRawPath, r.UnescapePathValues = true, false }, true},
	"UseEscapedPath":                {func(r *gin.Engine) { r.UseEscapedPath = true }, true},
	"UseEscapedPath, as they are":   {func(r *gin.Engine) { r.UseEscapedPath, r.UnescapePathValues = true, false }, true},
	"RemoveExtraSlash":              {func(r *gin.Engine) { r.RemoveExtraSlash = true }, false},
	"RemoveExtraSlash, UseRawPath":  {func(r *gin.Engine) { r.RemoveExtraSlash, r.UseRawPath = true, true }, true},
	"RemoveExtraSlash, as they are": {func(r *gin.Engine) { r.RemoveExtraSlash, r.UseEscapedPath, r.UnescapePathValues = true, true, false }, true},
}

// A consumer sees decoded values, however the engine looks at paths.
func TestEncodedValues(t *testing.T) {
	values := map[string]string{
		"a%20b":         "a b",
		"caf%C3%A9":     "café",
		"café":          "café",
		"a%2Fb":         "a/b",
		"a%2Fb%20c":     "a/b c",
		"100%25":        "100%",
		"%252F":         "%2F",
		"%252F%2F":      "%2F/",
		"a+b":           "a+b",
		"a%2Bb":         "a+b",
		"a+%2Fb":        "a+/b",
		"a&b;c=d":       "a&b;c=d",
		"%3Fq%23f":      "?q#f",
		"%F0%9F%9A%AA":  "🚪",
		"%22%3Cb%3E%22": `"<b>"`,
		"a:b*c":         "a:b*c",
	}
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				r := gin.New()
				engine.settings(r)
				chanxgin.Handle(r, "/r/:room", peers(hub, "rooms"), nil)
				chanxgin.Handle(r, "/in/:room/user:name", peers(hub, "users"), nil)
				for sent, want := range values {
					if strings.Contains(want, "/") && !engine.raw {
						continue // another route
					}
					if got := asked(t, r, "/r/"+sent, "room").Values["room"]; got != want {
						t.Errorf("%s: the room is %q, want %q", sent, got, want)
					}
					got := asked(t, r, "/in/"+sent+"/user"+sent, "room", "name").Values
					if diff := cmp.Diff(map[string]string{"room": want, "name": want}, got); diff != "" {
						t.Errorf("%s: (-want +got):\n%s", sent, diff)
					}
				}
			})
		})
	}
}

func TestEncodedRest(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				r := gin.New()
				engine.settings(r)
				chanxgin.Handle(r, "/:a/*path", peers(hub, "files"), nil)
				sent, want := "/f/a/b%2Fc/%20d+e/%252F", map[string]string{"a": "f", "path": "a/b/c/ d+e/%2F"}
				if diff := cmp.Diff(want, asked(t, r, sent, "a", "path").Values); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				sent, want = "/x%2Fy/z+z", map[string]string{"a": "x/y", "path": "z+z"}
				if !engine.raw { // the route that gin has chosen, and its middleware has seen
					want = map[string]string{"a": "x", "path": "y/z+z"}
				}
				if diff := cmp.Diff(want, asked(t, r, sent, "a", "path").Values); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestExtraSlashes(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := gin.New()
		r.RemoveExtraSlash, r.UseRawPath, r.UnescapePathValues = true, true, false
		chanxgin.Handle(r, "/r/:room/", peers(hub, "rooms"), nil)
		if got := asked(t, r, "//r///a%2F+b%20//", "room").Values["room"]; got != "a/+b " {
			t.Errorf("the room is %q", got)
		}
	})
}

// What a middleware has made of a parameter is what the consumer sees.
func TestChangedParameter(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := gin.New()
		r.UseRawPath = true
		r.Use(func(c *gin.Context) {
			c.Params[0].Value = strings.ToLower(c.Params[0].Value)
			c.AddParam("more", "%20")
		})
		chanxgin.Handle(r, "/r/:room", peers(hub, "rooms"), &chanxgin.Options{Prefix: "/{more}"})
		got := asked(t, r, "/r/A%2FB", "room", "more").Values
		if diff := cmp.Diff(map[string]string{"room": "a/b", "more": "%20"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestGroups(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := gin.New()
		tenant := r.Group("/:tenant", tagged("tenant"))
		rooms := tenant.Group("/v1").Group("/rooms", tagged("rooms"))
		chanxgin.Handle(r, "/ws", peers(hub, "top"), nil)
		chanxgin.Handle(tenant, "/lobby", peers(hub, "lobby"), nil)
		chanxgin.Handle(rooms, "/:room", peers(hub, "rooms"), nil)
		got := map[string]string{}
		for _, e := range hub.Endpoints() {
			info := e.Describe()
			got[info.Consumer] = info.Path + " " + strings.Join(info.PathParams, ",")
		}
		want := map[string]string{
			"top":   "/ws ",
			"lobby": "/{tenant}/lobby tenant",
			"rooms": "/{tenant}/v1/rooms/{room} tenant,room",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for path, tag := range map[string]string{"/ws": "", "/acme/lobby": "tenant", "/acme/v1/rooms/go": "rooms"} {
			if got := asked(t, r, path).Tag; got != tag {
				t.Errorf("%s: the tag is %q, want %q", path, got, tag)
			}
		}
	})
}

func TestHubs(t *testing.T) {
	inBubble(t, func(t *testing.T, a *chanx.Hub) {
		b := newHub()
		defer func() {
			if err := b.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		}()
		r := gin.New()
		chanxgin.Handle(r, "/a", peers(a, "peers"), nil)
		chanxgin.Handle(r, "/b", peers(b, "peers"), nil)
		asked(t, r, "/a")
		asked(t, r, "/b")
		for hub, want := range map[*chanx.Hub]string{a: "/a", b: "/b"} {
			if got := hub.Endpoints(); len(got) != 1 || got[0].Path() != want {
				t.Errorf("the hub's endpoints are %v", got)
			}
		}
	})
}

func TestPrefix(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r, mux := gin.New(), http.NewServeMux()
		chanxgin.Handle(r, "/:tenant/rooms/:room", peers(hub, "rooms"), &chanxgin.Options{Prefix: "/api/{version}"})
		mux.HandleFunc("/api/{version}/{rest...}", func(w http.ResponseWriter, req *http.Request) {
			http.StripPrefix("/api/"+req.PathValue("version"), r).ServeHTTP(w, req)
		})
		a := asked(t, mux, "/api/v1/acme/rooms/go", "version", "tenant", "room")
		if diff := cmp.Diff(map[string]string{"version": "v1", "tenant": "acme", "room": "go"}, a.Values); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := hub.Endpoints()[0].Path(); got != "/api/{version}/{tenant}/rooms/{room}" {
			t.Errorf("the address is %q", got)
		}
	})
}

type tenantParams struct {
	Tenant string `path:"tenant" minLength:"1"`
}

// Who mounts wrongly is told what to do, when the program starts.
func TestHandleMisuse(t *testing.T) {
	for name, c := range map[string]struct {
		mount func(r *gin.Engine, hub *chanx.Hub)
		says  []string
	}{
		"braces": {func(r *gin.Engine, hub *chanx.Hub) {
			chanxgin.Handle(r, "/ws/{room}", peers(hub, "peers"), nil)
		}, []string{"/ws/{room}", "write /:name, or /*name"}},
		"braces in a group": {func(r *gin.Engine, hub *chanx.Hub) {
			chanxgin.Handle(r.Group("/{tenant}"), "/ws", peers(hub, "peers"), nil)
		}, []string{"/{tenant}/ws", "write /:name, or /*name"}},
		"with a method": {func(r *gin.Engine, hub *chanx.Hub) {
			chanxgin.Handle(r.Group("/api"), "GET /ws/:room", peers(hub, "peers"), nil)
		}, []string{"/api/GET /ws/{room}", "give the path alone"}},
		"nameless": {func(r *gin.Engine, hub *chanx.Hub) {
			chanxgin.Handle(r, "/ws/:", peers(hub, "peers"), nil)
		}, []string{"/ws/:", "wildcards must be named"}},
		"the same twice": {func(r *gin.Engine, hub *chanx.Hub) {
			chanxgin.Handle(r.Group("/:a"), "/ws/:a", peers(hub, "peers"), nil)
		}, []string{"/{a}/ws/{a}", "two of one name"}},
		"two in a segment": {func(r *gin.Engine, hub *chanx.Hub) {
			chanxgin.Handle(r, "/ws/:a:b", peers(hub, "peers"), nil)
		}, []string{"/ws/:a:b", "only one wildcard per path segment"}},
		"rest in the middle": {func(r *gin.Engine, hub *chanx.Hub) {
			chanxgin.Handle(r, "/ws/*rest/more", peers(hub, "peers"), nil)
		}, []string{"/ws/*rest/more", "only allowed at the end"}},
		"a route's path": {func(r *gin.Engine, hub *chanx.Hub) {
			r.GET("/ws", func(*gin.Context) {})
			chanxgin.Handle(r, "/ws", peers(hub, "peers"), nil)
		}, []string{"/ws", "already registered"}},
		"another consumer's path": {func(r *gin.Engine, hub *chanx.Hub) {
			chanxgin.Handle(r, "/ws", peers(hub, "first"), nil)
			chanxgin.Handle(r.Group("/ws"), "", peers(hub, "second"), nil)
		}, []string{`"/ws" is taken by consumer "first"`, `consumer "second" needs another`}},
		"a consumer twice": {func(r *gin.Engine, hub *chanx.Hub) {
			c := peers(hub, "peers")
			chanxgin.Handle(r, "/a", c, nil)
			chanxgin.Handle(r, "/b", c, nil)
		}, []string{`"peers" is mounted already, at "/a"`, `make another consumer for "/b"`}},
		"a parameter that lacks": {func(r *gin.Engine, hub *chanx.Hub) {
			c := peers(hub, "peers")
			chanx.Params[tenantParams](c)
			chanxgin.Handle(r, "/ws", c, nil)
		}, []string{`"/ws" has no parameter {tenant}`}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				text := fmt.Sprint(recover())
				for _, part := range c.says {
					if !strings.Contains(text, part) {
						t.Errorf("the panic is %q, without %q", text, part)
					}
				}
			}()
			c.mount(gin.New(), newHub())
		})
	}
}

// Plain requests get an answer that says what is wanted.
func TestNoHandshake(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := behind(hub)
		r.HandleMethodNotAllowed = true
		if w := request(t, r, http.MethodGet, "/ws"); w.Code != http.StatusUpgradeRequired || w.Header().Get("Upgrade") != "websocket" {
			t.Errorf("GET: %d %v", w.Code, w.Header())
		}
		for _, method := range []string{http.MethodHead, http.MethodPost} {
			if w := request(t, r, method, "/ws"); w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s: %d", method, w.Code)
			}
		}
	})
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

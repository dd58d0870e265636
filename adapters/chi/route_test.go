package chanxchi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"
)

// routers are what consumers are mounted on, with a pattern in each one's way of
// writing the same.
var routers = map[string]func() interface {
	chanxchi.Router
	http.Handler
}{
	"chi": func() interface {
		chanxchi.Router
		http.Handler
	} {
		return chi.NewRouter()
	},
	"ServeMux": func() interface {
		chanxchi.Router
		http.Handler
	} {
		return http.NewServeMux()
	},
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		name    string
		router  string
		pattern string
		path    string
		address string
		values  map[string]string
	}{
		{"plain", "chi", "/ws", "/ws", "/ws", nil},
		{"plain", "ServeMux", "/ws", "/ws", "/ws", nil},
		{"method", "chi", "GET /ws", "/ws", "/ws", nil},
		{"method", "ServeMux", "GET /ws", "/ws", "/ws", nil},
		{"host", "ServeMux", "chanx.test/ws", "/ws", "/ws", nil},
		{"exact", "ServeMux", "/ws/{$}", "/ws/", "/ws/", nil},
		{"slash", "chi", "/ws/", "/ws/", "/ws/", nil},
		{"parameters", "chi", "/r/{room}/u/{user}", "/r/go/u/ann", "/r/{room}/u/{user}", map[string]string{"room": "go", "user": "ann"}},
		{"parameters", "ServeMux", "/r/{room}/u/{user}", "/r/go/u/ann", "/r/{room}/u/{user}", map[string]string{"room": "go", "user": "ann"}},
		{"unknown", "chi", "/r/{room}", "/r/go", "/r/{room}", map[string]string{"room": "go", "other": ""}},
		{"regexp", "chi", "/u/{id:[0-9]+}", "/u/42", "/u/{id}", map[string]string{"id": "42"}},
		{"regexp with braces", "chi", "/u/{id:[a-z]{2,3}}-{n}", "/u/abc-7", "/u/{id}-{n}", map[string]string{"id": "abc", "n": "7"}},
		{"rest", "chi", "/files/*", "/files/a/b.txt", "/files/{path}", map[string]string{"path": "a/b.txt"}},
		{"rest", "ServeMux", "/files/{path...}", "/files/a/b.txt", "/files/{path}", map[string]string{"path": "a/b.txt"}},
	} {
		t.Run(c.router+" "+c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				r := routers[c.router]()
				chanxchi.Handle(r, c.pattern, peers(hub, "peers"), nil)
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

// A consumer sees decoded values, however the router has them.
func TestEncodedValues(t *testing.T) {
	for path, want := range map[string]string{
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
		for name, router := range routers {
			t.Run(name+" "+path, func(t *testing.T) {
				inBubble(t, func(t *testing.T, hub *chanx.Hub) {
					r := router()
					chanxchi.Handle(r, "/r/{room}", peers(hub, "peers"), nil)
					if got := asked(t, r, path, "room").Values["room"]; got != want {
						t.Errorf("the room is %q, want %q", got, want)
					}
				})
			})
		}
	}
}

func TestEncodedRest(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r, mux := chi.NewRouter(), http.NewServeMux()
		chanxchi.Handle(r, "/f/*", peers(hub, "chi"), nil)
		chanxchi.Handle(mux, "/f/{path...}", peers(hub, "mux"), &chanxchi.Options{Prefix: "/mux"})
		const path, want = "/f/a/b%2Fc/%20d", "a/b/c/ d"
		for _, h := range []http.Handler{r, mux} {
			if got := asked(t, h, path, "path").Values["path"]; got != want {
				t.Errorf("the rest is %q, want %q", got, want)
			}
		}
	})
}

func TestSubRouters(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := chi.NewRouter()
		for _, version := range []string{"v1", "v2"} { // the same patterns twice
			r.Route("/"+version+"/{tenant}", func(r chi.Router) {
				chanxchi.Handle(r, "/", peers(hub, version+" root"), nil)
				r.Group(func(r chi.Router) {
					chanxchi.Handle(r.With(tagged("x")), "/rooms/{room:[a-z]+}", peers(hub, version+" rooms"), nil)
				})
				sub := chi.NewRouter()
				chanxchi.Handle(sub, "/files/*", peers(hub, version+" files"), nil)
				r.Mount("/sub", sub)
			})
		}
		if err := chanxchi.Locate(r); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, e := range hub.Endpoints() {
			info := e.Describe()
			got[info.Consumer] = info.Path + " " + strings.Join(info.PathParams, ",")
		}
		want := map[string]string{}
		for _, version := range []string{"v1", "v2"} {
			want[version+" root"] = "/" + version + "/{tenant}/ tenant"
			want[version+" rooms"] = "/" + version + "/{tenant}/rooms/{room} tenant,room"
			want[version+" files"] = "/" + version + "/{tenant}/sub/files/{path} tenant,path"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		a := asked(t, r, "/v2/ac%2Fme/sub/files/a/b", "tenant", "path")
		if diff := cmp.Diff(map[string]string{"tenant": "ac/me", "path": "a/b"}, a.Values); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Who forgets to call Locate has the right values all the same.
func TestSubRouterWithoutLocate(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := chi.NewRouter()
		r.Route("/{tenant}", func(r chi.Router) {
			chanxchi.Handle(r, "/rooms/{room}/", peers(hub, "rooms"), nil)
		})
		a := asked(t, r, "/acme/rooms/go/", "tenant", "room")
		if diff := cmp.Diff(map[string]string{"tenant": "acme", "room": "go"}, a.Values); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := hub.Endpoints()[0].Path(); got != "/{tenant}/rooms/{room}/" {
			t.Errorf("the address is %q", got)
		}
	})
}

type tenantParams struct {
	Tenant string `path:"tenant" minLength:"1"`
}

func TestParamsOfThePrefix(t *testing.T) {
	rooms := func(hub *chanx.Hub) *chanx.Consumer[*peer] {
		c := chanx.NewConsumer(hub, "rooms", func(_ context.Context, conn *chanx.Conn) (*peer, error) {
			_, err := chanx.Bind[tenantParams](conn)
			return &peer{conn}, err
		}, nil)
		chanx.Params[tenantParams](c)
		chanx.Reply(c, (*peer).Ask)
		return c
	}
	under := func(prefix string, hub *chanx.Hub) chi.Router {
		r := chi.NewRouter()
		r.Route(prefix, func(r chi.Router) { chanxchi.Handle(r, "/rooms", rooms(hub), nil) })
		return r
	}
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := under("/{tenant}", hub)
		if err := chanxchi.Locate(r); err != nil {
			t.Error(err)
		}
		asked(t, r, "/acme/rooms")
	})
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := under("/plain", hub)
		if err := chanxchi.Locate(r); err == nil || !strings.Contains(err.Error(), "{tenant}") {
			t.Errorf("Locate returns %v for a prefix that lacks a parameter", err)
		}
		chanxtest.Refused(t, r, "/plain/rooms", http.StatusInternalServerError, nil)
	})
	inBubble(t, func(t *testing.T, hub *chanx.Hub) { // found at the first request
		chanxtest.Refused(t, under("/plain", hub), "/plain/rooms", http.StatusInternalServerError, nil)
	})
}

func TestNested(t *testing.T) {
	t.Run("chi in a ServeMux", func(t *testing.T) {
		inBubble(t, func(t *testing.T, hub *chanx.Hub) {
			r, mux := chi.NewRouter(), http.NewServeMux()
			chanxchi.Handle(r, "/{tenant}/rooms/{room}", peers(hub, "rooms"), nil)
			mux.Handle("/", r)
			if got := asked(t, mux, "/acme/rooms/go", "tenant").Values["tenant"]; got != "acme" {
				t.Errorf("the tenant is %q", got)
			}
		})
	})
	t.Run("chi in a ServeMux with parameters", func(t *testing.T) {
		inBubble(t, func(t *testing.T, hub *chanx.Hub) {
			r, mux := chi.NewRouter(), http.NewServeMux()
			chanxchi.Handle(r, "/{tenant}/rooms/{room}", peers(hub, "rooms"), &chanxchi.Options{Prefix: "/api/{version}"})
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
	})
	t.Run("a ServeMux in chi", func(t *testing.T) {
		inBubble(t, func(t *testing.T, hub *chanx.Hub) {
			r, mux := chi.NewRouter(), http.NewServeMux()
			chanxchi.Handle(mux, "/ws/rooms/{room}", peers(hub, "rooms"), nil)
			r.Mount("/ws", mux)
			if got := asked(t, r, "/ws/rooms/a%2Fb", "room").Values["room"]; got != "a/b" {
				t.Errorf("the room is %q", got)
			}
			if got := hub.Endpoints()[0].Path(); got != "/ws/rooms/{room}" {
				t.Errorf("the address is %q", got)
			}
		})
	})
}

func TestHandleMisuse(t *testing.T) {
	for name, pattern := range map[string]string{
		"POST":             "POST /ws",
		"brace":            "/ws/{room",
		"nameless":         "/ws/{}",
		"the same twice":   "/ws/{a}/{a}",
		"regexp and twice": "/ws/{a:[0-9]+}/{a}",
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.Contains(text, "ws/") && !strings.Contains(text, "POST") {
					t.Errorf("the panic is %q", text)
				}
			}()
			chanxchi.Handle(chi.NewRouter(), pattern, peers(newHub(), "peers"), nil)
		})
	}
}

// Plain requests get an answer that says what is wanted.
func TestNoHandshake(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := chi.NewRouter()
		chanxchi.Handle(r, "/ws", peers(hub, "peers"), nil)
		for method, status := range map[string]int{
			http.MethodGet:  http.StatusUpgradeRequired,
			http.MethodHead: http.StatusMethodNotAllowed,
			http.MethodPost: http.StatusMethodNotAllowed,
		} {
			if got := plain(t, r, method, "/ws"); got != status {
				t.Errorf("%s: %d, want %d", method, got, status)
			}
		}
	})
}

// HTTP/2 has no such handshake: whoever tries gets an answer.
func TestHTTP2(t *testing.T) {
	hub := newHub()
	server := httptest.NewUnstartedServer(behind(hub))
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

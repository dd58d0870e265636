package chanxchi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"
)

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
		"another router's": "/ws/:room",
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

// chi would forget the consumer that was there first.
func TestPatternTaken(t *testing.T) {
	hub, r := newHub(), chi.NewRouter()
	r.Get("/rooms/list", http.NotFound)
	chanxchi.Handle(r.With(tagged("x")), "/rooms/{room:[a-z]+}", peers(hub, "one"), nil)
	chanxchi.Handle(r, "/rooms/{number:[0-9]{3}}", peers(hub, "numbers"), nil)
	chanxchi.Handle(r, "/rooms/{room}/{seat}", peers(hub, "two"), nil)
	for _, pattern := range []string{"GET /rooms/{room}", "/rooms/{n:[0-9]{3}}", "/rooms/{r}/{s}"} {
		text := func() (text string) {
			defer func() { text, _ = recover().(string) }()
			chanxchi.Handle(r, pattern, peers(hub, "not "+pattern), nil)
			return ""
		}()
		if !strings.Contains(text, `mounted at "/rooms/{`) || !strings.Contains(text, `"`+pattern+`" needs another path`) {
			t.Errorf("the panic is %q", text)
		}
	}
}

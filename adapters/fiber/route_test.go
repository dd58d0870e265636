package chanxfiber_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, path, address string
		values                 map[string]string
	}{
		{"/ws", "/ws", "/ws", nil},
		{"ws", "/ws", "/ws", nil},
		{"", "/", "/", nil},
		{"/", "/", "/", nil},
		{"/ws/", "/ws", "/ws/", nil},
		{"/r/:room/u/:user", "/r/go/u/ann", "/r/{room}/u/{user}", map[string]string{"room": "go", "user": "ann"}},
		{"/R/:roomID", "/r/Go", "/R/{roomID}", map[string]string{"roomID": "Go", "other": ""}},
		{"/rooms/:room?", "/rooms/go", "/rooms/{room}", map[string]string{"room": "go"}},
		{"/rooms/:room?", "/rooms", "/rooms/{room}", map[string]string{"room": ""}},
		{"/f/:from-:to", "/f/lej-ber", "/f/{from}-{to}", map[string]string{"from": "lej", "to": "ber"}},
		{"/f/:name.:ext", "/f/a%2Fb.txt", "/f/{name}.{ext}", map[string]string{"name": "a/b", "ext": "txt"}},
		{"/u/:id<int>", "/u/42", "/u/{id}", map[string]string{"id": "42"}},
		{"/u/:id<min(5);max(50)>/x", "/u/42/x", "/u/{id}/x", map[string]string{"id": "42"}},
		{`/d/:day<regex(^\d{4}-\d{2}$)>`, "/d/2026-11", "/d/{day}", map[string]string{"day": "2026-11"}},
		{`/v1/some\:action/:id`, "/v1/some:action/7", "/v1/some:action/{id}", map[string]string{"id": "7"}},
		{"/files/*", "/files/a/b.txt", "/files/{path}", map[string]string{"path": "a/b.txt"}},
		{"/files/*", "/files", "/files/{path}", map[string]string{"path": ""}},
		{"/files/+", "/files/a/b%2Fc", "/files/{path}", map[string]string{"path": "a/b/c"}},
		{"*", "/a/b", "/{path}", map[string]string{"path": "a/b"}},
		{"/a/*/b/*", "/a/1/2/b/3/4", "/a/{path}/b/{path2}", map[string]string{"path": "1/2", "path2": "3/4"}},
	} {
		t.Run(c.pattern+" "+c.path, func(t *testing.T) {
			hub, app := newHub(t), newApp()
			chanxfiber.Handle(app, c.pattern, peers(hub, "peers"), nil)
			var names []string
			want := map[string]string{}
			for name, value := range c.values {
				names = append(names, name)
				want[name] = value
			}
			if diff := cmp.Diff(want, asked(t, app, c.path, names...).Values); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := hub.Endpoints()[0].Path(); got != c.address {
				t.Errorf("the address is %q, want %q", got, c.address)
			}
		})
	}
}

// A consumer sees decoded values, whether the app decodes the path or not.
func TestEncodedValues(t *testing.T) {
	for _, unescape := range []bool{false, true} {
		hub, app := newHub(t), newApp(fiber.Config{UnescapePath: unescape})
		chanxfiber.Handle(app, "/r/:room", peers(hub, "peers"), nil)
		address := serve(t, app)
		for path, want := range map[string]string{
			"/r/a%20b":     "a b",
			"/r/caf%C3%A9": "café",
			"/r/100%25":    "100%",
			"/r/%252F":     "%2F",
			"/r/a+b":       map[bool]string{false: "a+b", true: "a b"}[unescape], // fiber's own decoding is that of forms
			"/r/a%2Bb":     "a+b",
			"/r/a&b;c=d":   "a&b;c=d",
			"/r/%3Fq%23f":  "?q#f",
		} {
			c := chanxtest.DialURL(t, url(address, path), nil)
			if got := chanxtest.Request[answer](c, ask{[]string{"room"}}).Values["room"]; got != want {
				t.Errorf("with UnescapePath %v the room of %s is %q, want %q", unescape, path, got, want)
			}
		}
	}
}

func TestGroups(t *testing.T) {
	hub, app := newHub(t), newApp(fiber.Config{CaseSensitive: true, StrictRouting: true})
	tagged := func(tag string) fiber.Handler {
		return func(c *fiber.Ctx) error {
			c.Locals("user", c.Locals("user").(string)+tag)
			return c.Next()
		}
	}
	app.Use(func(c *fiber.Ctx) error { c.Locals("user", ""); return c.Next() })
	api := app.Group("/api/:version", tagged("1"))
	chanxfiber.Handle(api, "", peers(hub, "bare"), nil)
	chanxfiber.Handle(api, "/rooms/:room", peers(hub, "rooms"), nil)
	chanxfiber.Handle(api.Group("/t/:tenant/", tagged("2")), "files/*", peers(hub, "files"), nil)
	app.Route("/routed", func(r fiber.Router) {
		chanxfiber.Handle(r, "/ws/", peers(hub, "routed"), nil)
	})
	address := serve(t, app)
	for _, c := range []struct {
		path, address, user string
		values              map[string]string
	}{
		{"/api/v1", "/api/{version}", "1", map[string]string{"version": "v1"}},
		{"/api/v1/rooms/a%2Fb", "/api/{version}/rooms/{room}", "1", map[string]string{"version": "v1", "room": "a/b"}},
		{"/api/v1/t/acme/files/a/b", "/api/{version}/t/{tenant}/files/{path}", "12", map[string]string{"version": "v1", "tenant": "acme", "path": "a/b"}},
		{"/routed/ws/", "/routed/ws/", "", map[string]string{}},
	} {
		var names []string
		for name := range c.values {
			names = append(names, name)
		}
		got := chanxtest.Request[answer](chanxtest.DialURL(t, url(address, c.path), nil), ask{names})
		if diff := cmp.Diff(answer{User: c.user, Values: c.values}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.path, diff)
		}
	}
	var addresses []string
	for _, e := range hub.Endpoints() {
		addresses = append(addresses, e.Path())
	}
	want := []string{"/api/{version}", "/api/{version}/rooms/{room}", "/api/{version}/t/{tenant}/files/{path}", "/routed/ws/"}
	if diff := cmp.Diff(want, addresses); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	chanxtest.RefusedURL(t, url(address, "/routed/ws"), http.StatusNotFound, nil)
	chanxtest.RefusedURL(t, url(address, "/API/v1"), http.StatusNotFound, nil)
}

// An app that is mounted doesn't know where: the options say it, or the first
// handshake.
func TestMountedApp(t *testing.T) {
	hub, app, sub, told := newHub(t), newApp(), newApp(), newApp()
	chanxfiber.Handle(sub.Group("/x"), "/rooms/:room", peers(hub, "found"), nil)
	chanxfiber.Handle(told, "/rooms/:room", peers(hub, "told"), &chanxfiber.Options{Prefix: "/api/v2"})
	app.Mount("/v1", sub)
	app.Group("/api").Mount("/v2", told)
	address := serve(t, app)
	for path, want := range map[string]string{"/v1/x/rooms/go": "/v1/x/rooms/{room}", "/api/v2/rooms/go": "/api/v2/rooms/{room}"} {
		a := chanxtest.Request[answer](chanxtest.DialURL(t, url(address, path), nil), ask{[]string{"room"}})
		if a.Values["room"] != "go" {
			t.Errorf("the room of %s is %q", path, a.Values["room"])
		}
		found := false
		for _, e := range hub.Endpoints() {
			found = found || e.Path() == want
		}
		if !found {
			t.Errorf("no consumer is at %s", want)
		}
	}
}

// fiber gives the value of one parameter for another where App.Mount has a prefix
// with parameters. Nobody gets into the wrong room.
func TestMountedBelowParameter(t *testing.T) {
	for _, prefix := range []string{"", "/{tenant}"} {
		hub, app, sub := newHub(t), newApp(), newApp()
		chanxfiber.Handle(sub, "/rooms/:room", peers(hub, "rooms"), &chanxfiber.Options{Prefix: prefix})
		app.Mount("/:tenant", sub)
		chanxtest.RefusedURL(t, url(serve(t, app), "/acme/rooms/go"), http.StatusInternalServerError, nil)
	}
}

func TestHandleMisuse(t *testing.T) {
	for _, pattern := range []string{
		"/ws/{room}", "/ws/:room/{user}", "/ws/:", "/ws/:?", "/ws/:a/:a", "/ws/:path/*", "GET /ws",
		"/ws" + strings.Repeat("/:a", 31),
	} {
		t.Run(pattern, func(t *testing.T) {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, pattern) {
					t.Errorf("the panic is %q", text)
				}
			}()
			chanxfiber.Handle(newApp(), pattern, peers(newHub(t), "peers"), nil)
		})
	}
	for name, mount := range map[string]func(hub *chanx.Hub, app *fiber.App){
		"mounted already": func(hub *chanx.Hub, app *fiber.App) {
			c := peers(hub, "peers")
			chanxfiber.Handle(app, "/one", c, nil)
			chanxfiber.Handle(app, "/two", c, nil)
		},
		"is taken": func(hub *chanx.Hub, app *fiber.App) {
			chanxfiber.Handle(app, "/r/:room", peers(hub, "one"), nil)
			chanxfiber.Handle(app.Group("/r"), "/:room", peers(hub, "two"), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, name) {
					t.Errorf("the panic is %q", text)
				}
			}()
			mount(newHub(t), newApp())
		})
	}
}

// Plain requests get an answer that says what is wanted.
func TestNoHandshake(t *testing.T) {
	hub, app := newHub(t), newApp()
	chanxfiber.Handle(app, "/ws", peers(hub, "peers"), nil)
	address := serve(t, app)
	for method, status := range map[string]int{
		http.MethodGet:  http.StatusUpgradeRequired,
		http.MethodHead: http.StatusMethodNotAllowed,
		http.MethodPost: http.StatusMethodNotAllowed,
	} {
		resp, _ := plain(t, method, address, "/ws")
		if resp.StatusCode != status {
			t.Errorf("%s: %s, want %d", method, resp.Status, status)
		}
		if method == http.MethodGet && resp.Header.Get("Upgrade") != "websocket" {
			t.Errorf("%s: the headers are %v", method, resp.Header)
		}
	}
}

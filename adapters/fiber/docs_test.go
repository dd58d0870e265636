package chanxfiber_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/basicauth"
	"github.com/google/go-cmp/cmp"
)

func TestDocs(t *testing.T) {
	for name, prefix := range map[string]string{"app": "", "group": "/:tenant/docs"} {
		t.Run(name, func(t *testing.T) {
			hub, app := newHub(t), newApp()
			chanxfiber.Docs(app.Group(prefix), "/asyncapi", hub, &asyncapi.Options{Title: "Rooms"})
			chanxfiber.Handle(app.Group("/:tenant"), "/rooms/:room", peers(hub, "rooms"), nil)
			chanxfiber.Handle(app, "/files/*", peers(hub, "files"), nil)
			documented(t, serve(t, app), prefix+"/asyncapi.json")
		})
	}
}

// documented asks for the document of TestDocs.
func documented(t *testing.T, address, path string) {
	t.Helper()
	resp, body := plain(t, http.MethodGet, address, path)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("GET %s: %s %s", path, resp.Status, resp.Header.Get("Content-Type"))
	}
	if head, none := plain(t, http.MethodHead, address, path); head.StatusCode != http.StatusOK || head.Header.Get("ETag") != resp.Header.Get("ETag") || none != "" {
		t.Errorf("HEAD %s: %s with the tag %q", path, head.Status, head.Header.Get("ETag"))
	}
	if post, _ := plain(t, http.MethodPost, address, path); post.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST %s: %s", path, post.Status)
	}
	var doc struct {
		Info struct {
			Title string `json:"title"`
		} `json:"info"`
		Channels map[string]struct {
			Address string `json:"address"`
		} `json:"channels"`
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	addresses := map[string]string{}
	for name, c := range doc.Channels {
		addresses[name] = c.Address
	}
	want := map[string]string{"rooms": "/{tenant}/rooms/{room}", "files": "/files/{path}"}
	if diff := cmp.Diff(want, addresses); diff != "" || doc.Info.Title != "Rooms" {
		t.Errorf("%q (-want +got):\n%s", doc.Info.Title, diff)
	}
}

func TestDocsProtected(t *testing.T) {
	app := newApp()
	internal := app.Group("/internal", basicauth.New(basicauth.Config{Users: map[string]string{"ann": "secret"}}))
	chanxfiber.Docs(internal.Group("/:tenant"), "/docs", newHub(t), nil)
	address := serve(t, app)
	for path, kind := range map[string]string{"/docs": "text/html; charset=utf-8", "/docs.json": "application/json", "/docs.yaml": "application/yaml"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if resp, _ := plain(t, method, address, "/internal/acme"+path); resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("ETag") != "" {
				t.Errorf("%s %s without a password: %s", method, path, resp.Status)
			}
			resp, _ := plain(t, method, "ann:secret@"+address, "/internal/acme"+path)
			if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != kind {
				t.Errorf("%s %s: %s %s", method, path, resp.Status, resp.Header.Get("Content-Type"))
			}
		}
	}
}

// fiber takes no notice of capitals and of a slash at the end, and a query is no
// part of the path.
func TestDocsOfAnySpelling(t *testing.T) {
	app := newApp()
	chanxfiber.Docs(app, "/asyncapi", newHub(t), nil)
	address := serve(t, app)
	for target, kind := range map[string]string{
		"/AsyncAPI": "text/html; charset=utf-8", "/asyncapi/?a=.json": "text/html; charset=utf-8",
		"/AsyncAPI.JSON": "application/json", "/asyncapi.yaml/": "application/yaml",
	} {
		if resp, _ := plain(t, http.MethodGet, address, target); resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != kind {
			t.Errorf("%s: %s %s", target, resp.Status, resp.Header.Get("Content-Type"))
		}
	}
}

// What middleware has set is replaced where the documentation says it itself, and
// stays where not.
func TestDocsHeaders(t *testing.T) {
	app := newApp()
	app.Use(func(c *fiber.Ctx) error {
		c.Set("Content-Security-Policy", "default-src 'self'")
		c.Set("X-Frame-Options", "DENY")
		c.Vary("Origin")
		c.Cookie(&fiber.Cookie{Name: "a", Value: "b"})
		return c.Next()
	})
	chanxfiber.Docs(app, "/asyncapi", newHub(t), nil)
	resp, _ := plain(t, http.MethodGet, serve(t, app), "/asyncapi")
	h := resp.Header
	if policies := h.Values("Content-Security-Policy"); len(policies) != 1 || !strings.Contains(policies[0], "connect-src 'self'") {
		t.Errorf("the policies are %q", policies)
	}
	if h.Get("X-Frame-Options") != "DENY" || h.Get("Vary") != "Origin, Accept-Encoding" || !strings.HasPrefix(h.Get("Set-Cookie"), "a=b") {
		t.Errorf("the header is %v", h)
	}
}

func TestDocsAtNoPath(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, `such as "/asyncapi"`) {
			t.Errorf("the panic is %q", text)
		}
	}()
	chanxfiber.Docs(newApp(), "/asyncapi.json", newHub(t), nil)
}

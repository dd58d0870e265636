package chanxfiber_test

import (
	"encoding/json"
	"net/http"
	"testing"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	"github.com/chanx-go/chanx/core/asyncapi"
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

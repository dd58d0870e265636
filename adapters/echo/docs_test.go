package chanxecho_test

import (
	"encoding/json"
	"net/http"
	"testing"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/google/go-cmp/cmp"
)

func TestDocs(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := newEcho()
		api := e.Group("/api")
		chanxecho.Docs(api, "/asyncapi", hub, &asyncapi.Options{Title: "Rooms"})
		chanxecho.Handle(api.Group("/:tenant"), "/rooms/:room", peers(hub, "rooms"), nil)
		chanxecho.Handle(e, "/files/*", peers(hub, "files"), nil)

		const path = "/api/asyncapi.json"
		w := request(t, e, http.MethodGet, path)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("GET: %d %s", w.Code, w.Header().Get("Content-Type"))
		}
		if head := request(t, e, http.MethodHead, path); head.Code != http.StatusOK || head.Header().Get("ETag") != w.Header().Get("ETag") {
			t.Errorf("HEAD: %d with the tag %q", head.Code, head.Header().Get("ETag"))
		}
		if post := plain(t, e, http.MethodPost, path); post != http.StatusMethodNotAllowed {
			t.Errorf("POST: %d", post)
		}
		var doc struct {
			Info struct {
				Title string `json:"title"`
			} `json:"info"`
			Channels map[string]struct {
				Address string `json:"address"`
			} `json:"channels"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Info.Title != "Rooms" {
			t.Errorf("the title is %q", doc.Info.Title)
		}
		got := map[string]string{}
		for name, c := range doc.Channels {
			got[name] = c.Address
		}
		if diff := cmp.Diff(map[string]string{"rooms": "/api/{tenant}/rooms/{room}", "files": "/files/{path}"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

package chanxchi_test

import (
	"fmt"
	"net/http"
	"testing"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/go-cmp/cmp"
)

// byHeader is an authentication: the user is in a header.
func byHeader(r *http.Request) (any, error) { return r.Header.Get("X-User"), nil }

// tagByHeader leaves a value of the request's own in its context.
func tagByHeader(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tagged(r.Header.Get("X-User"))(next).ServeHTTP(w, r)
	})
}

// What the request's context has stays with the connection, after the handler has
// returned, the request has ended and chi has used its own context for others.
func TestContext(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := chi.NewRouter()
		r.Use(middleware.RequestID, tagByHeader)
		r.Route("/{tenant}", func(r chi.Router) {
			chanxchi.Handle(r, "/rooms/{room}", peers(hub, "rooms"), &chanxchi.Options{Identity: byHeader})
			r.Get("/other/{room}", func(http.ResponseWriter, *http.Request) {})
		})
		c := chanxtest.Dial(t, r, "/acme/rooms/go", &chanxtest.DialOptions{
			Header: http.Header{"X-User": {"ann"}, "X-Request-Id": {"id-1"}},
		})
		for i := range 100 {
			plain(t, r, http.MethodGet, fmt.Sprintf("/other%d/other/%d", i, i))
		}
		params := map[string]string{"tenant": "acme", "room": "go"}
		want := answer{
			User: "ann", Tag: "ann", RequestID: "id-1", Values: params, URLParams: params,
			Pattern: "/{tenant}/rooms/{room}",
		}
		if diff := cmp.Diff(want, chanxtest.Request[answer](c, ask{[]string{"tenant", "room"}})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

package chanxchi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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

// Two users at once never see each other's data: on real sockets, with plain
// requests in between, under the race detector.
func TestConcurrentHandshakes(t *testing.T) {
	hub := newHub()
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Compress(5), middleware.Recoverer, tagByHeader)
	chanxchi.Handle(r, "/rooms/{room}", peers(hub, "rooms"), &chanxchi.Options{Identity: byHeader})
	r.Get("/plain/{room}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(chi.URLParam(r, "room")))
	})
	server := httptest.NewServer(r)
	defer server.Close()
	defer func() {
		if err := hub.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}()

	const users, rounds = 8, 5
	var all sync.WaitGroup
	for u := range users {
		all.Go(func() {
			for i := range rounds {
				user := fmt.Sprintf("user-%d-%d", u, i)
				got := overTCP(t, server.URL, user)
				params := map[string]string{"room": "of " + user}
				want := answer{User: user, Tag: user, RequestID: user, Values: params, URLParams: params, Pattern: "/rooms/{room}"}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
	all.Wait()
}

// overTCP connects as a user, makes a plain request, and asks.
func overTCP(t *testing.T, url, user string) answer {
	c := chanxtest.DialURL(t, strings.Replace(url, "http", "ws", 1)+"/rooms/of%20"+user, &chanxtest.DialOptions{
		Header: http.Header{"X-User": {user}, "X-Request-Id": {user}},
	})
	defer c.Close(chanx.CloseNormal, "")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/plain/other", nil)
	if err != nil {
		t.Error(err)
		return answer{}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return answer{}
	}
	resp.Body.Close()
	return chanxtest.Request[answer](c, ask{[]string{"room"}})
}

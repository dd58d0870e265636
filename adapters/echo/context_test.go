package chanxecho_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// byHeader is an authentication: the user is in a header.
func byHeader(c echo.Context) (any, error) { return c.Request().Header.Get("X-User"), nil }

// tagByHeader leaves a value of the request's own in its context, and a secret in
// echo's.
var tagByHeader = tagging(func(c echo.Context) string {
	c.Set("password", "secret of "+c.Request().Header.Get("X-User"))
	return c.Request().Header.Get("X-User")
})

// What the request's context has stays with the connection, after the handler has
// returned, the request has ended and echo has used its own context for others.
func TestContext(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		e := newEcho(tagByHeader)
		chanxecho.Handle(e.Group("/:tenant"), "/rooms/:room", peers(hub, "rooms"), &chanxecho.Options{Identity: byHeader})
		e.GET("/:a/other/:b", func(c echo.Context) error { return c.String(http.StatusOK, c.Param("b")) })
		c := chanxtest.Dial(t, e, "/acme/rooms/go", &chanxtest.DialOptions{Header: http.Header{"X-User": {"ann"}}})
		for i := range 100 {
			plain(t, e, http.MethodGet, fmt.Sprintf("/other%d/other/%d", i, i))
		}
		want := answer{User: "ann", Tag: "ann", Values: map[string]string{"tenant": "acme", "room": "go"}}
		if diff := cmp.Diff(want, chanxtest.Request[answer](c, ask{[]string{"tenant", "room"}})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Two users at once never see each other's data: on real sockets, with plain
// requests in between, under the race detector.
func TestConcurrentHandshakes(t *testing.T) {
	hub := newHub()
	e := newEcho(middleware.RequestID(), middleware.Gzip(), middleware.Recover(), tagByHeader)
	chanxecho.Handle(e, "/rooms/:room", peers(hub, "rooms"), &chanxecho.Options{Identity: byHeader})
	e.GET("/plain/:room", func(c echo.Context) error { return c.String(http.StatusOK, c.Param("room")) })
	server := httptest.NewServer(e)
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
				want := answer{User: user, Tag: user, Values: map[string]string{"room": "of " + user}}
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
		Header: http.Header{"X-User": {user}},
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

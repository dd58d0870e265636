package chanxgin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
)

// tag leaves a value in the request's context.
func tag(c *gin.Context, value string) {
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), tagKey{}, value))
}

func tagged(value string) gin.HandlerFunc {
	return func(c *gin.Context) { tag(c, value) }
}

// byHeader is an authentication: the user is in a header, and everything that it
// knows is left behind.
func byHeader(c *gin.Context) {
	user := c.GetHeader("X-User")
	c.Set(gin.AuthUserKey, user)
	c.Set("password", "of "+user)
	tag(c, user)
}

// What the request's context has stays with the connection, after the handler has
// returned, the request has ended and gin has used its own context for others.
// What gin's own has does not.
func TestContext(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		r := gin.New()
		r.ContextWithFallback = true
		r.Use(byHeader)
		chanxgin.Handle(r, "/:tenant/rooms/:room", peers(hub, "rooms"), nil)
		r.GET("/:tenant/other/:room", func(*gin.Context) {})
		c := chanxtest.Dial(t, r, "/acme/rooms/go", &chanxtest.DialOptions{Header: http.Header{"X-User": {"ann"}}})
		for i := range 100 {
			request(t, r, http.MethodGet, fmt.Sprintf("/other%d/other/%d", i, i))
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
	r := gin.New()
	r.Use(gin.Recovery(), byHeader)
	chanxgin.Handle(r, "/rooms/:room", peers(hub, "rooms"), nil)
	r.GET("/plain/:room", func(c *gin.Context) { c.String(http.StatusOK, c.Param("room")) })
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
				want := answer{User: user, Tag: user, Values: map[string]string{"room": "of " + user}}
				if diff := cmp.Diff(want, overTCP(t, server.URL, user)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
	all.Wait()
}

// There is middleware that answers for a handler which takes too long, and doesn't
// wait for it. gin's context is another request's then, and so is everything in it:
// the late handshake touches nothing of that one.
func TestContextOfAnother(t *testing.T) {
	for name, late := range map[string]error{"opened": nil, "refused": chanx.Errorf(chanx.Forbidden, "not for you")} {
		t.Run(name, func(t *testing.T) {
			reused := 0
			for reused == 0 { // which is the pool's choice
				inBubble(t, func(t *testing.T, hub *chanx.Hub) {
					if contextOfAnother(t, hub, late) {
						reused++
					}
				})
			}
		})
	}
}

// contextOfAnother opens a connection while another's late open returns an error,
// and reports whether the two had one context.
func contextOfAnother(t *testing.T, hub *chanx.Hub, late error) bool {
	t.Helper()
	opening, handled := make(chan *gin.Context, 1), make(chan bool)
	goOn := map[string]chan error{"ann": make(chan error), "bob": make(chan error)}
	opts := &chanxgin.Options{Identity: func(c *gin.Context) (any, error) {
		user := c.Param("user")
		opening <- c
		return user, <-goOn[user]
	}}
	r := gin.New()
	var errs []*gin.Error
	chanxgin.Handle(r.Group("/late", func(c *gin.Context) {
		go func() {
			c.Next()
			close(handled)
		}()
		opening <- <-opening // once the handler has begun
		c.AbortWithStatus(http.StatusRequestTimeout)
	}), "/:user", peers(hub, "late"), opts)
	chanxgin.Handle(r.Group("", afterwards(func(c *gin.Context) { errs = c.Errors })), "/:user", peers(hub, "peers"), opts)

	chanxtest.Refused(t, r, "/late/ann", http.StatusRequestTimeout, nil)
	ann := <-opening
	dialled := make(chan *chanxtest.Client, 1)
	go func() { dialled <- chanxtest.Dial(t, r, "/bob", nil) }()
	bob := <-opening
	goOn["ann"] <- late
	<-handled
	goOn["bob"] <- nil
	if got := chanxtest.Request[answer](<-dialled, ask{}).User; got != "bob" {
		t.Errorf("bob is %q", got)
	}
	synctest.Wait()
	if len(errs) > 0 || hub.Connections() != 1 {
		t.Errorf("bob's request has the errors %v, and there are %d connections", errs, hub.Connections())
	}
	return ann == bob
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

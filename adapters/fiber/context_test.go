package chanxfiber_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"
)

// byHeader is an authentication: the user is in a header, and everything that it
// knows is left behind.
func byHeader(c *fiber.Ctx) error {
	user := c.Get("X-User") // in fiber's own memory
	c.Locals("user", user)
	c.Locals("password", "of "+user)
	c.SetUserContext(context.WithValue(c.UserContext(), tagKey{}, strings.Clone(user)))
	return c.Next()
}

// Two users at once never see each other's data, with plain requests in between.
func TestConcurrentHandshakes(t *testing.T) {
	for name, opts := range map[string]*chanxfiber.Options{
		"by default":   nil,
		"by an option": {Identity: func(c *fiber.Ctx) (any, error) { return c.Get("X-User"), nil }},
		"in a credential": {Identity: func(c *fiber.Ctx) (any, error) {
			return chanx.Credential{Identity: strings.TrimPrefix(c.Params("room"), "of%20")}, nil
		}},
		"in a credential's pointer": {Identity: func(c *fiber.Ctx) (any, error) {
			return &chanx.Credential{Identity: strings.TrimPrefix(c.Params("room"), "of%20")}, nil
		}},
		"of a type of its own": {Identity: func(c *fiber.Ctx) (any, error) {
			return named(strings.TrimPrefix(c.Params("room"), "of%20")), nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			hub, app := newHub(t), newApp()
			app.Use(byHeader)
			chanxfiber.Handle(app, "/rooms/:room", peers(hub, "rooms"), opts)
			app.Get("/plain/:room", func(c *fiber.Ctx) error { return c.SendString(c.Params("room")) })
			address := serve(t, app)
			const users, rounds = 8, 5
			var all sync.WaitGroup
			for u := range users {
				all.Go(func() {
					for i := range rounds {
						user := fmt.Sprintf("user-%d-%d", u, i)
						c := chanxtest.DialURL(t, url(address, "/rooms/of%20"+user), &chanxtest.DialOptions{Header: http.Header{"X-User": {user}}, Hub: hub})
						plain(t, http.MethodGet, address, "/plain/other-of-another-user")
						want := answer{User: user, Tag: user, Values: map[string]string{"room": "of " + user}}
						if diff := cmp.Diff(want, chanxtest.Request[answer](c, ask{[]string{"room"}})); diff != "" {
							t.Errorf("(-want +got):\n%s", diff)
						}
						c.Close(chanx.CloseNormal, "")
					}
				})
			}
			all.Wait()
		})
	}
}

// A context that somebody has made from fasthttp's, which has the locals, has them
// no more.
func TestContextFromRequestCtx(t *testing.T) {
	hub, app := newHub(t), newApp()
	app.Use(func(c *fiber.Ctx) error {
		c.Locals("password", "secret")
		// WithoutCancel, since fasthttp's Shutdown races with contexts that wait for it.
		c.SetUserContext(context.WithValue(context.WithoutCancel(c.Context()), tagKey{}, "kept"))
		return c.Next()
	})
	chanxfiber.Handle(app, "/ws", peers(hub, "peers"), nil)
	if diff := cmp.Diff(answer{Tag: "kept", Values: map[string]string{}}, asked(t, app, "/ws")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// There is middleware that answers for a handler which takes too long, and doesn't
// wait for it. fiber's context is another request's then: the late handshake
// touches nothing of that one.
func TestContextOfAnother(t *testing.T) {
	for name, late := range map[string]error{"opened": nil, "refused": chanx.Errorf(chanx.Forbidden, "not for you")} {
		t.Run(name, func(t *testing.T) {
			for reused := false; !reused; { // which is the pool's choice
				reused = contextOfAnother(t, late)
			}
		})
	}
}

// contextOfAnother opens a connection while another's late open returns an error,
// and reports whether the two had one context.
func contextOfAnother(t *testing.T, late error) bool {
	t.Helper()
	hub, app := newHub(t), newApp()
	contexts, handled := make(chan *fiber.Ctx), make(chan error)
	goOn := map[string]chan error{"ann": make(chan error), "bob": make(chan error)}
	opts := &chanxfiber.Options{Identity: func(c *fiber.Ctx) (any, error) {
		user := strings.Clone(c.Params("user"))
		contexts <- c
		return user, <-goOn[user]
	}}
	began := make(chan struct{})
	chanxfiber.Handle(app.Group("/late", func(c *fiber.Ctx) error {
		go func() { handled <- c.Next() }()
		<-began
		return c.SendStatus(http.StatusRequestTimeout)
	}), "/:user", peers(hub, "late"), opts)
	chanxfiber.Handle(app, "/:user", peers(hub, "peers"), opts)
	address := serve(t, app)

	r := dialRaw(t, address)
	r.write(handshake("/late/ann", connection))
	ann := <-contexts
	began <- struct{}{}
	if resp, _ := r.response(); resp.StatusCode != http.StatusRequestTimeout {
		t.Fatalf("ann is answered with %s", resp.Status)
	}
	b := dialRaw(t, address)
	b.write(handshake("/bob", connection))
	bob := <-contexts
	goOn["ann"] <- late
	if err := <-handled; err == nil {
		t.Error("the late handshake was not given up")
	}
	goOn["bob"] <- nil
	b.upgraded()
	b.asks()
	if n := hub.Connections(); n != 1 {
		t.Errorf("there are %d connections", n)
	}
	b.closes(func() { shut(t, hub) })
	return ann == bob
}

// An error of Identity refuses the handshake, and tells nothing of a failure.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		text   string
	}{
		"unauthenticated": {chanx.Errorf(chanx.Unauthenticated, "log in first"), http.StatusUnauthorized, "log in first"},
		"unavailable":     {chanx.Errorf(chanx.Unavailable, "later"), http.StatusServiceUnavailable, "later"},
		"a failure":       {errors.New("the database is at 10.0.0.1"), http.StatusInternalServerError, "the server failed"},
		"no detail":       {&chanx.Error{Reason: chanx.Forbidden}, http.StatusForbidden, "forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			hub, app := newHub(t), newApp()
			identity := func(*fiber.Ctx) (any, error) { return nil, c.err }
			chanxfiber.Handle(app, "/json", peers(hub, "json"), &chanxfiber.Options{Identity: identity})
			seen := make(chan error, 1)
			chanxfiber.Handle(app, "/page", peers(hub, "page"), &chanxfiber.Options{
				Identity:     identity,
				ErrorHandler: func(_ *fiber.Ctx, err error) error { seen <- err; return err },
			})
			address := serve(t, app)
			json := chanxtest.RefusedURL(t, url(address, "/json"), c.status, nil)
			if !strings.Contains(json.Body, c.text) || strings.Contains(json.Body, "10.0.0.1") || json.Header.Get("Content-Type") != "application/json" {
				t.Errorf("the refusal is %v %s", json.Header, json.Body)
			}
			page := chanxtest.RefusedURL(t, url(address, "/page"), c.status, nil)
			if page.Body != c.text || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/plain") {
				t.Errorf("the page is %v %q", page.Header, page.Body)
			}
			if page.Header.Get("Retry-After") != json.Header.Get("Retry-After") || (c.status == http.StatusServiceUnavailable) != (page.Header.Get("Retry-After") != "") {
				t.Errorf("the page's headers are %v", page.Header)
			}
			err := <-seen
			status, isStatus := errors.AsType[*fiber.Error](err)
			reason, isReason := errors.AsType[*chanx.Error](err)
			if !isStatus || !isReason || status.Code != c.status || reason.Status() != c.status {
				t.Errorf("the handler was given %v", err)
			}
		})
	}
}

// What is no handshake at all goes through the ErrorHandler too.
func TestErrorHandlerOfNoHandshake(t *testing.T) {
	hub, app := newHub(t), newApp()
	chanxfiber.Handle(app, "/ws", peers(hub, "peers"), &chanxfiber.Options{ErrorHandler: fiber.DefaultErrorHandler})
	resp, body := plain(t, http.MethodGet, serve(t, app), "/ws")
	if resp.StatusCode != http.StatusUpgradeRequired || body != "this is a WebSocket endpoint" || resp.Header.Get("Upgrade") != "websocket" {
		t.Errorf("the answer is %s %v %q", resp.Status, resp.Header, body)
	}
}

func TestMalformedURL(t *testing.T) {
	hub, app := newHub(t), newApp()
	chanxfiber.Handle(app, "/r/:room", peers(hub, "peers"), nil)
	r := dialRaw(t, serve(t, app))
	r.write(handshake("/r/100%", connection))
	if resp, body := r.response(); resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, string(chanx.Malformed)) {
		t.Errorf("the answer is %s %s", resp.Status, body)
	}
}

package chanxecho_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// Say is what a client says.
type Say struct {
	Text string `json:"text" minLength:"1"`
}

func (Say) Action() string { return "say" }

// Said is what everybody in the room hears.
type Said struct {
	Text string `json:"text"`
}

func (Said) Action() string { return "said" }

// Chat is one client in one room.
type Chat struct {
	*chanx.Conn

	room string
}

func openChat(ctx context.Context, conn *chanx.Conn) (*Chat, error) {
	c := &Chat{conn, conn.PathValue("room")}
	return c, c.Join(ctx, c.room)
}

// Say passes what a client says on to the room.
func (c *Chat) Say(ctx context.Context, m Say) error {
	return c.Broadcast(ctx, Said(m), c.room)
}

func newChat(hub *chanx.Hub) *chanx.Consumer[*Chat] {
	chat := chanx.NewConsumer(hub, "chat", openChat, nil)
	chanx.On(chat, (*Chat).Say, chanx.Sends[Said]())
	return chat
}

// newApp is the whole program's routes.
func newApp(hub *chanx.Hub) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Use(middleware.RequestID(), middleware.Recover(), middleware.Gzip())
	api := e.Group("/api/:version")
	chanxecho.Handle(api, "/rooms/:room", newChat(hub), nil)
	chanxecho.Docs(e, "/asyncapi", hub, nil)
	return e
}

// serve runs the program until ctx ends. The sockets go first: the server forgot
// them when they were upgraded.
func serve(ctx context.Context, hub *chanx.Hub, e *echo.Echo, address string) error {
	failed := make(chan error, 1)
	go func() { failed <- e.Start(address) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(hub.Shutdown(drain), e.Shutdown(drain))
}

func Example() {
	hub := chanx.NewHub(nil)
	_ = newApp(hub) // and serve it
	fmt.Println(hub.Endpoints()[0].Path())
	// Output: /api/{version}/rooms/{room}
}

// The identity is what the authentication middleware found.
func ExampleOptions() {
	hub, e := chanx.NewHub(nil), echo.New()
	e.Use(middleware.BasicAuth(func(name, password string, c echo.Context) (bool, error) {
		c.Set("name", name)
		return name == "ann" && password == "secret", nil
	}))
	chanxecho.Handle(e, "/rooms/:room", newChat(hub), &chanxecho.Options{
		Identity: func(c echo.Context) (any, error) { return c.Get("name"), nil },
	})
	fmt.Println(hub.Endpoints()[0].Path())
	// Output: /rooms/{room}
}

func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	hub := newHub()
	e := newApp(hub)
	done := make(chan error, 1)
	go func() { done <- serve(ctx, hub, e, "127.0.0.1:0") }()
	cancel()
	if err := <-done; err != nil && !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

func TestChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := chanx.NewHub(nil)
		defer hub.Shutdown(t.Context())
		e := newApp(hub)
		ann := chanxtest.Dial(t, e, "/api/v1/rooms/go", nil)
		bob := chanxtest.Dial(t, e, "/api/v1/rooms/go", nil)
		ann.Send(Say{"hello"})
		if said := chanxtest.Expect[Said](bob); said.Text != "hello" {
			t.Errorf("bob hears %q", said.Text)
		}
		chanxtest.Expect[Said](ann)
	})
}

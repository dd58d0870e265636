package chanxfiber_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/basicauth"
	"github.com/gofiber/fiber/v2/middleware/logger"
	recovery "github.com/gofiber/fiber/v2/middleware/recover"
)

// Say is what a client says.
type Say struct {
	Text string `json:"text" minLength:"1"`
}

func (Say) Action() string { return "say" }

// Said is what everybody in the room hears.
type Said struct {
	User string `json:"user"`
	Text string `json:"text"`
}

func (Said) Action() string { return "said" }

// Chat is one client in one room.
type Chat struct {
	*chanx.Conn

	user, room string
}

func openChat(ctx context.Context, conn *chanx.Conn) (*Chat, error) {
	user, ok := chanx.Identity[string](conn) // what basicauth found
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	c := &Chat{conn, user, conn.PathValue("room")}
	return c, c.Join(ctx, c.room)
}

// Say passes what a client says on to the room.
func (c *Chat) Say(ctx context.Context, m Say) error {
	return c.Broadcast(ctx, Said{c.user, m.Text}, c.room)
}

// newChatApp is the program's whole router.
func newChatApp(hub *chanx.Hub) *fiber.App {
	chat := chanx.NewConsumer(hub, "chat", openChat, nil)
	chanx.On(chat, (*Chat).Say, chanx.Sends[Said]())

	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Use(logger.New(), recovery.New())
	api := app.Group("/api", basicauth.New(basicauth.Config{
		Users: map[string]string{"ann": "secret", "bob": "secret"},
	}))
	chanxfiber.Handle(api, "/rooms/:room", chat, nil)
	chanxfiber.Docs(app, "/asyncapi", hub, nil) // GET /asyncapi, /asyncapi.json, /asyncapi.yaml
	return app
}

// run serves an app until ctx ends. The sockets go first: fiber's Shutdown knows
// nothing of them.
func run(ctx context.Context, hub *chanx.Hub, app *fiber.App, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- app.Listener(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(hub.Shutdown(drain), app.ShutdownWithContext(drain))
}

func Example() {
	hub := chanx.NewHub(nil)
	app := newChatApp(hub)
	fmt.Println(hub.Endpoints()[0].Path())
	_ = app.Listen // at an address
	// Output: /api/rooms/{room}
}

// The identity is what the program's own middleware has found.
func ExampleOptions() {
	type User struct{ Name string }
	hub, app := chanx.NewHub(nil), fiber.New()
	chat := chanx.NewConsumer[*chanx.Conn](hub, "chat", nil, nil)
	app.Use(func(c *fiber.Ctx) error {
		c.Locals("account", &User{"ann"})
		return c.Next()
	})
	chanxfiber.Handle(app, "/ws", chat, &chanxfiber.Options{
		Identity: func(c *fiber.Ctx) (any, error) {
			user, ok := c.Locals("account").(*User)
			if !ok {
				return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
			}
			return user, nil
		},
	})
	fmt.Println(hub.Endpoints()[0].Path())
	// Output: /ws
}

// A program with an error page of its own shows it for a refused handshake, too.
func ExampleOptions_errorHandler() {
	hub := chanx.NewHub(nil)
	app := fiber.New(fiber.Config{ErrorHandler: func(c *fiber.Ctx, err error) error {
		status := fiber.StatusInternalServerError
		if e, ok := errors.AsType[*fiber.Error](err); ok {
			status = e.Code
		}
		return c.Status(status).JSON(fiber.Map{"message": err.Error()})
	}})
	chat := chanx.NewConsumer[*chanx.Conn](hub, "chat", nil, nil)
	chanxfiber.Handle(app, "/ws", chat, &chanxfiber.Options{
		ErrorHandler: func(_ *fiber.Ctx, err error) error { return err }, // on to the app's
	})

	resp, err := app.Test(httptest.NewRequest(http.MethodGet, "/ws", nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body := make([]byte, 100)
	n, _ := resp.Body.Read(body)
	fmt.Println(resp.StatusCode, string(body[:n]))
	// Output: 426 {"message":"this is a WebSocket endpoint"}
}

func TestChat(t *testing.T) {
	hub := newHub(t)
	address := serve(t, newChatApp(hub))
	as := func(user string) *chanxtest.DialOptions {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, "secret")
		return &chanxtest.DialOptions{Header: r.Header, Hub: hub}
	}
	ann := chanxtest.DialURL(t, "ws://"+address+"/api/rooms/go", as("ann"))
	bob := chanxtest.DialURL(t, "ws://"+address+"/api/rooms/go", as("bob"))
	ann.Send(Say{"hello"})
	if said := chanxtest.Expect[Said](bob); said != (Said{"ann", "hello"}) {
		t.Errorf("bob hears %+v", said)
	}
	chanxtest.Expect[Said](ann)
	chanxtest.RefusedURL(t, "ws://"+address+"/api/rooms/go", http.StatusUnauthorized, nil)
}

func TestRun(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	hub := chanx.NewHub(nil)
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, hub, newChatApp(hub), l) }()
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth("ann", "secret")
	ann := chanxtest.DialURL(t, "ws://"+l.Addr().String()+"/api/rooms/go", &chanxtest.DialOptions{Header: r.Header, Hub: hub})
	stop()
	ann.ExpectClose(chanx.CloseRestart)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

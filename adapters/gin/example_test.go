package chanxgin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gin-gonic/gin"
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
	user, ok := chanx.Identity[string](conn) // what gin.BasicAuth found
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

// newRouter is the program's whole router.
func newRouter(hub *chanx.Hub) *gin.Engine {
	chat := chanx.NewConsumer(hub, "chat", openChat, nil)
	chanx.On(chat, (*Chat).Say, chanx.Sends[Said]())

	r := gin.New()
	r.UseRawPath = true // the room of /api/rooms/a%2Fb is "a/b"
	r.Use(gin.Logger(), gin.Recovery())
	api := r.Group("/api", gin.BasicAuth(gin.Accounts{"ann": "secret", "bob": "secret"}))
	chanxgin.Handle(api, "/rooms/:room", chat, nil)
	chanxgin.Docs(r, "/asyncapi", hub, nil) // GET /asyncapi, /asyncapi.json, /asyncapi.yaml
	return r
}

// serve runs a server until ctx ends. The sockets go first: the server forgot
// them when they were upgraded.
func serve(ctx context.Context, hub *chanx.Hub, server *http.Server) error {
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(hub.Shutdown(drain), server.Shutdown(drain))
}

func Example() {
	hub := chanx.NewHub(nil)
	server := &http.Server{Addr: "127.0.0.1:0", Handler: newRouter(hub)}
	fmt.Println(hub.Endpoints()[0].Path())

	ctx, cancel := context.WithCancel(context.Background())
	cancel() // main would end it with signal.NotifyContext
	fmt.Println(serve(ctx, hub, server))
	// Output:
	// /api/rooms/{room}
	// <nil>
}

// The identity is what the program's own middleware has found.
func ExampleOptions() {
	type User struct{ Name string }
	hub, r := chanx.NewHub(nil), gin.New()
	chat := chanx.NewConsumer[*chanx.Conn](hub, "chat", nil, nil)
	r.Use(func(c *gin.Context) { c.Set("account", &User{"ann"}) })
	chanxgin.Handle(r, "/ws", chat, &chanxgin.Options{
		Identity: func(c *gin.Context) (any, error) {
			user, ok := c.MustGet("account").(*User)
			if !ok {
				return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
			}
			return user, nil
		},
	})
	fmt.Println(hub.Endpoints()[0].Path())
	// Output: /ws
}

// A program that says errors in a middleware of its own says a refused handshake
// there, too.
func ExampleOptions_errorHandler() {
	hub, r := chanx.NewHub(nil), gin.New()
	chat := chanx.NewConsumer[*chanx.Conn](hub, "chat", nil, nil)
	r.Use(func(c *gin.Context) {
		c.Next()
		if err := c.Errors.Last(); err != nil {
			c.JSON(c.Writer.Status(), gin.H{"message": err.Error()}) // the status is set
		}
	})
	chanxgin.Handle(r, "/ws", chat, &chanxgin.Options{
		ErrorHandler: func(*gin.Context, error) {}, // the middleware does
	})

	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/ws", nil))
	fmt.Println(w.Code, w.Body)
	// Output: 426 {"message":"websocket handshake: this is a WebSocket endpoint"}
}

func TestChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := chanx.NewHub(nil)
		defer hub.Shutdown(t.Context())
		r := newRouter(hub)
		as := func(user string) *chanxtest.DialOptions {
			req := &http.Request{Header: http.Header{}}
			req.SetBasicAuth(user, "secret")
			return &chanxtest.DialOptions{Header: req.Header}
		}
		ann := chanxtest.Dial(t, r, "/api/rooms/go", as("ann"))
		bob := chanxtest.Dial(t, r, "/api/rooms/go", as("bob"))
		ann.Send(Say{"hello"})
		if said := chanxtest.Expect[Said](bob); said != (Said{"ann", "hello"}) {
			t.Errorf("bob hears %+v", said)
		}
		chanxtest.Expect[Said](ann)
		chanxtest.Refused(t, r, "/api/rooms/go", http.StatusUnauthorized, nil)
	})
}

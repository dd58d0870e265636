package chanxchi_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
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

// newRouter is the program's whole router.
func newRouter(hub *chanx.Hub) (chi.Router, error) {
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recoverer)
	r.Route("/api/{version}", func(r chi.Router) {
		chanxchi.Handle(r, "/rooms/{room:[a-z]+}", newChat(hub), nil)
	})
	return r, chanxchi.Locate(r)
}

func Example() {
	hub := chanx.NewHub(nil)
	r, err := newRouter(hub)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(hub.Endpoints()[0].Path())
	_ = http.Server{Handler: r}
	// Output: /api/{version}/rooms/{room}
}

// A ServeMux needs no chi.
func ExampleHandle_serveMux() {
	hub, mux := chanx.NewHub(nil), http.NewServeMux()
	chanxchi.Handle(mux, "GET /rooms/{room}", newChat(hub), nil)
	fmt.Println(hub.Endpoints()[0].Path())
	// Output: /rooms/{room}
}

// The identity is what the authentication middleware found.
func ExampleOptions() {
	hub, r := chanx.NewHub(nil), chi.NewRouter()
	r.Use(middleware.BasicAuth("chat", map[string]string{"ann": "secret"}))
	chanxchi.Handle(r, "/rooms/{room}", newChat(hub), &chanxchi.Options{
		Identity: func(r *http.Request) (any, error) {
			name, _, _ := r.BasicAuth() // the middleware has checked it
			return name, nil
		},
	})
	fmt.Println(hub.Endpoints()[0].Path())
	// Output: /rooms/{room}
}

func TestChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := chanx.NewHub(nil)
		defer hub.Shutdown(t.Context())
		r, err := newRouter(hub)
		if err != nil {
			t.Fatal(err)
		}
		ann := chanxtest.Dial(t, r, "/api/v1/rooms/go", nil)
		bob := chanxtest.Dial(t, r, "/api/v1/rooms/go", nil)
		ann.Send(Say{"hello"})
		if said := chanxtest.Expect[Said](bob); said.Text != "hello" {
			t.Errorf("bob hears %q", said.Text)
		}
		chanxtest.Expect[Said](ann)
		chanxtest.Refused(t, r, "/api/v1/rooms/42", http.StatusNotFound, nil)
	})
}

package start_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/guide/start"
)

// oneRoom stands for the application's rooms.
type oneRoom struct{}

func (oneRoom) Exists(_ context.Context, name string) (bool, error) { return name == "go", nil }

func newRoutes() http.Handler {
	service := &start.Service{Rooms: oneRoom{}}
	return start.Routes(service.NewConsumer(chanx.NewHub(nil)))
}

// as are the options of a client that logs in.
func as(name string) *chanxtest.DialOptions {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(name, "secret")
	return &chanxtest.DialOptions{Header: r.Header}
}

func TestEverybodyInTheRoomHears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		routes := newRoutes()
		ann := chanxtest.Dial(t, routes, "/rooms/go", as("ann"))
		ben := chanxtest.Dial(t, routes, "/rooms/go", as("ben"))

		ann.Send(start.Say{Text: "hello"})
		for _, c := range []*chanxtest.Client{ann, ben} {
			if said := chanxtest.Expect[start.Said](c); said.From != "ann" || said.Text != "hello" {
				t.Errorf("got %+v", said)
			}
		}

		ann.Close(chanx.CloseNormal, "")
		if said := chanxtest.Expect[start.Said](ben); said.Text != "(has left)" {
			t.Errorf("got %+v", said)
		}
		ben.ExpectNothing()
	})
}

func TestRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ann := chanxtest.Dial(t, newRoutes(), "/rooms/go", as("ann"))

		chanxtest.Request[start.Pong](ann, start.Ping{})

		words := chanxtest.RequestStream[start.Word](ann, start.Spell{Text: "three short words"})
		if len(words) != 3 || words[2].Text != "words" {
			t.Errorf("got %+v", words)
		}

		e := chanxtest.RequestError(ann, start.Say{Text: ""}, chanx.Invalid)
		if len(e.Violations) != 1 || e.Violations[0].Path != "/payload/text" {
			t.Errorf("got %+v", e.Violations)
		}
	})
}

func TestMutedUsersAreSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := chanxtest.Dial(t, newRoutes(), "/rooms/go", as("bob"))
		chanxtest.RequestError(bob, start.Say{Text: "hello"}, chanx.Forbidden)
		chanxtest.Request[start.Pong](bob, start.Ping{})
	})
}

func TestWhoMayConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chanxtest.Refused(t, newRoutes(), "/rooms/go", http.StatusUnauthorized, nil)
		chanxtest.Refused(t, newRoutes(), "/rooms/c", http.StatusNotFound, as("ann"))
	})
}

package chanxmux_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	chanxmux "github.com/chanx-go/chanx/examples/guide/adapter"
	"github.com/chanx-go/chanx/examples/guide/notes"
)

// listen serves connections one by one until the test ends.
func listen(t *testing.T, hub *chanx.Hub, endpoint *chanx.Endpoint) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				if err := chanxmux.ServeConn(endpoint, conn); err != nil {
					t.Error(err)
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		all.Wait()
	})
	return "ws://" + l.Addr().String()
}

// newRooms makes a consumer that wants to know which room.
func newRooms(hub *chanx.Hub) *chanx.Consumer[*chanx.Conn] {
	rooms := chanx.NewConsumer(hub, "rooms", func(_ context.Context, conn *chanx.Conn) (*chanx.Conn, error) {
		if conn.PathValue("room") == "" {
			return nil, chanx.Errorf(chanx.NotFound, "which room?")
		}
		return conn, nil
	}, nil)
	chanx.Reply(rooms, func(conn *chanx.Conn, _ context.Context, _ notes.WhoAmI) (notes.You, error) {
		return notes.You{Team: conn.PathValue("room")}, nil
	})
	return rooms
}

// An endpoint is a handler.
func TestNoAdapter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		routes, rooms := http.NewServeMux(), newRooms(chanx.NewHub(nil))
		routes.Handle("GET /rooms/{room}", chanx.Mount(rooms, "/rooms/{room}"))
		ann := chanxtest.Dial(t, routes, "/rooms/go", nil)
		if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Team != "go" {
			t.Errorf("got %+v", you)
		}
	})
}

func TestServeConn(t *testing.T) {
	hub := chanx.NewHub(nil)
	url := listen(t, hub, chanx.Mount(newRooms(hub), "/rooms/{room}"))

	ann := chanxtest.DialURL(t, url+"/rooms?room=go", nil)
	if you := chanxtest.Request[notes.You](ann, notes.WhoAmI{}); you.Team != "go" {
		t.Errorf("got %+v", you)
	}
	refusal := chanxtest.RefusedURL(t, url, http.StatusNotFound, nil)
	if refusal.Error == nil || refusal.Error.Detail != "which room?" {
		t.Errorf("the refusal is %v", refusal)
	}
	ann.Close(chanx.CloseNormal, "")
}

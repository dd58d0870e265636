package start_test

import (
	"context"
	"net"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/guide/start"
)

func TestServeLetsClientsGo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hub := chanx.NewHub(nil)
	service := &start.Service{Rooms: oneRoom{}}
	routes := start.Routes(service.NewConsumer(hub))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- start.Serve(ctx, hub, listener, routes) }()

	ann := chanxtest.DialURL(t, "ws://"+listener.Addr().String()+"/rooms/go", as("ann"))
	chanxtest.Request[start.Pong](ann, start.Ping{})
	stop()
	ann.ExpectClose(chanx.CloseRestart)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

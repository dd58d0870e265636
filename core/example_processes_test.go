package chanx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

// An operator's page asks every process, and says where one has not answered.
func ExampleHub_CountConnections() {
	shared := layer.NewMemory() // in an application one on Redis or NATS
	hub := chanx.NewHub(&chanx.HubOptions{Layer: shared})
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	count, err := hub.CountConnections(ctx)
	if err != nil {
		fmt.Println("this process alone was asked:", err)
	}
	fmt.Println(count.Total, "connections on", count.Processes, "process")
	if count.Partial() {
		fmt.Println("there may be more")
	}
	// Output:
	// 0 connections on 1 process
	// there may be more
}

// Who is banned loses every connection, on whichever process.
func ExampleHub_Disconnect() {
	hub := chanx.NewHub(nil)
	done, err := hub.Disconnect(context.Background(), "ann", chanx.CloseForbidden, "you are banned")
	fmt.Println(done.Connections, done.Partial(), err)
	// Output: 0 false <nil>
}

// A load balancer asks whether the process takes connections.
func ExampleHub_HealthHandler() {
	hub := chanx.NewHub(nil)
	mux := http.NewServeMux()
	mux.Handle("/healthz", hub.HealthHandler())
	fmt.Println(hub.Health().Status)
	_ = hub.Shutdown(context.Background())
	fmt.Println(hub.Health().Status)
	// Output:
	// ok
	// closing
}

// A handler learns how long an event was on its way.
func ExamplePublishedAt() {
	hub := chanx.NewHub(nil)
	chat := chanx.NewConsumer[*chanx.Conn](hub, "chat", nil, nil)
	chanx.OnEvent(chat, func(_ *chanx.Conn, ctx context.Context, _ note) error {
		if at, ok := chanx.PublishedAt(ctx); ok && time.Since(at) > time.Minute {
			return errors.New("that is old news")
		}
		return nil
	})
	_, ok := chanx.PublishedAt(context.Background()) // which is no event's
	fmt.Println(chat.Name(), ok)
	// Output: chat false
}

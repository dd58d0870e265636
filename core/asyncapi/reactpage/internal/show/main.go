// Show serves the page with AsyncAPI's own React component for a hub with one
// consumer, on a free port of this machine: for tests with a browser.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/reactpage"
)

// headerTime is how long a browser has to send a request's headers.
const headerTime = 5 * time.Second

// Ask is a question.
type Ask struct {
	Question string `json:"question" minLength:"1" doc:"What to ask"`
}

// Action names the message.
func (Ask) Action() string { return "ask" }

// Answer answers an [Ask].
type Answer struct {
	Text string `json:"text"`
}

// Action names the message.
func (Answer) Action() string { return "answer" }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "show:", err)
		os.Exit(1) //nolint:gocritic // nothing is left that stop would do
	}
}

// run serves until ctx ends.
func run(ctx context.Context) error {
	hub := chanx.NewHub(nil)
	oracle := chanx.NewConsumer[*chanx.Conn](hub, "oracle", nil, nil)
	chanx.Reply(oracle, func(_ *chanx.Conn, _ context.Context, m Ask) (Answer, error) {
		return Answer{Text: m.Question}, nil
	}, chanx.Summary("Ask the oracle"))
	mux := http.NewServeMux()
	mux.Handle("GET /ws/oracle", chanx.Mount(oracle, "/ws/oracle"))
	docs := asyncapi.Handler(hub, &asyncapi.Options{Title: "Oracle", Page: reactpage.Page()})
	for _, path := range asyncapi.Paths("/asyncapi") {
		mux.Handle("GET "+path, docs)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "http://%s\n", listener.Addr())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTime}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

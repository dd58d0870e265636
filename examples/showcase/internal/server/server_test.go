package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/chanx-go/chanx/examples/showcase/internal/server"
)

// frameworks are the ways to serve the showcase: every test runs on each.
var frameworks = map[string]func(*app.App) (http.Handler, error){
	"chi": server.Chi,
}

// showcase is one that runs for a test.
type showcase struct {
	*testing.T

	app     *app.App
	handler http.Handler
}

// each runs a test against the showcase on each framework, in a bubble.
func each(t *testing.T, test func(s *showcase)) {
	t.Helper()
	for name, serve := range frameworks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(start(t, serve)) })
		})
	}
}

func start(t *testing.T, serve func(*app.App) (http.Handler, error)) *showcase {
	t.Helper()
	a := app.New(&app.Options{Logger: slog.New(slog.DiscardHandler)})
	handler, err := serve(a)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { a.Work(ctx) })
	t.Cleanup(func() {
		if err := a.Hub.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		stop()
		working.Wait()
	})
	return &showcase{t, a, handler}
}

// dial connects to a route.
func (s *showcase) dial(path string) *chanxtest.Client {
	s.Helper()
	return chanxtest.Dial(s, s.handler, path, nil)
}

// publish gives an event to a group.
func (s *showcase) publish(group, action, payload string) {
	s.Helper()
	if err := s.app.Publish(s.Context(), group, action, []byte(payload)); err != nil {
		s.Fatal(err)
	}
}

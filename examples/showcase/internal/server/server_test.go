package server_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/chanx-go/chanx/examples/showcase/internal/server"
)

// handlers are the frameworks on net/http, whose tests run in a bubble.
var handlers = map[string]func(*app.App) (http.Handler, error){
	"chi":  server.Chi,
	"gin":  server.Gin,
	"echo": func(a *app.App) (http.Handler, error) { return server.Echo(a), nil },
}

// showcase is one that runs for a test.
type showcase struct {
	*testing.T

	app     *app.App
	handler http.Handler // nil where there is a url
	url     string
}

// each runs a test against the showcase on each framework.
func each(t *testing.T, test func(s *showcase)) {
	t.Helper()
	eachWith(t, 20*time.Millisecond, test)
}

// eachWith says how long a job takes where time passes, out of a bubble.
func eachWith(t *testing.T, jobTime time.Duration, test func(s *showcase)) {
	t.Helper()
	for name, mount := range handlers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, nil)
				var err error
				if s.handler, err = mount(s.app); err != nil {
					t.Fatal(err)
				}
				test(s)
			})
		})
	}
	t.Run("fiber", func(t *testing.T) {
		s := start(t, &app.Options{JobTime: jobTime})
		s.listen("fiber")
		test(s)
	})
}

// start starts what a showcase has beside its sockets.
func start(t *testing.T, opts *app.Options) *showcase {
	t.Helper()
	if opts == nil {
		opts = &app.Options{}
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	s := &showcase{T: t, app: app.New(opts)}
	ctx, stop := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { s.app.Work(ctx) })
	t.Cleanup(func() {
		if err := s.app.Hub.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		stop()
		working.Wait()
	})
	return s
}

// listen serves the showcase on the loopback interface.
func (s *showcase) listen(framework string) {
	s.Helper()
	srv, err := server.New(framework, s.app)
	if err != nil {
		s.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(s.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	s.Cleanup(func() {
		ctx := context.Background()
		if err := errors.Join(s.app.Hub.Shutdown(ctx), srv.Shutdown(ctx), <-served); err != nil {
			s.Error(err)
		}
	})
	s.url = "ws://" + listener.Addr().String()
}

// dial connects to a route.
func (s *showcase) dial(path string) *chanxtest.Client {
	s.Helper()
	return s.dialWith(path, &chanxtest.DialOptions{})
}

func (s *showcase) dialWith(path string, opts *chanxtest.DialOptions) *chanxtest.Client {
	s.Helper()
	if s.handler != nil {
		return chanxtest.Dial(s, s.handler, path, opts)
	}
	opts.Hub = s.app.Hub
	return chanxtest.DialURL(s, s.url+path, opts)
}

// refused tries to connect to a route that must refuse it.
func (s *showcase) refused(path string, status int, opts *chanxtest.DialOptions) *chanxtest.Refusal {
	s.Helper()
	if s.handler != nil {
		return chanxtest.Refused(s, s.handler, path, status, opts)
	}
	return chanxtest.RefusedURL(s, s.url+path, status, opts)
}

// publish gives an event to a group.
func (s *showcase) publish(group, action, payload string) {
	s.Helper()
	if err := s.app.Publish(s.Context(), group, action, []byte(payload)); err != nil {
		s.Fatal(err)
	}
}

// A program may be told to end before its server has begun.
func TestShutdownFirst(t *testing.T) {
	for _, framework := range server.Frameworks() {
		srv, err := server.New(framework, start(t, nil).app)
		if err != nil {
			t.Fatal(err)
		}
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(srv.Shutdown(t.Context()), srv.Serve(listener)); err != nil {
			t.Errorf("%s: %v", framework, err)
		}
	}
}

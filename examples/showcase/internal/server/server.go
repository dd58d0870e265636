// Package server puts the showcase into web frameworks, one file for each.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/chanx-go/chanx/examples/showcase/internal/app"
)

// Server is the showcase in one web framework.
type Server interface {
	// Serve serves what comes in over the listener. It returns nil once Shutdown
	// has been called.
	Serve(listener net.Listener) error
	// Shutdown refuses new connections and waits for requests under way, until ctx
	// ends. It knows nothing of sockets: the hub is to be shut down first.
	Shutdown(ctx context.Context) error
}

// Frameworks are the names that [New] knows.
func Frameworks() []string { return []string{"chi", "gin", "echo", "fiber"} }

// New mounts the showcase in the framework of that name.
func New(framework string, a *app.App) (Server, error) {
	switch framework {
	case "chi":
		handler, err := Chi(a)
		return overHTTP(handler), err
	case "gin":
		handler, err := Gin(a)
		return overHTTP(handler), err
	case "echo":
		return overHTTP(Echo(a)), nil
	case "fiber":
		return overFiber(Fiber(a)), nil
	}
	return nil, fmt.Errorf("unknown framework %q", framework)
}

// netHTTP is a framework on net/http.
type netHTTP struct{ server *http.Server }

func overHTTP(handler http.Handler) Server {
	return netHTTP{&http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}}
}

func (s netHTTP) Serve(listener net.Listener) error {
	if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s netHTTP) Shutdown(ctx context.Context) error { return s.server.Shutdown(ctx) }

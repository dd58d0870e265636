// Package server puts the showcase into web frameworks, one file for each.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/golang-jwt/jwt/v5"
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
		return overFiber{Fiber(a)}, nil
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

// offeredToken finds a token where a browser puts it: among the subprotocols, of
// which lines are the headers, as bearer.<token>. "" means that there is none.
func offeredToken(lines ...string) string {
	for _, line := range lines {
		for offered := range strings.SplitSeq(line, ",") {
			if token, ok := strings.CutPrefix(strings.TrimSpace(offered), app.TokenPrefix); ok {
				return token
			}
		}
	}
	return ""
}

// userOf is who a token was made out to that a middleware has verified. The
// socket ends when the token does; the zero time is never.
func userOf(subject string, expires time.Time) (any, error) {
	if subject == "" {
		return nil, chanx.Errorf(chanx.Unauthenticated, "the token does not say whose it is")
	}
	return chanx.Credential{Identity: app.User{Subject: subject}, Subject: subject, Expires: expires}, nil
}

// userOfClaims is userOf for frameworks whose middleware is made with golang-jwt.
func userOfClaims(claims jwt.Claims) (any, error) {
	subject, err := claims.GetSubject()
	if err != nil {
		return nil, err
	}
	expires, err := claims.GetExpirationTime()
	if expires == nil || err != nil {
		return nil, chanx.Errorf(chanx.Unauthenticated, "the token does not say when it expires")
	}
	return userOf(subject, expires.Time)
}

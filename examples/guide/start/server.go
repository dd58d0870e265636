package start

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

type userKey struct{}

// login stands for the authentication middleware that an application has.
func login(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, password, ok := r.BasicAuth(); ok && password == "secret" {
			r = r.WithContext(context.WithValue(r.Context(), userKey{}, User{Name: name, Muted: name == "bob"}))
		}
		next.ServeHTTP(w, r)
	})
}

// Routes mounts the chat on a router.
func Routes(chat *chanx.Consumer[*Chat]) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.RequestID, login)
	chanxchi.Handle(r, "/rooms/{room}", chat, &chanxchi.Options{
		Identity: func(r *http.Request) (any, error) { return r.Context().Value(userKey{}), nil },
	})
	return r
}

// Serve runs a server until the context ends, and lets clients go in peace.
func Serve(ctx context.Context, hub *chanx.Hub, listener net.Listener, handler http.Handler) error {
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(hub.Shutdown(ctx), srv.Shutdown(ctx))
}

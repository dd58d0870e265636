package fiberguide

import (
	"context"
	"errors"
	"net"
	"os/signal"
	"syscall"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/gofiber/fiber/v2"
)

// Serve serves until the program is told to end. Sockets go first: Shutdown of fiber
// knows nothing of them.
func Serve(hub *chanx.Hub, l net.Listener, app *fiber.App) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- app.Listener(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(hub.Shutdown(drain), app.ShutdownWithContext(drain))
}

package echoguide

import (
	"context"
	"errors"
	"os/signal"
	"syscall"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/labstack/echo/v4"
)

// Serve serves until the program is told to end. Sockets go first: echo's server has
// forgotten them.
func Serve(hub *chanx.Hub, address string, e *echo.Echo) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	e.Server.ReadHeaderTimeout = 10 * time.Second
	failed := make(chan error, 1)
	go func() { failed <- e.Start(address) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(hub.Shutdown(drain), e.Shutdown(drain))
}

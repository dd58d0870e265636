package ginguide

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/gin-gonic/gin"
)

// Serve serves until the program is told to end. Sockets go first: the server has
// forgotten them.
func Serve(hub *chanx.Hub, l net.Listener, engine *gin.Engine) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Handler: engine, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(hub.Shutdown(drain), server.Shutdown(drain))
}

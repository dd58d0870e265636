package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports from which a free one is chosen: below those that systems give to outgoing
// connections, so that it is still free when a process is started again.
const (
	firstPort = 20000
	lastPort  = 32000
)

// freePort finds a port on which nobody listens.
func freePort(ctx context.Context, host string) (int, error) {
	var errs []error
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			return port, listener.Close()
		}
		errs = append(errs, err)
	}
	return 0, errors.Join(errs...)
}

package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// broker is a NATS server inside of the supervisor, which can be stopped and started
// again: at the same port, with what it had kept.
type broker struct {
	mu      sync.Mutex
	options server.Options
	server  *server.Server // nil while it is stopped
}

// newBroker starts a server on the loopback interface, at any port that is free.
func newBroker() (*broker, error) {
	dir, err := os.MkdirTemp("", "scaleout-nats-")
	if err != nil {
		return nil, err
	}
	b := &broker{options: server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true,
	}}
	if err := b.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return b, nil
}

// start starts the server; if it runs it goes on.
func (b *broker) start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server != nil {
		return nil
	}
	options := b.options // the server changes its own
	s, err := server.NewServer(&options)
	if err != nil {
		return fmt.Errorf("the NATS server: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return errors.New("the NATS server is not ready after 10 s")
	}
	b.server, b.options.Port = s, options.Port
	return nil
}

// stop stops the server, and waits for it.
func (b *broker) stop() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
		b.server = nil
	}
	return nil
}

// runs reports whether the server does.
func (b *broker) runs() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.server != nil
}

// url is where the server is, or was before it was stopped.
func (b *broker) url() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("nats://127.0.0.1:%d", b.options.Port)
}

// close stops the server for good.
func (b *broker) close() error {
	return errors.Join(b.stop(), os.RemoveAll(b.options.StoreDir))
}

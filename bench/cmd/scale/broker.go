package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/chanx-go/chanx/bench/internal/proc"
	"github.com/chanx-go/chanx/bench/internal/server"
	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
)

// everything is a layer with all that one can have.
type everything interface {
	layer.History
	layer.Presence
	layer.Reporter
}

// broker is the program that connects the processes.
type broker struct {
	kind, addr, dir string
	server          *server.Server
	handles         []everything
}

func startBroker(kind string) (*broker, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &broker{kind: kind, addr: listener.Addr().String()}
	_ = listener.Close()
	if b.dir, err = os.MkdirTemp("", "scale"); err != nil {
		return nil, err
	}
	return b, b.start()
}

func (b *broker) start() error {
	_, port, _ := net.SplitHostPort(b.addr)
	command := map[string]string{
		"redis": "redis-server --bind 127.0.0.1 --port " + port + " --dir " + b.dir + " --save '' --appendonly no --maxclients 20000",
		"nats":  "nats-server -a 127.0.0.1 -p " + port + " -js -sd " + b.dir + " -l " + b.dir + "/log",
	}[b.kind]
	if command == "" {
		return fmt.Errorf("unknown -broker %q: there are redis and nats", b.kind)
	}
	var err error
	if b.server, err = server.Start(strings.Fields(command)); err != nil {
		return fmt.Errorf("%s-server has to be installed: %w", b.kind, err)
	}
	_, err = b.server.Wait(b.addr, true)
	return err
}

// open opens another handle, as another process would.
func (b *broker) open(ctx context.Context) (everything, error) {
	quiet := slog.New(slog.DiscardHandler) // the broker is stopped on purpose
	var l everything
	var err error
	if b.kind == "nats" {
		l, err = chanxnats.Open(ctx, "nats://"+b.addr, &chanxnats.Options{Logger: quiet})
	} else {
		l, err = chanxredis.Open(ctx, "redis://"+b.addr, &chanxredis.Options{Logger: quiet})
	}
	if err == nil {
		b.handles = append(b.handles, l)
	}
	return l, err
}

// pair opens two.
func (b *broker) pair(ctx context.Context) (here, there everything, err error) {
	if here, err = b.open(ctx); err == nil {
		there, err = b.open(ctx)
	}
	return here, there, err
}

func (b *broker) stop() {
	for _, l := range b.handles {
		_ = l.Close()
	}
	b.server.Stop()
	_ = os.RemoveAll(b.dir)
}

// memory is what is in use here, after a collection, and at the broker.
type memory struct{ here, broker int64 }

func (b *broker) memory() memory {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{int64(m.HeapAlloc + m.StackInuse), proc.RSS(b.server.PID())}
}

// grown is what each of n things takes, here and at the broker.
func (b *broker) grown(a memory, n int) (here, there string) {
	now := b.memory()
	return fmt.Sprint((now.here - a.here) / int64(n)), fmt.Sprint((now.broker - a.broker) / int64(n))
}

// workers is how many goroutines do what has to be done many times.
const workers = 64

// each calls f with 0 to n-1 from many goroutines, and returns the first error.
func each(n int, f func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && failed.Load() == nil; i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

var errLost = errors.New("messages did not arrive")

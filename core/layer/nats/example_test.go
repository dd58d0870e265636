package chanxnats_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
)

// Two processes of an application, with a server that both know.
func Example() {
	url, stop := exampleServer() // such as "nats://localhost:4222"
	defer stop()
	if err := sayHello(context.Background(), url); err != nil {
		fmt.Println(err)
	}
	// Output:
	// hello true
	// kept 1
}

func sayHello(ctx context.Context, url string) error {
	here, err := chanxnats.Open(ctx, url, nil)
	if err != nil {
		return err
	}
	defer here.Close()
	there, err := chanxnats.Open(ctx, url, nil)
	if err != nil {
		return err
	}
	defer there.Close()

	heard := make(chan string)
	if _, err := there.Subscribe(ctx, "room", func(data []byte) { heard <- string(data) }); err != nil {
		return err
	}
	if err := here.Publish(ctx, "room", []byte("hello")); err != nil {
		return err
	}
	fmt.Println(<-heard, there.Health().Connected)

	start, _, err := there.Follow(ctx, "log", func(layer.Entry) {})
	if err != nil {
		return err
	}
	if err := here.Append(ctx, "log", []byte("kept"), layer.Retention{Entries: 100, Age: time.Hour}); err != nil {
		return err
	}
	entries, _, err := there.Read(ctx, "log", start, 10)
	if err != nil {
		return err
	}
	for _, e := range entries {
		fmt.Println(string(e.Data), e.Seq)
	}
	return nil
}

func exampleServer() (url string, stop func()) {
	dir, err := os.MkdirTemp("", "chanxnats")
	if err != nil {
		panic(err)
	}
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true,
	})
	if err != nil {
		panic(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		panic("the server does not start")
	}
	return s.ClientURL(), func() {
		s.Shutdown()
		s.WaitForShutdown()
		_ = os.RemoveAll(dir)
	}
}

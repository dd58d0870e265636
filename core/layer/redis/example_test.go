package chanxredis_test

import (
	"context"
	"fmt"

	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
)

// Two processes of an application, with a server that both know.
func Example() {
	url := chanxredis.Servers.Redis().URL // such as "redis://localhost:6379"
	if err := sayHello(context.Background(), url); err != nil {
		fmt.Println(err)
	}
	// Output: hello true
}

func sayHello(ctx context.Context, url string) error {
	here, err := chanxredis.Open(ctx, url, nil)
	if err != nil {
		return err
	}
	defer here.Close()
	there, err := chanxredis.Open(ctx, url, nil)
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
	return nil
}

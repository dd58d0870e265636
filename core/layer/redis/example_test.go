package chanxredis_test

import (
	"context"
	"fmt"
	"log"

	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
)

// Two processes of an application, with a server that both know.
func Example() {
	url := chanxredis.Servers.Redis().URL // such as "redis://localhost:6379"
	ctx := context.Background()
	here, err := chanxredis.Open(ctx, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer here.Close()
	there, err := chanxredis.Open(ctx, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer there.Close()

	heard := make(chan string)
	if _, err := there.Subscribe(ctx, "room", func(data []byte) { heard <- string(data) }); err != nil {
		log.Fatal(err)
	}
	if err := here.Publish(ctx, "room", []byte("hello")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-heard, there.Health().Connected)
	// Output: hello true
}

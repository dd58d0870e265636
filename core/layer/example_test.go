package layer_test

import (
	"context"
	"fmt"

	"github.com/chanx-go/chanx/core/layer"
)

func Example() {
	ctx := context.Background()
	m := layer.NewMemory()
	defer m.Close()

	sub, err := m.Subscribe(ctx, "room:1", func(data []byte) {
		fmt.Printf("received %s\n", data)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sub.Unsubscribe()

	if err := m.Publish(ctx, "room:1", []byte("hello")); err != nil {
		fmt.Println(err)
	}
	// Output: received hello
}

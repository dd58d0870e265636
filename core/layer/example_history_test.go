package layer_test

import (
	"context"
	"fmt"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// Who comes back reads what it has missed, and then follows.
func ExampleHistory() {
	ctx := context.Background()
	m := layer.NewMemory()
	defer m.Close()
	var history layer.History = m

	seen, sub, err := history.Follow(ctx, "room:1", func(layer.Entry) {})
	if err != nil {
		fmt.Println(err)
		return
	}
	sub.Unsubscribe()

	keep := layer.Retention{Entries: 100, Age: time.Hour}
	for _, data := range []string{"hello", "is anybody there?"} {
		if err := history.Append(ctx, "room:1", []byte(data), keep); err != nil {
			fmt.Println(err)
		}
	}

	missed, _, err := history.Read(ctx, "room:1", seen, 10)
	for _, e := range missed {
		fmt.Printf("%d: %s\n", e.Seq, e.Data)
	}
	fmt.Println(err)
	// Output:
	// 1: hello
	// 2: is anybody there?
	// <nil>
}

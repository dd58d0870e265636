package layer_test

import (
	"context"
	"fmt"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// Ann is present through two connections of one process, and others see her once.
func ExamplePresence() {
	ctx := context.Background()
	m := layer.NewMemory()
	defer m.Close()
	var presence layer.Presence = m

	if _, err := presence.Renew(ctx, "process 1", 30*time.Second); err != nil {
		fmt.Println(err)
		return
	}
	_, err := presence.Watch(ctx, "room:1", func(c layer.PresenceChange) {
		if c.All {
			fmt.Println(len(c.Joined), "present")
			return
		}
		for _, m := range c.Joined {
			fmt.Printf("%s joined, %s\n", m.Key, m.Info)
		}
		for _, key := range c.Left {
			fmt.Println(key, "left")
		}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	phone := layer.Session{Key: "ann", ID: "phone", Owner: "process 1", Info: []byte("online")}
	laptop := layer.Session{Key: "ann", ID: "laptop", Owner: "process 1", Info: []byte("online")}
	for _, s := range []layer.Session{phone, laptop} {
		if err := presence.Enter(ctx, "room:1", s); err != nil {
			fmt.Println(err)
		}
	}
	for _, s := range []layer.Session{phone, laptop} {
		if err := presence.Leave(ctx, "room:1", s, 0); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 0 present
	// ann joined, online
	// ann left
}

package layers_test

import (
	"context"
	"errors"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
)

// No hub is served on a layer that can't be opened: here, as nobody waits for it.
func TestNotOpened(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, open := range map[string]func(context.Context, func(context.Context, *chanx.Hub) error) error{
		"redis": onRedis, "nats": onNATS,
	} {
		err := open(ctx, func(context.Context, *chanx.Hub) error {
			t.Errorf("%s: a hub is served", name)
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

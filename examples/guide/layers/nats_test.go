package layers_test

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
)

// onNATS serves a hub on NATS until the context ends.
func onNATS(ctx context.Context, serve func(context.Context, *chanx.Hub) error) error {
	l, err := chanxnats.Open(ctx, "nats://localhost:4222", nil)
	if err != nil {
		return err // no server can be reached, or lets the user in, or has JetStream
	}
	defer l.Close()
	hub := chanx.NewHub(&chanx.HubOptions{Layer: l})

	return serve(ctx, hub)
}

// Package layers_test opens layers as their READMEs show.
package layers_test

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
)

// onRedis serves a hub on Redis until the context ends.
func onRedis(ctx context.Context, serve func(context.Context, *chanx.Hub) error) error {
	l, err := chanxredis.Open(ctx, "redis://localhost:6379", nil)
	if err != nil {
		return err // the server can't be reached, or doesn't let the user in
	}
	defer l.Close()
	hub := chanx.NewHub(&chanx.HubOptions{Layer: l})

	return serve(ctx, hub)
}

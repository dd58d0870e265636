// Package layers opens the layer that a URL names, for programs that leave the
// choice to who starts them.
package layers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
)

// Layer is a layer that can do all that there is.
type Layer interface {
	layer.Layer
	layer.History
	layer.Presence
}

// Memory is the URL of a layer that connects nobody.
const Memory = "memory"

// Usage says what [Open] takes.
const Usage = "memory, redis://…, redis-cluster://… or redis-sentinel://…, rediss in place of redis for TLS, nats://… or tls://…"

var (
	redis = []string{"redis", "rediss", "redis-cluster", "rediss-cluster", "redis-sentinel", "rediss-sentinel"}
	nats  = []string{"nats", "tls"}
)

// Check says what is wrong with a URL that [Open] can't know what to do with. It
// asks no server.
func Check(url string) error {
	scheme, _, found := strings.Cut(url, "://")
	if url == Memory || found && (slices.Contains(redis, scheme) || slices.Contains(nats, scheme)) {
		return nil
	}
	return fmt.Errorf("unknown layer %q: it is %s", url, Usage)
}

// Open opens a layer. The caller closes it, after the hubs on it have been shut down.
// The error says what is wrong with the URL, or that the server can't be reached; a
// NATS server needs JetStream.
func Open(ctx context.Context, url string) (Layer, error) {
	if err := Check(url); err != nil {
		return nil, err
	}
	scheme, _, _ := strings.Cut(url, "://")
	switch {
	case url == Memory:
		return layer.NewMemory(), nil
	case slices.Contains(redis, scheme):
		l, err := chanxredis.Open(ctx, url, nil)
		if err != nil {
			return nil, fmt.Errorf("opening the layer on Redis: %w", err)
		}
		return l, nil
	default:
		l, err := chanxnats.Open(ctx, url, nil)
		if err != nil {
			return nil, fmt.Errorf("opening the layer on NATS: %w", err)
		}
		return l, nil
	}
}

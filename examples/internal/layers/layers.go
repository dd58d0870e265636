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

// Servers says what [CheckServer] takes.
const Servers = "redis://…, redis-cluster://… or redis-sentinel://…, rediss in place of redis for TLS, nats://… or tls://…"

// Usage says what [Open] takes.
const Usage = Memory + ", " + Servers

var (
	redis = []string{"redis", "rediss", "redis-cluster", "rediss-cluster", "redis-sentinel", "rediss-sentinel"}
	nats  = []string{"nats", "tls"}
)

// Check says what is wrong with a URL that [Open] can't know what to do with. It
// asks no server.
func Check(url string) error {
	if url == Memory || isServer(url) {
		return nil
	}
	return fmt.Errorf("unknown %s: the layer is %s", scheme(url), Usage)
}

// CheckServer is [Check] for a layer that is to connect processes.
func CheckServer(url string) error {
	if isServer(url) {
		return nil
	}
	return fmt.Errorf("unknown %s: what connects processes is %s", scheme(url), Servers)
}

func isServer(url string) bool {
	scheme, _, found := strings.Cut(url, "://")
	return found && (slices.Contains(redis, scheme) || slices.Contains(nats, scheme))
}

// scheme names a URL's without the rest, which may have a password.
func scheme(url string) string {
	if scheme, _, found := strings.Cut(url, "://"); found {
		return fmt.Sprintf("scheme %q", scheme)
	}
	return "URL, without ://"
}

// Open opens a layer. The caller closes it, after the hubs on it have been shut down.
// The error says what is wrong with the URL, or that the server can't be reached; a
// NATS server needs JetStream.
func Open(ctx context.Context, url string) (Layer, error) {
	if err := Check(url); err != nil {
		return nil, err
	}
	switch name, _, _ := strings.Cut(url, "://"); {
	case url == Memory:
		return layer.NewMemory(), nil
	case slices.Contains(redis, name):
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

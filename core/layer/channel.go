package layer

import (
	"bytes"
	"context"
)

// memoryChannel is a channel of [Memory] with at least one subscription.
type memoryChannel struct {
	subscribers[[]byte] // changed under the lock of the shard
	turn[published]
}

// published is a message of [Memory.Publish].
type published []byte

func (p published) size() int { return len(p) }

func (p published) own() published { return bytes.Clone(p) }

func (c *memoryChannel) publish(ctx context.Context, data []byte) error {
	return c.do(ctx, data, func(p published) { callAll(c.load(), []byte(p)) })
}

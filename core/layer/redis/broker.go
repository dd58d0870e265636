package chanxredis

import (
	"context"

	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// kindMessage is the kind of the server's channels for messages.
const kindMessage = "m"

// broker carries messages: it is the server's side of [relay.Channels].
type broker struct {
	c       *client
	receive func(channel string, data []byte)
}

var _ relay.Broker = (*broker)(nil)

func (b *broker) Part(channel string) int { return b.c.part(channel) }

func (b *broker) Post(channel string, data []byte) (relay.Posted, error) {
	m, err := b.c.publish(channel, data)
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (b *broker) Listen(ctx context.Context, channel string) error {
	return b.c.listen(ctx, kindMessage, channel, func(data []byte) { b.receive(channel, data) })
}

func (b *broker) Unlisten(channel string) { b.c.unlisten(kindMessage, channel) }

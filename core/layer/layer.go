// Package layer is the seam that carries bytes between the processes of an
// application.
//
// A hub publishes to channels and subscribes to those that have members on its
// own process. [Memory] serves one process; other layers, in modules of their
// own, connect many.
//
// A layer that can do more than publish and subscribe implements further
// interfaces beside [Layer]: [History], which numbers messages and keeps the last
// ones, and [Presence], which knows who is there. Memory has both. Who needs them
// finds them by a type assertion; topics that keep history or track presence do.
//
// Package layertest checks any layer against the rules that stand at Layer, and at
// History and Presence where it implements them.
package layer

import (
	"context"

	"github.com/chanx-go/chanx/core/layer/internal/local"
)

// ErrClosed is the error of a call on a layer that was closed.
var ErrClosed = local.ErrClosed

// Layer carries messages between the hubs of an application.
//
// All methods may be called from many goroutines at once.
//
// A channel is named by any string: empty, of several kilobytes, or with bytes
// that are no UTF-8. Names that differ in any byte are different channels. A
// channel exists while it has subscribers, and needs no setting up.
//
// Messages that one goroutine publishes to one channel, one after the other,
// reach each subscription in that order and once. An answer, which somebody publishes
// to a channel because of a message that a handler got there, comes after that
// message: to all subscriptions, where the answer is of the message's own process;
// to those of that process and of its own, where it is of another. Nothing else is
// promised across publishers, and nothing across channels.
type Layer interface {
	// Publish sends data to the subscriptions of a channel, in this process and
	// in others. It returns once the layer is done with data, which the caller
	// may then change. A nil error means that the layer has taken the message
	// over, not that somebody got it: a channel without subscribers is no error.
	//
	// ctx bounds the call. If it has ended beforehand nothing is sent; if it
	// ends meanwhile the message may still be delivered. In both cases the error
	// wraps the context's. After Close the error is [ErrClosed].
	//
	// Publish may be called from inside a handler, for any channel. A message to
	// a channel whose handlers are running is then delivered after the current
	// one, and Publish does not wait for it.
	Publish(ctx context.Context, channel string, data []byte) error

	// Subscribe calls handler for every message to the channel that is published,
	// by any process, after Subscribe has returned. Each call makes a subscription
	// of its own; two with the same channel and handler both get every message.
	//
	// The calls for one subscription come one at a time and in order, on a
	// goroutine of the layer's choice. A handler must not block for long: it holds
	// back other messages, and may hold back publishers. It must not wait for
	// another goroutine that publishes. The data is shared with other handlers:
	// it must neither be changed nor kept after the handler has returned. It is
	// empty, or nil, for an empty message.
	//
	// ctx bounds the call, not the subscription. After Close the error is
	// [ErrClosed].
	Subscribe(ctx context.Context, channel string, handler func(data []byte)) (Subscription, error)

	// Close ends every subscription made through this value, waits for handlers
	// that are running, and releases what the layer holds. It must not be called
	// from inside a handler. Closing again does nothing and returns nil. Other
	// processes are not affected.
	Close() error
}

// Subscription is one handler on one channel.
type Subscription interface {
	// Unsubscribe ends the subscription. It waits for a call of the handler that
	// is under way, so that after it has returned the handler neither runs nor is
	// called again. From inside a handler, of this subscription or of another, it
	// does not wait, and only no further call begins.
	//
	// Unsubscribing again, or after the layer was closed, does nothing and
	// returns nil. It may be called from many goroutines at once.
	Unsubscribe() error
}

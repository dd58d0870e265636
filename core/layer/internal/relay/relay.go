// Package relay is the process's side of a layer over a network: what such layers
// have in common whatever their server is.
//
// [Channels] makes a layer.Layer of a [Broker], [Followers] the following of a
// layer.History of a [Log], and [Watches] the watching of a layer.Presence of a
// [Roster]. They keep one subscription at the server per process and channel, give
// messages to the handlers of this process by the rules of the package layer, and
// see to it that what was missed is fetched, or else counted. [Status] knows how the
// connection is.
//
// The server's side calls Receive where something comes, and must not hold a lock
// meanwhile that anything which a handler can call waits for. A handler that panics
// on a goroutine of this package ends the program.
package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// Options configure [Channels], [Followers] and [Watches]. A field that is 0 or nil
// has its default.
type Options struct {
	// Timeout bounds every call of the server that no context bounds earlier; 3 s.
	Timeout time.Duration
	// Bounded says that the Broker's messages wait no longer than that by themselves,
	// so that their context need not have a deadline.
	Bounded bool
	// Sweep is how often who follows or watches is compared with the server; 25 s.
	Sweep time.Duration
	// Logger is where it is told what no caller learns; that of slog by default.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, 3*time.Second)
	o.Sweep = cmp.Or(o.Sweep, 25*time.Second)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	return o
}

// bound returns a context with a deadline.
func (o Options) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if d, ok := ctx.Deadline(); ok && time.Until(d) <= o.Timeout {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, o.Timeout)
}

// explain returns the error of a call of the server: ctx is the caller's, which bound
// may have bound further.
func (o Options) explain(ctx context.Context, err error) error {
	switch ended := ctx.Err(); {
	case err == nil:
		return nil
	case errors.Is(ended, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", layer.ErrUnavailable, ended)
	case ended != nil:
		return fmt.Errorf("layer: %w", ended)
	case errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, layer.ErrUnavailable):
		return fmt.Errorf("%w: no answer within %v", layer.ErrUnavailable, o.Timeout)
	default:
		return err
	}
}

// backoff is how long to wait between tries: at first 50 ms, and up to 5 s.
type backoff time.Duration

func (b *backoff) next() time.Duration {
	*b = min(max(2**b, backoff(50*time.Millisecond)), backoff(5*time.Second))
	return time.Duration(*b)
}

// pause waits for the time that is next, until wake has something, or the context
// ends, which it reports as false.
func (b *backoff) pause(ctx context.Context, wake <-chan struct{}) bool {
	timer := time.NewTimer(b.next())
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-wake:
		*b = 0
		return true
	case <-ctx.Done():
		return false
	}
}

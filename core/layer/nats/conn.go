package chanxnats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// conn is the connection to the servers. It is two: what others publish comes on
// one, and what this process publishes and asks goes over the other, so that answers
// never wait behind messages, nor behind the handlers of these.
type conn struct {
	opts   Options
	target string // the servers, for people
	status *relay.Status
	in     *nats.Conn          // subscriptions
	out    *nats.Conn          // publishes and requests
	js     jetstream.JetStream // over out; its calls need a context with a deadline, see bound

	inConfirm  confirmer
	outConfirm confirmer

	closed  atomic.Bool
	done    chan struct{} // closed when closed
	running sync.WaitGroup

	mu       sync.Mutex
	ready    bool                // both connections are made
	away     map[*nats.Conn]bool // connections that are lost
	restored []func()            // called when both are back
}

// connect returns once both connections stand.
func connect(t target, opts Options) (*conn, error) {
	c := &conn{
		opts:   opts,
		target: t.name,
		status: relay.NewStatus(opts.Logger, "nats at "+t.name),
		done:   make(chan struct{}),
		away:   make(map[*nats.Conn]bool),
	}
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	if c.out, err = nats.Connect(t.servers, append(options, nats.Name("chanx"))...); err != nil {
		return nil, fmt.Errorf("chanxnats: can't connect to %s: %w", t.name, err)
	}
	if c.in, err = nats.Connect(t.servers, append(options, nats.Name("chanx subscriptions"))...); err != nil {
		c.out.Close()
		return nil, fmt.Errorf("chanxnats: can't connect to %s: %w", t.name, err)
	}
	c.inConfirm.conn, c.outConfirm.conn = c.in, c.out
	c.inConfirm.timeout, c.outConfirm.timeout = opts.Timeout, opts.Timeout
	if c.js, err = c.jetStream(); err != nil {
		c.close()
		return nil, err
	}
	c.mu.Lock()
	c.ready = true
	c.mu.Unlock()
	return c, nil
}

func (c *conn) jetStream() (jetstream.JetStream, error) {
	if c.opts.Domain == "" {
		return jetstream.New(c.out)
	}
	js, err := jetstream.NewWithDomain(c.out, c.opts.Domain)
	if err != nil {
		return nil, fmt.Errorf("chanxnats: domain %q: %w", c.opts.Domain, err)
	}
	return js, nil
}

// options are those of both connections.
func (c *conn) options() ([]nats.Option, error) {
	timeout := c.opts.Timeout
	options := []nats.Option{
		nats.Timeout(timeout),
		// What is published in an outage fails at once, and is not sent later, when
		// its publisher has long had an error.
		nats.ReconnectBufSize(-1),
		nats.MaxReconnects(-1),
		nats.CustomReconnectDelay(reconnectDelay),
		// An account that is refused may be allowed again.
		nats.IgnoreAuthErrorAbort(),
		nats.RetryOnFailedConnect(false),
		// A server that doesn't answer is lost after two unanswered pings.
		nats.PingInterval(max(timeout/3, time.Millisecond)),
		nats.MaxPingsOutstanding(2),
		nats.FlusherTimeout(timeout),
		nats.ReconnectOnFlusherError(),
		nats.DisconnectErrHandler(c.lost),
		nats.ReconnectHandler(c.back),
		nats.ErrorHandler(c.complaint),
		nats.NoCallbacksAfterClientClose(),
	}
	if c.opts.TLS != nil {
		options = append(options, nats.Secure(c.opts.TLS))
	}
	if c.opts.Credentials != "" {
		options = append(options, nats.UserCredentials(c.opts.Credentials))
	}
	if c.opts.Token != "" {
		options = append(options, nats.Token(c.opts.Token))
	}
	if c.opts.NKey != "" {
		option, err := nats.NkeyOptionFromSeed(c.opts.NKey)
		if err != nil {
			return nil, fmt.Errorf("chanxnats: the NKey's file: %w", err)
		}
		options = append(options, option)
	}
	return options, nil
}

// reconnectDelay is how long to wait after all servers were tried n times: longer
// each time, up to 2 s, and different for each process, so that they don't come back
// all at once.
func reconnectDelay(n int) time.Duration {
	most := min(50*time.Millisecond<<min(n, 6), 2*time.Second)
	return most/2 + rand.N(most/2)
}

// onRestored registers what is to be done when the connection is back after an
// outage. It must not wait. It is called before anything is published again.
func (c *conn) onRestored(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.restored = append(c.restored, f)
}

func (c *conn) lost(nc *nats.Conn, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return
	}
	if err == nil {
		err = errors.New("the connection has ended")
	}
	c.away[nc] = true
	c.status.Down(0, err)
}

func (c *conn) back(nc *nats.Conn) {
	// The server has the subscriptions again once it answers.
	for nc.FlushTimeout(c.opts.Timeout) != nil {
		if !nc.IsConnected() {
			return // it is lost again
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.away, nc)
	if c.closed.Load() || len(c.away) > 0 {
		return
	}
	for _, restored := range c.restored {
		restored()
	}
	c.status.Up(0)
}

// complaint logs what the server, or the client, says that belongs to no call.
func (c *conn) complaint(_ *nats.Conn, sub *nats.Subscription, err error) {
	if c.closed.Load() {
		return
	}
	subject := ""
	if sub != nil {
		subject = sub.Subject
	}
	c.opts.Logger.Log(context.Background(), slog.LevelWarn, "chanx: NATS complains", "error", err, "subject", subject)
}

// close ends both connections, and waits for whoever takes from them.
func (c *conn) close() {
	if c.closed.Swap(true) {
		return
	}
	c.status.Close()
	close(c.done)
	if c.in != nil {
		c.in.Close()
	}
	c.out.Close()
	c.inConfirm.close()
	c.outConfirm.close()
	c.running.Wait()
}

// subject returns the subject of a channel, or what else is named, of a kind: a
// short token that stands for what is sent there.
func (c *conn) subject(kind string, names ...string) string {
	return c.subjects(kind, key(names...))
}

// subjects returns the subject of a kind with tokens that are encoded already, or with
// wildcards all that it stands for.
func (c *conn) subjects(kind, tokens string) string {
	return c.opts.Prefix + "." + kind + "." + tokens
}

// name returns the name of a stream or bucket. Prefixes that differ have different
// ones, as '=' is in none of them.
func (c *conn) name(what string) string {
	return strings.ReplaceAll(c.opts.Prefix, ".", "=") + "-" + what
}

// begin refuses a call that can't succeed: after close, with a context that has
// ended, or, at once, while the server is known to be away.
func (c *conn) begin(ctx context.Context) error {
	if c.closed.Load() {
		return layer.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.status.Err()
}

// bound gives a call's context the deadline that Options.Timeout means.
func (c *conn) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.opts.Timeout)
}

// openPatience is for how many timeouts JetStream is asked again when a layer is opened.
// Three servers that begin together on one busy machine were seen to take more than
// one until a stream has a leader.
const openPatience = 5

// noLeader is JetStream's code for a cluster that has nobody yet who could answer.
const noLeader jetstream.ErrorCode = 10008

// insist calls f, with a context that is bound, until the server has answered.
func (c *conn) insist(ctx context.Context, f func(ctx context.Context) error) error {
	for end := time.Now().Add(openPatience * c.opts.Timeout); ; {
		bounded, cancel := c.bound(ctx)
		err := f(bounded)
		cancel()
		var api *jetstream.APIError
		unanswered := errors.Is(err, context.DeadlineExceeded) || errors.As(err, &api) && api.ErrorCode == noLeader
		switch {
		case !unanswered || ctx.Err() != nil:
			return err
		case time.Now().After(end):
			return fmt.Errorf("no answer for %v: %w", openPatience*c.opts.Timeout, err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// failure turns an error into what a layer returns. ctx is the caller's.
func (c *conn) failure(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case c.closed.Load():
		return layer.ErrClosed
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("chanxnats: %s: %w", what, context.Canceled)
	case ctx.Err() != nil:
		return fmt.Errorf("chanxnats: %s: %w: %w", what, layer.ErrUnavailable, ctx.Err())
	case errors.Is(err, layer.ErrUnavailable), refused(err):
		return fmt.Errorf("chanxnats: %s: %w", what, err)
	default:
		return fmt.Errorf("chanxnats: %s: %w: %w", what, layer.ErrUnavailable, err)
	}
}

// refused reports whether an error is the server's, or the client's, answer to what
// was asked, and would be the same once more.
func refused(err error) bool {
	for _, known := range []error{
		nats.ErrMaxPayload, nats.ErrBadSubject, nats.ErrPermissionViolation, nats.ErrMaxSubscriptionsExceeded,
		nats.ErrHeadersNotSupported, layer.ErrGap, layer.ErrNoLease,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.Code < 500 || api.ErrorCode == storeFailed)
}

// storeFailed is JetStream's code for a stream that is full.
const storeFailed jetstream.ErrorCode = 10077

// denied returns an error where the server has said that this user must not use the
// subject. It says so before it answers the ping that follows.
func denied(nc *nats.Conn, subject string) error {
	err := nc.LastError()
	if errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), `"`+subject+`"`) {
		return err
	}
	return nil
}

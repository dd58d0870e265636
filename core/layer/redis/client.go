package chanxredis

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
	"github.com/redis/rueidis"
)

// client is the connections to a server that the parts of a layer share: one for
// commands to each node, and one for the subscriptions of each partition. A
// connection for subscriptions is read by who handles the messages, and may be held
// back by them, so no reply ever comes through it.
type client struct {
	prefix   string
	timeout  time.Duration
	mode     mode
	sharded  bool     // the server is a cluster
	tags     []string // of the partitions
	commands rueidis.Client
	live     rueidis.Client // for the subscriptions
	slots    chan struct{}  // one for each command under way
	parts    []*part
	senders  []*sender
	messages sync.Pool // of *message
	status   *relay.Status

	// restored is called with a partition whose subscriptions stand again after they
	// were lost. It must not wait.
	restored atomic.Pointer[func(part int)]

	alive   context.Context // ends with close
	stop    context.CancelFunc
	stopped atomic.Bool
	running sync.WaitGroup // what waits for alive
}

// maxCommands is how many commands may be under way on one client. A connection
// takes 1024, and who waits for a place in there waits without a bound.
const maxCommands = 512

// connect opens a client and waits for its connections.
func connect(ctx context.Context, t *target, o Options, s *relay.Status) (*client, error) {
	c := &client{
		prefix:  o.Prefix,
		timeout: o.Timeout,
		mode:    t.mode,
		sharded: t.mode == modeCluster,
		tags:    tags(o.Partitions),
		slots:   make(chan struct{}, maxCommands),
		status:  s,
	}
	c.alive, c.stop = context.WithCancel(context.Background())
	opened := make(chan error, 1)
	c.running.Go(func() { opened <- c.open(t, o) })
	var err error
	select {
	case err = <-opened:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil {
		err = c.start(ctx)
	}
	if err == nil {
		err = c.agree(ctx)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// open makes the clients of rueidis, which connect at once.
func (c *client) open(t *target, o Options) error {
	for _, to := range []struct {
		client  *rueidis.Client
		options rueidis.ClientOption
	}{
		{&c.commands, commandOptions(t, o)},
		{&c.live, liveOptions(t, o)},
	} {
		to.options.DialCtxFn = c.dial
		client, err := rueidis.NewClient(to.options)
		if client != nil {
			*to.client = client // also where it is of no use, but has a connection
		}
		if err != nil {
			return err
		}
	}
	hello := c.commands.B().Arbitrary("HELLO").Build()
	server, err := c.commands.Do(c.alive, hello).AsMap()
	if err != nil {
		return err
	}
	is := func(what string) bool {
		m := server["mode"]
		name, _ := m.ToString()
		return name == what
	}
	switch {
	case c.sharded && !is("cluster"):
		return errors.New("the server is no cluster, which the URL says")
	case !c.sharded && is("cluster"):
		return errors.New("the server is a node of a cluster: its URL begins with redis-cluster:// or rediss-cluster://")
	case is("sentinel"):
		return errors.New("the server is a sentinel: its URL begins with redis-sentinel:// or rediss-sentinel://")
	}
	return nil
}

// dial makes a connection that ends with the client, whatever is under way on it.
func (c *client) dial(ctx context.Context, addr string, dialer *net.Dialer, secure *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.alive, cancel)()
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	tied := &tiedConn{Conn: conn, untie: context.AfterFunc(c.alive, func() { conn.Close() })}
	if secure == nil {
		return tied, nil
	}
	if secure.ServerName == "" {
		secure = secure.Clone()
		secure.ServerName, _, _ = net.SplitHostPort(addr)
	}
	over := tls.Client(tied, secure)
	if err := over.HandshakeContext(ctx); err != nil {
		_ = tied.Close()
		return nil, err
	}
	return over, nil
}

// tiedConn is a connection that ends with the client.
type tiedConn struct {
	net.Conn

	untie func() bool
}

func (c *tiedConn) Close() error {
	c.untie()
	return c.Conn.Close()
}

// commandOptions are for the connection that commands use. Nothing is sent twice by
// rueidis: of a command without a reply nobody knows whether it was done.
func commandOptions(t *target, o Options) rueidis.ClientOption {
	var secure *tls.Config
	if t.tls {
		secure = &tls.Config{MinVersion: tls.VersionTLS12}
		if o.TLS != nil {
			secure = o.TLS.Clone()
		}
	}
	dialer := net.Dialer{Timeout: o.Timeout, KeepAlive: o.Timeout}
	return rueidis.ClientOption{
		InitAddress:       t.addrs,
		Username:          t.user,
		Password:          t.password,
		SelectDB:          t.db,
		ClientName:        "chanx",
		ClientSetInfo:     rueidis.DisableClientSetInfo,
		TLSConfig:         secure,
		Dialer:            dialer,
		ConnWriteTimeout:  o.Timeout, // pings of an idle connection, too
		ForceSingleClient: t.mode == modeStandalone,
		Sentinel: rueidis.SentinelOption{
			MasterSet: t.master,
			Username:  t.sentinelUser,
			Password:  t.sentinelPassword,
			TLSConfig: secure,
			Dialer:    dialer,
			// A switch of the master is told by a message, which may be missed.
			TopologyRefreshInterval: 5 * time.Second,
		},
		ClusterOption: rueidis.ClusterOption{
			ShardsRefreshInterval: 15 * time.Second,
			MaxMovedRedirections:  4,
		},
		PipelineMultiplex:   -1, // one connection keeps the order of what it is given
		ReadBufferEachConn:  64 << 10,
		WriteBufferEachConn: 64 << 10,
		AlwaysPipelining:    true, // a connection that is read always is known to be lost at once
		DisableRetry:        true,
		DisableCache:        true,
	}
}

// liveOptions are for the connections of subscriptions. Their pings are the
// partition's own: rueidis would take a reader that handlers hold back for a dead
// server.
func liveOptions(t *target, o Options) rueidis.ClientOption {
	live := commandOptions(t, o)
	live.ClientName = "chanx-live"
	live.RingScaleEachConn = 4
	live.WriteBufferEachConn = 16 << 10
	live.Dialer.KeepAlive = 24 * time.Hour // the interval of rueidis' pings
	return live
}

// start runs partitions and senders, and waits for the first connection of each.
func (c *client) start(ctx context.Context) error {
	for i := range c.tags {
		c.parts = append(c.parts, newPart(c, i))
		c.senders = append(c.senders, newSender(c))
	}
	for i := range c.tags {
		c.running.Go(func() { c.parts[i].run(c.alive) })
		c.running.Go(func() { c.senders[i].run(c.alive) })
	}
	for _, p := range c.parts {
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// close ends all connections and waits for what runs. Calls fail with
// [layer.ErrClosed] from then on.
func (c *client) close() {
	c.stopped.Store(true)
	c.stop()
	c.running.Wait()
	for _, client := range []rueidis.Client{c.live, c.commands} {
		if client != nil {
			client.Close()
		}
	}
}

// part returns the number of the partition that a channel belongs to.
func (c *client) part(channel string) int { return partition(channel, len(c.tags)) }

// maxName is how long the name of a channel may be to stand in a key as it is.
const maxName = 128

// key returns the name of a key, or of a channel of the server, for one of the
// layer's: prefix:kind:{tag}=name. A kind is a short word without a colon. Names are
// as they are, whatever bytes they have, up to 128; of a longer one there is the
// SHA-256 and how it begins, prefix:kind:{tag}#hash=start, which no other name has.
func (c *client) key(kind, channel string) string {
	tag := c.tags[c.part(channel)]
	if len(channel) <= maxName {
		return c.prefix + ":" + kind + ":{" + tag + "}=" + channel
	}
	sum := sha256.Sum256([]byte(channel))
	return c.prefix + ":" + kind + ":{" + tag + "}#" + hex.EncodeToString(sum[:]) + "=" + channel[:32]
}

// partKey returns the name of a key that a partition has one of.
func (c *client) partKey(kind string, part int) string {
	return c.prefix + ":" + kind + ":{" + c.tags[part] + "}"
}

// b builds commands, each for one call of do.
func (c *client) b() rueidis.Builder { return c.commands.B() }

// reply is what a server answered to one command.
type reply struct {
	msg rueidis.RedisMessage // nil where the server says so, which is no error
	err error                // as of do
}

// do sends a command, and returns the server's reply: within the client's timeout,
// and the context's. It is never sent twice.
//
// The error wraps that of ctx if that has ended, is [layer.ErrClosed] after close,
// and wraps [layer.ErrUnavailable] where the server is away, does not answer in time,
// be it that of ctx, or can't do it in its present state. Any other answer that is an
// error is in the chain as a *rueidis.RedisError, such as NOSCRIPT.
func (c *client) do(ctx context.Context, cmd rueidis.Completed) (rueidis.RedisMessage, error) {
	bounded, release, err := c.enter(ctx)
	if err != nil {
		return rueidis.RedisMessage{}, err
	}
	defer release()
	r := c.read(ctx, c.commands.Do(bounded, cmd))
	return r.msg, r.err
}

// doMulti sends commands in few round trips, and returns a reply for each.
func (c *client) doMulti(ctx context.Context, cmds ...rueidis.Completed) []reply {
	replies := make([]reply, len(cmds))
	bounded, release, err := c.enter(ctx)
	if err != nil {
		for i := range replies {
			replies[i].err = err
		}
		return replies
	}
	defer release()
	for i, res := range c.commands.DoMulti(bounded, cmds...) {
		replies[i] = c.read(ctx, res)
	}
	return replies
}

// enter waits for leave to send, and bounds a call. release must be called if there
// is no error.
func (c *client) enter(ctx context.Context) (bounded context.Context, release func(), err error) {
	if c.stopped.Load() {
		return nil, nil, layer.ErrClosed
	}
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	select {
	case c.slots <- struct{}{}:
		return bounded, func() { <-c.slots; cancel() }, nil
	case <-bounded.Done():
		cancel()
		return nil, nil, c.failure(ctx, bounded.Err())
	}
}

var errNoAnswer = errors.New("no answer in time")

func (c *client) read(ctx context.Context, res rueidis.RedisResult) reply {
	msg, err := res.ToMessage()
	if err != nil && !rueidis.IsRedisNil(err) {
		return reply{err: c.failure(ctx, err)}
	}
	return reply{msg: msg}
}

// failure says what an error of rueidis means to who called with ctx.
func (c *client) failure(ctx context.Context, err error) error {
	var answer *rueidis.RedisError
	switch {
	case c.stopped.Load():
		return layer.ErrClosed
	case errors.As(err, &answer):
		if unable(answer.Error()) {
			return fmt.Errorf("%w: %w", layer.ErrUnavailable, answer)
		}
		return fmt.Errorf("chanxredis: %w", answer)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", layer.ErrUnavailable, ctx.Err())
	case ctx.Err() != nil:
		return fmt.Errorf("chanxredis: %w", ctx.Err())
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %w", layer.ErrUnavailable, errNoAnswer)
	default:
		return fmt.Errorf("%w: %w", layer.ErrUnavailable, err)
	}
}

// unable reports whether a server that answers this would do the same command in
// another state of its own.
func unable(answer string) bool {
	word, _, _ := strings.Cut(answer, " ")
	switch word {
	case "LOADING", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "OOM", "BUSY", "MISCONF", "NOREPLICAS",
		"TRYAGAIN", "MOVED", "ASK", "UNKILLABLE":
		return true
	}
	return false
}

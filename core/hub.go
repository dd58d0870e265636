package chanx

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"math"
	mathrand "math/rand/v2"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/schema"
)

// HubOptions configure a hub. The zero value, and nil, mean the defaults.
type HubOptions struct {
	// Layer carries messages between processes. The default is a memory layer of
	// the hub's own. A layer given here is not closed by the hub. It must bound
	// calls that no context bounds, as those on Redis and NATS do.
	Layer layer.Layer
	// Logger gets what goes wrong; slog.Default() by default. Every message that
	// is handled is logged at debug level.
	Logger *slog.Logger
	// QuietActions are not logged when they are handled.
	QuietActions []string
	// Limits apply to every connection; see [Limits] for the defaults.
	Limits Limits
	// Observer is told what happens, for metrics and traces; nil for none.
	Observer Observer
	// Propagator lets traces travel with events; nil for none.
	Propagator Propagator
	// Origins are the origins that browsers may connect from beside the host that
	// they connect to: "https://app.example.com", "app.example.com" for any
	// scheme, "*.example.com" for subdomains, a port where it isn't the scheme's
	// own (":*" for any), "*" for everybody. Requests without an Origin header
	// don't come from a browser, and pass.
	Origins []string
	// Validator validates decoded messages by their validate or binding tags,
	// where these say more than JSON Schema can; go-playground's
	// *validator.Validate is one.
	Validator schema.StructValidator
	// PresenceLease is how long those who are present on topics through this
	// process are still shown after it has died; 30 s by default.
	PresenceLease time.Duration
	// IdentityKey returns what [Hub.Disconnect] and [GroupMember] call an identity,
	// such as a user's id; "" for one that has no name. The default is the subject of
	// its [Credential], or else the identity where it is a string, or what its method
	// IdentityKey() string returns.
	IdentityKey func(identity any) string
	// DrainSpread is the time over which clients are told to come back after
	// [Hub.Shutdown]; 5 s by default.
	DrainSpread time.Duration
}

// Hub owns a layer, limits, the consumers and every live connection. A program
// usually has one. All methods are safe for concurrent use.
type Hub struct {
	id       string
	options  HubOptions
	layer    layer.Layer
	log      *slog.Logger
	limits   Limits
	observer Observer
	types    messageTypes
	quiet    map[string]bool
	wheel    wheel
	clock    atomic.Int64 // ticks of the wheel
	tasks    tasks        // every goroutine of the hub
	keeper   *keeper
	cluster  *cluster                    // nil for a hub with a layer of its own
	expelled atomic.Pointer[[]expulsion] // who was disconnected lately; written under mu
	told     told                        // what was logged, and need not be again
	skipped  atomic.Uint64               // what came through the layer and was not understood

	gapLogged atomic.Int64 // when it was logged that entries are lost, in ns since 1970

	mu        sync.Mutex
	consumers map[string]*consumer
	topics    map[string]*topic
	endpoints []*Endpoint
	direct    layer.Subscription // to what other processes send to single connections
	listening chan struct{}      // holds a token while somebody subscribes that
	closing   atomic.Bool

	serial atomic.Uint64
	conns  [connShards]connShard
	live   atomic.Int64
	empty  chan struct{} // closed when the last connection has ended while closing
	once   sync.Once
}

const connShards = 32

type connShard struct {
	mu sync.Mutex
	m  map[uint64]*Conn
}

// NewHub makes a hub.
func NewHub(opts *HubOptions) *Hub {
	h := &Hub{consumers: map[string]*consumer{}, topics: map[string]*topic{}, quiet: map[string]bool{}, empty: make(chan struct{}), listening: make(chan struct{}, 1), tasks: newTasks()}
	if opts != nil {
		h.options = *opts
	}
	h.id = strings.ToLower(rand.Text()[:13])
	h.log, h.layer, h.observer = h.options.Logger, h.options.Layer, h.options.Observer
	if h.log == nil {
		h.log = slog.Default()
	}
	if h.layer == nil {
		h.layer = layer.NewMemory()
	}
	h.limits = h.options.Limits.or(defaultLimits)
	h.types.schemas = schema.NewRegistry(&schema.Options{Struct: h.options.Validator})
	for _, o := range h.options.Origins {
		mustBeOrigin(o)
	}
	for _, a := range h.options.QuietActions {
		h.quiet[a] = true
	}
	for i := range h.conns {
		h.conns[i].m = map[uint64]*Conn{}
	}
	h.wheel.hub, h.wheel.tick = h, longestTick
	if h.options.Layer != nil {
		h.cluster = newCluster(h)
	}
	h.expelled.Store(new([]expulsion))
	h.keeper = newKeeper(h, h.options.PresenceLease)
	h.wheel.heed(h.limits)
	return h
}

func (h *Hub) addConsumer(c *consumer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if other := h.consumers[c.name]; other != nil {
		switch {
		case c.alone != nil && c.alone == other.alone:
			panic(fmt.Sprintf("chanx: %s has an address of its own already: Alone is for one", c.alone.title))
		case c.alone != nil || other.alone != nil:
			panic(fmt.Sprintf("chanx: the hub has a consumer %q, and a topic %q with an address of its own, which is a consumer of that name: give one of them another name", c.name, c.name))
		}
		panic(fmt.Sprintf("chanx: the hub has a consumer %q already: names are unique", c.name))
	}
	h.consumers[c.name] = c
	h.wheel.heed(c.limits)
}

// ID tells the hub from all others, those of other processes included. It is another
// one with each start.
func (h *Hub) ID() string { return h.id }

// Connections returns how many connections are open in this process, those
// whose handshake is under way included.
func (h *Hub) Connections() int { return int(h.live.Load()) }

// connID is the id of a connection of this hub.
func (h *Hub) connID(serial uint64) string {
	return h.id + "-" + strconv.FormatUint(serial, 36)
}

func parseConnID(id string) (hub string, serial uint64, ok bool) {
	hub, tail, found := strings.Cut(id, "-")
	serial, err := strconv.ParseUint(tail, 36, 64)
	return hub, serial, found && err == nil && hub != ""
}

// serialOf returns the serial of a connection of this hub from its id, 0 for any
// other.
func (h *Hub) serialOf(id []byte) uint64 {
	if len(id) == 0 {
		return 0
	}
	hub, serial, ok := parseConnID(string(id))
	if !ok || hub != h.id {
		return 0
	}
	return serial
}

// conn returns a connection of this hub, or nil.
func (h *Hub) conn(serial uint64) *Conn {
	s := &h.conns[serial%connShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[serial]
}

func (h *Hub) insert(c *Conn) {
	if h.live.Add(1) == 1 && h.cluster != nil {
		defer h.cluster.wake()
	}
	s := &h.conns[c.serial%connShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[c.serial] = c
}

func (h *Hub) remove(c *Conn) {
	s := &h.conns[c.serial%connShards]
	s.mu.Lock()
	delete(s.m, c.serial)
	s.mu.Unlock()
	if h.live.Add(-1) == 0 && h.closing.Load() {
		h.once.Do(func() { close(h.empty) })
	}
}

// all returns every connection.
func (h *Hub) all() []*Conn {
	var all []*Conn
	for i := range h.conns {
		s := &h.conns[i]
		s.mu.Lock()
		for _, c := range s.m {
			all = append(all, c)
		}
		s.mu.Unlock()
	}
	return all
}

// listen subscribes to what is sent to single connections of this hub, once.
// While a layer doesn't answer, every handshake waits for its own time only.
func (h *Hub) listen(ctx context.Context) error {
	if h.listens() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, h.limits.HandshakeTimeout)
	defer cancel()
	select {
	case h.listening <- struct{}{}:
		defer func() { <-h.listening }()
	case <-ctx.Done():
		return fmt.Errorf("chanx: subscribing to the layer: %w", ctx.Err())
	}
	if h.listens() {
		return nil
	}
	s, err := h.layer.Subscribe(ctx, connChannel(h.id), h.receiveDirect)
	if err != nil {
		return fmt.Errorf("chanx: subscribing to the layer: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing.Load() { // Shutdown does not see it any more
		_ = s.Unsubscribe()
		return ErrClosed
	}
	h.direct = s
	return nil
}

func (h *Hub) listens() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.direct != nil
}

// receiveDirect takes an event for one connection from the layer.
func (h *Hub) receiveDirect(data []byte) {
	var e envelope.Envelope
	if err := e.Parse(data); err != nil {
		h.skip(&Observation{Kind: Skipped, Err: err}, &h.told)
		return
	}
	if e.Hub {
		if h.cluster != nil {
			h.cluster.heed(&e)
		}
		return
	}
	_, serial, _ := parseConnID(string(e.To))
	c := h.conn(serial)
	if c == nil {
		h.log.Debug("chanx: an event for a connection that has ended", "conn", string(e.To), "event", string(e.Action))
		return
	}
	if c.consumer.name != string(e.Consumer) {
		h.skip(&Observation{Kind: Skipped, Consumer: string(e.Consumer), Action: string(e.Action), Err: errOtherConsumer}, &h.told, "consumer", string(e.Consumer))
		return
	}
	route := c.consumer.handlers.eventRoute(&e)
	switch {
	case route == nil:
	case route.forward:
		frames := c.consumer.appendFrames(nil, &e, "", 0)
		_ = c.send(c.form(frames), c.consumer.keyOn("", string(e.Key)))
	default:
		c.pushEvent(newEvent(route, &e, 0), nil)
	}
}

const (
	drainBatch = 256
	drainPause = 10 * time.Millisecond
)

// Shutdown ends every connection and waits for it. New handshakes are refused
// with 503; clients are told in batches, with the close code 1012 and a reason
// like "restart; retry in 1234 ms" that spreads their return; handlers that run
// may end, what was queued goes out. When ctx ends first, the connections that
// are left are cut and its error is returned. A handler must not call Shutdown
// and wait for itself: start it on a goroutine of its own.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.closing.Store(true)
	if h.live.Load() == 0 {
		h.once.Do(func() { close(h.empty) })
	}
	h.drain(ctx)
	var err error
	select {
	case <-h.empty:
	case <-ctx.Done():
		if left := h.live.Load(); left > 0 {
			err = fmt.Errorf("chanx: %d connections were cut: %w", left, ctx.Err())
		}
		for _, c := range h.all() {
			c.abort(&CloseError{Code: CloseRestart, Reason: "shutdown", Err: ctx.Err()})
		}
	}
	if stopped := h.finish(ctx); err == nil {
		err = stopped
	}
	return err
}

// finish ends what is left of the hub once its connections are gone.
func (h *Hub) finish(ctx context.Context) error {
	h.mu.Lock()
	direct := h.direct
	h.direct = nil
	h.mu.Unlock()
	if direct != nil {
		h.tasks.Go(func() {
			if err := direct.Unsubscribe(); err != nil {
				h.log.Warn("chanx: unsubscribing failed", "error", err)
			}
		})
	}
	if h.cluster != nil {
		h.cluster.end()
	}
	h.keeper.release(ctx)
	if err := h.tasks.Wait(ctx); err != nil {
		return fmt.Errorf("chanx: handlers or the layer go on after the shutdown: %w", err)
	}
	if h.options.Layer == nil {
		return h.layer.Close()
	}
	return nil
}

// drain tells every connection to go.
func (h *Hub) drain(ctx context.Context) {
	spread := h.options.DrainSpread
	if spread <= 0 {
		spread = 5 * time.Second
	}
	for batch := range slices.Chunk(h.all(), drainBatch) {
		for _, c := range batch {
			retry := mathrand.Int64N(max(1, spread.Milliseconds()))
			c.drain(&CloseError{Code: CloseRestart, Reason: fmt.Sprintf("restart; retry in %d ms", retry)})
		}
		if len(batch) < drainBatch {
			return
		}
		select {
		case <-time.After(drainPause):
		case <-ctx.Done():
			return
		}
	}
}

// observe tells the observer, if there is one.
func (h *Hub) observe(ctx context.Context, o *Observation) {
	if h.observer == nil {
		return
	}
	defer func() {
		if r := recover(); r != nil {
			h.logPanic("chanx: the observer failed", &panicError{r, debug.Stack()}, "kind", int(o.Kind))
		}
	}()
	h.observer.Observe(ctx, o)
}

func (h *Hub) observeDelivery(g *group, b *batch, members int) {
	if h.observer != nil {
		h.observe(context.Background(), &Observation{
			Kind: Delivered, Consumer: g.consumer.name, Group: g.groupName(), Topic: g.topicName(), Bytes: len(b.bytes), Count: members * len(b.entries),
			Age: age(b.oldest, time.Now()),
		})
	}
}

// clockIfObserved is the time where somebody wants to know how long a message
// takes, else zero.
func (h *Hub) clockIfObserved() time.Time {
	if h.observer == nil && !h.log.Enabled(context.Background(), slog.LevelDebug) {
		return time.Time{}
	}
	return time.Now()
}

func (h *Hub) logHandled(ctx context.Context, o *Observation, ref []byte) {
	if h.quiet[o.Action] || !h.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	args := []any{"conn", o.ConnID, "consumer", o.Consumer, "action", o.Action, "ref", refText(ref),
		"ms", math.Round(o.Duration.Seconds()*1e6) / 1e3}
	if o.Topic != "" {
		args = append(args, "topic", o.Topic)
	}
	if o.Err != nil {
		args = append(args, "error", o.Err)
	}
	h.log.DebugContext(ctx, "chanx: handled", args...)
}

func (h *Hub) logPanic(what string, err error, args ...any) {
	args = append(args, "error", err)
	if stack := stackOf(err); stack != "" {
		args = append(args, "stack", stack)
	}
	h.log.Error(what, args...)
}

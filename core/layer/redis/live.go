package chanxredis

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/redis/rueidis"
)

// live is one connection for the subscriptions of a partition. Its methods are for
// the partition's goroutine; its hooks run on the connection's reader.
type live struct {
	p          *part
	client     rueidis.DedicatedClient
	addr       string       // the master's, where there are sentinels
	ended      <-chan error // the connection's end
	failed     chan error   // another reason to give it up
	subscribed map[string]struct{}
	calls      sync.WaitGroup

	mu       sync.Mutex // held while a message is handled
	closed   bool
	busy     atomic.Bool   // a message is being handled
	received atomic.Uint64 // messages
	seen     uint64        // of them at the last check

	leaving sync.Map // channels that are being unsubscribed from
}

var (
	errMoved = errors.New("the server's part has moved to another node")
	errEnded = errors.New("the connection was closed")

	errNoMaster = errors.New("the server is no master")
)

// kindLive is the kind of the channel that a partition has of its own.
const kindLive = "live"

// lookForMaster is how often it is seen whether the master is another. What is
// published to the new one does not reach who is subscribed at the old one.
const lookForMaster = 100 * time.Millisecond

// maxBatch is how many channels one command subscribes to, or messages go out with
// at once.
const maxBatch = 512

func (p *part) open() *live {
	l := &live{p: p, failed: make(chan error, 1), subscribed: make(map[string]struct{})}
	l.addr = p.master()
	l.client, _ = p.c.live.Dedicate()
	l.ended = l.client.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: l.onMessage, OnSubscription: l.onSubscription})
	return l
}

// master returns the address of the server that the sentinels take for the master; ""
// where there are none.
func (p *part) master() string {
	if p.c.mode == modeSentinel {
		for addr := range p.c.live.Nodes() {
			return addr
		}
	}
	return ""
}

func (l *live) onMessage(m rueidis.PubSubMessage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.received.Add(1)
	if to := l.p.listener(m.Channel); to != nil {
		l.busy.Store(true)
		// Who receives reads it only, and not after it has returned.
		to.receive(unsafe.Slice(unsafe.StringData(m.Message), len(m.Message))) //nolint:gosec // saves a copy of every message
		l.busy.Store(false)
	}
}

// onSubscription notices that a cluster has moved the partition's slot elsewhere: the
// node that gives it up ends the subscriptions there.
func (l *live) onSubscription(s rueidis.PubSubSubscription) {
	if !strings.HasSuffix(s.Kind, "unsubscribe") {
		return
	}
	if _, asked := l.leaving.Load(s.Channel); !asked {
		select {
		case l.failed <- errMoved:
		default:
		}
	}
}

// begin makes the connection and all subscriptions.
func (l *live) begin(ctx context.Context) error {
	if l.addr != "" {
		role, err := l.do(ctx, l.client.B().Role().Build())
		if err = errors.Join(err, checkMaster(role)); err != nil {
			return err
		}
	}
	// Each partition has a channel of its own, on which nothing comes that matters: it
	// makes the connection one for subscriptions, and in a cluster one to the right
	// node, which tells when it isn't any more.
	if err := l.subscribe(ctx, []string{l.p.c.partKey(kindLive, l.p.n)}); err != nil {
		return err
	}
	for changes := l.p.take(); len(changes) > 0; changes = l.p.take() {
		if err := l.apply(ctx, changes); err != nil {
			return err
		}
	}
	return nil
}

// serve follows what is wanted until the connection is lost, or ctx ends.
func (l *live) serve(ctx context.Context) error {
	ticker := time.NewTicker(l.p.c.timeout)
	defer ticker.Stop()
	var switched <-chan time.Time
	if l.addr != "" {
		often := time.NewTicker(lookForMaster)
		defer often.Stop()
		switched = often.C
	}
	for {
		var err error
		select {
		case <-l.p.wake:
			err = l.apply(ctx, l.p.take())
		case <-ticker.C:
			err = l.check(ctx)
		case <-switched:
			if l.p.master() != l.addr {
				err = errMoved
			}
		case err = <-l.ended:
			if err == nil {
				err = errEnded
			}
		case err = <-l.failed:
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// apply subscribes to what came and unsubscribes from what went.
func (l *live) apply(ctx context.Context, changes []change) error {
	var come, gone []string
	for _, c := range changes {
		_, is := l.subscribed[c.name]
		switch {
		case c.listener != nil && !is:
			come = append(come, c.name)
		case c.listener == nil && is:
			gone = append(gone, c.name)
		}
	}
	if err := l.subscribe(ctx, come); err != nil {
		return err
	}
	for _, c := range changes {
		if c.listener != nil && !c.listener.stands {
			c.listener.stands = true
			close(c.listener.ready)
		}
	}
	return l.unsubscribe(ctx, gone)
}

func (l *live) subscribe(ctx context.Context, names []string) error {
	for len(names) > 0 {
		batch := names[:min(len(names), maxBatch)]
		names = names[len(batch):]
		var cmd rueidis.Completed
		if l.p.c.sharded {
			cmd = l.client.B().Ssubscribe().Channel(batch...).Build()
		} else {
			cmd = l.client.B().Subscribe().Channel(batch...).Build()
		}
		if _, err := l.do(ctx, cmd); err != nil {
			return err
		}
		for _, name := range batch {
			l.subscribed[name] = struct{}{}
		}
	}
	return nil
}

func (l *live) unsubscribe(ctx context.Context, names []string) error {
	for len(names) > 0 {
		batch := names[:min(len(names), maxBatch)]
		names = names[len(batch):]
		for _, name := range batch {
			l.leaving.Store(name, nil)
			delete(l.subscribed, name)
		}
		var cmd rueidis.Completed
		if l.p.c.sharded {
			cmd = l.client.B().Sunsubscribe().Channel(batch...).Build()
		} else {
			cmd = l.client.B().Unsubscribe().Channel(batch...).Build()
		}
		if _, err := l.do(ctx, cmd); err != nil {
			return err
		}
		l.leaving.Clear()
	}
	return nil
}

// check asks an idle server whether it is there.
func (l *live) check(ctx context.Context) error {
	if received := l.received.Load(); received != l.seen || l.busy.Load() {
		l.seen = received
		return nil
	}
	_, err := l.do(ctx, l.client.B().Ping().Build())
	return err
}

// do sends a command. Its reply comes after messages, which may have to wait for who
// handles them: the server is silent only when nothing comes and nothing is waiting.
// It is given up when it has been for twice the timeout.
func (l *live) do(ctx context.Context, cmd rueidis.Completed) (rueidis.RedisMessage, error) {
	done := make(chan rueidis.RedisResult, 1)
	l.calls.Go(func() { done <- l.client.Do(ctx, cmd) })
	ticker := time.NewTicker(l.p.c.timeout)
	defer ticker.Stop()
	silent := 0 // for how many ticks
	for seen := l.received.Load(); ; {
		select {
		case res := <-done:
			if err := res.Error(); !rueidis.IsRedisNil(err) {
				return res.ToMessage()
			}
			return rueidis.RedisMessage{}, nil // which the answer to a subscription looks like
		case <-ticker.C:
			received := l.received.Load()
			if received != seen || l.busy.Load() {
				seen, silent = received, 0
			} else if silent++; silent == 2 {
				return rueidis.RedisMessage{}, errNoAnswer
			}
		}
	}
}

// close ends the connection. No message of it is handled any more afterwards.
func (l *live) close() {
	l.client.Close()
	l.calls.Wait()
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
}

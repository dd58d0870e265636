package chanxredis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/redis/rueidis"
)

// part is the subscriptions of one partition: what is to be subscribed to, and a
// goroutine that has a connection and keeps it so.
type part struct {
	c *client
	n int

	mu      sync.RWMutex
	wanted  map[string]*listener // by channel of the server
	changed map[string]struct{}  // channels that came or went since take was called
	afresh  bool                 // take returns everything next, so nothing is noted there
	lost    chan struct{}        // closed when the connection is lost; nil while there is none
	first   chan struct{}        // closed when the first connection stands, or failed
	err     error                // of the last try to connect
	wake    chan struct{}
}

// listener is who gets what comes on one channel of the server.
type listener struct {
	receive func(data []byte)
	ready   chan struct{} // closed when the subscription stands
	stands  bool          // so it is; the partition's goroutine's
}

func newPart(c *client, n int) *part {
	return &part{
		c: c, n: n,
		wanted:  make(map[string]*listener),
		changed: make(map[string]struct{}),
		afresh:  true,
		first:   make(chan struct{}),
		wake:    make(chan struct{}, 1),
	}
}

// listen has receive called with every message that is published to a channel of a
// kind after listen has returned: one after the other, on the goroutine that reads
// the partition's connection, which receive may hold back. The data is receive's
// while it runs. Nobody else may listen to the same at the time.
//
// The channel is listened to until unlisten, also where listen returns an error: the
// subscription is then made once the server is there. After every outage it is made
// anew before the partition is up.
func (c *client) listen(ctx context.Context, kind, channel string, receive func(data []byte)) error {
	return c.parts[c.part(channel)].listen(ctx, c.key(kind, channel), receive)
}

// unlisten ends what listen began. It does not wait: a call of receive may be under
// way.
func (c *client) unlisten(kind, channel string) {
	c.parts[c.part(channel)].unlisten(c.key(kind, channel))
}

func (p *part) listen(ctx context.Context, name string, receive func([]byte)) error {
	l := &listener{receive: receive, ready: make(chan struct{})}
	p.mu.Lock()
	p.wanted[name] = l
	p.note(name)
	lost, err := p.lost, p.err
	p.mu.Unlock()
	p.signal()
	if lost == nil {
		return p.away(err)
	}
	timer := time.NewTimer(p.c.timeout)
	defer timer.Stop()
	select {
	case <-l.ready:
		return nil
	case <-lost:
		return p.away(nil)
	case <-timer.C:
		return p.away(errNoAnswer)
	case <-ctx.Done():
		return fmt.Errorf("chanxredis: %w", ctx.Err())
	}
}

func (p *part) unlisten(name string) {
	p.mu.Lock()
	delete(p.wanted, name)
	p.note(name)
	p.mu.Unlock()
	p.signal()
}

// note has take return a channel. The part is locked.
func (p *part) note(name string) {
	if !p.afresh {
		p.changed[name] = struct{}{}
	}
}

func (p *part) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// away is the error of a call that needs the connection, which is not there because
// of err, if that is known.
func (p *part) away(err error) error {
	if p.c.stopped.Load() {
		return layer.ErrClosed
	}
	if err == nil {
		err = errors.New("the connection was lost")
	}
	return fmt.Errorf("%w: %w", layer.ErrUnavailable, err)
}

// wait waits for the outcome of the first try to connect.
func (p *part) wait(ctx context.Context) error {
	select {
	case <-p.first:
		p.mu.RLock()
		defer p.mu.RUnlock()
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 2 * time.Second
)

// run keeps the partition connected until ctx ends.
func (p *part) run(ctx context.Context) {
	backoff := minBackoff
	for again := false; ctx.Err() == nil; again = true {
		conn := p.open()
		err := conn.begin(ctx)
		if err == nil {
			err = p.reach(ctx)
		}
		if err == nil {
			backoff = minBackoff
			p.up(again)
			err = conn.serve(ctx)
		}
		p.down(ctx, err)
		conn.close()
		select {
		case <-time.After(backoff/2 + rand.N(backoff)):
		case <-ctx.Done():
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// reach makes sure that commands come through too, and to a master. The connection
// that they had may be as dead as that of the subscriptions was, which the first of
// them finds out.
func (p *part) reach(ctx context.Context) error {
	name := p.c.partKey(kindLive, p.n)
	err := p.c.send(ctx, p.n, name, nil)
	if err != nil {
		err = p.c.send(ctx, p.n, name, nil)
	}
	if err == nil && p.c.mode == modeSentinel {
		var role rueidis.RedisMessage
		role, err = p.c.do(ctx, p.c.b().Role().Build())
		err = errors.Join(err, checkMaster(role))
	}
	return err
}

// checkMaster returns an error where the answer to ROLE is not that of a master. A
// server that was one, and has lost its place a moment ago, still takes what is
// published, but those who matter are subscribed elsewhere.
func checkMaster(role rueidis.RedisMessage) error {
	fields, _ := role.ToArray()
	if len(fields) == 0 {
		return errNoMaster
	}
	if name, _ := fields[0].ToString(); name != "master" {
		return errNoMaster
	}
	return nil
}

// up tells that the connection stands, with all subscriptions.
func (p *part) up(again bool) {
	p.c.status.Up(p.n)
	p.begun()
	if restored := p.c.restored.Load(); again && restored != nil {
		(*restored)(p.n)
	}
}

// down ends waits for the connection, and tells of its loss.
func (p *part) down(ctx context.Context, err error) {
	closed := ctx.Err() != nil
	if closed {
		err = layer.ErrClosed
	}
	p.mu.Lock()
	p.err = err
	p.afresh = true
	clear(p.changed)
	if p.lost != nil {
		close(p.lost)
		p.lost = nil
	}
	p.mu.Unlock()
	if !p.begun() && !closed {
		p.c.status.Down(p.n, err)
	}
}

// begun ends the wait for the first outcome, and reports whether this was it.
func (p *part) begun() bool {
	select {
	case <-p.first:
		return false
	default:
		close(p.first)
		return true
	}
}

// change is a channel that came or went, with who listens to it now, or nobody.
type change struct {
	name     string
	listener *listener
}

// take returns what has changed since the last time, or for a new connection all
// there is. Where that is nothing, the connection stands from then on.
func (p *part) take() []change {
	p.mu.Lock()
	defer p.mu.Unlock()
	var changes []change
	if p.afresh {
		for name, l := range p.wanted {
			changes = append(changes, change{name, l})
		}
	}
	for name := range p.changed {
		changes = append(changes, change{name, p.wanted[name]})
	}
	p.afresh = false
	clear(p.changed)
	if len(changes) == 0 && p.lost == nil {
		p.lost, p.err = make(chan struct{}), nil
	}
	return changes
}

// listener returns who listens to a channel of the server.
func (p *part) listener(name string) *listener {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.wanted[name]
}

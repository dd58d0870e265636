package chanx

import (
	"math"
	"sync"
	"time"

	"github.com/chanx-go/chanx/core/internal/wire"
)

const wheelSlots = 64

// wheel looks after every connection of a hub from time to time, in place of a
// timer for each: it pings the silent, ends the dead, and closes the sockets of
// those who don't answer a close frame. Its goroutine exists while there are
// connections.
type wheel struct {
	hub    *Hub
	mu     sync.Mutex
	tick   time.Duration // fixed once the wheel has turned
	turned bool
	slots  [wheelSlots]*Conn // lists through alarm
	count  int
	stop   chan struct{} // ends the goroutine, nil while there is none
}

// alarm is a connection's place in the wheel. The wheel guards it, except for
// pingedAt and behind, which only the wheel's goroutine uses.
type alarm struct {
	next, prev *Conn
	due        int64 // tick
	listed     bool
	done       bool // the connection has ended
	hangUp     bool // what is due is the end
	pinged     bool
	behind     uint32 // the goroutine that has the ping to write, 0 where it was written at once
	pingedAt   int64
}

// The wheel's clock is precise to a tick: a sixteenth of the shortest limit that
// it watches, within these bounds.
const (
	shortestTick = 5 * time.Millisecond
	longestTick  = 500 * time.Millisecond
)

// heed makes the tick short enough for limits. Consumers are made before the
// first connection comes.
func (w *wheel) heed(l Limits) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range []time.Duration{l.PingInterval, l.PongTimeout, l.IdleTimeout, l.CloseTimeout} {
		if d > 0 && !w.turned {
			w.tick = min(w.tick, max(d/16, shortestTick))
		}
	}
}

// ticks is a duration in ticks, rounded up, at least 1.
func (w *wheel) ticks(d time.Duration) int64 {
	return max(1, int64((d+w.tick-1)/w.tick))
}

// watch begins to look after a connection.
func (w *wheel) watch(c *Conn) {
	now := w.hub.clock.Load()
	c.seen.Store(now)
	c.heard.Store(now)
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.alarm.done || c.alarm.listed {
		return
	}
	w.list(c, w.nextLook(c, now))
	w.turned = true
	if w.stop == nil {
		stop := make(chan struct{})
		w.stop = stop
		w.hub.tasks.Go(func() { w.run(stop) })
	}
}

// after hangs up on a connection unless it has ended by then. Of several times
// the earliest counts.
func (w *wheel) after(c *Conn, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	due := w.hub.clock.Load() + w.ticks(d)
	if c.alarm.done || !c.alarm.listed || c.alarm.hangUp && c.alarm.due <= due {
		return
	}
	w.unlist(c)
	c.alarm.hangUp = true
	w.list(c, due)
}

// forget ends the watch for good. With the last connection the wheel stands
// still.
func (w *wheel) forget(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unlist(c)
	c.alarm.done = true
	if w.count == 0 && w.stop != nil {
		close(w.stop)
		w.stop = nil
	}
}

func (w *wheel) list(c *Conn, due int64) {
	head := &w.slots[due%wheelSlots]
	c.alarm.due, c.alarm.next, c.alarm.prev, c.alarm.listed = due, *head, nil, true
	if *head != nil {
		(*head).alarm.prev = c
	}
	*head = c
	w.count++
}

func (w *wheel) unlist(c *Conn) {
	a := &c.alarm
	if !a.listed {
		return
	}
	if a.prev != nil {
		a.prev.alarm.next = a.next
	} else {
		w.slots[a.due%wheelSlots] = a.next
	}
	if a.next != nil {
		a.next.alarm.prev = a.prev
	}
	a.next, a.prev, a.listed = nil, nil, false
	w.count--
}

// run turns the wheel until no connection is left.
func (w *wheel) run(stop <-chan struct{}) {
	ticker := time.NewTicker(w.tick)
	defer ticker.Stop()
	var due []*Conn
	for {
		select {
		case <-ticker.C:
		case <-stop:
			return
		}
		w.mu.Lock()
		if w.stop != stop { // it may have been stopped, and another be running, just now
			w.mu.Unlock()
			return
		}
		now := w.hub.clock.Add(1)
		due = due[:0]
		for c := w.slots[now%wheelSlots]; c != nil; c = c.alarm.next {
			if c.alarm.due <= now {
				due = append(due, c)
			}
		}
		w.mu.Unlock()
		for _, c := range due {
			w.look(c, now)
		}
		clear(due)
	}
}

// look does what is due for a connection and says when to look again.
func (w *wheel) look(c *Conn, now int64) {
	w.mu.Lock()
	if !c.alarm.listed || c.alarm.due > now {
		w.mu.Unlock()
		return
	}
	hangUp := c.alarm.hangUp
	w.mu.Unlock()
	if hangUp {
		c.abort(&CloseError{Code: CloseAbnormal, Reason: "no answer to a close frame"})
		return
	}
	if c.closing.Load() == nil && c.credential.Load().expired() {
		c.expire(CloseExpired, "credentials expired", c.consumer.limits.CloseTimeout)
	} else {
		c.checkAlive(now)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.alarm.listed && !c.alarm.hangUp {
		w.unlist(c)
		w.list(c, max(now+1, w.nextLook(c, now)))
	}
}

// nextLook is the tick at which something may be due. The wheel is locked.
func (w *wheel) nextLook(c *Conn, now int64) int64 {
	l, next := &c.consumer.limits, now+w.ticks(lookInterval)
	switch {
	case l.PingInterval <= 0:
	case c.alarm.pinged:
		next = min(next, c.alarm.pingedAt+w.ticks(l.PongTimeout))
	default:
		next = min(next, c.seen.Load()+w.ticks(l.PingInterval))
	}
	if l.IdleTimeout > 0 {
		next = min(next, c.heard.Load()+w.ticks(l.IdleTimeout))
	}
	if c.handling.Load() {
		next = min(next, now+w.ticks(goneInterval))
	}
	return min(next, w.expiry(c, now))
}

// expiry is the tick at which the credentials of a connection expire, or a later
// one than that of the next look.
func (w *wheel) expiry(c *Conn, now int64) int64 {
	if left, expires := c.credential.Load().left(); expires && left < lookInterval {
		return now + w.ticks(left)
	}
	return math.MaxInt64
}

// hasten looks at a connection no later than its credentials expire, which have
// changed.
func (w *wheel) hasten(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	due := w.expiry(c, w.hub.clock.Load())
	if c.alarm.listed && !c.alarm.hangUp && due < c.alarm.due {
		w.unlist(c)
		w.list(c, due)
	}
}

// Whether a client is still there is asked of every connection that was heard
// of since it was last looked at, and more often while a handler takes long: the
// reader may have written after it read the end of the stream, and not know of it.
const (
	lookInterval = 5 * time.Second
	goneInterval = time.Second
)

// checkAlive pings, or ends, a connection of which nothing was heard. While the
// reader runs a handler it can't hear anything, which is not the client's fault.
func (c *Conn) checkAlive(now int64) {
	w, l := &c.hub.wheel, &c.consumer.limits
	seen := c.seen.Load()
	if c.handling.Load() {
		c.alarm.pinged = false
		c.seen.Store(now)
		if c.peerGone() {
			c.cancel(errPeerGone)
		}
		return
	}
	if now-seen <= w.ticks(lookInterval) && c.peerGone() {
		c.abort(errPeerGone)
		return
	}
	if c.alarm.pinged && seen >= c.alarm.pingedAt { // an answer may come within the tick
		c.alarm.pinged = false
	}
	switch {
	case l.IdleTimeout > 0 && now-c.heard.Load() >= w.ticks(l.IdleTimeout):
		c.giveUp("idle for too long")
	case l.PingInterval <= 0:
	case c.alarm.pinged && now-c.alarm.pingedAt >= w.ticks(l.PongTimeout):
		if c.alarm.behind != 0 && c.alarm.behind == c.writing() {
			c.alarm.pingedAt = now // the ping may still wait behind a lot; the write deadline holds meanwhile
			return
		}
		c.giveUp("no pong")
	case !c.alarm.pinged && now-seen >= w.ticks(l.PingInterval):
		c.alarm.pinged, c.alarm.pingedAt = true, now
		var buf [2]byte
		_ = c.send(wire.AppendControl(buf[:0], wire.OpPing, nil), "")
		c.alarm.behind = c.writing()
	}
}

var errPeerGone = &CloseError{Code: CloseAbnormal, Reason: "the client went away"}

// peerGone asks the socket whether the client has hung up, as far as it can tell.
func (c *Conn) peerGone() bool {
	p, ok := c.socket().(interface{ PeerGone() bool })
	return ok && p.PeerGone()
}

// giveUp closes a connection whose client is probably gone, and has little time to
// answer.
func (c *Conn) giveUp(reason string) {
	c.expire(CloseTimeout, reason, min(time.Second, c.consumer.limits.CloseTimeout))
}

// expire closes a connection, and ends what its handlers do, because of the time.
// The client has as much of it as that to answer the close frame.
func (c *Conn) expire(code CloseCode, reason string, wait time.Duration) {
	how := &CloseError{Code: code, Reason: reason}
	c.startClosing(how)
	c.cancel(how)
	c.hub.wheel.after(c, wait)
}

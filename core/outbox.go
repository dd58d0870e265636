package chanx

import (
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// joinBytes is up to how much of a queue goes into one write.
const joinBytes = 64 << 10

var joinPool = sync.Pool{New: func() any { b := make([]byte, 0, joinBytes); return &b }}

// outbox is everything that goes out to one client. A frame is written at once
// by whoever sends it while nothing waits; else it queues, and one goroutine,
// which exists only as long as something waits, writes what has piled up.
type outbox struct {
	mu         sync.Mutex
	socket     Socket      // nil before the upgrade: everything waits
	rest       []byte      // of a write that was done in part; goes first and whole
	queue      []queued    // what waits behind it
	size       int         // bytes that wait or are being written
	writing    bool        // a goroutine writes
	ended      bool        // a close frame went into the queue: nothing may follow it
	rounds     uint32      // how many goroutines have written
	compressed atomic.Bool // permessage-deflate was negotiated; a group may deliver before that is known
	pipelined  atomic.Bool // more messages have come together with the one that is being handled
	broken     error       // the socket failed
	closers    int         // who is closing the socket
	space      chan struct{}
}

// queued is one or more whole frames. key tells what a newer one may replace.
type queued struct {
	data []byte
	key  string
}

// sent is what became of frames given to the outbox.
type sent int

const (
	sentOK       sent = iota // written, or copied into the queue
	sentRetained             // the queue holds on to the caller's bytes
	sentOverflow             // the queue is full and the policy is to close
	sentDropped              // the queue is full and the policy is to do without them
	sentClosed               // the connection is closing or broken
)

// send writes or queues frames whose bytes the caller uses again.
func (c *Conn) send(frames []byte, key string) error {
	c.out.mu.Lock()
	result := c.put(frames, key, false)
	c.out.mu.Unlock()
	return c.after(result)
}

// after acts on what became of frames, outside of the outbox's lock.
func (c *Conn) after(result sent) error {
	switch result {
	case sentClosed:
		return ErrClosed
	case sentOverflow:
		c.overflow()
		return ErrClosed
	}
	return nil
}

// put writes or queues frames. The outbox is locked. Shared bytes are never
// changed again, and need no copy.
func (c *Conn) put(frames []byte, key string, shared bool) sent {
	o := &c.out
	if o.ended || o.broken != nil {
		return sentClosed
	}
	if o.socket != nil && !o.writing && !o.pipelined.Load() {
		n, err := o.socket.TryWrite(frames)
		if err != nil {
			o.broken = err
			c.hub.tasks.Go(func() { c.abort(&CloseError{Code: CloseAbnormal, Err: err}) })
			return sentClosed
		}
		if n == len(frames) {
			return sentOK
		}
		if n > 0 { // a frame that was begun must be ended, whatever the policy
			if o.rest = frames[n:]; !shared {
				o.rest = slices.Clone(o.rest)
			}
			o.size += len(o.rest)
			c.startWriting()
			return retained(shared)
		}
	}
	switch c.makeRoom(len(frames), key) {
	case sentOverflow:
		return sentOverflow
	case sentDropped:
		return sentOK
	}
	if !shared {
		frames = slices.Clone(frames)
	}
	o.queue = append(o.queue, queued{frames, key})
	o.size += len(frames)
	if o.socket != nil && !o.writing {
		c.startWriting()
	}
	return retained(shared)
}

func retained(shared bool) sent {
	if shared {
		return sentRetained
	}
	return sentOK
}

// makeRoom applies the overflow policy to n more bytes: [sentOK] says that they
// fit, [sentDropped] that they are what has to go.
func (c *Conn) makeRoom(n int, key string) sent {
	o, limit := &c.out, c.consumer.limits.QueueBytes
	if key != "" && c.consumer.overflow == KeepLatest {
		o.drop(slices.IndexFunc(o.queue, func(q queued) bool { return q.key == key }))
	}
	if limit <= 0 || o.size == 0 || o.size+n <= limit {
		return sentOK
	}
	if c.consumer.overflow != DropOldest {
		return sentOverflow
	}
	var count, size int
	for len(o.queue) > 0 && o.size+n > limit {
		count, size = count+1, size+o.drop(0)
	}
	result := sentOK
	if o.size > 0 && o.size+n > limit { // what is being written can't be taken back
		result, count, size = sentDropped, count+1, size+n
	}
	c.hub.observe(c.ctx, &Observation{Kind: Dropped, Consumer: c.consumer.name, ConnID: c.ID(), Count: count, Bytes: size})
	return result
}

// drop takes an entry out of the queue and returns its size; nothing for -1.
func (o *outbox) drop(i int) int {
	if i < 0 {
		return 0
	}
	n := len(o.queue[i].data)
	o.size -= n
	if i == 0 { // the oldest; the others are many and stay where they are
		o.queue[0] = queued{}
		o.queue = o.queue[1:]
	} else {
		o.queue = slices.Delete(o.queue, i, i+1)
	}
	return n
}

// startWriting starts the goroutine that empties the queue. The outbox is locked.
func (c *Conn) startWriting() {
	c.out.writing = true
	c.out.rounds++
	c.hub.tasks.Go(c.write)
}

// write empties the queue and ends.
func (c *Conn) write() {
	var join *[]byte
	for {
		frames := c.take(&join)
		if frames == nil {
			break
		}
		if err := c.writeAll(frames); err != nil {
			c.writeFailed(err)
			break
		}
		c.wrote(len(frames))
	}
	if join != nil {
		joinPool.Put(join)
	}
}

// take returns what is to be written next, or nil: the goroutine then ends.
func (c *Conn) take(join **[]byte) []byte {
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.broken != nil:
	case o.rest != nil:
		frames := o.rest
		o.rest = nil
		return frames
	case len(o.queue) > 0:
		return o.join(join)
	}
	o.writing = false
	o.signal()
	if o.ended {
		c.flushed()
	}
	return nil
}

// join takes frames off the queue: one entry as it is, several as one write.
func (o *outbox) join(join **[]byte) []byte {
	n, size := 0, 0
	for n < len(o.queue) && (n == 0 || size+len(o.queue[n].data) <= joinBytes) {
		size += len(o.queue[n].data)
		n++
	}
	frames := o.queue[0].data
	if n > 1 {
		if *join == nil {
			*join = joinPool.Get().(*[]byte)
		}
		frames = (**join)[:0]
		for _, q := range o.queue[:n] {
			frames = append(frames, q.data...)
		}
	}
	clear(o.queue[:n])
	if o.queue = o.queue[n:]; len(o.queue) == 0 {
		o.queue = nil
	}
	return frames
}

// writeBytes is how much a client must read within the write timeout: one that
// is slow but steady is not given up.
const writeBytes = 16 << 10

// writeAll writes frames, without a deadline as long as the socket takes them.
func (c *Conn) writeAll(frames []byte) error {
	n, err := c.out.socket.TryWrite(frames)
	for frames = frames[n:]; err == nil && len(frames) > 0; frames = frames[n:] {
		n, err = c.out.socket.Write(frames[:min(len(frames), writeBytes)], time.Now().Add(c.consumer.limits.WriteTimeout))
	}
	return err
}

func (c *Conn) wrote(n int) {
	o := &c.out
	o.mu.Lock()
	o.size -= n
	if o.size <= c.consumer.limits.QueueBytes/2 {
		o.signal()
	}
	o.mu.Unlock()
}

func (c *Conn) writeFailed(err error) {
	o := &c.out
	o.mu.Lock()
	o.broken, o.writing = err, false
	o.queue, o.rest, o.size = nil, nil, 0
	o.signal()
	o.mu.Unlock()
	how := &CloseError{Code: CloseAbnormal, Err: err}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		how = &CloseError{Code: CloseTooSlow, Reason: "the client does not read", Err: err}
	}
	c.abort(how)
}

// stop makes the outbox take nothing more. The outbox is locked.
func (o *outbox) stop(why error) {
	if o.broken == nil {
		o.broken = why
	}
}

// awaitIdle waits until nobody writes to the socket, which the write deadline
// bounds, or closes it. The outbox is locked, but while this waits.
func (o *outbox) awaitIdle() {
	for o.writing || o.closers > 0 {
		if o.space == nil {
			o.space = make(chan struct{})
		}
		wait := o.space
		o.mu.Unlock()
		<-wait
		o.mu.Lock()
	}
}

// signal wakes those who wait for room.
func (o *outbox) signal() {
	if o.space != nil {
		close(o.space)
		o.space = nil
	}
}

// socket returns the socket, nil before the upgrade.
func (c *Conn) socket() Socket {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.socket
}

// writing identifies the goroutine that writes, 0 where nothing waits.
func (c *Conn) writing() uint32 {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if !c.out.writing {
		return 0
	}
	return c.out.rounds
}

// room returns a channel that is closed once it is worth to look again whether
// a stream may send, or nil if it may now.
func (c *Conn) room() <-chan struct{} {
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken != nil || o.ended || o.size == 0 || o.size <= c.consumer.limits.QueueBytes/4 {
		return nil
	}
	if o.space == nil {
		o.space = make(chan struct{})
	}
	return o.space
}

// attach gives the outbox its socket after the upgrade, and writes what has
// been sent before. A connection that was cut meanwhile ends here.
func (c *Conn) attach(s Socket) {
	c.out.mu.Lock()
	c.out.socket = s
	cut := c.out.broken != nil
	if len(c.out.queue) > 0 {
		c.startWriting()
	}
	c.out.mu.Unlock()
	if cut {
		_ = s.Close()
	}
}

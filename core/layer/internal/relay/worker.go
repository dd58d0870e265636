package relay

import (
	"sync"
	"time"
)

// How much may wait for one worker before it holds back the reader; and, while a
// handler waits for what the reader may have to bring, how much even so.
const (
	maxQueued      = 1024
	maxQueuedBytes = 4 << 20
	patience       = 16
)

// worker gives messages of some channels to handlers, one after the other.
type worker struct {
	status  *Status
	deliver func(m received, now time.Time)

	mu      sync.Mutex
	changed sync.Cond // there is more, or there is room
	queue   []received
	buffer  []byte // the data of queue
	closed  bool
}

// received is a message that waits for its worker.
type received struct {
	channel *listened
	stamp   stamp
	at, end int    // of its data in the buffer
	data    []byte // once the worker has it
}

func newWorker(s *Status, deliver func(m received, now time.Time)) *worker {
	w := &worker{status: s, deliver: deliver}
	w.changed.L = &w.mu
	return w
}

// push copies data, and waits for room.
func (w *worker) push(c *listened, s stamp, data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.closed && w.isFull(1) && (!w.status.handlerWaits() || w.isFull(patience)) {
		w.changed.Wait()
	}
	if w.closed {
		return
	}
	at := len(w.buffer)
	w.buffer = append(w.buffer, data...)
	w.queue = append(w.queue, received{channel: c, stamp: s, at: at, end: len(w.buffer)})
	if len(w.queue) == 1 {
		w.changed.Broadcast()
	}
}

func (w *worker) isFull(times int) bool {
	return len(w.queue) >= times*maxQueued || len(w.buffer) >= times*maxQueuedBytes
}

// wake lets who waits look again.
func (w *worker) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed.Broadcast()
}

func (w *worker) run() {
	var queue []received
	var buffer []byte
	for {
		clear(queue)
		w.mu.Lock()
		for len(w.queue) == 0 && !w.closed {
			w.changed.Wait()
		}
		if w.closed {
			w.mu.Unlock()
			return
		}
		queue, w.queue = w.queue, reuse(queue, 2*maxQueued)
		buffer, w.buffer = w.buffer, reuse(buffer, 256<<10)
		w.changed.Broadcast()
		w.mu.Unlock()
		now := time.Now()
		for i := range queue {
			m := &queue[i]
			m.data = buffer[m.at:m.end:m.end]
			w.deliver(*m, now)
		}
	}
}

// reuse returns a slice's room, if it isn't more than is needed mostly.
func reuse[T any](s []T, most int) []T {
	if cap(s) > most {
		return nil
	}
	return s[:0]
}

// close drops what waits. A message whose handler runs is not waited for.
func (w *worker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.queue, w.buffer = nil, nil
	w.changed.Broadcast()
}

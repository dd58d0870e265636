package chanx

import "sync"

// lane lets one thing at a time happen on a connection, in the order in which
// things came. It is not a goroutine: the reader runs a client's messages itself
// while it holds the lane, and a goroutine exists only while events wait.
type lane struct {
	mu     sync.Mutex
	busy   bool // somebody holds the lane
	closed bool // events are no longer taken
	queue  []turn
	bytes  int // of the events that wait
}

// turn is one thing that waits for the lane: an event, or somebody who wants to
// hold it.
type turn struct {
	event *event
	from  *member       // the membership through which the event came; nil for one to this connection alone
	mine  chan struct{} // closed when the lane is handed over
}

// enter takes the lane, after everything that came before.
func (l *lane) enter() {
	l.mu.Lock()
	if !l.busy {
		l.busy = true
		l.mu.Unlock()
		return
	}
	mine := make(chan struct{})
	l.queue = append(l.queue, turn{mine: mine})
	l.mu.Unlock()
	<-mine
}

// leave gives the lane back, to a goroutine that runs work where something
// waits.
func (l *lane) leave(work func()) {
	l.mu.Lock()
	waiting := len(l.queue) > 0
	l.busy = waiting
	l.mu.Unlock()
	if waiting {
		work()
	}
}

// push makes an event wait for its turn. It reports whether there was room for
// it, and whether the caller must start a goroutine that works the lane.
func (l *lane) push(e *event, from *member, limit int) (ok, start bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return true, false
	}
	size := e.size()
	if limit > 0 && l.bytes > 0 && l.bytes+size > limit {
		return false, false
	}
	l.bytes += size
	l.queue = append(l.queue, turn{event: e, from: from})
	start = !l.busy
	l.busy = true
	return true, start
}

// eventOverhead is what a waiting event costs beside its payload, roughly.
const eventOverhead = 64

func (e *event) size() int { return len(e.payload) + len(e.frames) + len(e.trace) + eventOverhead }

// next returns the next event, or none once nothing waits or the lane was handed
// over: the caller then no longer holds it.
func (l *lane) next() turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) > 0 {
		t := l.queue[0]
		l.queue[0] = turn{}
		if l.queue = l.queue[1:]; len(l.queue) == 0 {
			l.queue = nil
		}
		if t.mine != nil {
			close(t.mine)
			return turn{}
		}
		l.bytes -= t.event.size()
		if !l.closed {
			return t
		}
	}
	l.busy = false
	return turn{}
}

// close makes the lane forget the events that wait and refuse new ones.
func (l *lane) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
}

package relay

import (
	"context"
	"slices"
	"sync"
	"time"
)

// sweepBatch is about how many channels the server is asked at once.
const sweepBatch = 512

// sweeper compares channels with the server: all of them from time to time, and after
// an outage those that it was about.
type sweeper struct {
	crew     *crew
	status   *Status
	interval time.Duration
	names    func() []string                                    // of all channels
	check    func(ctx context.Context, channels []string) error // asks the server

	mu      sync.Mutex
	timer   *time.Timer
	armed   bool
	running bool
	due     []func(channel string) bool // what restored was called with
	wake    chan struct{}               // has something when due has grown
}

// newSweeper returns one for the channels of a registry.
func newSweeper[T any](r *registry[T], s *Status, check func(ctx context.Context, channels []string) error) *sweeper {
	return &sweeper{
		crew: r.crew, status: s, interval: r.options.Sweep, names: r.names, check: check, wake: make(chan struct{}, 1),
	}
}

// start has to be called when there is a channel.
func (s *sweeper) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.armed || s.crew.ctx.Err() != nil {
		return
	}
	s.armed = true
	if s.timer == nil {
		s.timer = time.AfterFunc(s.interval, s.tick)
	} else {
		s.timer.Reset(s.interval)
	}
}

// tick is called by the timer.
func (s *sweeper) tick() {
	s.mu.Lock()
	s.armed = false
	s.mu.Unlock()
	channels := s.names()
	if len(channels) == 0 {
		return
	}
	s.start()
	if s.status.Err() == nil { // else it is done once the server is back
		s.crew.spawn(func() { _ = s.sweep(channels) }) // the next one makes up for one that fails
	}
}

// restored has channels checked until that succeeds: those that affected says, or all.
func (s *sweeper) restored(affected func(channel string) bool) {
	if affected == nil {
		affected = func(string) bool { return true }
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = append(s.due, affected)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	if !s.running {
		s.running = true
		s.crew.spawn(s.restore)
	}
}

func (s *sweeper) restore() {
	var wait backoff
	for channels, more := s.takeDue(nil); more; channels, more = s.takeDue(channels) {
		if channels = s.sweep(channels); len(channels) > 0 && !wait.pause(s.crew.ctx, s.wake) {
			return
		}
	}
}

// takeDue returns the channels that are to be checked, besides those that are left.
// It reports false, and ends the running, where there are none.
func (s *sweeper) takeDue(left []string) (channels []string, more bool) {
	s.mu.Lock()
	due := s.due
	s.due = nil
	s.running = len(due)+len(left) > 0
	more = s.running
	s.mu.Unlock()
	if len(due) == 0 {
		return left, more
	}
	seen := make(map[string]bool, len(left))
	for _, c := range left {
		seen[c] = true
	}
	for _, c := range s.names() {
		if seen[c] || slices.ContainsFunc(due, func(affected func(string) bool) bool { return affected(c) }) {
			channels = append(channels, c)
		}
	}
	return channels, more
}

// sweep checks channels, and returns those with which that failed.
func (s *sweeper) sweep(channels []string) (left []string) {
	for len(channels) > 0 {
		n := min(len(channels), sweepBatch)
		if s.check(s.crew.ctx, channels[:n]) != nil {
			left = append(left, channels[:n]...)
		}
		channels = channels[n:]
	}
	return left
}

func (s *sweeper) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = true
	if s.timer != nil {
		s.timer.Stop()
	}
}

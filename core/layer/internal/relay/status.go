package relay

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// lossPause is how long a loss is not logged again where there was no outage between.
const lossPause = time.Minute

// refusalPause is how long a server may refuse what is published before that is
// logged: calls also fail in the moments before an outage is noticed.
const refusalPause = 10 * time.Second

// Status is how the connection to a server is. Its parts are what can be lost by
// itself: one, or several where there are several servers. A new Status is up. All
// its methods may be called from many goroutines at once, and none of them waits.
type Status struct {
	log  *slog.Logger
	what string

	down   atomic.Int64 // parts that are down: mostly 0, and then no lock is needed
	failed atomic.Uint64
	lost   atomic.Uint64
	waits  atomic.Int64 // handlers that wait for the server

	mu      sync.Mutex
	parts   map[int]error // why those are down that are
	since   time.Time     // when it became what it is, up or down
	last    error
	outages uint64
	most    int // parts that were down at once in this outage
	closed  bool

	onWaits []func() // see onHandlerWaits

	lossLogged  time.Time
	lossOutages uint64 // when it was logged

	refusal refusal
}

// refusal is a time in which a server that is there took less than everything.
type refusal struct {
	since, last, logged time.Time
	outages             uint64 // when it began
}

// NewStatus returns the status of a connection that is up. What names the server for
// who reads the log, as "redis at 127.0.0.1:6379". A nil log is slog's default.
func NewStatus(log *slog.Logger, what string) *Status {
	if log == nil {
		log = slog.Default()
	}
	return &Status{log: log, what: what, since: time.Now(), parts: map[int]error{}}
}

// Down says that a part is lost, and why. Where it is down already that does nothing.
// The first part that is lost begins an outage, which is logged.
func (s *Status) Down(part int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.parts[part]; ok || s.closed {
		return
	}
	s.parts[part] = err
	s.down.Store(int64(len(s.parts)))
	s.most = max(s.most, len(s.parts))
	if len(s.parts) > 1 {
		return
	}
	s.last, s.since = err, time.Now()
	s.outages++
	s.most = 1
	s.log.Error("chanx: the layer has lost its server", "server", s.what, "error", err)
}

// Up says that a part is back. Where it is up already that does nothing. The last
// part that is back ends the outage, which is logged.
func (s *Status) Up(part int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.parts[part]; !ok || s.closed {
		return
	}
	delete(s.parts, part)
	s.down.Store(int64(len(s.parts)))
	if len(s.parts) > 0 {
		return
	}
	now := time.Now()
	s.log.Warn("chanx: the layer has its server again", "server", s.what, "after", now.Sub(s.since), "parts", s.most)
	s.since = now
}

// Close says that the layer is closed, which is no outage and not logged. What Down
// and Up say from then on does nothing.
func (s *Status) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed, s.last = true, layer.ErrClosed
	if len(s.parts) == 0 {
		s.since = time.Now()
	}
}

// Err returns nil while all parts are up, else an error that wraps
// [layer.ErrUnavailable].
func (s *Status) Err() error {
	if s.down.Load() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, err := range s.parts {
		return s.unavailable(err)
	}
	return nil
}

// PartErr is [Status.Err] of one part.
func (s *Status) PartErr(part int) error {
	if s.down.Load() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err, ok := s.parts[part]; ok {
		return s.unavailable(err)
	}
	return nil
}

func (s *Status) unavailable(err error) error {
	if err == nil {
		return fmt.Errorf("%w: %s", layer.ErrUnavailable, s.what)
	}
	return fmt.Errorf("%w: %s: %w", layer.ErrUnavailable, s.what, err)
}

// Health returns what a layer.Reporter says.
func (s *Status) Health() layer.Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	return layer.Health{
		Connected: len(s.parts) == 0 && !s.closed,
		Since:     s.since,
		Err:       s.last,
		Outages:   s.outages,
		Failed:    s.failed.Load(),
		Lost:      s.lost.Load(),
	}
}

// Failed counts a message or an entry that could not be published, because of err.
// [Channels] counts its own; who appends to a history counts here. A server that is
// there and has refused for a while, being full perhaps, is logged once a minute.
func (s *Status) Failed(err error) {
	total := s.failed.Add(1)
	if s.down.Load() > 0 {
		return // the outage is logged
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	r := &s.refusal
	if r.outages != s.outages || now.Sub(r.last) > lossPause {
		r.since, r.outages = now, s.outages
	}
	r.last = now
	if now.Sub(r.since) < refusalPause || now.Sub(r.logged) < lossPause {
		return
	}
	r.logged = now
	s.log.Warn("chanx: the layer's server does not take all that is published", "server", s.what, "error", err, "failed_so_far", total)
}

// Lost counts messages that were missed. The first loss after an outage is logged,
// and others not more than once a minute.
func (s *Status) Lost(n uint64) {
	if n == 0 {
		return
	}
	total := s.lost.Add(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !s.lossLogged.IsZero() && s.lossOutages == s.outages && now.Sub(s.lossLogged) < lossPause {
		return
	}
	s.lossLogged, s.lossOutages = now, s.outages
	s.log.Error("chanx: messages of other processes did not arrive", "server", s.what, "lost", n, "lost_so_far", total)
}

// waitInHandler is called before something that waits for the server, and what it
// returns after. Inside a handler nothing may meanwhile wait for handlers.
func (s *Status) waitInHandler() func() {
	if !gate.Inside() {
		return func() {}
	}
	s.waits.Add(1)
	s.mu.Lock()
	wake := s.onWaits
	s.mu.Unlock()
	for _, f := range wake {
		f()
	}
	return func() { s.waits.Add(-1) }
}

// handlerWaits reports whether a handler waits for the server.
func (s *Status) handlerWaits() bool { return s.waits.Load() > 0 }

// onHandlerWaits has f called when a handler begins to wait for the server.
func (s *Status) onHandlerWaits(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onWaits = append(s.onWaits, f)
}

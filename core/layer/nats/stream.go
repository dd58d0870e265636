package chanxnats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/chanx-go/chanx/core/layer"
)

// stream is the one that holds the history of all channels of a prefix. It is made
// on first use. What it keeps of each channel is what the greediest retention asks
// for, and only ever raised: each channel's own retention stands in its messages.
type stream struct {
	conn    *conn
	name    string
	another func() // is called where it is another one than was looked at before, or has lost messages

	known  atomic.Pointer[bounds] // of the stream, as it was looked at last; nil where it was not
	looked atomic.Int64           // when that was, in nanoseconds since 1970
	end    atomic.Uint64          // the greatest sequence that was seen in it

	turn    chan struct{} // has something while somebody looks at the stream, or changes it
	asked   bounds        // the greatest that was asked for
	created time.Time     // tells the stream from one of the same name
}

func newStream(c *conn, name string, another func()) *stream {
	return &stream{conn: c, name: name, another: another, turn: make(chan struct{}, 1)}
}

// bounds say how much a stream keeps.
type bounds struct {
	messages int64         // of each channel; math.MaxInt64 is all
	age      time.Duration // math.MaxInt64 is for ever
}

const (
	leastMessages = 128
	leastAge      = time.Hour
	// spareMessages is for markers among the entries of a channel.
	spareMessages = 8
	spareAge      = 10 * time.Minute
)

// boundsFor returns what has to be kept for a retention: for twice the age, so that
// who comes back soon finds the same sequence. It is rounded up, so that a stream is
// seldom changed.
func boundsFor(keep layer.Retention) bounds {
	b := bounds{messages: leastMessages, age: leastAge}
	if keep.Entries > 1<<40 {
		b.messages = math.MaxInt64
	} else if keep.Entries > 0 {
		b.messages = max(b.messages, roundUp(int64(keep.Entries)+spareMessages))
	}
	const century = 100 * 365 * 24 * time.Hour
	if keep.Age > century {
		b.age = math.MaxInt64
	} else if hours := int64((2*keep.Age + spareAge + time.Hour - 1) / time.Hour); hours > 0 {
		b.age = max(b.age, time.Duration(roundUp(hours))*time.Hour)
	}
	return b
}

// roundUp returns the least power of two that isn't below n.
func roundUp(n int64) int64 { return 1 << bits.Len64(uint64(n-1)) }

func (b bounds) cover(o bounds) bool { return b.messages >= o.messages && b.age >= o.age }

func (b bounds) with(o bounds) bounds {
	return bounds{messages: max(b.messages, o.messages), age: max(b.age, o.age)}
}

// lookAgain is how long it is taken for certain that the stream is still the one that
// was looked at. It could be made anew, or be in the memory of a server that restarts,
// and have another entry where this process knows one.
const lookAgain = time.Second

// cover makes sure that the stream is there, and keeps enough.
func (s *stream) cover(ctx context.Context, keep layer.Retention) error {
	need := boundsFor(keep)
	if known := s.known.Load(); known != nil && known.cover(need) && time.Now().UnixNano()-s.looked.Load() < int64(lookAgain) {
		return nil
	}
	return s.look(ctx, need)
}

// saw takes the sequence of a message that is in the stream.
func (s *stream) saw(seq uint64) {
	for {
		end := s.end.Load()
		if seq <= end || s.end.CompareAndSwap(end, seq) {
			return
		}
	}
}

// look looks at the stream, makes it where it isn't there, and raises its bounds
// where they are too low, also for what was asked before: another process may have
// set what it needs, without having seen that.
func (s *stream) look(ctx context.Context, need bounds) error {
	ctx, cancel := s.conn.bound(ctx)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	s.asked = s.asked.with(need)
	for {
		end := s.end.Load()
		info, err := s.fit(ctx)
		switch {
		case err == nil:
			s.found(info, end)
			return nil
		case !passing(err):
			return err
		}
		select {
		case <-time.After(20*time.Millisecond + rand.N(30*time.Millisecond)):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// found notes how the stream is. Its end was seen before that was asked.
func (s *stream) found(info *jetstream.StreamInfo, end uint64) {
	if !s.created.IsZero() && !s.created.Equal(info.Created) || info.State.LastSeq < end {
		s.end.Store(info.State.LastSeq)
		s.another()
	}
	s.created = info.Created
	known := boundsOf(info.Config)
	s.known.Store(&known)
	s.looked.Store(time.Now().UnixNano())
}

var errFitted = errors.New("the stream's configuration was changed, by this process or another")

// fit returns a stream that is there and keeps enough, or else does one thing
// towards that.
func (s *stream) fit(ctx context.Context) (*jetstream.StreamInfo, error) {
	info, err := s.info(ctx)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		info, err = s.make(ctx)
	}
	if err != nil {
		return nil, err
	}
	has := boundsOf(info.Config)
	if has.cover(s.asked) && info.Config.RePublish != nil && info.Config.AllowDirect {
		return info, nil
	}
	cfg := info.Config
	s.set(&cfg, has.with(s.asked))
	if _, err := s.conn.js.UpdateStream(ctx, cfg); err != nil {
		return nil, err
	}
	return nil, errFitted
}

// noPeers is JetStream's code for a cluster that hasn't enough servers for a stream,
// which may be because they are about to start.
const noPeers jetstream.ErrorCode = 10005

// passing reports whether it may be otherwise in a moment.
func passing(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, errFitted) || errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) ||
		errors.As(err, &api) && api.ErrorCode == noPeers
}

func (s *stream) info(ctx context.Context) (*jetstream.StreamInfo, error) {
	handle, err := s.conn.js.Stream(ctx, s.name)
	if err != nil {
		return nil, err
	}
	return handle.CachedInfo(), nil
}

func (s *stream) make(ctx context.Context) (*jetstream.StreamInfo, error) {
	cfg := s.conn.streamConfig(s.name, entryKind, liveKind)
	cfg.Description = "history of chanx's channels"
	// A full stream refuses entries rather than forget other channels'.
	cfg.Discard, cfg.MaxBytes = jetstream.DiscardNew, cmp.Or(s.conn.opts.MaxBytes, -1)
	s.set(&cfg, s.asked)
	handle, err := s.conn.js.CreateStream(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return handle.CachedInfo(), nil
}

// set sets what a stream must have, whoever made it.
func (s *stream) set(cfg *jetstream.StreamConfig, b bounds) {
	cfg.MaxMsgsPerSubject, cfg.MaxAge = -1, 0
	if b.messages < math.MaxInt64 {
		cfg.MaxMsgsPerSubject = b.messages
	}
	if b.age < math.MaxInt64 {
		cfg.MaxAge = b.age
	}
	cfg.AllowDirect = true
	cfg.RePublish = s.conn.republish(entryKind, liveKind)
}

// streamConfig returns what streams have that keep what is stored on the subjects of a
// kind, and publish it again on those of another.
func (c *conn) streamConfig(name, kind, live string) jetstream.StreamConfig {
	cfg := jetstream.StreamConfig{
		Name:      name,
		Subjects:  []string{c.subjects(kind, ">")},
		Replicas:  c.opts.Replicas,
		Storage:   jetstream.FileStorage,
		RePublish: c.republish(kind, live),
	}
	if c.opts.Memory {
		cfg.Storage = jetstream.MemoryStorage
	}
	return cfg
}

// republish is where who follows a stream listens: to what was stored, in the order in
// which it was. On the stream's own subjects comes also what it refuses.
func (c *conn) republish(kind, live string) *jetstream.RePublish {
	return &jetstream.RePublish{Source: c.subjects(kind, ">"), Destination: c.subjects(live, ">")}
}

func boundsOf(cfg jetstream.StreamConfig) bounds {
	b := bounds{messages: cfg.MaxMsgsPerSubject, age: cfg.MaxAge}
	if b.messages <= 0 {
		b.messages = math.MaxInt64
	}
	if b.age <= 0 {
		b.age = math.MaxInt64
	}
	return b
}

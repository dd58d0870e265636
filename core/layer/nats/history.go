package chanxnats

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

const (
	entryKind = "h" // entries are stored on these subjects
	liveKind  = "l" // and published again on these
)

// history is a [layer.History] without Follow, on a stream.
//
// An entry's number and epoch, and the retention, stand in its message. Who appends
// makes the next one from the last message of the channel, and the stream takes it
// only if that one still is the last.
type history struct {
	conn   *conn
	api    api
	stream *stream
	heads  heads
	yields yields
	inlet  *inlet
}

var _ relay.Log = (*history)(nil)

func newHistory(ctx context.Context, c *conn, receive func(channel string, e layer.Entry)) (*history, error) {
	name := c.name("history")
	h := &history{
		conn: c,
		api:  api{conn: c, stream: name},
		yields: yields{
			conn:    c,
			subject: c.opts.Prefix + "." + yieldKind,
			id:      randomBytes(8),
			until:   make(map[string]time.Time),
		},
	}
	h.stream = newStream(c, name, h.heads.doubtAll)
	h.inlet = c.newInlet(func(channel string, m *nats.Msg) {
		if m.Subject == h.yields.subject {
			h.yields.receive(m)
		} else {
			h.live(channel, m, receive)
		}
	})
	return h, h.inlet.listen(ctx, h.yields.subject, "")
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// live takes a message that was stored.
func (h *history) live(channel string, m *nats.Msg, receive func(channel string, e layer.Entry)) {
	r, data, err := parseRecord(m.Data)
	if err != nil {
		return // what else was published there is nothing of ours
	}
	if seq, err := sequenceOf(m); err == nil {
		h.heads.learn(channel, &stored{record: r, seq: seq})
		h.stream.saw(seq)
	}
	if !r.marker {
		receive(channel, layer.Entry{Position: r.position(), Data: data})
	}
}

// Append is that of [layer.History].
func (h *history) Append(ctx context.Context, channel string, data []byte, keep layer.Retention) error {
	if keep.Entries <= 0 || keep.Age <= 0 {
		return fmt.Errorf("chanxnats: a retention of %d entries and %v: both must be above 0", keep.Entries, keep.Age)
	}
	if err := h.conn.begin(ctx); err != nil {
		return h.failed(err)
	}
	bounded, cancel := h.conn.bound(ctx)
	defer cancel()
	err := h.append(bounded, channel, data, keep)
	return h.failed(h.conn.failure(ctx, "appending to "+h.subject(channel), err))
}

// failed counts an Append that the server didn't take.
func (h *history) failed(err error) error {
	if errors.Is(err, layer.ErrUnavailable) {
		h.conn.status.Failed(err)
	}
	return err
}

func (h *history) subject(channel string) string { return h.conn.subject(entryKind, channel) }

func (h *history) append(ctx context.Context, channel string, data []byte, keep layer.Retention) error {
	if err := h.stream.cover(ctx, keep); err != nil {
		return err
	}
	t, err := h.heads.take(ctx, channel)
	if err != nil {
		return err
	}
	defer h.heads.give(channel, t)
	return h.change(ctx, channel, func(last *stored) (record, []byte) {
		return last.next(keep, time.Now()), data
	})
}

// change stores a record made from the channel's last message, and data.
func (h *history) change(ctx context.Context, channel string, next func(last *stored) (record, []byte)) error {
	subject := h.subject(channel)
	began, asked := time.Now(), false
	for late := 0; ; {
		if !asked {
			if err := h.yields.wait(ctx, subject); err != nil {
				return err
			}
		}
		last, err := h.last(ctx, channel)
		if err != nil {
			return err
		}
		r, data := next(last)
		body := append(r.append(make([]byte, 0, 64+len(data))), data...)
		seq, err := h.api.append(ctx, subject, body, last.seq)
		switch {
		case err == nil:
			h.heads.learn(channel, &stored{record: r, seq: seq})
			h.stream.saw(seq)
			return nil
		case errors.Is(err, errConflict):
			h.heads.doubt(channel)
			if late++; late%patience == 0 {
				// The next try takes about as long as each of these.
				h.yields.ask(subject, time.Since(began)/time.Duration(late))
				asked = true
			}
		case noStream(err):
			if err := h.await(ctx); err != nil {
				return err
			}
		default:
			h.heads.doubt(channel) // it may be stored, or not
			return err
		}
	}
}

// last returns the last message of a channel, as far as this process knows; of one
// without messages a beginning, with a new epoch.
func (h *history) last(ctx context.Context, channel string) (*stored, error) {
	if s, sure := h.heads.get(channel); sure {
		return s, nil
	}
	s, err := h.end(ctx, channel)
	switch {
	case s != nil || err != nil:
		return s, err
	case old(h.conn.out.ConnectedServerVersion()):
		return h.alive(ctx, channel) // two first entries would both be taken
	default:
		return beginning(), nil
	}
}

// end returns the last message of a channel, or nil where it has none, as the
// stream's leader knows it. Where it is not one that can follow what this process has
// seen there, servers have lost entries that they had taken, and numbers may be given
// once more: then the channel begins another sequence.
func (h *history) end(ctx context.Context, channel string) (*stored, error) {
	for {
		known, _ := h.heads.get(channel)
		s, err := h.ask(ctx, channel)
		switch {
		case err != nil:
			return nil, err
		case s == nil:
			h.heads.drop(channel)
			return nil, nil
		case known == nil || known.seq == s.seq || known.before(s) || s.epoch != known.epoch:
			h.heads.put(channel, s)
			return s, nil
		}
		h.conn.opts.Logger.Error("chanx: NATS has lost entries of a history, which begins anew",
			"channel", channel, "known", known.number, "last", s.number)
		h.heads.drop(channel)
		r := beginning().mark()
		_, err = h.api.append(ctx, h.subject(channel), r.append(nil), s.seq)
		if err != nil && !errors.Is(err, errConflict) && !noStream(err) {
			return nil, err
		}
	}
}

// ask asks the leader for the last message of a channel.
func (h *history) ask(ctx context.Context, channel string) (*stored, error) {
	// Where the leader has died, nobody answers until there is another. The first try
	// doesn't wait for that as long as there is time.
	patience := h.conn.opts.Timeout / 3
	for {
		try, cancel := context.WithTimeout(ctx, patience)
		s, err := h.api.last(try, h.subject(channel))
		cancel()
		switch {
		case err == nil:
			return s, nil
		case errors.Is(err, errNone):
			return nil, nil
		case noStream(err):
			if err := h.await(ctx); err != nil {
				return nil, err
			}
		case try.Err() != nil && ctx.Err() == nil:
			patience = h.conn.opts.Timeout
		default:
			return nil, err
		}
	}
}

// beginning is what a channel has in place of its last message when it has none.
func beginning() *stored {
	return &stored{record: record{epoch: [8]byte(randomBytes(8)), marker: true}}
}

// await waits for the stream's leader to be there, and makes the stream where there
// is none any more.
func (h *history) await(ctx context.Context) error {
	h.heads.doubtAll()
	try, cancel := context.WithTimeout(ctx, h.conn.opts.Timeout/3)
	defer cancel()
	if err := h.stream.look(try, bounds{}); err != nil && refused(err) && !noStream(err) {
		return err
	}
	select {
	case <-time.After(20*time.Millisecond + mathrand.N(30*time.Millisecond)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Listen implements [relay.Log].
func (h *history) Listen(ctx context.Context, channel string) error {
	if err := h.conn.begin(ctx); err != nil {
		return err
	}
	if err := h.inlet.listen(ctx, h.conn.subject(liveKind, channel), channel); err != nil {
		return err
	}
	err := h.stream.cover(ctx, layer.Retention{})
	if err == nil {
		_, err = h.alive(ctx, channel)
	}
	return h.conn.failure(ctx, "following "+h.subject(channel), err)
}

// Unlisten implements [relay.Log].
func (h *history) Unlisten(channel string) { h.inlet.unlisten(h.conn.subject(liveKind, channel)) }

// alive returns the last message of a channel, which it makes sure to have one, and
// one that is not about to be forgotten.
func (h *history) alive(ctx context.Context, channel string) (*stored, error) {
	ctx, cancel := h.conn.bound(ctx)
	defer cancel()
	for {
		s, err := h.end(ctx, channel)
		if err != nil || s != nil && !h.aging(s) {
			return s, err
		}
		if s == nil {
			s = beginning()
		}
		r := s.mark()
		_, err = h.api.append(ctx, h.subject(channel), r.append(nil), s.seq)
		if err != nil && !errors.Is(err, errConflict) && !noStream(err) {
			return nil, err
		}
	}
}

// aging reports whether a message will be forgotten if nothing comes after it.
func (h *history) aging(s *stored) bool {
	b := h.stream.known.Load()
	return b != nil && time.Since(s.time) > b.age/2
}

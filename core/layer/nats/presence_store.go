package chanxnats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/chanx-go/chanx/core/layer"
)

const (
	presenceKind     = "p" // what is known of sessions and owners is stored on these subjects
	presenceLiveKind = "q" // and published again on these
)

// shelf is the stream in which it stands who is present: of each subject the last
// message.
//
// That is what a KV bucket is, too. But a bucket's reads may be answered by a server
// that lags behind, its keys can't be watched by the channel without a consumer on
// the server for each watch, and its deletions stay for ever: so the stream is one of
// our own, which is asked at its leader, and which publishes again what it has stored,
// so that watching costs the server no more than a subscription.
type shelf struct {
	conn *conn
	api  api
}

func newShelf(c *conn) *shelf { return &shelf{conn: c, api: api{conn: c, stream: c.name("presence")}} }

// open makes sure that the stream is there. It returns when it was made.
func (s *shelf) open(ctx context.Context) (time.Time, error) {
	cfg := s.conn.streamConfig(s.api.stream, presenceKind, presenceLiveKind)
	cfg.Description, cfg.MaxMsgsPerSubject = "who is present on chanx's channels", 1
	stream, err := s.conn.js.Stream(ctx, cfg.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = s.conn.js.CreateStream(ctx, cfg)
	}
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another process was faster, with other options
		stream, err = s.conn.js.Stream(ctx, cfg.Name)
	}
	if err != nil {
		return time.Time{}, err
	}
	return stream.CachedInfo().Created, nil
}

// present calls f, and again where the stream had to be made before.
func (s *shelf) present(ctx context.Context, f func() error) error {
	err := f()
	for wait := 10 * time.Millisecond; noStream(err); wait *= 2 {
		if _, err := s.open(ctx); err != nil {
			return err
		}
		if err = f(); !noStream(err) {
			return err
		}
		select { // it has no leader yet
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		case <-s.conn.done:
			return err
		}
	}
	return err
}

// put stores a message, whose subject's last one must be the one at expected, or none
// where that is 0; else the error is errConflict.
func (s *shelf) put(ctx context.Context, subject string, body []byte, expected uint64) (seq uint64, err error) {
	err = s.present(ctx, func() error {
		seq, err = s.api.append(ctx, subject, body, expected)
		return err
	})
	return seq, err
}

// kept is a message as it stands in the stream.
type kept struct {
	subject string
	seq     uint64
	age     time.Duration // when it was read, by the server's clock; 0 where it isn't known
	body    []byte
}

// last returns the last message of the subjects that a filter says, from the leader;
// or errNone.
func (s *shelf) last(ctx context.Context, filter string) (k kept, err error) {
	err = s.present(ctx, func() error {
		m, err := s.api.message(ctx, lastOf(filter))
		k = kept{subject: m.Subject, seq: m.Seq, body: m.Data}
		return err
	})
	return k, err
}

// remove deletes the message at a sequence. That it isn't there is no error.
func (s *shelf) remove(ctx context.Context, seq uint64) error {
	var done struct{ answer }
	if err := s.api.call(ctx, "STREAM.MSG.DELETE."+s.api.stream, map[string]any{"seq": seq, "no_erase": true}, &done); err != nil {
		return err
	}
	if err := done.failure(); err != nil && done.Error.Code >= 500 && done.Error.ErrorCode != deleteFailed {
		return err
	}
	return nil
}

// deleteFailed is JetStream's code for a message that can't be deleted, as it is gone.
const deleteFailed jetstream.ErrorCode = 10057

// list returns the last messages of the subjects that a filter says. It has what was
// stored before the call: where the server that is asked lags behind the leader it
// asks again.
func (s *shelf) list(ctx context.Context, filter string) ([]kept, error) {
	for wait := time.Millisecond; ; wait *= 2 {
		last, err := s.last(ctx, filter)
		if errors.Is(err, errNone) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		var all []kept
		err = s.present(ctx, func() error {
			all, err = s.scan(ctx, filter)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, k := range all {
			if k.seq >= last.seq {
				return all, nil
			}
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// silence is after how long without a message a consumer is asked whether more come.
const silence = 250 * time.Millisecond

// scan reads messages through a consumer that lives as long.
func (s *shelf) scan(ctx context.Context, filter string) ([]kept, error) {
	inbox := s.conn.out.NewInbox()
	sub, err := s.conn.out.SubscribeSync(inbox)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return nil, err
	}
	c, err := s.consume(ctx, filter, inbox)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.conn.out.Publish(s.api.subject("CONSUMER.DELETE."+s.api.stream+"."+c.Name), nil) }()
	left := c.NumPending + c.Delivered.Consumer
	all := make([]kept, 0, left)
	for left > 0 {
		m, err := s.next(ctx, sub)
		if err == nil && m == nil { // some were deleted meanwhile
			done, err := s.exhausted(ctx, c.Name, uint64(len(all)))
			if err != nil {
				return nil, err
			}
			if done {
				break
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		meta, err := m.Metadata()
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", filter, err)
		}
		if meta.Sequence.Consumer != uint64(len(all))+1 {
			return nil, fmt.Errorf("listing %s: message %d came after %d", filter, meta.Sequence.Consumer, len(all))
		}
		all = append(all, kept{m.Subject, meta.Sequence.Stream, max(0, c.Created.Sub(meta.Timestamp)), m.Data})
		left = meta.NumPending
	}
	return all, nil
}

// consumer is what the server says of one.
type consumer struct {
	answer

	Name      string    `json:"name"`
	Created   time.Time `json:"created"` // which is the server's time
	Delivered struct {
		Consumer uint64 `json:"consumer_seq"`
	} `json:"delivered"`
	NumPending uint64 `json:"num_pending"`
}

func (s *shelf) consume(ctx context.Context, filter, inbox string) (*consumer, error) {
	ask := map[string]any{
		"stream_name": s.api.stream,
		"config": map[string]any{
			"deliver_subject":    inbox,
			"deliver_policy":     "last_per_subject",
			"filter_subject":     filter,
			"ack_policy":         "none",
			"max_deliver":        1,
			"replay_policy":      "instant",
			"inactive_threshold": 10 * time.Second,
			"num_replicas":       1,
			"mem_storage":        true,
		},
	}
	c := &consumer{}
	if err := s.api.call(ctx, "CONSUMER.CREATE."+s.api.stream, ask, c); err != nil {
		return nil, err
	}
	return c, c.failure()
}

// next returns the next message, or nil where none comes for a while.
func (s *shelf) next(ctx context.Context, sub *nats.Subscription) (*nats.Msg, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	wait := silence
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline))
	}
	m, err := sub.NextMsg(wait)
	if errors.Is(err, nats.ErrTimeout) {
		return nil, nil
	}
	return m, err
}

// exhausted reports whether nothing comes any more of a consumer.
func (s *shelf) exhausted(ctx context.Context, name string, got uint64) (bool, error) {
	var c consumer
	if err := s.api.call(ctx, "CONSUMER.INFO."+s.api.stream+"."+name, struct{}{}, &c); err != nil {
		return false, err
	}
	return c.NumPending == 0 && c.Delivered.Consumer <= got, c.failure()
}

// The subjects of sessions: their owner stands first, so that those of an owner and
// those of a channel are both found by a filter.

func place(channel string, s layer.Session) string { return key(s.Owner, channel, s.Key, s.ID) }

func (s *shelf) subject(place string) string {
	return s.conn.subjects(presenceKind, "s."+place)
}

// place returns the place of a session that a subject of kind stands for.
func (s *shelf) place(kind, subject string) (string, bool) {
	return strings.CutPrefix(subject, s.conn.subjects(kind, "s."))
}

func (s *shelf) ofChannel(kind, channel string) string {
	return s.conn.subjects(kind, "s.*."+token(channel)+".>")
}

func (s *shelf) ofOwner(owner string) string {
	return s.conn.subjects(presenceKind, "s."+owner+".>")
}

func (s *shelf) owner(kind, owner string) string {
	return s.conn.subjects(kind, "o."+owner)
}

// longest is the subject of the longest grace in use.
func (s *shelf) longest() string { return s.conn.subjects(presenceKind, "g") }

// stays returns what is known of the sessions that a filter says. What can't be read
// is left out.
func (s *shelf) stays(ctx context.Context, filter string) ([]stay, error) {
	all, err := s.list(ctx, filter)
	if err != nil {
		return nil, err
	}
	stays := make([]stay, 0, len(all))
	for _, k := range all {
		p, _ := s.place(presenceKind, k.subject)
		if st, err := parseStay(p, k.seq, k.body); err == nil {
			st.age = k.age
			stays = append(stays, st)
		}
	}
	return stays, nil
}

// stay returns what is known of a session, or errNone.
func (s *shelf) stay(ctx context.Context, place string) (stay, error) {
	k, err := s.last(ctx, s.subject(place))
	if err != nil {
		return stay{}, err
	}
	return parseStay(place, k.seq, k.body)
}

// write stores what has happened to a session, whose last message must be the one at
// expected, and sets its sequence.
func (s *shelf) write(ctx context.Context, st *stay, expected uint64) error {
	seq, err := s.put(ctx, s.subject(st.place), st.encode(), expected)
	if err != nil {
		return err
	}
	st.seq = seq
	if st.state != stayOver {
		st.order = seq
	}
	return nil
}

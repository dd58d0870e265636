package chanxnats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// api is what of JetStream's API is asked for each entry: without the detours of the
// client's own calls, and always of the stream's leader, who alone knows its end.
type api struct {
	conn   *conn
	stream string
}

func (a api) subject(call string) string {
	if d := a.conn.opts.Domain; d != "" {
		return "$JS." + d + ".API." + call
	}
	return "$JS.API." + call
}

// answer is what all answers of the API have.
type answer struct {
	Error *jetstream.APIError `json:"error"`
}

func (a answer) failure() error {
	if a.Error == nil {
		return nil
	}
	return a.Error
}

// append stores a message as the next one of its subject, whose last one must be the
// one at expected, or none where that is 0. Where it isn't the error is errConflict.
// Every other error, but those that notStored knows, leaves open whether the message
// is stored, or will be.
func (a api) append(ctx context.Context, subject string, data []byte, expected uint64) (seq uint64, err error) {
	m := nats.NewMsg(subject)
	m.Header[jetstream.ExpectedLastSubjSeqHeader] = []string{strconv.FormatUint(expected, 10)}
	m.Data = data
	if expected > 0 && old(a.conn.out.ConnectedServerVersion()) {
		m.Header[jetstream.MsgIDHeader] = []string{"after " + strconv.FormatUint(expected, 10)}
	}
	reply, err := a.conn.out.RequestMsgWithContext(ctx, m)
	if err != nil {
		return 0, err
	}
	var ack struct {
		answer

		Stream    string `json:"stream"`
		Seq       uint64 `json:"seq"`
		Duplicate bool   `json:"duplicate"`
	}
	if err := json.Unmarshal(reply.Data, &ack); err != nil {
		return 0, fmt.Errorf("the answer to an append: %w", err)
	}
	if err := ack.failure(); err != nil {
		if wrongSequence(ack.Error.ErrorCode) {
			return 0, errConflict
		}
		return 0, err
	}
	if ack.Duplicate {
		return 0, errConflict
	}
	if ack.Stream != a.stream || ack.Seq == 0 {
		return 0, fmt.Errorf("stream %q has taken what is for %q", ack.Stream, a.stream)
	}
	return ack.Seq, nil
}

// old reports whether servers of a version need help to append after a given message.
// Before 2.10 the leader of a stream with replicas looks at the last message of a
// subject when a message comes, but not again when the message is stored, so that two
// that come at once may both follow the same one. What those servers do look at then
// is the message's id: one that names what it follows is taken once.
func old(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	return major == "0" || major == "1" || major == "2" && err == nil && n < 10
}

var (
	// errConflict is the error of an append after which another came first.
	errConflict = errors.New("another append came first")
	// errNone is the error of a message that isn't there.
	errNone = errors.New("there is no such message")
)

func wrongSequence(code jetstream.ErrorCode) bool {
	return code == jetstream.JSErrCodeStreamWrongLastSequence || code == jetstream.JSErrCodeStreamWrongLastSequenceConstant
}

// last returns the last message of a subject, or errNone.
func (a api) last(ctx context.Context, subject string) (*stored, error) {
	return a.get(ctx, lastOf(subject))
}

// lastOf asks for the last message of the subjects that a filter says.
func lastOf(filter string) map[string]any { return map[string]any{"last_by_subj": filter} }

// at returns the message at a sequence, or errNone. Any server that has it answers,
// and the leader where one hasn't, which may only be behind.
func (a api) at(ctx context.Context, seq uint64) (*stored, error) {
	s, err := a.direct(ctx, seq)
	if errors.Is(err, errNone) {
		return a.get(ctx, map[string]any{"seq": seq})
	}
	return s, err
}

func (a api) direct(ctx context.Context, seq uint64) (*stored, error) {
	body := append(strconv.AppendUint([]byte(`{"seq":`), seq, 10), '}')
	reply, err := a.conn.out.RequestWithContext(ctx, a.subject("DIRECT.GET."+a.stream), body)
	if err != nil {
		return nil, err
	}
	if len(reply.Data) == 0 { // a record is never empty
		switch status := reply.Header.Get("Status"); status {
		case "404":
			return nil, errNone
		default:
			return nil, fmt.Errorf("get: %s %s", status, reply.Header.Get("Description"))
		}
	}
	at, err := time.Parse(time.RFC3339Nano, reply.Header.Get(jetstream.TimeStampHeaer))
	if err != nil {
		return nil, fmt.Errorf("the time of a message: %w", err)
	}
	return newStored(seq, at, reply.Data)
}

func (a api) get(ctx context.Context, what map[string]any) (*stored, error) {
	m, err := a.message(ctx, what)
	if err != nil {
		return nil, err
	}
	return newStored(m.Seq, m.Time, m.Data)
}

// message is one as the leader gives it.
type message struct {
	Subject string    `json:"subject"`
	Seq     uint64    `json:"seq"`
	Time    time.Time `json:"time"`
	Data    []byte    `json:"data"`
}

// message returns the message that is asked for, from the leader, or errNone.
func (a api) message(ctx context.Context, what map[string]any) (message, error) {
	var found struct {
		answer

		Message message `json:"message"`
	}
	if err := a.call(ctx, "STREAM.MSG.GET."+a.stream, what, &found); err != nil {
		return message{}, err
	}
	if err := found.failure(); err != nil {
		if found.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound {
			return message{}, errNone
		}
		return message{}, err
	}
	return found.Message, nil
}

func (a api) call(ctx context.Context, call string, ask, result any) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	reply, err := a.conn.out.RequestWithContext(ctx, a.subject(call), body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(reply.Data, result); err != nil {
		return fmt.Errorf("the answer to %s: %w", call, err)
	}
	return nil
}

func newStored(seq uint64, at time.Time, body []byte) (*stored, error) {
	r, data, err := parseRecord(body)
	if err != nil {
		return nil, err
	}
	return &stored{record: r, seq: seq, time: at, data: data}, nil
}

// noStream reports whether an error may mean that the stream isn't there, or has no
// leader now. Nothing was stored.
func noStream(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, nats.ErrNoResponders) ||
		errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamNotFound
}

package chanx_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/schema"
)

// discard is a logger for tests that provoke what it is told.
var discard = slog.New(slog.DiscardHandler)

type ping struct{}

func (ping) Action() string { return "ping" }

type pong struct{}

func (pong) Action() string { return "pong" }

type echo struct {
	Text string `json:"text" minLength:"1" maxLength:"20"`
	N    int    `json:"n,omitzero" minimum:"0"`
}

func (echo) Action() string { return "echo" }

type echoed struct {
	Text string `json:"text"`
	N    int    `json:"n,omitzero"`
}

func (echoed) Action() string { return "echoed" }

// say is broadcast to a group, or to the consumer's own.
type say struct {
	Text   string `json:"text"`
	Group  string `json:"group,omitempty"`
	Others bool   `json:"others,omitempty"`
}

func (say) Action() string { return "say" }

type said struct {
	Text string `json:"text"`
}

func (said) Action() string { return "said" }

// fail makes its handler fail.
type fail struct {
	How string `json:"how"`
}

func (fail) Action() string { return "fail" }

// count is answered with a stream of numbers.
type count struct {
	To    int    `json:"to"`
	Every int    `json:"every,omitempty" doc:"milliseconds between two"`
	How   string `json:"how,omitempty" doc:"how the stream fails at the end"`
}

func (count) Action() string { return "count" }

type number struct {
	N int `json:"n"`
}

func (number) Action() string { return "number" }

// later is answered after some milliseconds, by a concurrent handler.
type later struct {
	After int `json:"after"`
}

func (later) Action() string { return "later" }

// hold is answered after some milliseconds and holds up what comes behind.
type hold struct {
	After int `json:"after"`
}

func (hold) Action() string { return "hold" }

// bye makes the server close the connection.
type bye struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
}

func (bye) Action() string { return "bye" }

// move joins a group or leaves it.
type move struct {
	Join  string `json:"join,omitempty"`
	Leave string `json:"leave,omitempty"`
}

func (move) Action() string { return "move" }

// note is an event that is forwarded, alarm one that becomes a notice, and hush
// one of which clients see nothing.
type note struct {
	Text string `json:"text" minLength:"1"`
}

func (note) Action() string { return "note" }

type alarm struct {
	Level int    `json:"level"`
	How   string `json:"how,omitempty"`
}

func (alarm) Action() string { return "alarm" }

type notice struct {
	Text string `json:"text"`
}

func (notice) Action() string { return "notice" }

type hush struct{}

func (hush) Action() string { return "hush" }

// client is the state of a connection in the tests.
type client struct {
	*chanx.Conn
	lab  *lab
	user string // what the handshake's query says
	as   string // and what this user is called
}

// lab is a hub with a consumer that can do something of everything, and a record
// of what happened.
type lab struct {
	*chanx.Consumer[*client]
	hub     *chanx.Hub
	mux     *http.ServeMux
	journal journal
	errors  syncBuffer // the log from level error
	topics  labTopics
}

// labOptions change what a lab is like. open runs for every connection.
type labOptions struct {
	hub      chanx.HubOptions
	consumer chanx.ConsumerOptions
	open     func(ctx context.Context, c *client) error
	register func(*lab)
	name     string // "lab" by default
	layer    func() layer.Layer
}

// newLab makes a lab, served at /ws and with a parameter at /ws/{room}, whose
// name is the group that its connections are in.
func newLab(t testing.TB, o labOptions) *lab {
	t.Helper()
	l := &lab{mux: http.NewServeMux()}
	if o.hub.Logger == nil {
		o.hub.Logger = slog.New(slog.NewTextHandler(&l.errors, &slog.HandlerOptions{Level: slog.LevelError}))
	}
	if o.layer != nil {
		o.hub.Layer = o.layer()
	}
	l.hub = chanx.NewHub(&o.hub)
	t.Cleanup(func() {
		if err := l.hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if o.name == "" {
		o.name = "lab"
	}
	l.Consumer = chanx.NewConsumer(l.hub, o.name, func(ctx context.Context, conn *chanx.Conn) (*client, error) {
		q := conn.Request().URL.Query()
		c := &client{conn, l, q.Get("user"), q.Get("as")}
		if o.open != nil {
			if err := o.open(ctx, c); err != nil {
				return nil, err
			}
		}
		return c, nil
	}, &o.consumer)
	registerLab(l.Consumer)
	if o.register != nil {
		o.register(l)
	}
	l.mux.Handle("/ws", chanx.Mount(l.Consumer, "/ws"))
	return l
}

func registerLab(r chanx.Registrar[*client]) {
	chanx.Reply(r, (*client).ping)
	chanx.Reply(r, (*client).echo)
	chanx.On(r, (*client).say, chanx.Sends[said]())
	chanx.On(r, (*client).fail)
	chanx.Stream(r, (*client).count)
	chanx.Reply(r, (*client).later, chanx.Concurrent())
	chanx.Reply(r, (*client).hold)
	chanx.On(r, (*client).bye)
	chanx.On(r, (*client).move)
	chanx.Forward[note](r)
	chanx.MapEvent(r, (*client).alarm)
	chanx.OnEvent(r, (*client).hush)
	chanx.JoinGroups(r, "all")
	chanx.OnClose(r, (*client).closed)
}

func (c *client) ping(context.Context, ping) (pong, error) { return pong{}, nil }

func (c *client) echo(_ context.Context, m echo) (echoed, error) {
	c.lab.journal.add("echo " + m.Text)
	return echoed(m), nil
}

func (c *client) say(ctx context.Context, m say) error {
	broadcast := c.Broadcast
	if m.Others {
		broadcast = c.BroadcastOthers
	}
	if m.Group != "" {
		return broadcast(ctx, said{m.Text}, m.Group)
	}
	return broadcast(ctx, said{m.Text})
}

func (c *client) fail(_ context.Context, m fail) error { return failure(m.How) }

// failure is an error of the kind that a handler can return; it panics for
// "panic".
func failure(how string) error {
	switch how {
	case "":
		return nil
	case "panic":
		panic("a secret")
	case "application":
		return chanx.Errorf("out_of_stock", "there are no %s left", "lamps")
	case "wrapped":
		return errors.Join(errors.New("a secret"), chanx.Errorf(chanx.Conflict, "somebody else was faster: %w", io.EOF))
	case "violations":
		return &schema.InvalidError{Violations: []schema.Violation{{Path: "/payload/how", Code: "taste", Message: "is bad"}}}
	case "closed":
		return chanx.ErrClosed
	case "hidden":
		return errors.New("a secret")
	}
	return chanx.Errorf(chanx.Reason(how), "as you wish")
}

func (c *client) count(ctx context.Context, m count) iter.Seq2[number, error] {
	return func(yield func(number, error) bool) {
		for n := range m.To {
			if m.Every > 0 {
				select {
				case <-time.After(time.Duration(m.Every) * time.Millisecond):
				case <-ctx.Done():
					c.lab.journal.add("count ends: " + context.Cause(ctx).Error())
					yield(number{}, ctx.Err())
					return
				}
			}
			if !yield(number{n + 1}, nil) {
				return
			}
		}
		if err := failure(m.How); err != nil {
			yield(number{}, err)
		}
	}
}

func (c *client) later(_ context.Context, m later) (number, error) {
	<-time.After(time.Duration(m.After) * time.Millisecond)
	return number{m.After}, nil
}

func (c *client) hold(_ context.Context, m hold) (number, error) {
	<-time.After(time.Duration(m.After) * time.Millisecond)
	c.lab.journal.add("held")
	return number{m.After}, nil
}

func (c *client) bye(_ context.Context, m bye) error {
	c.Close(chanx.CloseCode(m.Code), m.Reason)
	return nil
}

func (c *client) move(ctx context.Context, m move) error {
	if m.Leave != "" {
		c.Leave(m.Leave)
	}
	if m.Join != "" {
		return c.Join(ctx, m.Join)
	}
	return nil
}

func (c *client) alarm(_ context.Context, e alarm) (notice, error) {
	if err := failure(e.How); err != nil {
		return notice{}, err
	}
	return notice{strings.Repeat("!", e.Level)}, nil
}

func (c *client) hush(context.Context, hush) error {
	c.lab.journal.add("hush")
	return nil
}

func (c *client) closed(ctx context.Context, how *chanx.CloseError) {
	line := "closed: " + how.Error()
	if how.Remote {
		line += " by the client"
	}
	if ctx.Err() != nil {
		line += " with an ended context"
	}
	c.lab.journal.add(line)
}

// journal is what happened, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

// take returns what has happened and forgets it.
func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	return lines
}

// syncBuffer is a buffer for loggers.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// headerHandler puts a name into the requests of one client, since a header
// can't carry every byte.
type headerHandler struct {
	lab   *lab
	group string
}

func (h headerHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Header["Group"] = []string{h.group}
	h.lab.mux.ServeHTTP(w, r)
}

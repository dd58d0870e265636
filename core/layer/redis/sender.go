package chanxredis

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/redis/rueidis"
)

// sender publishes to the channels of one partition, in the order in which it is
// given messages, and many at once: what comes while some are under way goes out
// together after them. A server takes a batch in about the time of one message.
type sender struct {
	c    *client
	wake chan struct{}

	commands []rueidis.Completed // of the batch that is under way

	mu     sync.Mutex
	queue  []*message
	closed bool
}

// message is one that is to be published.
type message struct {
	c          *client
	name, data string
	since      time.Time
	done       chan error // has room for the outcome
	timer      *time.Timer
}

func newSender(c *client) *sender {
	return &sender{c: c, wake: make(chan struct{}, 1)}
}

// publish gives data its place in what is published to a channel, in that order. Data
// must not be changed until Wait has returned, and not after it returned an error.
func (c *client) publish(channel string, data []byte) (*message, error) {
	return c.post(c.part(channel), c.key(kindMessage, channel), data)
}

// send publishes to a channel of the server.
func (c *client) send(ctx context.Context, part int, name string, data []byte) error {
	m, err := c.post(part, name, data)
	if err != nil {
		return err
	}
	return m.Wait(ctx)
}

// post leaves a message with its sender. The error is [layer.ErrClosed].
func (c *client) post(part int, name string, data []byte) (*message, error) {
	m, _ := c.messages.Get().(*message)
	if m == nil {
		m = &message{c: c, done: make(chan error, 1), timer: time.NewTimer(c.timeout)}
	} else {
		m.timer.Reset(c.timeout)
	}
	m.name, m.data, m.since = name, rueidis.BinaryString(data), time.Now()
	if !c.senders[part].add(m) {
		m.timer.Stop()
		return nil, layer.ErrClosed
	}
	return m, nil
}

// Wait waits for the server to have the message, until the timeout is over since it
// was posted, at the most. It is called once. The errors are those of do.
func (m *message) Wait(ctx context.Context) error {
	var err error
	select {
	case err = <-m.done: // what is known counts, even if time is over by now
	default:
		select {
		case err = <-m.done:
		case <-ctx.Done():
			m.timer.Stop()
			return fmt.Errorf("chanxredis: %w", ctx.Err())
		case <-m.timer.C:
			return fmt.Errorf("%w: %w", layer.ErrUnavailable, errNoAnswer)
		}
	}
	m.timer.Stop()
	m.name, m.data = "", ""
	m.c.messages.Put(m) // nobody else has it any more
	return err
}

func (s *sender) add(m *message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.queue = append(s.queue, m)
	if len(s.queue) == 1 {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// run sends what comes until ctx ends.
func (s *sender) run(ctx context.Context) {
	var batch []*message
	for {
		select {
		case <-s.wake:
		case <-ctx.Done():
			s.mu.Lock()
			s.closed = true
			batch, s.queue = s.queue, nil
			s.mu.Unlock()
			finish(batch, layer.ErrClosed)
			return
		}
		s.mu.Lock()
		batch, s.queue = s.queue, batch[:0]
		s.mu.Unlock()
		for rest := batch; len(rest) > 0; {
			n := min(len(rest), maxBatch)
			s.send(ctx, rest[:n])
			rest = rest[n:]
		}
		clear(batch)
	}
}

// send publishes a batch. Its oldest message bounds the time: none waits for longer
// than the timeout, whatever was before it.
func (s *sender) send(ctx context.Context, batch []*message) {
	ctx, cancel := context.WithDeadline(ctx, batch[0].since.Add(s.c.timeout))
	defer cancel()
	s.commands = s.commands[:0]
	for _, m := range batch {
		if s.c.sharded {
			s.commands = append(s.commands, s.c.b().Spublish().Channel(m.name).Message(m.data).Build())
		} else {
			s.commands = append(s.commands, s.c.b().Publish().Channel(m.name).Message(m.data).Build())
		}
	}
	results := s.c.commands.DoMulti(ctx, s.commands...)
	for i, res := range results {
		err := res.Error()
		if err != nil {
			err = s.c.failure(context.Background(), err)
			s.commands = nil // may still be read
		}
		batch[i].done <- err
	}
}

func finish(batch []*message, err error) {
	for _, m := range batch {
		m.done <- err
	}
}

package chanxnats

import (
	"context"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// inletSize is how many messages wait for an inlet at the most. What comes while it
// is full is dropped by the client, which complains; the numbers of messages and
// entries then tell what was missed.
const inletSize = 1 << 15

// inlet takes what comes on subjects of one kind, in order, on one goroutine.
type inlet struct {
	conn    *conn
	queue   chan *nats.Msg
	receive func(channel string, m *nats.Msg)

	mu       sync.RWMutex
	listened map[string]listened // by subject
}

// listened is a subject that is listened to.
type listened struct {
	channel string
	sub     *nats.Subscription
}

// newInlet starts an inlet that ends with the connection. receive may wait.
func (c *conn) newInlet(receive func(channel string, m *nats.Msg)) *inlet {
	in := &inlet{
		conn:     c,
		queue:    make(chan *nats.Msg, inletSize),
		receive:  receive,
		listened: make(map[string]listened),
	}
	c.running.Go(in.run)
	return in
}

func (in *inlet) run() {
	for {
		select {
		case m := <-in.queue:
			in.mu.RLock()
			l := in.listened[m.Sub.Subject] // which may have wildcards
			in.mu.RUnlock()
			if l.sub == m.Sub { // else it is of a subscription that has ended
				in.receive(l.channel, m)
			}
		case <-in.conn.done:
			return
		}
	}
}

// listen subscribes to a subject, for a channel, and returns once the server has the
// subscription. It stands from then on, also where an error is returned because the
// server is away.
func (in *inlet) listen(ctx context.Context, subject, channel string) error {
	c := in.conn
	session := c.inConfirm.session()
	in.mu.Lock()
	sub, err := c.in.ChanSubscribe(subject, in.queue)
	if err == nil {
		in.listened[subject] = listened{channel, sub}
	}
	in.mu.Unlock()
	if err == nil {
		err = c.status.Err()
	}
	if err == nil {
		err = c.inConfirm.confirm(ctx, session)
	}
	if err == nil {
		err = denied(c.in, subject)
	}
	return c.failure(ctx, "subscribing to "+subject, err)
}

// unlisten ends that.
func (in *inlet) unlisten(subject string) {
	in.mu.Lock()
	l, ok := in.listened[subject]
	delete(in.listened, subject)
	in.mu.Unlock()
	if ok {
		_ = l.sub.Unsubscribe() // fails where the connection is closed, which ends it too
	}
}

// dropped returns how many messages of a subject the client has dropped because they
// came too fast.
func (in *inlet) dropped(subject string) int {
	in.mu.RLock()
	l := in.listened[subject]
	in.mu.RUnlock()
	if l.sub == nil {
		return 0
	}
	n, err := l.sub.Dropped()
	if err != nil {
		return 0
	}
	return n
}

// sequenceOf returns where in the stream a message is that was published again.
func sequenceOf(m *nats.Msg) (uint64, error) {
	return strconv.ParseUint(m.Header.Get(jetstream.SequenceHeader), 10, 64)
}

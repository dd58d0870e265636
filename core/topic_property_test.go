package chanx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/internal/pipenet"
	"github.com/chanx-go/chanx/core/layer"
)

// Whatever the order in which clients subscribe, unsubscribe, break off, come back
// and recover while others publish: what each of them gets of a topic with history
// has no gap, no frame twice and none out of order, or it is told where it begins
// anew. What is at one place is the same for everybody.
func TestRecoveryHasNoGaps(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		topic   string
		clients int
		rounds  int
		publish int // at once
	}{
		{"much is kept", "ledger", 6, 25, 3},
		{"handlers see nothing", "tape", 6, 25, 3},
		{"little is kept", "log", 6, 25, 3},
		{"one publisher", "ledger", 8, 20, 1},
		{"many publishers, little is kept", "log", 4, 20, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			p := newProperty(t, tt.topic)
			var publishers, clients sync.WaitGroup
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			for i := range tt.publish {
				publishers.Go(func() { p.publish(ctx, rand.New(rand.NewPCG(seed, uint64(i)))) })
			}
			all := make([]*recoverer, tt.clients)
			for i := range all {
				all[i] = &recoverer{property: p, random: rand.New(rand.NewPCG(seed, uint64(1000+i))), hub: i % 2, alone: i%3 == 2}
				clients.Go(func() { all[i].run(tt.rounds) })
			}
			clients.Wait()
			stop()
			publishers.Wait()
			for _, c := range all {
				c.finish()
			}
			t.Logf("%d published, %d places seen", p.published.Load(), len(p.texts))
			if len(p.texts) == 0 || tt.topic != "log" && p.recovered.Load() == 0 {
				t.Errorf("nothing was recovered, so nothing was tested")
			}
		})
	}
}

// property is a topic on two hubs with one layer.
type property struct {
	t         *testing.T
	labs      [2]*lab
	listeners [2]*pipenet.Listener
	kind      string // of the topic
	published atomic.Int64
	recovered atomic.Int64

	mu    sync.Mutex
	texts map[uint64]string // by place
}

func newProperty(t *testing.T, kind string) *property {
	p := &property{t: t, kind: kind, texts: map[uint64]string{}}
	shared := layer.NewMemory()
	t.Cleanup(func() { _ = shared.Close() })
	for i := range p.labs {
		p.labs[i] = newLab(t, labOptions{hub: chanx.HubOptions{Layer: shared}, register: registerTopics})
		p.listeners[i] = serveMemory(t, p.labs[i].mux)
	}
	return p
}

func (p *property) topic() string { return p.kind + ":x" }

// publish publishes until the context ends: events that are forwarded and, where
// the topic has them, some that handlers see.
func (p *property) publish(ctx context.Context, random *rand.Rand) {
	for ctx.Err() == nil {
		text := strconv.FormatInt(p.published.Add(1), 10)
		l := p.labs[random.IntN(2)]
		var err error
		switch {
		case p.kind != "ledger":
			err = l.topic(p.kind).Publish(context.Background(), note{text}, p.topic())
		case random.IntN(4) == 0:
			err = l.topics.ledger.Publish(context.Background(), alarm{Level: 1 + random.IntN(3)}, p.topic())
		default:
			err = l.topics.ledger.PublishParams(context.Background(), note{text}, "x")
		}
		if err != nil {
			p.t.Errorf("publishing: %v", err)
			return
		}
		if random.IntN(4) == 0 {
			<-time.After(time.Duration(random.IntN(500)) * time.Microsecond)
		}
	}
}

// recoverer is a client that remembers what it has had.
type recoverer struct {
	*property
	random *rand.Rand
	hub    int
	alone  bool // it uses the topic's own route, where that has one

	conn  *rawClient
	refs  int
	seq   uint64 // of the last frame, or where it was told to begin
	epoch string
	again bool // it is subscribed, and subscribes
}

// topicFrame is what a client has to know of a frame.
type topicFrame struct {
	Topic   string `json:"topic"`
	Ref     string `json:"ref"`
	Action  string `json:"action"`
	Seq     uint64 `json:"seq"`
	Payload struct {
		Recovered bool   `json:"recovered"`
		Seq       uint64 `json:"seq"`
		Epoch     string `json:"epoch"`
		Text      string `json:"text"`
	} `json:"payload"`
}

// run subscribes and goes away again, in all the ways that there are.
func (c *recoverer) run(rounds int) {
	for range rounds {
		if c.conn == nil && !c.connect() {
			continue
		}
		for range c.random.IntN(30) {
			if c.next() == nil {
				break
			}
		}
		switch c.random.IntN(4) {
		case 0:
			c.drop()
		case 1: // the server may close the connection meanwhile, as too slow
			<-time.After(time.Duration(c.random.IntN(2000)) * time.Microsecond)
		case 2: // which changes nothing
			if c.conn != nil {
				c.again = true
				c.ask("subscribe", "null")
				c.again = false
			}
		default:
			if c.conn != nil && c.unsubscribe() {
				c.subscribe()
			}
		}
	}
}

// finish comes back when nothing is published any more, and gets to the end.
func (c *recoverer) finish() {
	c.drop()
	c.connect()
	head := uint64(c.published.Load())
	for c.seq < head {
		if c.next() == nil {
			break
		}
	}
	if c.seq != head {
		c.t.Errorf("a client ends at %d and not at %d", c.seq, head)
	}
	c.drop()
}

// connect connects and subscribes.
func (c *recoverer) connect() bool {
	conn, err := c.listeners[c.hub].Dial(context.Background())
	if err != nil {
		c.t.Errorf("dialing: %v", err)
		return false
	}
	if !c.alone || c.kind != "log" {
		c.conn = handshakeRaw(c.t, conn, "/ws")
		return c.subscribe()
	}
	path := "/log/x"
	if c.epoch != "" {
		path += fmt.Sprintf("?recover_seq=%d&recover_epoch=%s", c.seq, c.epoch)
	}
	c.conn = handshakeRaw(c.t, conn, path)
	return c.next() != nil
}

func (c *recoverer) drop() {
	if c.conn != nil {
		c.conn.drop()
		c.conn = nil
	}
}

// send sends a frame of the framework's to the topic and reads until it is
// answered.
func (c *recoverer) ask(action, payload string) bool {
	c.refs++
	ref := strconv.Itoa(c.refs)
	c.conn.send(fmt.Sprintf(`{"topic":%q,"ref":%q,"action":%q,"payload":%s}`, c.topic(), ref, action, payload))
	for {
		f := c.next()
		if f == nil {
			return false
		}
		if f.Ref == ref {
			return true
		}
	}
}

func (c *recoverer) subscribe() bool {
	payload := "null"
	if c.epoch != "" {
		payload = fmt.Sprintf(`{"recover":{"seq":%d,"epoch":%q}}`, c.seq, c.epoch)
	}
	return c.ask("subscribe", payload)
}

func (c *recoverer) unsubscribe() bool { return c.ask("unsubscribe", "null") }

// next reads a frame and checks that it is the next one of the topic. It returns
// nil when the connection has ended.
func (c *recoverer) next() *topicFrame {
	if c.conn == nil {
		return nil
	}
	first, data, err := c.conn.readFrame()
	if err != nil || first != fin|opText {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) {
			c.t.Errorf("reading: %v", err)
		}
		c.drop()
		return nil
	}
	var f topicFrame
	if err := json.Unmarshal(data, &f); err != nil {
		c.t.Errorf("%s: %v", data, err)
	}
	switch f.Action {
	case "subscribed":
		c.subscribed(&f)
	case "unsubscribed":
	case "note", "notice":
		if f.Seq != c.seq+1 {
			c.t.Errorf("after %d came %s", c.seq, data)
		}
		c.seq = f.Seq
		c.mu.Lock()
		if text, seen := c.texts[f.Seq]; seen && text != f.Payload.Text {
			c.t.Errorf("at %d are %q and %q", f.Seq, text, f.Payload.Text)
		}
		c.texts[f.Seq] = f.Payload.Text
		c.mu.Unlock()
	default:
		c.t.Errorf("unexpected frame %s", data)
	}
	return &f
}

func (c *recoverer) subscribed(f *topicFrame) {
	if f.Topic != c.topic() || f.Payload.Epoch == "" {
		c.t.Errorf("subscribed to %q in the epoch %q", f.Topic, f.Payload.Epoch)
	}
	if c.again && f.Ref != "" && (f.Payload.Recovered || f.Payload.Seq != c.seq || f.Payload.Epoch != c.epoch) {
		c.t.Errorf("told to have had %d of %q, after %d of %q", f.Payload.Seq, f.Payload.Epoch, c.seq, c.epoch)
	}
	if f.Payload.Recovered {
		c.recovered.Add(1)
		if f.Payload.Epoch != c.epoch || f.Payload.Seq < c.seq {
			c.t.Errorf("recovered to %d of %q, after %d of %q", f.Payload.Seq, f.Payload.Epoch, c.seq, c.epoch)
		}
		return
	}
	c.seq, c.epoch = f.Payload.Seq, f.Payload.Epoch
}

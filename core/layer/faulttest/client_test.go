package faulttest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// client is a WebSocket client as a careful application has one: it connects again,
// to another process, and asks its topics for what it has missed.
type client struct {
	name   string
	ledger *ledger
	nodes  func() []*node // to which it may connect, the one it likes best first
	topics []string
	groups []string
	drink  <-chan struct{} // it reads nothing until this is closed; nil: it reads
	http   *http.Client    // nil: the default

	end   context.CancelFunc
	ended sync.WaitGroup
	conn  atomic.Pointer[websocket.Conn]
	opens atomic.Int64

	at map[string]*place // by topic
}

// place is how far a client has got a topic.
type place struct {
	Seq    uint64 `json:"seq"`
	Epoch  string `json:"epoch"`
	known  bool
	replay uint64 // up to there it comes late
}

// frame is what a server sends.
type frame struct {
	Action  string `json:"action"`
	Topic   string `json:"topic"`
	Ref     string `json:"ref"`
	Seq     uint64 `json:"seq"`
	Payload struct {
		tick
		Recovered bool   `json:"recovered"`
		Seq       uint64 `json:"seq"`
		Epoch     string `json:"epoch"`
		Reason    string `json:"reason"`
	} `json:"payload"`
}

// start connects, and stays connected until stop.
func (c *client) start() {
	ctx, cancel := context.WithCancel(context.Background())
	c.end, c.at = cancel, map[string]*place{}
	for _, topic := range c.topics {
		c.at[topic] = &place{}
	}
	c.ended.Go(func() { c.run(ctx) })
}

func (c *client) stop() {
	c.end()
	c.ended.Wait()
}

// leave closes the connection; the client goes elsewhere.
func (c *client) leave() {
	if conn := c.conn.Load(); conn != nil {
		_ = conn.CloseNow()
	}
}

// narrow returns an HTTP client whose connections take in little that is not read.
func narrow() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(16 << 10)
		}
		return conn, err
	}}}
}

func (c *client) run(ctx context.Context) {
	for turn := 0; ctx.Err() == nil; turn++ {
		nodes := c.nodes()
		if len(nodes) > 0 {
			c.session(ctx, nodes[turn%len(nodes)])
		}
		pause(ctx, 50*time.Millisecond+rand.N(50*time.Millisecond))
	}
}

// pause waits, or until the context ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// session is one connection.
func (c *client) session(ctx context.Context, n *node) {
	dialing, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(dialing, "ws://"+n.addr+"/live?groups="+strings.Join(c.groups, ","), &websocket.DialOptions{HTTPClient: c.http})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	c.opens.Add(1)
	c.conn.Store(conn)
	now := time.Now()
	for _, g := range c.groups {
		c.ledger.saw(c.name, g, happening{kind: joined, at: now, node: n.Name})
	}
	for _, topic := range c.topics {
		if c.subscribe(ctx, conn, topic) != nil {
			return
		}
	}
	if c.drink != nil {
		select {
		case <-ctx.Done():
			return
		case <-c.drink:
		}
	}
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			return
		}
		var f frame
		if err := json.Unmarshal(data, &f); err != nil {
			panic(fmt.Sprintf("a frame that is no JSON: %s", data))
		}
		if err := c.take(ctx, conn, n, &f); err != nil {
			return
		}
	}
}

// subscribe asks for a topic, from where the client is.
func (c *client) subscribe(ctx context.Context, conn *websocket.Conn, topic string) error {
	m := map[string]any{"action": "subscribe", "topic": topic, "ref": "s"}
	if at := c.at[topic]; at.known {
		m["payload"] = map[string]any{"recover": at}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return conn.Write(ctx, websocket.MessageText, text)
}

// take takes a frame.
func (c *client) take(ctx context.Context, conn *websocket.Conn, n *node, f *frame) error {
	h := happening{at: time.Now(), node: n.Name}
	at := c.at[f.Topic]
	switch f.Action {
	case "subscribed":
		h.kind, h.epoch, h.seq = toldGap, f.Payload.Epoch, f.Payload.Seq
		if f.Payload.Recovered {
			h.kind = recovered
			at.replay = f.Payload.Seq
		} else {
			at.Seq, at.replay = f.Payload.Seq, 0
		}
		at.Epoch, at.known = f.Payload.Epoch, true
		c.ledger.saw(c.name, f.Topic, h)
	case "error":
		c.ledger.refusedSubscription(f.Payload.Reason)
		if f.Payload.Reason != "unavailable" {
			return fmt.Errorf("an error of the reason %s", f.Payload.Reason)
		}
		pause(ctx, 200*time.Millisecond)
		return c.subscribe(ctx, conn, f.Topic)
	case "tick":
		t := &f.Payload.tick
		h.kind, h.from, h.n, h.end = got, t.Publisher, t.N, t.End
		h.late = h.at.Sub(t.At)
		if at != nil {
			h.epoch, h.seq = at.Epoch, f.Seq
			if f.Seq <= at.replay {
				h.late = 0
			}
			at.Seq = f.Seq
		}
		c.ledger.saw(c.name, t.Channel, h)
	}
	return nil
}

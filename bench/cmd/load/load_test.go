package main

import (
	"context"
	"encoding/json"
	"flag"
	"maps"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// fake speaks chanx and chanx-topic, and can lose or swap room messages or
// spoil echoes, so that the generator's own checks are checked.
type fake struct {
	drop, swap, spoil, mute int // every so many messages; 0 for never
	mu                      sync.Mutex
	members                 map[*websocket.Conn]chan []byte
	n                       int
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p := &fakePeer{fake: f, conn: c, queue: make(chan []byte, 4096)}
	go p.write(ctx)
	defer f.leave(c)
	if strings.Contains(r.URL.Path, "/room/") {
		f.join(p)
	}
	for {
		_, b, err := c.Read(ctx)
		if err != nil || p.handle(b) != nil {
			return
		}
	}
}

func (f *fake) join(p *fakePeer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members[p.conn] = p.queue
}

func (f *fake) leave(c *websocket.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.members, c)
}

// count numbers messages, to spoil every so many.
func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	return f.n
}

func (f *fake) broadcast(messages ...[]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, q := range f.members {
		for _, b := range messages {
			q <- b
		}
	}
}

type fakePeer struct {
	fake  *fake
	conn  *websocket.Conn
	queue chan []byte
	held  []byte // a room message that the next one overtakes
}

func (p *fakePeer) write(ctx context.Context) {
	for {
		select {
		case b := <-p.queue:
			if p.conn.Write(ctx, websocket.MessageText, b) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (p *fakePeer) handle(b []byte) error {
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	f, n := p.fake, p.fake.count()
	every := func(k int) bool { return k > 0 && n%k == 0 }
	switch m["action"] {
	case "echo":
		m["action"] = "echo_reply"
		if every(f.spoil) {
			m["payload"] = map[string]any{"text": "11111111"}
		}
		if !every(f.mute) {
			return p.send(m)
		}
	case "subscribe":
		f.join(p)
		m["action"] = "subscribed"
		return p.send(m)
	case "publish":
		b = []byte(strings.Replace(string(b), `"publish"`, `"published"`, 1))
		switch {
		case every(f.drop):
		case every(f.swap):
			p.held = b
		case p.held != nil:
			f.broadcast(b, p.held)
			p.held = nil
		default:
			f.broadcast(b)
		}
	}
	return nil
}

func (p *fakePeer) send(m map[string]any) error {
	b, err := json.Marshal(m)
	p.queue <- b
	return err
}

func drive(t *testing.T, f *fake, args map[string]string) Result {
	t.Helper()
	f.members = map[*websocket.Conn]chan []byte{}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() { _ = http.Serve(ln, f) }()
	all := map[string]string{
		"url": "ws://" + ln.Addr().String() + "/ws", "dialect": "chanx", "scenario": "echo", "c": "5", "d": "1",
		"size": "32", "rate": "0", "window": "8", "t": "300ms", "warm": "50ms", "pid": strconv.Itoa(os.Getpid()),
	}
	maps.Copy(all, args)
	g := &gen{}
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	g.cfg.register(flags)
	for k, v := range all {
		if err := flags.Set(k, v); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error)
	go func() { done <- g.run() }() // on a thread of its own
	select {
	case err = <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("stuck")
	}
	if err != nil {
		g.res.Err = err.Error()
	}
	return g.res
}

func TestSound(t *testing.T) {
	for _, a := range []map[string]string{
		{},
		{"d": "8", "size": "5000"},
		{"rate": "500"},
		{"scenario": "fanout"},
		{"scenario": "fanout", "rate": "200", "size": "500"},
		{"scenario": "fanout", "dialect": "chanx-topic"},
		{"dialect": "chanx-topic"},
	} {
		r := drive(t, &fake{}, a)
		if r.Err != "" || r.Msgs == 0 || r.Lost+r.Disorder+r.Bad != 0 || r.P50 == 0 || r.CPUPer1M == 0 {
			t.Errorf("%v: %+v", a, r)
		}
	}
}

func TestFaultsAreSeen(t *testing.T) {
	if r := drive(t, &fake{spoil: 50}, nil); r.Bad == 0 || r.Err == "" {
		t.Errorf("spoiled echo not seen: %+v", r)
	}
	if r := drive(t, &fake{mute: 50}, nil); r.Lost == 0 {
		t.Errorf("a reply that never came not seen: %+v", r)
	}
	if r := drive(t, &fake{drop: 20}, map[string]string{"scenario": "fanout", "rate": "200"}); r.Lost == 0 {
		t.Errorf("loss not seen: %+v", r)
	}
	if r := drive(t, &fake{swap: 10}, map[string]string{"scenario": "fanout"}); r.Disorder == 0 {
		t.Errorf("disorder not seen: %+v", r)
	}
}

func TestHist(t *testing.T) {
	var h hist
	for i := int64(1); i <= 100000; i++ {
		h.add(i * 1000)
	}
	for q, want := range map[float64]float64{.5: 50000, .99: 99000, .999: 99900} {
		if got := h.q(q); got < want*.98 || got > want*1.02 {
			t.Errorf("q%v = %v, want about %v", q, got, want)
		}
	}
}

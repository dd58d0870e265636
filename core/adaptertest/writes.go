package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"

	chanx "github.com/chanx-go/chanx/core"
)

// watched is a listener that knows of its connections whether they are closed, and
// how often was written to them.
type watched struct {
	net.Listener

	open   atomic.Int64 // connections
	writes atomic.Int64
	gate   sync.RWMutex // locked, no write goes on
}

func (w *watched) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w.open.Add(1)
	return &watchedConn{Conn: conn, w: w}, nil
}

type watchedConn struct {
	net.Conn

	w      *watched
	closed sync.Once
}

func (c *watchedConn) Write(p []byte) (int, error) {
	c.w.gate.RLock()
	defer c.w.gate.RUnlock()
	c.w.writes.Add(1)
	return c.Conn.Write(p)
}

func (c *watchedConn) Close() error {
	c.closed.Do(func() { c.w.open.Add(-1) })
	return c.Conn.Close()
}

// watch begins to serve on connections that are watched.
func (s *site) watch() *watched {
	s.Helper()
	l, err := new(net.ListenConfig).Listen(s.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatalf("listen: %v", err)
	}
	s.address = l.Addr().String()
	w := &watched{Listener: l}
	s.startOn(w)
	return w
}

// What has piled up behind a write goes out with the next one.
func oneWrite(k *kit) {
	const n = 100
	s := k.site(siteOptions{})
	sent := make(chan struct{})
	s.mount(s, "/ws", s.peers("peers", &hooks{note: func(ctx context.Context, p *peer, _ string) error {
		defer close(sent)
		for i := range n {
			if err := p.Send(ctx, said{fmt.Sprint(i)}); err != nil {
				return err
			}
		}
		return nil
	}}), nil)
	w := s.watch()
	c := s.open("/ws")
	c.echoed("hello")
	w.gate.Lock()
	before := w.writes.Load()
	c.send(`{"action":"note","payload":{"text":"x"}}`)
	await(s.kit, "the handler has sent", sent)
	w.gate.Unlock()
	for i := range n {
		c.expect(fmt.Sprintf(`{"action":"said","payload":{"text":"%d"}}`, i))
	}
	c.expect(`{"action":"noted","payload":null}`)
	if writes := w.writes.Load() - before; writes > 5 {
		s.Errorf("%d messages that had piled up took %d writes", n, writes)
	}
}

// Many goroutines send to one client at once: every message arrives whole, once,
// and those of one goroutine in their order.
func manyWriters(k *kit) {
	const writers, each = 50, 20
	s := k.site(siteOptions{})
	var all sync.WaitGroup
	s.mount(s, "/ws", s.peers("peers", &hooks{
		options: chanx.ConsumerOptions{Limits: chanx.Limits{QueueBytes: 8 << 20}},
		note: func(_ context.Context, p *peer, text string) error {
			for w := range writers {
				all.Go(func() {
					for i := range each {
						if err := p.Send(context.Background(), said{fmt.Sprintf("%d %d %s", w, i, text)}); err != nil {
							s.Errorf("Send: %v", err)
						}
					}
				})
			}
			return nil
		},
	}), nil)
	s.start()
	c := s.open("/ws")
	text := strings.Repeat("z", 500)
	c.send(`{"action":"note","payload":{"text":"` + text + `"}}`)
	var next [writers]int
	for n := 0; n < writers*each; {
		got := c.next()
		if got == `{"action":"noted","payload":null}` {
			continue
		}
		var w, i int
		if _, err := fmt.Sscanf(got, `{"action":"said","payload":{"text":"%d %d z`, &w, &i); err != nil || !strings.HasSuffix(got, text+`"}}`) {
			s.Fatalf("got %s", brief(got))
		}
		if i != next[w] {
			s.Fatalf("message %d of goroutine %d came in place of %d", i, w, next[w])
		}
		next[w]++
		n++
	}
	all.Wait()
	c.echoed("still there")
}

// A context that has ended is the send's, and not the connection's.
func givenUp(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", &hooks{note: func(ctx context.Context, p *peer, _ string) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		for range 200 {
			if err := p.Send(ctx, said{"too late"}); !errors.Is(err, context.Canceled) {
				return fmt.Errorf("the send with a context that has ended: %w", err)
			}
		}
		return nil
	}}), nil)
	s.start()
	c := s.open("/ws")
	for range 3 {
		c.send(`{"action":"note","payload":{"text":"x"}}`)
		c.expect(`{"action":"noted","payload":null}`)
		c.echoed("still there")
	}
}

// However a connection ends, or isn't opened at all, the server has let go of it in
// the end.
func allClosed(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", &hooks{note: func(_ context.Context, p *peer, _ string) error {
		p.Close(4000, "enough")
		return nil
	}}), nil)
	s.mount(s, "/never", s.peers("never", &hooks{open: func(context.Context, *chanx.Conn) error {
		return chanx.Errorf(chanx.Forbidden, "no")
	}}), nil)
	w := s.watch()
	for _, how := range []func(c *client){
		func(c *client) { c.drop() },
		func(c *client) { _ = c.conn.(*net.TCPConn).CloseWrite() },
		func(c *client) { _ = c.conn.(*net.TCPConn).SetLinger(0); c.drop() },
		func(c *client) { c.close(1000); c.ends(1000) },
		func(c *client) { c.write("\x83\x00"); c.ends(int(chanx.CloseProtocolError)) },
		func(c *client) { c.send(`{"action":"note","payload":{"text":"x"}}`); c.ends(4000) },
	} {
		c := s.open("/ws")
		c.echoed("hello")
		how(c)
	}
	s.refused("/never", 0)
	c := s.connect()
	c.write(handshake(s.address, "/ws"))
	c.drop()
	s.nobodyLeft()
	s.eventually("every connection is closed", func() bool { return w.open.Load() == 0 })
	last := s.open("/ws")
	// The client that hung up during its handshake may have been in the server's
	// backlog until now, and not counted.
	s.eventually("no connection is open but the one in use", func() bool { return w.open.Load() == 1 })
	go s.end()
	for got := last.next(); got != "end"; got = last.next() {
		if !strings.HasPrefix(got, "close 1012") {
			s.Errorf("got %s", brief(got))
		}
	}
}

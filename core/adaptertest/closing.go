package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

func closingCases() []testCase {
	return []testCase{
		{name: "closing/by the server", run: closedByServer},
		{name: "closing/client that does not answer", run: closeUnanswered},
		{name: "closing/client that does not read", run: closeUnread},
		{name: "closing/by the client", run: closedByClient},
		{name: "closing/client that hangs up", run: hangUp},
		{name: "closing/client gone during a handler", run: goneDuringHandler},
		{name: "closing/panic in a handler", run: panicInHandler},
		{name: "closing/panic of nobody's", run: abruptHandlers},
		{name: "closing/every connection in the end", run: allClosed},
		{name: "limits/slow reader", run: slowReader},
		{name: "limits/silent client", run: silentClient},
		{name: "limits/idle client", run: idleClient},
		{name: "limits/pings keep alive", run: keptAlive},
	}
}

// ending is a consumer whose connections tell of their end, and close themselves
// when they are sent a note.
type ending struct {
	hooks

	reasons chan *chanx.CloseError
	conns   chan *peer
}

func newEnding(limits chanx.Limits) *ending {
	e := &ending{reasons: make(chan *chanx.CloseError, 64), conns: make(chan *peer, 64)}
	e.options.Limits = limits
	e.closed = func(_ *peer, why *chanx.CloseError) { e.reasons <- why }
	e.note = func(_ context.Context, p *peer, text string) error {
		e.conns <- p
		if text == "close" {
			p.Close(4000, "enough")
		}
		return nil
	}
	return e
}

// conn returns the server's end of a client's connection.
func (e *ending) conn(c *client) *peer {
	c.Helper()
	ask[noted](c, "note", note{"hold"})
	return await(c.kit, "the note is handled", e.conns)
}

// once fails the test unless OnClose runs once, and is told that.
func (e *ending) once(s *site, code chanx.CloseCode, remote bool) {
	s.Helper()
	why := await(s.kit, "OnClose has run", e.reasons)
	if why.Code != code || why.Remote != remote {
		s.Errorf("OnClose was told %v, by the client: %v; want %d, %v", why, why.Remote, code, remote)
	}
	if len(e.reasons) > 0 {
		s.Errorf("OnClose has run again, with %v", <-e.reasons)
	}
}

func (k *kit) ending(limits chanx.Limits) (*site, *ending) {
	s, e := k.site(siteOptions{}), newEnding(limits)
	s.mount(s, "/ws", s.peers("peers", &e.hooks), nil)
	s.start()
	return s, e
}

// Close closes: the client gets the code, and then the end.
func closedByServer(k *kit) {
	s, e := k.ending(chanx.Limits{})
	c, well := s.open("/ws"), s.open("/ws")
	p := e.conn(c)
	p.Close(4000, "enough")
	c.expect("close 4000 enough", "end")
	e.once(s, 4000, false)
	if err := p.Send(context.Background(), said{"too late"}); !errors.Is(err, chanx.ErrClosed) {
		s.Errorf("Send afterwards: %v", err)
	}
	if _, ok := errors.AsType[*chanx.CloseError](context.Cause(p.Context())); !ok {
		s.Errorf("the context ended with %v", context.Cause(p.Context()))
	}
	other := s.open("/ws")
	other.send(`{"action":"note","payload":{"text":"close"}}`)
	other.ends(4000)
	well.echoed("still there")
}

func closeUnanswered(k *kit) {
	s, e := k.ending(chanx.Limits{CloseTimeout: 300 * time.Millisecond})
	c := s.open("/ws")
	c.mute = true
	p := e.conn(c)
	start := time.Now()
	p.Close(4000, "enough")
	c.expect("close 4000 enough", "end")
	if d := time.Since(start); d < 250*time.Millisecond || d > 5*time.Second {
		s.Errorf("the client was cut after %v", d)
	}
	e.once(s, 4000, false)
	s.nobodyLeft()
}

// bulky is a message that fills buffers.
var bulky = said{strings.Repeat("z", 256<<10)}

func closeUnread(k *kit) {
	s, e := k.ending(chanx.Limits{QueueBytes: 64 << 20, WriteTimeout: 300 * time.Millisecond, CloseTimeout: 300 * time.Millisecond})
	c, well := s.open("/ws"), s.open("/ws")
	p := e.conn(c)
	for range 100 { // more than any system's buffers
		if err := p.Send(context.Background(), bulky); err != nil {
			break
		}
	}
	p.Close(4000, "enough")
	_ = await(s.kit, "OnClose has run", e.reasons)
	well.echoed("still there")
	for range 200 {
		if c.next() == "end" {
			return
		}
	}
	s.Errorf("the connection does not end")
}

func closedByClient(k *kit) {
	s, e := k.ending(chanx.Limits{})
	for _, code := range []int{1000, 1001, 4321} {
		c := s.open("/ws")
		c.echoed("hello")
		c.close(code)
		c.ends(code)
		e.once(s, chanx.CloseCode(code), true)
	}
	s.nobodyLeft()
}

func hangUp(k *kit) {
	s, e := k.ending(chanx.Limits{})
	for _, how := range []func(c *client){
		func(c *client) { c.drop() },
		func(c *client) { c.write("\x81"); c.drop() },
		func(c *client) { _ = c.conn.(*net.TCPConn).SetLinger(0); c.drop() },
		func(c *client) { _ = c.conn.(*net.TCPConn).CloseWrite() },
	} {
		c := s.open("/ws")
		c.echoed("hello")
		how(c)
		e.once(s, chanx.CloseAbnormal, false)
	}
	s.nobodyLeft()
}

// A handler whose client goes away may end, and the next clients are served
// meanwhile.
func goneDuringHandler(k *kit) {
	s := k.site(siteOptions{})
	began, goOn, closed := make(chan struct{}), make(chan struct{}), make(chan chanx.CloseCode, 1)
	s.mount(s, "/ws", s.peers("peers", &hooks{
		note: func(ctx context.Context, p *peer, _ string) error {
			close(began)
			<-goOn
			_ = p.Send(ctx, said{"to nobody"})
			return nil
		},
		closed: func(_ *peer, why *chanx.CloseError) { closed <- why.Code },
	}), nil)
	s.mount(s, "/well", s.peers("well", nil), nil)
	s.start()
	c := s.open("/ws")
	c.send(`{"action":"note","payload":{"text":"x"}}`)
	await(s.kit, "the handler runs", began)
	c.drop()
	s.open("/well").echoed("hello")
	close(goOn)
	if code := await(s.kit, "OnClose has run", closed); code != chanx.CloseAbnormal {
		s.Errorf("OnClose was told %d", code)
	}
}

// A panic in a handler is told like any failure, and the connection goes on.
func panicInHandler(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", &hooks{note: func(_ context.Context, _ *peer, text string) error {
		if text == "panic" {
			panic("the password is secret")
		}
		return errors.New("the password is secret")
	}}), nil)
	s.start()
	c, well := s.open("/ws"), s.open("/ws")
	for _, text := range []string{"panic", "error"} {
		c.send(fmt.Sprintf(`{"action":"note","ref":"1","payload":{"text":%q}}`, text))
		c.expect(`{"ref":"1","action":"error","payload":{"reason":"internal","detail":"the server failed"}}`)
	}
	c.echoed("still there")
	well.echoed("still there")
	if log := s.hubLog.String(); strings.Count(log, "the password is secret") < 2 || !strings.Contains(log, "panicInHandler") {
		s.Errorf("the hub's log does not have both, and the stack: %s", log)
	}
}

// abruptHandlers panic where nobody waits for an answer: in OnClose.
func abruptHandlers(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", &hooks{closed: func(*peer, *chanx.CloseError) { panic("in OnClose") }}), nil)
	s.start()
	for range 3 {
		c := s.open("/ws")
		c.echoed("hello")
		c.close(1000)
		c.ends(1000)
	}
	s.nobodyLeft()
	s.open("/ws").echoed("well")
	s.eventually("the panics are logged", func() bool { return strings.Count(s.hubLog.String(), "in OnClose") >= 3 })
}

// A client that reads too slowly is closed with 4409; it holds up nobody.
func slowReader(k *kit) {
	s, e := k.ending(chanx.Limits{QueueBytes: 1 << 20, WriteTimeout: time.Second, MessageBytes: 1 << 20})
	s.open("/ws").drop()
	_ = await(s.kit, "OnClose has run", e.reasons)
	slow, well := s.open("/ws"), s.open("/ws")
	slow.echoed("hello")
	text := strings.Repeat("z", 256<<10)
	for range 200 { // more than any system's buffers
		well.send(`{"action":"say","payload":{"text":"` + text + `"}}`)
		well.expect(`{"action":"said","payload":{"text":"` + text + `"}}`)
		if len(e.reasons) > 0 {
			break
		}
	}
	e.once(s, chanx.CloseTooSlow, false)
	well.echoed("still there")
}

func silentClient(k *kit) {
	s, e := k.ending(chanx.Limits{PingInterval: 100 * time.Millisecond, PongTimeout: 200 * time.Millisecond, CloseTimeout: 100 * time.Millisecond})
	c := s.open("/ws")
	c.mute = true
	for got := c.next(); got != "end"; got = c.next() {
		if got != "ping" && !strings.HasPrefix(got, "close 4408") {
			s.Errorf("got %s", brief(got))
		}
	}
	e.once(s, chanx.CloseTimeout, false)
}

func idleClient(k *kit) {
	s, e := k.ending(chanx.Limits{PingInterval: 50 * time.Millisecond, IdleTimeout: 400 * time.Millisecond})
	c := s.open("/ws")
	pings := 0
	got := c.next()
	for ; got == "ping"; got = c.next() {
		pings++
	}
	if pings == 0 || !strings.HasPrefix(got, "close 4408") {
		s.Errorf("got %d pings and %s", pings, brief(got))
	}
	c.expect("end")
	e.once(s, chanx.CloseTimeout, false)
}

func keptAlive(k *kit) {
	s, e := k.ending(chanx.Limits{PingInterval: 50 * time.Millisecond, PongTimeout: 500 * time.Millisecond})
	c := s.open("/ws")
	for range 3 {
		c.expect("ping")
	}
	c.echoed("still there")
	c.close(1000)
	for got := c.next(); got != "close 1000"; got = c.next() {
		if got != "ping" {
			s.Fatalf("got %s", brief(got))
		}
	}
	e.once(s, 1000, true)
}

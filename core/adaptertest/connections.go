package adaptertest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// A client that goes away while open runs leaves nothing behind. Where the
// framework tells, open's context has ended.
func goneInOpen(k *kit) {
	s := k.site(siteOptions{})
	began, goOn := make(chan struct{}, 8), make(chan struct{})
	reasons := make(chan chanx.CloseCode, 8)
	c := s.peers("peers", &hooks{
		open: func(context.Context, *chanx.Conn) error {
			began <- struct{}{}
			<-goOn
			return nil
		},
		closed: func(_ *peer, why *chanx.CloseError) { reasons <- why.Code },
	})
	s.mount(s, "/ws", c, nil)
	s.mount(s, "/well", s.peers("well", nil), nil)
	s.start()
	const clients = 4
	for range clients {
		gone := s.connect()
		gone.write(handshake(s.address, "/ws"))
		await(s.kit, "open runs", began)
		gone.drop()
	}
	close(goOn)
	s.nobodyLeft()
	for len(reasons) > 0 {
		if code := <-reasons; code != chanx.CloseAbnormal {
			s.Errorf("OnClose was told %d", code)
		}
	}
	s.open("/well").echoed("well")
}

// An open that takes too long is given up, and the client told to come back.
func openTooLong(k *kit) {
	s := k.site(siteOptions{})
	h := &hooks{options: chanx.ConsumerOptions{Limits: chanx.Limits{HandshakeTimeout: 100 * time.Millisecond}}}
	h.open = func(ctx context.Context, _ *chanx.Conn) error {
		<-ctx.Done()
		return ctx.Err()
	}
	s.mount(s, "/ws", s.peers("peers", h), nil)
	s.start()
	s.isError(s.refused("/ws", http.StatusServiceUnavailable), chanx.Unavailable, "opening the connection took too long")
	s.nobodyLeft()
}

// What a connection was used for before its handshake is nothing to the socket: not
// even a handshake that was refused.
func usedBefore(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/rooms/{room}", s.peers("peers", &hooks{open: func(_ context.Context, conn *chanx.Conn) error {
		if conn.PathValue("room") == "locked" {
			return chanx.Errorf(chanx.Forbidden, "it is locked")
		}
		return nil
	}}), nil)
	s.Get(s.pattern("/plain"), func(c Context) error { return c.Answer(http.StatusOK, "plain "+c.Header("X-Tag")) })
	s.start()
	c := s.connect()
	ask := func(request string) answer {
		c.write(request)
		a := c.answered()
		if strings.EqualFold(a.header.Get("Connection"), "close") {
			c = s.connect()
		}
		return a
	}
	for i := range 3 {
		a := ask(fmt.Sprintf("GET /plain HTTP/1.1\r\nHost: %s\r\nX-Tag: %d\r\n\r\n", s.address, i))
		if a.status != http.StatusOK || a.body != fmt.Sprint("plain ", i) {
			s.Errorf("the plain route answers with %d %q", a.status, a.body)
		}
		if a := ask(handshake(s.address, "/rooms/locked", "X-Tag: locked")); a.status != http.StatusForbidden {
			s.Errorf("the handshake is answered with %d %s", a.status, a.body)
		}
	}
	c.write(handshake(s.address, "/rooms/open?q=1", "X-Tag: open"))
	if a := c.answered(); a.status != http.StatusSwitchingProtocols {
		s.Fatalf("the handshake is answered with %d %s", a.status, a.body)
	}
	want := facts{Values: map[string]string{"room": "open"}, Bound: bound{Query: "1", Header: "open"}}
	if got := c.know("room"); !got.equal(want) {
		s.Errorf("the connection knows %+v, want %+v", got, want)
	}
}

// Connections that are lost anywhere, in a handshake or in a frame, leave nothing
// behind, and don't concern others.
func droppedAnywhere(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	well := s.open("/ws")
	message := string(masked(fin|opText, []byte(`{"action":"say","payload":{"text":"hello"}}`)))
	request := handshake(s.address, "/ws")
	all := request + message + message + message
	var clients sync.WaitGroup
	const drops = 120
	for i := range drops {
		clients.Go(func() {
			c, err := s.tryConnect()
			if err != nil {
				s.Errorf("connect: %v", err)
				return
			}
			n := len(all) * (i + 1) / drops
			_, _ = c.conn.Write([]byte(all[:n]))
			if n >= len(request) {
				_, _ = c.conn.Read(make([]byte, 512)) // the server has it
			}
			if i%2 == 0 {
				_ = c.conn.(*net.TCPConn).SetLinger(0) // reset
			}
			c.drop()
		})
		if i%10 == 0 {
			clients.Wait()
		}
	}
	clients.Wait()
	s.eventually("the others have gone", func() bool { return s.hub.Connections() == 1 })
	well.echoed("still there")
}

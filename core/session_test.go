package chanx_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// chatty is a socket whose client sends a message now and then and answers
// nothing.
type chatty struct {
	used   atomic.Int64 // calls of its methods
	closed chan struct{}
	once   func() // closes closed
}

func newChatty() *chatty {
	s := &chatty{closed: make(chan struct{})}
	var done atomic.Bool
	s.once = func() {
		if !done.Swap(true) {
			close(s.closed)
		}
	}
	return s
}

func (s *chatty) Serve(message func(bool, []byte) error, _ func(byte, []byte)) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-s.closed:
			return &chanx.CloseError{Code: chanx.CloseAbnormal}
		case <-ticker.C:
			if err := message(false, []byte(`{"action":"ping"}`)); err != nil {
				return err
			}
		}
	}
}

func (s *chatty) TryWrite(frames []byte) (int, error) { s.used.Add(1); return len(frames), nil }

func (s *chatty) Write(frames []byte, _ time.Time) (int, error) {
	s.used.Add(1)
	return len(frames), nil
}

func (s *chatty) Close() error { s.used.Add(1); s.once(); return nil }

// session opens a connection of a hub of its own, without a socket.
func session(t *testing.T, test func(t *testing.T, hub *chanx.Hub, s *chanx.Session, conn *chanx.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		hub := chanx.NewHub(&chanx.HubOptions{Logger: discard})
		var conn *chanx.Conn
		c := chanx.NewConsumer(hub, "session", func(_ context.Context, c *chanx.Conn) (*chanx.Conn, error) {
			conn = c
			return c, nil
		}, nil)
		s, err := chanx.Mount(c, "/").Open(&chanx.Handshake{Request: upgradeRequest("/")})
		if err != nil {
			t.Fatal(err)
		}
		test(t, hub, s, conn)
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// After Run the socket belongs to the adapter again, which may use it for
// another client.
func TestRunLetsGoOfTheSocket(t *testing.T) {
	session(t, func(t *testing.T, _ *chanx.Hub, s *chanx.Session, conn *chanx.Conn) {
		socket := newChatty()
		time.AfterFunc(time.Minute, socket.once)
		s.Run(socket)
		before := socket.used.Load()
		if err := conn.Send(t.Context(), pong{}); !errors.Is(err, chanx.ErrClosed) {
			t.Errorf("Send: %v", err)
		}
		conn.Close(chanx.CloseNormal, "")
		<-time.After(time.Minute)
		if n := socket.used.Load() - before; n > 0 {
			t.Errorf("the socket was used %d times after Run", n)
		}
	})
}

// A connection that Shutdown cuts while it is being upgraded ends.
func TestRunAfterTheCut(t *testing.T) {
	session(t, func(t *testing.T, hub *chanx.Hub, s *chanx.Session, _ *chanx.Conn) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := hub.Shutdown(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Shutdown: %v", err)
		}
		socket := newChatty()
		time.AfterFunc(time.Hour, socket.once)
		start := time.Now()
		s.Run(socket)
		if d := time.Since(start); d > 0 {
			t.Errorf("the connection lived for %v", d)
		}
	})
}

func TestSendAfterDiscard(t *testing.T) {
	session(t, func(t *testing.T, _ *chanx.Hub, s *chanx.Session, conn *chanx.Conn) {
		s.Discard(errors.New("no upgrade"))
		if err := conn.Send(t.Context(), pong{}); !errors.Is(err, chanx.ErrClosed) {
			t.Errorf("Send: %v", err)
		}
	})
}

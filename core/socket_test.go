package chanx_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// fakeSocket is a transport in memory. It plays a list of messages and then waits
// until it is closed, or ends at once where stay is false.
type fakeSocket struct {
	play   func(message func(binary bool, data []byte) error, control func(opcode byte, data []byte)) error
	try    func(frames []byte) (int, error) // takes everything where it is nil
	closed chan struct{}
	once   sync.Once

	mu  sync.Mutex
	out bytes.Buffer
}

func newFakeSocket(texts ...string) *fakeSocket {
	s := &fakeSocket{closed: make(chan struct{})}
	s.play = func(message func(bool, []byte) error, _ func(byte, []byte)) error {
		for _, text := range texts {
			if err := message(false, []byte(text)); err != nil {
				return err
			}
		}
		return &chanx.CloseError{Code: chanx.CloseNormal, Remote: true}
	}
	return s
}

func (s *fakeSocket) Serve(message func(bool, []byte) error, control func(byte, []byte)) error {
	return s.play(message, control)
}

func (s *fakeSocket) TryWrite(b []byte) (int, error) {
	if s.try != nil {
		return s.try(b)
	}
	return s.take(b)
}

func (s *fakeSocket) take(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(b)
}

func (s *fakeSocket) Write(b []byte, _ time.Time) (int, error) { return s.take(b) }

func (s *fakeSocket) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// sent returns what was written, in words.
func (s *fakeSocket) sent(t testing.TB) []string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	c := &rawClient{br: bufio.NewReader(bytes.NewReader(s.out.Bytes()))}
	for {
		first, data, err := c.readFrame()
		if err != nil {
			return all
		}
		all = append(all, describeFrame(first, data))
	}
}

// runSocket runs a lab's connection on a socket, to its end.
func runSocket(t testing.TB, l *lab, socket chanx.Socket) {
	t.Helper()
	session, err := l.hub.Endpoints()[0].Open(&chanx.Handshake{Request: upgradeRequest("/ws")})
	if err != nil {
		t.Fatal(err)
	}
	session.Run(socket)
}

func TestSocket(t *testing.T) {
	l := newLab(t, labOptions{})
	s := newFakeSocket(`{"ref":"1","action":"ping"}`, `{"action":"echo","payload":{"text":"x"}}`)
	runSocket(t, l, s)
	want := []string{`{"ref":"1","action":"pong","payload":null}`, `{"action":"echoed","payload":{"text":"x"}}`, "close 1000"}
	if got := s.sent(t); !slices.Equal(got, want) {
		t.Errorf("sent %q", got)
	}
	select {
	case <-s.closed:
	default:
		t.Error("the socket was not closed")
	}
	if got := l.journal.take(); !slices.Equal(got, []string{"echo x", "closed: connection closed with 1000 by the client"}) {
		t.Errorf("got %q", got)
	}
}

// A socket that takes some bytes of a frame gets the rest before anything else.
func TestSocketThatTakesParts(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		s := newFakeSocket(`{"action":"ping"}`, `{"ref":"2","action":"ping"}`, `{"ref":"3","action":"count","payload":{"to":20}}`)
		n := 0
		s.try = func(b []byte) (int, error) {
			n++
			return s.take(b[:min(len(b), n%7)])
		}
		play := s.play
		s.play = func(message func(bool, []byte) error, control func(byte, []byte)) error {
			err := play(message, control)
			<-time.After(time.Second) // for the stream
			return err
		}
		runSocket(t, l, s)
		got := s.sent(t)
		if len(got) != 24 || got[0] != `{"action":"pong","payload":null}` || got[22] != `{"ref":"3","action":"stream_end","payload":null}` || got[23] != "close 1000" {
			t.Errorf("sent %q", got)
		}
	})
}

func TestSocketThatFails(t *testing.T) {
	broken := errors.New("broken pipe")
	for name, try := range map[string]func([]byte) (int, error){
		"at once": func([]byte) (int, error) { return 0, broken },
		"later":   func([]byte) (int, error) { return 0, nil },
	} {
		bubble(t, labOptions{}, func(t *testing.T, l *lab) {
			s := &failingSocket{fakeSocket: newFakeSocket(), err: broken}
			s.try = try
			s.play = func(message func(bool, []byte) error, _ func(byte, []byte)) error {
				_ = message(false, []byte(`{"action":"ping"}`))
				<-s.closed
				return &chanx.CloseError{Code: chanx.CloseAbnormal}
			}
			runSocket(t, l, s)
			if got := l.journal.take(); len(got) != 1 || got[0] != "closed: connection closed with 1006: broken pipe" {
				t.Errorf("%s: %q", name, got)
			}
		})
	}
}

// failingSocket fails to write.
type failingSocket struct {
	*fakeSocket
	err error
}

func (s *failingSocket) Write([]byte, time.Time) (int, error) { return 0, s.err }

// The error of a socket whose Serve returns something else is kept.
func TestSocketErrors(t *testing.T) {
	l := newLab(t, labOptions{})
	s := newFakeSocket()
	s.play = func(func(bool, []byte) error, func(byte, []byte)) error { return os.ErrDeadlineExceeded }
	runSocket(t, l, s)
	if got := l.journal.take(); !slices.Equal(got, []string{"closed: connection closed with 1006: i/o timeout"}) {
		t.Errorf("got %q", got)
	}
}

func TestDiscard(t *testing.T) {
	l := newLab(t, labOptions{})
	session, err := l.hub.Endpoints()[0].Open(&chanx.Handshake{Request: upgradeRequest("/ws")})
	if err != nil {
		t.Fatal(err)
	}
	session.Discard(errors.New("no hijacking"))
	if got := l.journal.take(); !slices.Equal(got, []string{"closed: connection closed with 1006 (the upgrade failed): no hijacking"}) {
		t.Errorf("got %q", got)
	}
	if l.hub.Connections() != 0 {
		t.Error("the connection is left")
	}
}

// A connection can be closed from anywhere between open and the upgrade.
func TestCloseBeforeTheSocket(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		session, err := l.hub.Endpoints()[0].Open(&chanx.Handshake{Request: upgradeRequest("/ws")})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- l.hub.Shutdown(context.Background()) }()
		synctest.Wait()
		s := newFakeSocket(`{"action":"echo","payload":{"text":"x"}}`)
		session.Run(s)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := s.sent(t); len(got) != 1 || !retryIn.MatchString(got[0][len("close 1012 "):]) {
			t.Errorf("sent %q", got)
		}
	})
}

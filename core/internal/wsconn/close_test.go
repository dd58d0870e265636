package wsconn_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chanx-go/chanx/core/internal/wsconn"
)

// isClosed says whether an error is what a closed connection gives.
func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }

func TestCloseEndsServe(t *testing.T) {
	mid := frame(0x01, "half a message")
	tests := []struct {
		name  string
		sent  []byte
		calls int // callbacks to await before Close
	}{
		{"idle", nil, 0},
		{"after a message", frame(0x81, "a"), 1},
		{"within a frame", frame(0x81, "abc")[:7], 0},
		{"within a message", mid, 0},
		{"within a large one", append(frame(0x81, "a"), frame(0x82, strings.Repeat("x", 30_000))[:20_000]...), 1},
	}
	onEach(t, func(t *testing.T, kind string) {
		for _, tt := range tests {
			s := open(t, kind, wsconn.Options{}, "")
			s.serve(nil)
			s.send(tt.sent, 1<<20)
			for range tt.calls {
				<-s.events
			}
			hungUp := s.drain()
			if err := s.c.Close(); err != nil {
				t.Errorf("%s: Close: %v", tt.name, err)
			}
			if err := <-s.err; !isClosed(err) || ended(err) != "1006" {
				t.Errorf("%s: ended with %v", tt.name, err)
			}
			if rest := <-hungUp; rest != "" {
				t.Errorf("%s: the client read %q", tt.name, rest)
			}
			s.checkClosed(t)
		}
	})
}

// drain reads the client's end until it ends, hangs up, and sends what it read.
func (s *session) drain() <-chan string {
	done := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(s.br)
		_ = s.client.Close()
		done <- string(b)
	}()
	return done
}

// checkClosed checks that a closed connection does nothing more.
func (s *session) checkClosed(t *testing.T) {
	t.Helper()
	if n, err := s.c.TryWrite([]byte("x")); n != 0 || !isClosed(err) {
		t.Errorf("TryWrite after Close: %d, %v", n, err)
	}
	if n, err := s.c.Write([]byte("x"), time.Now().Add(time.Hour)); n != 0 || !isClosed(err) {
		t.Errorf("Write after Close: %d, %v", n, err)
	}
	if err := s.c.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if !s.c.PeerGone() {
		t.Error("the peer of a closed connection is there")
	}
}

func TestCloseWithinACallback(t *testing.T) {
	onEach(t, func(t *testing.T, kind string) {
		s := open(t, kind, wsconn.Options{}, "")
		s.serve(func(string) error { return s.c.Close() })
		hungUp := s.drain()
		s.send(append(frame(0x81, "a"), frame(0x81, "not seen")...), 1<<20)
		if err := <-s.err; !isClosed(err) {
			t.Errorf("ended with %v", err)
		}
		<-hungUp
		if got := s.transcript(); len(got) != 1 {
			t.Errorf("called: %q", got)
		}
		s.checkClosed(t)
	})
}

// A callback's panic passes through, and leaves a connection that can be closed.
func TestCloseAfterAPanic(t *testing.T) {
	onEach(t, func(t *testing.T, kind string) {
		s := open(t, kind, wsconn.Options{}, "")
		value := make(chan any)
		go func() {
			defer func() { value <- recover() }()
			_ = s.c.Serve(func(bool, []byte) error { panic("a bug") }, nil)
		}()
		s.send(frame(0x81, "a"), 100)
		if v := <-value; v != "a bug" {
			t.Errorf("recovered %v", v)
		}
		hungUp := s.drain()
		_ = s.c.Close()
		<-hungUp
		s.checkClosed(t)
	})
}

func TestCloseBeforeServe(t *testing.T) {
	onEach(t, func(t *testing.T, kind string) {
		s := open(t, kind, wsconn.Options{}, "")
		hungUp := s.drain()
		_ = s.c.Close()
		if err := s.c.Serve(nil, nil); !isClosed(err) {
			t.Errorf("Serve: %v", err)
		}
		<-hungUp
		s.checkClosed(t)
	})
}

// After Serve the close frame that it asked for can be written, and it reaches a
// client that is still sending, however much.
func TestCloseAfterServe(t *testing.T) {
	onEach(t, func(t *testing.T, kind string) {
		s := open(t, kind, wsconn.Options{ReadLimit: 1000}, "")
		s.serve(nil)
		hungUp := s.drain()
		go s.send(frame(0x82, strings.Repeat("x", 4<<20)), 1<<10)
		if got := ended(<-s.err); got != "1009" {
			t.Errorf("ended with %s", got)
		}
		bye := "\x88\x02\x03\xf1"
		if _, err := s.c.Write([]byte(bye), time.Now().Add(time.Second)); err != nil {
			t.Errorf("Write: %v", err)
		}
		_ = s.c.Close()
		if got := <-hungUp; got != bye {
			t.Errorf("the client read %q, want %q", got, bye)
		}
		s.checkClosed(t)
	})
}

// A close frame written just before Close from elsewhere reaches a client that is
// still sending.
func TestCloseKeepsWhatWasWritten(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls"} {
		t.Run(kind, func(t *testing.T) {
			s := open(t, kind, wsconn.Options{}, "")
			busy, free := make(chan bool), make(chan bool)
			s.serve(func(string) error { busy <- true; <-free; return nil })
			hungUp := s.drain()
			go s.send(bytes.Repeat(frame(0x81, strings.Repeat("x", 9_000)), 1_000), 1<<20)
			<-busy
			bye := "\x88\x02\x03\xe8"
			if _, err := s.c.Write([]byte(bye), time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			_ = s.c.Close()
			if got := <-hungUp; got != bye { // while the handler still runs
				t.Errorf("the client read %q, want %q", got, bye)
			}
			close(free)
			if err := <-s.err; !isClosed(err) {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func TestCloseFromEverywhereAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, kind string) {
		for range 20 {
			s := open(t, kind, wsconn.Options{}, "")
			hungUp := s.drain()
			var all sync.WaitGroup
			all.Go(func() { _ = s.c.Serve(func(bool, []byte) error { return s.c.Close() }, nil) })
			for range 4 {
				all.Go(func() { _ = s.c.Close() })
			}
			all.Go(func() {
				for {
					if _, err := s.c.Write([]byte("\x81\x00"), time.Now().Add(time.Second)); err != nil {
						return
					}
					if _, err := s.c.TryWrite([]byte("\x81\x00")); err != nil {
						return
					}
				}
			})
			all.Go(func() { s.send(frame(0x81, "a"), 100) })
			all.Wait()
			<-hungUp
			s.checkClosed(t)
		}
	})
}

func TestWriteWaitsUntilItsDeadline(t *testing.T) {
	onEach(t, func(t *testing.T, kind string) {
		s := open(t, kind, wsconn.Options{}, "")
		big := make([]byte, 64<<20) // more than any socket takes
		n, err := s.c.TryWrite(big)
		if tells := kind == "tcp" || kind == "unix"; err != nil || n == len(big) || (n > 0) != tells {
			t.Errorf("TryWrite: %d, %v", n, err)
		}
		if n, err := s.c.TryWrite(big); n == len(big) || err != nil {
			t.Errorf("TryWrite on a full socket: %d, %v", n, err)
		}
		start := time.Now()
		if _, err := s.c.Write(big, start.Add(20*time.Millisecond)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", err)
		}
		if d := time.Since(start); d < 20*time.Millisecond || d > 2*time.Second {
			t.Errorf("Write took %v", d)
		}
		if _, err := s.c.TryWrite([]byte("x")); err != nil {
			t.Errorf("TryWrite after a deadline has passed: %v", err)
		}
		done := make(chan error)
		go func() {
			_, err := s.c.Write(big, time.Time{})
			done <- err
		}()
		_ = s.c.Close()
		if err := <-done; !isClosed(err) && kind != "tls" { // TLS has failed at the deadline, for good
			t.Errorf("Write during Close: %v", err)
		}
	})
}

// A peer that neither reads nor hangs up holds a closed connection for a second.
func TestCloseDoesNotLingerForLong(t *testing.T) {
	s := open(t, "tcp", wsconn.Options{}, "")
	s.serve(nil)
	s.send(frame(0x81, "a"), 100)
	<-s.events
	start := time.Now()
	_ = s.c.Close()
	if err := <-s.err; !isClosed(err) {
		t.Errorf("ended with %v", err)
	}
	if d := time.Since(start); d < time.Second/2 || d > 3*time.Second {
		t.Errorf("Serve returned after %v", d)
	}
}

// A pipe can't be closed in one direction and is not lingered on.
func TestCloseOfAPipeIsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, "pipe", wsconn.Options{}, "")
		s.serve(nil)
		synctest.Wait()
		start := time.Now()
		_ = s.c.Close()
		<-s.err
		if d := time.Since(start); d != 0 {
			t.Errorf("Serve returned after %v", d)
		}
	})
}

func TestPeerGone(t *testing.T) {
	for _, kind := range []string{"tcp", "unix"} {
		t.Run(kind, func(t *testing.T) {
			s := open(t, kind, wsconn.Options{}, "")
			if s.c.PeerGone() {
				t.Error("gone before anything")
			}
			seen := make(chan bool)
			s.serve(func(string) error { // looks from another goroutine while the handler runs
				go func() {
					before := s.c.PeerGone()
					_ = s.client.Close()
					seen <- !before && settle(0, func() int {
						if s.c.PeerGone() {
							return 0
						}
						return 1
					}) == 0
				}()
				if !<-seen {
					t.Error("gone too early or not at all")
				}
				return nil
			})
			s.send(frame(0x81, "a"), 100)
			if got := ended(<-s.err); got != "1006" {
				t.Errorf("ended with %s", got)
			}
		})
	}
}

// Thousands of connections that are dropped anywhere leave nothing behind.
func TestNothingIsLeft(t *testing.T) {
	stream := append(frame(0x81, "a"), append(frame(0x01, "b"), append(frame(0x89, "p"), frame(0x80, strings.Repeat("c", 300))...)...)...)
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	for round := range 20 {
		var all sync.WaitGroup
		for i := range 100 {
			s := open(t, transports[i%3], wsconn.Options{Compression: i%2 == 0}, "")
			all.Go(func() {
				if i%5 > 0 {
					s.serve(nil)
				}
				s.send(stream[:(round*100+i)%len(stream)], 1<<20)
				if i%7 == 0 {
					_ = s.c.Close()
				}
				_ = s.client.Close()
				if i%5 > 0 {
					<-s.err
				}
				_ = s.c.Close()
			})
		}
		all.Wait()
	}
	if n := settle(goroutines, runtime.NumGoroutine); n > goroutines {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	if n := settle(files, func() int { return descriptors(t) }); n > files {
		t.Errorf("%d descriptors, %d before", n, files)
	}
}

// descriptors counts the open ones, where the system tells.
func descriptors(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

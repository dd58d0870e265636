package relay_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// book is a log that can be read while it is written.
type book struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// lines returns those with a text.
func (b *book) lines(text string) (lines []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(b.text.String()) {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}

func newBook() (*book, *slog.Logger) {
	b := &book{}
	return b, slog.New(slog.NewTextHandler(b, nil))
}

func TestStatusOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, logger := newBook()
		s := relay.NewStatus(logger, "redis at somewhere")
		start := time.Now()
		if h := s.Health(); h != (layer.Health{Connected: true, Since: start}) {
			t.Errorf("at first: %+v", h)
		}
		if err := s.Err(); err != nil {
			t.Errorf("at first: %v", err)
		}
		s.Up(3) // is up already
		<-time.After(time.Minute)
		first, second := errors.New("first"), errors.New("second")
		s.Down(2, first)
		s.Down(2, second)
		<-time.After(time.Second)
		s.Down(5, second)
		for part, want := range map[int]error{0: nil, 2: first, 5: second} {
			if err := s.PartErr(part); !errors.Is(err, want) || want != nil && !errors.Is(err, layer.ErrUnavailable) {
				t.Errorf("part %d: %v, want %v", part, err, want)
			}
		}
		s.Up(2)
		if err := s.Err(); !errors.Is(err, layer.ErrUnavailable) || !errors.Is(err, second) {
			t.Errorf("with one part away: %v", err)
		}
		if want := (layer.Health{Since: start.Add(time.Minute), Err: first, Outages: 1}); s.Health() != want {
			t.Errorf("with one part away: %+v, want %+v", s.Health(), want)
		}
		<-time.After(time.Second)
		s.Up(5)
		s.Failed(first)
		want := layer.Health{Connected: true, Since: start.Add(time.Minute + 2*time.Second), Err: first, Outages: 1, Failed: 1}
		if s.Health() != want || s.Err() != nil || s.PartErr(5) != nil {
			t.Errorf("after all: %+v, want %+v", s.Health(), want)
		}
		lost, back := b.lines("lost its server"), b.lines("has its server again")
		if len(lost) != 1 || !strings.Contains(lost[0], `server="redis at somewhere" error=first`) || !strings.Contains(lost[0], "level=ERROR") {
			t.Errorf("the loss is logged as %q", lost)
		}
		if len(back) != 1 || !strings.Contains(back[0], "after=2s parts=2") {
			t.Errorf("the return is logged as %q", back)
		}
	})
}

// Closing is no outage, nothing ends it, and one that there was is remembered by when
// it began.
func TestStatusClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, logger := newBook()
		up, away := relay.NewStatus(logger, "x"), relay.NewStatus(logger, "x")
		<-time.After(time.Minute)
		away.Down(0, errCut)
		outage := time.Now()
		<-time.After(time.Minute)
		closed := time.Now()
		for range 2 {
			up.Close()
			away.Close()
			<-time.After(time.Minute)
		}
		up.Down(0, errCut)
		up.Up(0)
		away.Up(0)
		if want := (layer.Health{Since: closed, Err: layer.ErrClosed}); up.Health() != want {
			t.Errorf("closed: %+v, want %+v", up.Health(), want)
		}
		if want := (layer.Health{Since: outage, Err: layer.ErrClosed, Outages: 1}); away.Health() != want {
			t.Errorf("closed in an outage: %+v, want %+v", away.Health(), want)
		}
		if lost, back := b.lines("lost its server"), b.lines("has its server again"); len(lost) != 1 || len(back) != 0 {
			t.Errorf("logged %q and %q", lost, back)
		}
	})
}

// A server that is there and refuses what is published is logged once it has done so
// for a while, and once a minute.
func TestStatusRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, logger := newBook()
		s := relay.NewStatus(logger, "redis at somewhere")
		fail := func(seconds int) {
			for range seconds {
				s.Failed(errors.New("OOM"))
				<-time.After(time.Second)
			}
		}
		fail(9)
		s.Down(0, errors.New("away"))
		fail(100)
		s.Up(0)
		fail(10)
		if lines := b.lines("does not take"); len(lines) != 0 {
			t.Errorf("what fails for a moment, or in an outage, is logged as %q", lines)
		}
		fail(70)
		lines := b.lines("does not take")
		if len(lines) != 2 || !strings.Contains(lines[0], "level=WARN") || !strings.Contains(lines[0], "error=OOM failed_so_far=120") {
			t.Errorf("what fails for 80 s is logged as %q", lines)
		}
	})
}

// A loss is logged once in an outage, or in a minute, and always counted.
func TestStatusLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, logger := newBook()
		s := relay.NewStatus(logger, "x")
		logged := func(want int) {
			t.Helper()
			if got := b.lines("did not arrive"); len(got) != want {
				t.Errorf("logged %d times, want %d: %q", len(got), want, got)
			}
		}
		s.Lost(0)
		logged(0)
		for range 10 {
			s.Lost(2)
		}
		logged(1)
		s.Down(0, errCut)
		s.Up(0)
		s.Lost(1)
		s.Lost(1)
		logged(2)
		<-time.After(time.Minute)
		s.Lost(1)
		s.Lost(1)
		logged(3)
		if got := s.Health().Lost; got != 24 {
			t.Errorf("lost %d, want 24", got)
		}
		if got := b.lines("lost_so_far=23"); len(got) != 1 {
			t.Errorf("the last is logged as %q", b.lines("did not arrive"))
		}
	})
}

package chanxnats_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

// program starts a server that is a program of its own.
func program(t *testing.T, o servertest.NATSOptions) *servertest.Server {
	t.Helper()
	o.Config += "\nmax_payload: 2MB"
	return servertest.NATS(t, o)
}

func TestServer(t *testing.T) {
	t.Parallel()
	suite(t, program(t, servertest.NATSOptions{JetStream: true}).URL)
}

// soon fails the test unless ok becomes true.
func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("not within 20 s: " + what)
		}
	}
}

// inbox keeps what a handler got.
type inbox struct {
	mu  sync.Mutex
	got []string
}

func (in *inbox) receive(data []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.got = append(in.got, string(data))
}

func (in *inbox) entry(e layer.Entry) { in.receive(e.Data) }

func (in *inbox) all() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.got)
}

func (in *inbox) expect(t *testing.T, want ...string) {
	t.Helper()
	soon(t, fmt.Sprintf("as many messages as %q", want), func() bool { return len(in.all()) >= len(want) })
	if got := in.all(); !slices.Equal(got, want) {
		t.Errorf("received %q, want %q", got, want)
	}
}

func subscribe(t *testing.T, l layer.Layer, channel string) *inbox {
	t.Helper()
	in := &inbox{}
	if _, err := l.Subscribe(t.Context(), channel, in.receive); err != nil {
		t.Fatal(err)
	}
	return in
}

func follow(t *testing.T, l layer.History, channel string) *inbox {
	t.Helper()
	in := &inbox{}
	if _, _, err := l.Follow(t.Context(), channel, in.entry); err != nil {
		t.Fatal(err)
	}
	return in
}

func quick() *chanxnats.Options {
	return &chanxnats.Options{Timeout: time.Second, Logger: slog.New(slog.DiscardHandler)}
}

// faults are how a server goes away and comes back.
var faults = []struct {
	name      string
	down, up  func(s *servertest.Server, p *servertest.Proxy)
	connected bool // as seen at first: nothing tells of it
}{
	{
		name: "Killed",
		down: func(s *servertest.Server, _ *servertest.Proxy) { s.Kill() },
		up:   func(s *servertest.Server, _ *servertest.Proxy) { s.Start() },
	},
	{
		name: "Cut",
		down: func(_ *servertest.Server, p *servertest.Proxy) { p.Cut() },
		up:   func(_ *servertest.Server, p *servertest.Proxy) { p.Restore() },
	},
	{
		name:      "Unreachable",
		down:      func(_ *servertest.Server, p *servertest.Proxy) { p.Hang() },
		up:        func(_ *servertest.Server, p *servertest.Proxy) { p.Restore() },
		connected: true,
	},
	{
		name:      "Stopped",
		down:      func(s *servertest.Server, _ *servertest.Proxy) { s.Pause() },
		up:        func(s *servertest.Server, _ *servertest.Proxy) { s.Resume() },
		connected: true,
	},
}

// TestOutage: two processes lose the server and get it back. Local subscriptions get
// everything, calls fail within their bound, what others missed is counted, and who
// follows a history gets it all.
func TestOutage(t *testing.T) {
	t.Parallel()
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			s := program(t, servertest.NATSOptions{JetStream: true})
			p := servertest.NewProxy(t, s.Addr)
			a, b := open(t, "nats://"+p.Addr, quick()), open(t, "nats://"+p.Addr, quick())
			near, far := subscribe(t, a, "room"), subscribe(t, b, "room")
			nearLog, farLog := follow(t, a, "log"), follow(t, b, "log")
			publish := func(data string) error { return a.Publish(t.Context(), "room", []byte(data)) }
			add := func(data string) error { return a.Append(t.Context(), "log", []byte(data), plenty()) }
			for _, err := range []error{publish("1"), publish("2"), add("1")} {
				if err != nil {
					t.Fatal(err)
				}
			}
			far.expect(t, "1", "2")
			farLog.expect(t, "1")

			fault.down(s, p)
			for i := range 3 {
				began := time.Now()
				// A process takes a moment to stop, and may answer until then.
				taken := fault.connected && i == 0
				if err := publish(strconv.Itoa(3 + i)); !errors.Is(err, layer.ErrUnavailable) && !(taken && err == nil) {
					t.Errorf("Publish in an outage: %v", err)
				}
				if err := add("no " + strconv.Itoa(i)); !errors.Is(err, layer.ErrUnavailable) && !(taken && err == nil) {
					t.Errorf("Append in an outage: %v", err)
				}
				if took := time.Since(began); took > 3*quick().Timeout {
					t.Errorf("Publish and Append took %v", took)
				}
			}
			soon(t, "both know", func() bool { return !a.Health().Connected && !b.Health().Connected })
			began := time.Now()
			if err := publish("6"); !errors.Is(err, layer.ErrUnavailable) {
				t.Errorf("Publish in an outage: %v", err)
			}
			late := subscribe(t, b, "late")
			if took := time.Since(began); took > quick().Timeout/2 {
				t.Errorf("in a known outage Publish and Subscribe took %v", took)
			}
			near.expect(t, "1", "2", "3", "4", "5", "6")

			fault.up(s, p)
			soon(t, "both are back", func() bool { return a.Health().Connected && b.Health().Connected })
			for _, err := range []error{publish("7"), add("2"), add("3"), a.Publish(t.Context(), "late", []byte("end"))} {
				if err != nil {
					t.Errorf("after the outage: %v", err)
				}
			}
			near.expect(t, "1", "2", "3", "4", "5", "6", "7")
			late.expect(t, "end")
			after(t, fault.connected, far, b)
			expectLog(t, a, nearLog)
			expectLog(t, b, farLog)
		})
	}
}

// after checks what another process has of the messages 1 to 7, of which 3 to 6 were
// published in an outage. Where nothing told of it at first, the first of them may
// have been on their way.
func after(t *testing.T, maybe bool, far *inbox, l layer.Reporter) {
	t.Helper()
	soon(t, "the last message", func() bool { return slices.Contains(far.all(), "7") })
	got := far.all()
	if !maybe && !slices.Equal(got, []string{"1", "2", "7"}) {
		t.Errorf("the other process received %q", got)
	}
	if !slices.IsSorted(got) || len(slices.Compact(got)) != len(got) {
		t.Errorf("the other process received %q: out of order, or twice", got)
	}
	lost := uint64(7 - len(got))
	soon(t, fmt.Sprintf("%d lost messages are counted", lost), func() bool { return l.Health().Lost >= lost })
	if h := l.Health(); h.Lost != lost || h.Outages != 1 {
		t.Errorf("%d messages lost in %d outages, want %d in 1", h.Lost, h.Outages, lost)
	}
}

// expectLog checks that a follower has what the history has, and that what was
// appended without an error is there, once and in order.
func expectLog(t *testing.T, l layer.History, in *inbox) {
	t.Helper()
	_, head, _ := l.Read(t.Context(), "log", layer.Position{}, 1)
	entries, _, err := l.Read(t.Context(), "log", layer.Position{Epoch: head.Epoch}, 100)
	if err != nil {
		t.Fatal(err)
	}
	var stored, certain []string
	for _, e := range entries {
		stored = append(stored, string(e.Data))
		if e.Data[0] != 'n' {
			certain = append(certain, string(e.Data))
		}
	}
	if !slices.Equal(certain, []string{"1", "2", "3"}) || len(slices.Compact(slices.Clone(stored))) != len(stored) {
		t.Errorf("the history has %q", stored)
	}
	in.expect(t, stored...)
}

// TestOpenFails: a server that isn't there, or refuses, makes Open fail, soon, and
// with an error that doesn't tell the password.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	s := program(t, servertest.NATSOptions{User: "u", Password: "right"})
	for _, url := range []string{
		"nats://127.0.0.1:1", "nats://u:wrong@" + s.Addr, "nats://u:wrong@127.0.0.1:1,127.0.0.1:2", s.URL, "http://x", "nats://", "nats://u:wrong@a b",
		"nats://u:wrong@host?prefix=a..b", "nats://u:wrong@host?x=y", "nats://u:wrong@host?prefix=a&prefix=b", "nats://u:wrong@host:x",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		l, err := chanxnats.Open(ctx, url, quick())
		if err == nil {
			l.Close()
			t.Errorf("Open(%q): no error", url)
			continue
		}
		if text := err.Error(); strings.Contains(text, "wrong") || strings.Contains(text, "right") {
			t.Errorf("Open(%q) tells the password: %v", url, err)
		}
	}
}

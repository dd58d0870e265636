package relay_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// inbox keeps what a subscription got.
type inbox struct {
	mu       sync.Mutex
	messages []string
}

func (in *inbox) receive(data []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.messages = append(in.messages, string(data))
}

func (in *inbox) all() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.messages)
}

func (in *inbox) expect(t *testing.T, want ...string) {
	t.Helper()
	wait(t, fmt.Sprintf("%d messages came", len(want)), func() bool { return len(in.all()) >= len(want) })
	if got := in.all(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func (p *process) collect(t *testing.T, channel string) *inbox {
	t.Helper()
	in := &inbox{}
	p.subscribe(t, channel, in.receive)
	return in
}

func (p *process) subscribe(t *testing.T, channel string, handler func([]byte)) layer.Subscription {
	t.Helper()
	s, err := p.Subscribe(t.Context(), channel, handler)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start opens a handle that is closed when the test ends.
func (s *server) start(t *testing.T, o relay.Options) *process {
	if o.Logger == nil {
		_, o.Logger = newBook()
	}
	p := s.open(o)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// While the server is away, messages reach who is in the same process, and publishers
// learn that nobody else gets them; who has missed something counts it.
func TestOutageOfChannels(t *testing.T) {
	t.Parallel()
	s := newServer()
	b, logger := newBook()
	far := s.start(t, relay.Options{Logger: logger})
	near := s.start(t, relay.Options{})
	nearGot, farGot := near.collect(t, "room"), far.collect(t, "room")
	publish := func(text string, want error) {
		t.Helper()
		if err := near.Publish(t.Context(), "room", []byte(text)); !errors.Is(err, want) {
			t.Errorf("Publish of %q: %v, want %v", text, err, want)
		}
	}
	publish("1", nil)
	farGot.expect(t, "1")
	near.cut()
	publish("2", layer.ErrUnavailable)
	publish("3", layer.ErrUnavailable)
	late := near.collect(t, "room") // stands although the server is away
	only := near.collect(t, "other")
	publish("4", layer.ErrUnavailable)
	near.restore()
	publish("5", nil)
	if err := far.Publish(t.Context(), "other", []byte("hello")); err != nil {
		t.Error(err)
	}
	nearGot.expect(t, "1", "2", "3", "4", "5")
	late.expect(t, "4", "5")
	only.expect(t, "hello")
	farGot.expect(t, "1", "5")
	wait(t, "the loss is known", func() bool { return far.Health().Lost == 3 })
	if h := near.Health(); h.Failed != 3 || h.Outages != 1 || !h.Connected || h.Lost != 0 {
		t.Errorf("the process that was cut off: %+v", h)
	}
	if lines := b.lines("did not arrive"); len(lines) != 1 {
		t.Errorf("logged %q", lines)
	}
	// The other direction: who was cut off has missed what others published.
	far.cut()
	publish("6", nil)
	publish("7", nil)
	far.restore()
	publish("8", nil)
	farGot.expect(t, "1", "5", "8")
	wait(t, "the loss is known", func() bool { return far.Health().Lost == 5 })
}

// Whatever is lost or comes twice, what arrives does so once and in order, and
// together with what is counted as lost it is everything.
func TestLossAndRepetition(t *testing.T) {
	t.Parallel()
	s := newServer()
	far, near := s.start(t, relay.Options{}), s.start(t, relay.Options{})
	in := far.collect(t, "room")
	const n = 2000
	var count atomic.Int64
	r := rand.New(rand.NewPCG(1, 2))
	far.mu.Lock()
	far.times = func(kind, _ string) int {
		if kind != "message" {
			return 1
		}
		if i := count.Add(1); i == 1 || i == n {
			return 1
		}
		return []int{0, 1, 1, 1, 2, 3}[r.IntN(6)] // under the process's lock
	}
	far.mu.Unlock()
	for i := range n {
		if err := near.Publish(t.Context(), "room", []byte(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, "the last one came", func() bool {
		got := in.all()
		return len(got) > 0 && got[len(got)-1] == strconv.Itoa(n-1)
	})
	wait(t, "losses are counted", func() bool { return len(in.all())+int(far.Health().Lost) >= n })
	got := in.all()
	if sum := len(got) + int(far.Health().Lost); sum != n || len(got) == n {
		t.Errorf("%d came and %d are lost, of %d", len(got), sum-len(got), n)
	}
	last := -1
	for _, text := range got {
		i, err := strconv.Atoi(text)
		if err != nil || i <= last {
			t.Fatalf("%q came after %d", text, last)
		}
		last = i
	}
}

// Many publish to one channel at once: messages may overtake each other on their way,
// and none is taken for lost.
func TestOvertaking(t *testing.T) {
	t.Parallel()
	s := newServer()
	far, near := s.start(t, relay.Options{}), s.start(t, relay.Options{})
	in := far.collect(t, "room")
	const publishers, messages = 16, 200
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range messages {
				if err := near.Publish(t.Context(), "room", fmt.Appendf(nil, "%d %d", p, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	wait(t, "all came", func() bool { return len(in.all()) >= publishers*messages })
	next := map[int]int{}
	for _, text := range in.all() {
		var p, i int
		if _, err := fmt.Sscan(text, &p, &i); err != nil || next[p] != i {
			t.Fatalf("%q came in place of %d", text, next[p])
		}
		next[p]++
	}
	if lost := far.Health().Lost; lost != 0 {
		t.Errorf("%d are taken for lost", lost)
	}
}

// A call takes as long as the timeout at the most.
func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &stuckBroker{}
		status := relay.NewStatus(nil, "nobody")
		c := relay.NewChannels(b, status, relay.Options{Timeout: time.Second})
		defer c.Close()
		start := time.Now()
		if _, err := c.Subscribe(t.Context(), "room", func([]byte) {}); err != nil || time.Since(start) != time.Second {
			t.Errorf("Subscribe: %v, after %v", err, time.Since(start))
		}
		start = time.Now()
		if err := c.Publish(t.Context(), "room", nil); !errors.Is(err, layer.ErrUnavailable) || time.Since(start) != time.Second {
			t.Errorf("Publish: %v, after %v", err, time.Since(start))
		}
		soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		err := c.Publish(soon, "room", nil)
		if !errors.Is(err, layer.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Publish with less time: %v", err)
		}
		canceled, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if err := c.Publish(canceled, "room", nil); !errors.Is(err, context.Canceled) || errors.Is(err, layer.ErrUnavailable) {
			t.Errorf("Publish that is canceled: %v", err)
		}
		if _, err := c.Subscribe(soon, "another", func([]byte) {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Subscribe with less time: %v", err)
		}
		if h := status.Health(); h.Failed != 3 || !h.Connected {
			t.Errorf("%+v", h)
		}
		synctest.Wait()
		<-time.After(2 * time.Second) // the listening that nobody waits for any more
		if got := b.listening.Load(); got != 1 {
			t.Errorf("%d channels are listened to, want 1", got)
		}
	})
}

// The server has one subscription for each channel, until nobody subscribes any more.
func TestOneListen(t *testing.T) {
	t.Parallel()
	b := &countingBroker{}
	c := relay.NewChannels(b, relay.NewStatus(nil, "x"), relay.Options{})
	defer c.Close()
	const n = 20
	subs := make(chan layer.Subscription, n)
	var wg sync.WaitGroup
	subscribe := func() {
		s, err := c.Subscribe(t.Context(), "room", func([]byte) {})
		if err != nil {
			t.Error(err)
		}
		subs <- s
	}
	for range n {
		wg.Go(subscribe)
	}
	wg.Wait()
	for i := range n {
		if got := b.String(); got != "listen " {
			t.Fatalf("with %d subscriptions: %q", n-i, got)
		}
		s := <-subs
		for range 2 {
			if err := s.Unsubscribe(); err != nil {
				t.Error(err)
			}
		}
	}
	subscribe()
	if got := b.String(); got != "listen unlisten listen " {
		t.Errorf("%q", got)
	}
}

// What is not understood is skipped, and logged once.
func TestStrangeMessages(t *testing.T) {
	t.Parallel()
	s := newServer()
	b, logger := newBook()
	p := s.start(t, relay.Options{Logger: logger})
	in := p.collect(t, "room")
	for _, strange := range []string{"", "x", "\x02 of a version that is to come"} {
		if err := s.memory.Publish(t.Context(), "room", []byte(strange)); err != nil {
			t.Error(err)
		}
	}
	if err := s.start(t, relay.Options{}).Publish(t.Context(), "room", []byte("1")); err != nil {
		t.Error(err)
	}
	in.expect(t, "1")
	if lines := b.lines("not understood"); len(lines) != 1 {
		t.Errorf("logged %q", lines)
	}
}

// A handler that takes long holds back the reader of the server's messages, and loses
// nothing; while it waits for the server itself it doesn't hold it back.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	s := newServer()
	far, near := s.start(t, relay.Options{Timeout: time.Minute}), s.start(t, relay.Options{})
	leave, entered := make(chan struct{}), make(chan struct{})
	var enter sync.Once
	in := &inbox{}
	far.subscribe(t, "room", func(data []byte) {
		enter.Do(func() {
			close(entered)
			<-leave
			// Its answer comes after all the messages.
			s, err := far.Subscribe(t.Context(), "another", func([]byte) {})
			if err != nil {
				t.Errorf("Subscribe in a handler: %v", err)
				return
			}
			if err := s.Unsubscribe(); err != nil {
				t.Error(err)
			}
		})
		in.receive(data)
	})
	const n = 5000
	var want []string
	for i := range n {
		want = append(want, strconv.Itoa(i))
		if err := near.Publish(t.Context(), "room", []byte(want[i])); err != nil {
			t.Fatal(err)
		}
	}
	<-entered
	wait(t, "the reader is held back", func() bool {
		far.mu.Lock()
		defer far.mu.Unlock()
		return len(far.line) > 0 && len(far.line) < n-1000
	})
	close(leave)
	in.expect(t, want...)
	if h := far.Health(); h.Lost != 0 {
		t.Errorf("lost %d", h.Lost)
	}
}

// Close ends what waits.
func TestCloseAmidBackPressure(t *testing.T) {
	t.Parallel()
	s := newServer()
	far, near := s.open(relay.Options{}), s.start(t, relay.Options{})
	leave := make(chan struct{})
	var calls atomic.Int32
	far.subscribe(t, "room", func([]byte) {
		calls.Add(1)
		<-leave
	})
	for range 5000 {
		if err := near.Publish(t.Context(), "room", nil); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, "the handler runs", func() bool { return calls.Load() > 0 })
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		if err := far.Close(); err != nil {
			t.Error(err)
		}
	}()
	wait(t, "it is closed", func() bool {
		return errors.Is(far.Publish(t.Context(), "another", nil), layer.ErrClosed)
	})
	close(leave)
	<-closed
	if n := calls.Load(); n != 1 {
		t.Errorf("the handler was called %d times, want once", n)
	}
}

// A message that the server has got although it didn't say so comes once.
func TestPublishUnanswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &echo{}
		status := relay.NewStatus(nil, "an echo")
		c := relay.NewChannels(e, status, relay.Options{})
		defer c.Close()
		e.receive = c.Receive
		in := &inbox{}
		if _, err := c.Subscribe(t.Context(), "room", in.receive); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if err := c.Publish(t.Context(), "room", []byte(strconv.Itoa(i))); !errors.Is(err, errCut) {
				t.Errorf("Publish: %v, want %v", err, errCut)
			}
		}
		synctest.Wait()
		in.expect(t, "0", "1", "2")
		if h := status.Health(); h.Failed != 3 || h.Lost != 0 {
			t.Errorf("%+v", h)
		}
	})
}

// A part of the connection that is away is nothing to the channels of others.
func TestParts(t *testing.T) {
	t.Parallel()
	e := &echo{}
	status := relay.NewStatus(slog.New(slog.DiscardHandler), "an echo")
	c := relay.NewChannels(e, status, relay.Options{})
	defer c.Close()
	sent := map[string]int{}
	e.receive = func(channel string, _ []byte) { sent[channel]++ }
	status.Down(4, errors.New("no such part"))
	for channel, want := range map[string]error{"room": layer.ErrUnavailable, "other": errCut} {
		if err := c.Publish(t.Context(), channel, nil); !errors.Is(err, want) {
			t.Errorf("Publish to %q: %v, want %v", channel, err, want)
		}
	}
	if sent["room"] != 0 || sent["other"] != 1 {
		t.Errorf("sent %v", sent)
	}
}

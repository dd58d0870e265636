package chanx_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/google/go-cmp/cmp"
)

// connect opens a client of a lab.
func connect(t testing.TB, l *lab) *chanxtest.Client {
	t.Helper()
	return chanxtest.Dial(t, l.mux, "/ws", nil)
}

// bubble runs a test with a lab in a bubble.
func bubble(t *testing.T, o labOptions, test func(t *testing.T, l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newLab(t, o)) })
}

// step and tick are a message and an event whose handlers share state without a
// lock.
type stepIn struct {
	N int `json:"n"`
}

func (stepIn) Action() string { return "step" }

type tick struct {
	N int `json:"n"`
}

func (tick) Action() string { return "tick" }

func TestLaneHandlersNeverOverlap(t *testing.T) {
	var inside bool // the race detector watches
	var steps, ticks []int
	enter := func(list *[]int, n int) error {
		if inside {
			t.Error("two handlers run at the same time")
		}
		inside = true
		for range 3 {
			runtime.Gosched()
		}
		*list = append(*list, n)
		inside = false
		return nil
	}
	const n = 300
	bubble(t, labOptions{register: func(l *lab) {
		chanx.On(l, func(_ *client, _ context.Context, m stepIn) error { return enter(&steps, m.N) })
		chanx.OnEvent(l, func(_ *client, _ context.Context, e tick) error { return enter(&ticks, e.N) })
		chanx.OnClose(l, func(*client, context.Context, *chanx.CloseError) { _ = enter(new([]int), 0) })
	}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		var publisher sync.WaitGroup
		publisher.Go(func() {
			for i := range n {
				if err := l.Publish(t.Context(), tick{i}, "all"); err != nil {
					t.Error(err)
				}
			}
		})
		for i := range n {
			c.Send(stepIn{i})
		}
		publisher.Wait()
		synctest.Wait()
		want := make([]int, n)
		for i := range want {
			want[i] = i
		}
		if !slices.Equal(steps, want) {
			t.Errorf("messages were handled in the order %v", steps)
		}
		if !slices.Equal(ticks, want) {
			t.Errorf("events were handled in the order %v", ticks)
		}
		c.Drop()
		synctest.Wait()
	})
}

func TestLaneOrder(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"action":"hold","payload":{"after":1000}}`)
		<-time.After(500 * time.Millisecond)
		if err := l.Publish(t.Context(), hush{}, "all"); err != nil {
			t.Fatal(err)
		}
		c.send(`{"action":"echo","payload":{"text":"last"}}`)
		<-time.After(time.Second)
		synctest.Wait()
		want := []string{"held", "hush", "echo last"}
		if diff := cmp.Diff(want, l.journal.take()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLaneDoesNotHoldUpWhatNoHandlerSees(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		c, other := connect(t, l), connect(t, l)
		c.Send(hold{60_000})
		synctest.Wait()
		if err := l.Publish(t.Context(), note{"now"}, "all"); err != nil {
			t.Fatal(err)
		}
		chanxtest.Expect[note](c)
		chanxtest.Expect[note](other)
		chanxtest.Request[pong](other, ping{})
		other.Send(say{Text: "me too"})
		chanxtest.Expect[said](c)
		if got := l.journal.take(); len(got) > 0 {
			t.Errorf("the handler has ended already: %q", got)
		}
		<-time.After(time.Minute)
		chanxtest.Expect[number](c)
	})
}

// A handler that closes the connection is the last one that runs.
func TestLaneNothingIsHandledAfterClose(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"action":"hold","payload":{"after":1000}}`, `{"action":"bye","payload":{"code":4000,"reason":"enough"}}`)
		for i := range 5 {
			c.send(fmt.Sprintf(`{"action":"echo","payload":{"text":"%d"}}`, i))
		}
		<-time.After(999 * time.Millisecond)
		for range 5 {
			if err := l.Publish(t.Context(), hush{}, "all"); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(2 * time.Second)
		got := strings.Join(c.take(), "\n")
		if want := `{"action":"number","payload":{"n":1000}}` + "\nclose 4000 enough\nend"; got != want {
			t.Errorf("the client got\n%s\nwant\n%s", got, want)
		}
		// The events had come before the message that closes.
		want := []string{"held", "hush", "hush", "hush", "hush", "hush", "closed: connection closed with 4000 (enough)"}
		if diff := cmp.Diff(want, l.journal.take()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLaneOverflowOfEvents(t *testing.T) {
	bubble(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{QueueBytes: 4096}}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"action":"hold","payload":{"after":1000}}`)
		synctest.Wait()
		for range 200 {
			if err := l.Publish(t.Context(), hush{}, "all"); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(c.take(), "\n"); !strings.HasPrefix(got, "close 4409") {
			t.Errorf("got %q, want a close frame with 4409", got)
		}
		<-time.After(time.Minute)
		want := []string{"held", "closed: connection closed with 4409 (too slow to read)"}
		if diff := cmp.Diff(want, l.journal.take()); diff != "" {
			t.Error(diff)
		}
	})
}

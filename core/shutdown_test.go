package chanx_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/google/go-cmp/cmp"
)

func shutdown(t *testing.T, l *lab, within time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return l.hub.Shutdown(ctx)
}

var retryIn = regexp.MustCompile(`^restart; retry in (\d+) ms$`)

func TestShutdownTellsEverybody(t *testing.T) {
	bubble(t, labOptions{hub: chanx.HubOptions{DrainSpread: 10 * time.Second}}, func(t *testing.T, l *lab) {
		var clients []*chanxtest.Client
		for range 600 { // more than two batches
			clients = append(clients, connect(t, l))
		}
		if err := shutdown(t, l, time.Minute); err != nil {
			t.Fatal(err)
		}
		var delays []int
		for _, c := range clients {
			reason := c.ExpectClose(chanx.CloseRestart)
			match := retryIn.FindStringSubmatch(reason)
			if match == nil {
				t.Fatalf("reason %q", reason)
			}
			ms, _ := strconv.Atoi(match[1])
			delays = append(delays, ms)
		}
		slices.Sort(delays)
		if delays[0] > 500 || delays[len(delays)-1] < 9500 || delays[len(delays)-1] >= 10_000 || delays[300] < 3000 || delays[300] > 7000 {
			t.Errorf("the delays are not spread: from %d to %d ms, half below %d ms", delays[0], delays[len(delays)-1], delays[300])
		}
		if n := l.hub.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
		if got := l.journal.take(); len(got) != len(clients) {
			t.Errorf("OnClose ran %d times", len(got))
		}
		r := chanxtest.Refused(t, l.mux, "/ws", 503, nil)
		if r.Error.Reason != chanx.Unavailable || r.Header.Get("Retry-After") == "" {
			t.Errorf("refused with %s", r)
		}
		if err := l.Publish(t.Context(), note{"a"}, "all"); !errors.Is(err, layer.ErrClosed) && !errors.Is(err, chanx.ErrClosed) {
			t.Errorf("publishing afterwards: %v", err)
		}
		if err := shutdown(t, l, time.Minute); err != nil {
			t.Errorf("again: %v", err)
		}
	})
}

// Handlers that run may end, their replies go out, and nothing new is handled.
func TestShutdownWaitsForHandlers(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"ref":"l","action":"later","payload":{"after":2000}}`, `{"ref":"s","action":"count","payload":{"to":100,"every":100}}`,
			`{"ref":"h","action":"hold","payload":{"after":3000}}`, `{"ref":"e","action":"echo","payload":{"text":"too late"}}`)
		<-time.After(150 * time.Millisecond)
		if err := l.Publish(t.Context(), hush{}, "all"); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := shutdown(t, l, time.Minute); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start).Round(time.Second); d != 3*time.Second {
			t.Errorf("it took %v", d)
		}
		got := c.take()
		for i := range got {
			got[i] = regexp.MustCompile(`retry in \d+`).ReplaceAllString(got[i], "retry in N")
		}
		want := []string{
			`{"ref":"s","action":"number","payload":{"n":1}}`,
			`{"ref":"l","action":"number","payload":{"n":2000}}`,
			`{"ref":"h","action":"number","payload":{"n":3000}}`,
			"close 1012 restart; retry in N ms",
			"end",
		}
		var frames []string
		for _, text := range got {
			if !strings.Contains(text, `"ref":"s"`) || strings.Contains(text, `"n":1}`) {
				frames = append(frames, text)
			}
		}
		if diff := cmp.Diff(want, frames); diff != "" {
			t.Errorf("%s\nof all %q", diff, got)
		}
		journal := l.journal.take()
		if slices.Contains(journal, "echo too late") || slices.Contains(journal, "hush") {
			t.Errorf("something new was handled: %q", journal)
		}
	})
}

func TestShutdownCutsAtItsDeadline(t *testing.T) {
	var order journal
	bubble(t, labOptions{register: func(l *lab) {
		chanx.On(l, func(_ *client, ctx context.Context, _ stepIn) error {
			<-ctx.Done()
			order.add("handler ends")
			return nil
		})
	}}, func(t *testing.T, l *lab) {
		stuck := openRaw(t, l.mux, "/ws")
		stuck.send(`{"action":"step","payload":{"n":1}}`)
		deaf := dialRaw(t, l.mux, "/ws") // doesn't read
		idle := openRaw(t, l.mux, "/ws")
		synctest.Wait()
		start := time.Now()
		err := shutdown(t, l, 3*time.Second)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(fmt.Sprint(err), "2 connections were cut") {
			t.Errorf("error %v", err)
		}
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("it took %v", d)
		}
		if got := idle.take(); len(got) != 2 || !strings.HasPrefix(got[0], "close 1012") {
			t.Errorf("the idle client got %q", got)
		}
		// The handler ends with its context, perhaps in time for a last word.
		if got := stuck.take(); len(got) > 2 || got[len(got)-1] != "end" {
			t.Errorf("the client with the handler got %q", got)
		}
		deaf.read()
		if got := deaf.take(); !slices.Equal(got, []string{"end"}) {
			t.Errorf("the deaf client got %q", got)
		}
		if got := order.take(); !slices.Equal(got, []string{"handler ends"}) {
			t.Errorf("got %q", got)
		}
		if n := l.hub.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

// One that is being opened is refused, or told like the others; Shutdown waits.
func TestShutdownDuringOpen(t *testing.T) {
	bubble(t, labOptions{open: func(context.Context, *client) error {
		<-time.After(2 * time.Second)
		return nil
	}}, func(t *testing.T, l *lab) {
		var asking sync.WaitGroup
		asking.Go(func() {
			if r := chanxtest.Refused(t, l.mux, "/ws", 503, nil); r.Error.Reason != chanx.Unavailable {
				t.Errorf("refused with %s", r)
			}
		})
		<-time.After(time.Second)
		start := time.Now()
		if err := shutdown(t, l, time.Minute); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("it took %v", d)
		}
		asking.Wait()
		if got := l.journal.take(); len(got) != 1 || !strings.HasPrefix(got[0], "closed:") {
			t.Errorf("OnClose: %q", got)
		}
	})
}

func TestShutdownTwiceAtOnce(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		c.Send(hold{1000})
		synctest.Wait()
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := shutdown(t, l, time.Minute); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		chanxtest.Expect[number](c)
		c.ExpectClose(chanx.CloseRestart)
	})
}

// A layer that was given to the hub is not its to close.
func TestShutdownLeavesTheLayer(t *testing.T) {
	memory := layer.NewMemory()
	bubble(t, labOptions{hub: chanx.HubOptions{Layer: memory}}, func(t *testing.T, l *lab) {
		other := newLab(t, labOptions{hub: chanx.HubOptions{Layer: memory}})
		c := connect(t, other)
		connect(t, l)
		if err := shutdown(t, l, time.Minute); err != nil {
			t.Fatal(err)
		}
		// It still publishes, as a program does that is about to end.
		if err := l.Publish(t.Context(), note{"bye"}, "all"); err != nil {
			t.Error(err)
		}
		chanxtest.Expect[note](c)
	})
}

func TestShutdownOfAnIdleHub(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if err := chanx.NewHub(nil).Shutdown(ctx); err != nil {
			t.Error(err)
		}
	}
}

package chanxredis_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

// brief is the timeout of layers that are to notice an outage soon.
const brief = time.Second

// await waits until something is so.
func await(t testing.TB, what string, so func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !so() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-deadline:
			t.Fatal("still not: ", what)
		}
	}
}

func connected(l *chanxredis.Layer) func() bool { return func() bool { return l.Health().Connected } }

func away(l *chanxredis.Layer) func() bool { return func() bool { return !l.Health().Connected } }

// record is what a subscription got.
type record struct {
	mu   sync.Mutex
	data []string
}

func subscribe(t testing.TB, l layer.Layer, channel string) *record {
	t.Helper()
	r := &record{}
	_, err := l.Subscribe(t.Context(), channel, func(data []byte) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.data = append(r.data, string(data))
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.data, " ")
}

func (r *record) has(text string) func() bool {
	return func() bool { return strings.Contains(" "+r.String()+" ", " "+text+" ") }
}

func publish(t testing.TB, l layer.Layer, channel, data string) {
	t.Helper()
	if err := l.Publish(t.Context(), channel, []byte(data)); err != nil {
		t.Errorf("publish %q to %q: %v", data, channel, err)
	}
}

// journal is a log, for a look at it.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) count(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), text)
}

// What other processes publish while the server is away is counted, each message, with
// the first one after; and the process's own messages arrive all the time.
func TestLost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		begin func(*servertest.Proxy)
	}{{"Cut", (*servertest.Proxy).Cut}, {"Hang", (*servertest.Proxy).Hang}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, log := chanxredis.Servers.Redis(), &journal{}
			proxy := servertest.NewProxy(t, server.Addr)
			o := chanxredis.Options{Prefix: chanxredis.Prefix()}
			other := open(t, server.URL, &o)
			o.Timeout, o.Logger = brief, slog.New(slog.NewTextHandler(log, nil))
			here := open(t, "redis://"+proxy.Addr, &o)
			got, early := subscribe(t, here, "room"), subscribe(t, other, "room")
			publish(t, other, "room", "first")
			await(t, "the first message", got.has("first"))
			publish(t, here, "room", "mine")
			await(t, "the way there", early.has("mine"))

			tt.begin(proxy)
			await(t, "lost", away(here))
			const lost = 7
			for i := range lost {
				publish(t, other, "room", fmt.Sprint("lost-", i))
			}
			start := time.Now()
			if err := here.Publish(t.Context(), "room", []byte("own")); !errors.Is(err, layer.ErrUnavailable) {
				t.Errorf("publish: %v", err)
			}
			if took := time.Since(start); took > brief {
				t.Errorf("a publish took %v though the outage was known", took)
			}
			await(t, "the own message", got.has("own"))
			late := subscribe(t, here, "late")

			proxy.Restore()
			await(t, "back", connected(here))
			publish(t, other, "room", "last")
			publish(t, other, "late", "new")
			await(t, "the last message", got.has("last"))
			await(t, "the message for who came in the outage", late.has("new"))
			publish(t, here, "room", "after")
			await(t, "the way back", early.has("after"))

			// What hangs arrives if the connection does not end before.
			found := strings.Count(got.String(), "lost-")
			await(t, "the count", func() bool { return here.Health().Lost == uint64(lost-found) })
			if text := got.String(); found == 0 && text != "first mine own last after" {
				t.Errorf("got %q", text)
			}
			if h := here.Health(); h.Failed != 1 || h.Outages != 1 || h.Err == nil {
				t.Errorf("health: %+v", h)
			}
			if n := log.count("level=ERROR"); found == 0 && n != 2 { // the outage, and the loss
				t.Errorf("%d errors in the log:\n%s", n, &log.text)
			}
			// What failed to be published is missed by others, too.
			await(t, "the count of the other", func() bool { return other.Health().Lost == 1 })
		})
	}
}

// A layer closes in an outage as at any time.
func TestCloseInOutage(t *testing.T) {
	proxy := servertest.NewProxy(t, chanxredis.Servers.Redis().Addr)
	l := open(t, "redis://"+proxy.Addr, &chanxredis.Options{Prefix: chanxredis.Prefix(), Timeout: 5 * time.Second})
	subscribe(t, l, "room")
	proxy.Hang()
	done := make(chan error)
	for range 10 {
		go func() { done <- l.Publish(context.Background(), "room", nil) }()
	}
	start := time.Now()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for range 10 {
		<-done
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("closing took %v", took)
	}
	if err := l.Publish(t.Context(), "room", nil); !errors.Is(err, layer.ErrClosed) {
		t.Errorf("publish: %v", err)
	}
}

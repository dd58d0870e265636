package chanxredis

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// connectTo opens a client, which ends with the test.
func connectTo(t testing.TB, url string, o Options) (*client, *relay.Status) {
	t.Helper()
	target, err := parseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	o.Logger = slog.New(slog.DiscardHandler)
	if o, err = o.withDefaults(target); err != nil {
		t.Fatal(err)
	}
	s := relay.NewStatus(o.Logger, target.String())
	c, err := connect(t.Context(), target, o, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c, s
}

// onBoth runs a test on a server and on a cluster.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("Standalone", func(t *testing.T) { test(t, Servers.Redis().URL) })
	t.Run("Cluster", func(t *testing.T) { test(t, Servers.Cluster().URL) })
}

// inbox keeps what a listener receives.
type inbox chan string

func (in inbox) receive(data []byte) { in <- string(data) }

func (in inbox) next(t *testing.T) string {
	t.Helper()
	select {
	case text := <-in:
		return text
	case <-time.After(time.Minute):
		t.Fatal("nothing came")
		return ""
	}
}

func TestListen(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		o := Options{Prefix: Prefix()}
		a, _ := connectTo(t, url, o)
		b, _ := connectTo(t, url, o)
		const n = 300
		boxes := make([]inbox, n)
		name := func(i int) string { return strings.Repeat("x", i) + "\x00\xff{}*" }
		for i := range boxes {
			boxes[i] = make(inbox, 10)
			if err := a.listen(t.Context(), "m", name(i), boxes[i].receive); err != nil {
				t.Fatal(err)
			}
		}
		for i := range boxes {
			for j := range 3 {
				if err := send(t, b, name(i), fmt.Append(nil, i, j)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, box := range boxes {
			for j := range 3 {
				if got, want := box.next(t), fmt.Sprint(i, j); got != want {
					t.Fatalf("channel %d: got %q, want %q", i, got, want)
				}
			}
		}
		for i := range boxes {
			a.unlisten("m", name(i))
		}
		if err := a.listen(t.Context(), "m", name(0), boxes[0].receive); err != nil {
			t.Fatal(err)
		}
		for i := range boxes {
			if err := send(t, b, name(i), []byte("again")); err != nil {
				t.Fatal(err)
			}
		}
		if got := boxes[0].next(t); got != "again" {
			t.Fatalf("got %q", got)
		}
		for i, box := range boxes[1:] {
			if len(box) > 0 {
				t.Errorf("channel %d still gets messages", i)
			}
		}
	})
}

// What one goroutine publishes comes in order, also where many do so at once.
func TestPublishOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		c, _ := connectTo(t, url, Options{Prefix: Prefix()})
		const publishers, messages = 8, 200
		box := make(inbox, publishers*messages)
		if err := c.listen(t.Context(), "m", "room", box.receive); err != nil {
			t.Fatal(err)
		}
		var publishing sync.WaitGroup
		defer publishing.Wait()
		for p := range publishers {
			publishing.Go(func() {
				for i := range messages {
					if err := send(t, c, "room", fmt.Appendf(nil, "%d %d", p, i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		next := make([]int, publishers)
		for range publishers * messages {
			var p, i int
			if _, err := fmt.Sscan(box.next(t), &p, &i); err != nil {
				t.Fatal(err)
			}
			if next[p] != i {
				t.Fatalf("publisher %d: message %d came for %d", p, i, next[p])
			}
			next[p]++
		}
	})
}

func TestTags(t *testing.T) {
	for _, n := range []int{1, 2, 16, 1000, maxPartitions} {
		all := tags(n)
		for i, tag := range all {
			if got := slot(tag) * n / slots; got != i {
				t.Errorf("tag %d of %d has slot %d", i, n, slot(tag))
			}
		}
		if !slices.Equal(all, tags(n)) {
			t.Errorf("%d tags differ from time to time", n)
		}
	}
	if got := slot("123456789"); got != 12739 { // 0x31C3, as the cluster's specification says
		t.Errorf("slot of 123456789: %d", got)
	}
}

func TestDo(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		c, _ := connectTo(t, url, Options{Prefix: Prefix()})
		msg, err := c.do(t.Context(), c.b().Get().Key(c.key("k", "none")).Build())
		if err != nil || !msg.IsNil() {
			t.Errorf("GET of no key: %v, %v", msg, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.do(ctx, c.b().Get().Key("x").Build()); !strings.Contains(fmt.Sprint(err), "canceled") {
			t.Errorf("with a context that has ended: %v", err)
		}
	})
}

// send publishes, and waits until the server has the message.
func send(t *testing.T, c *client, channel string, data []byte) error {
	t.Helper()
	m, err := c.publish(channel, data)
	if err != nil {
		return err
	}
	return m.Wait(t.Context())
}

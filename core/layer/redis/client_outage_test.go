package chanxredis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

// brief is the timeout of clients that are to notice an outage soon.
const brief = time.Second

// spare is what a busy machine may take longer.
const spare = 3 * time.Second

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

// outage is a way to lose a server, and what notices it at the latest.
var outages = []struct {
	name  string
	begin func(*servertest.Proxy)
	bound time.Duration
}{
	{"Cut", (*servertest.Proxy).Cut, brief},
	{"Hang", (*servertest.Proxy).Hang, 3 * brief},
}

// While a server is away calls fail in time, and listeners are remembered; once it
// is back all of them stand before the client is up.
func TestOutage(t *testing.T) {
	t.Parallel()
	server := Servers.Redis()
	for _, outage := range outages {
		t.Run(outage.name, func(t *testing.T) {
			t.Parallel()
			proxy := servertest.NewProxy(t, server.Addr)
			prefix := Prefix()
			c, status := connectTo(t, "redis://"+proxy.Addr, Options{Prefix: prefix, Timeout: brief})
			other, _ := connectTo(t, server.URL, Options{Prefix: prefix})
			before, during := make(inbox, 10), make(inbox, 10)
			if err := c.listen(t.Context(), "m", "before", before.receive); err != nil {
				t.Fatal(err)
			}

			outage.begin(proxy)
			begun := time.Now()
			for range 3 {
				start := time.Now()
				if err := send(t, c, "before", []byte("lost")); !errors.Is(err, layer.ErrUnavailable) {
					t.Errorf("publish: %v", err)
				}
				if _, err := c.do(t.Context(), c.b().Get().Key("x").Build()); !errors.Is(err, layer.ErrUnavailable) {
					t.Errorf("do: %v", err)
				}
				if took := time.Since(start); took > 2*brief+spare {
					t.Errorf("two calls took %v", took)
				}
			}
			await(t, "down", func() bool { return status.Err() != nil })
			if took := time.Since(begun); took > outage.bound+6*brief+spare { // the calls take their time, too
				t.Errorf("it took %v to notice", took)
			}
			start := time.Now()
			if err := c.listen(t.Context(), "m", "during", during.receive); !errors.Is(err, layer.ErrUnavailable) {
				t.Errorf("listen: %v", err)
			}
			if took := time.Since(start); took > spare {
				t.Errorf("listening took %v", took)
			}

			proxy.Restore()
			await(t, "up", func() bool { return status.Err() == nil })
			for name, box := range map[string]inbox{"before": before, "during": during} {
				if err := send(t, other, name, []byte("found")); err != nil {
					t.Fatal(err)
				}
				for text := box.next(t); text != "found"; text = box.next(t) {
					if text != "lost" { // a hanging connection gives it back
						t.Errorf("got %q", text)
					}
				}
			}
			if err := send(t, c, "before", []byte("x")); err != nil {
				t.Error(err)
			}
			if got := status.Health(); got.Outages != 1 || !got.Connected {
				t.Errorf("health: %+v", got)
			}
		})
	}
}

// Channels that come and go while there is no connection leave nothing behind.
func TestComeAndGo(t *testing.T) {
	p := newPart(&client{timeout: brief}, 0)
	for i := range 100 {
		name := fmt.Sprint(i)
		if err := p.listen(t.Context(), name, func([]byte) {}); !errors.Is(err, layer.ErrUnavailable) {
			t.Fatal(err)
		}
		p.unlisten(name)
	}
	if len(p.wanted) > 0 || len(p.changed) > 0 {
		t.Errorf("%d channels wanted, %d changed", len(p.wanted), len(p.changed))
	}
}

// A server that was killed and started again is found again.
func TestRestart(t *testing.T) {
	server := servertest.Redis(t, servertest.RedisOptions{})
	c, status := connectTo(t, server.URL, Options{Timeout: brief})
	box := make(inbox, 10)
	if err := c.listen(t.Context(), "m", "room", box.receive); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		server.Kill()
		await(t, "down", func() bool { return status.Err() != nil })
		server.Start()
		await(t, "up", func() bool { return status.Err() == nil })
		if err := send(t, c, "room", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
		if got := box.next(t); got != fmt.Sprint(i) {
			t.Errorf("got %q", got)
		}
	}
}

// A reader that is held back for long is no sign of a dead server.
func TestHeldBack(t *testing.T) {
	c, status := connectTo(t, Servers.Redis().URL, Options{Prefix: Prefix(), Timeout: brief})
	box, leave := make(inbox, 10), make(chan struct{})
	err := c.listen(t.Context(), "m", "slow", func(data []byte) {
		<-leave
		box.receive(data)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := send(t, c, "slow", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*brief)
	defer cancel()
	if err := c.listen(ctx, "m", "other", box.receive); !errors.Is(err, layer.ErrUnavailable) {
		t.Errorf("listening behind a slow reader: %v", err)
	}
	<-ctx.Done()
	close(leave)
	for i := range 3 {
		if got := box.next(t); got != fmt.Sprint(i) {
			t.Errorf("got %q", got)
		}
	}
	await(t, "the other one listens", func() bool {
		if err := send(t, c, "other", []byte("x")); err != nil {
			t.Fatal(err)
		}
		return len(box) > 0
	})
	if got := status.Health(); got.Outages != 0 {
		t.Errorf("health: %+v", got)
	}
}

// Closing ends calls, and takes no longer than the timeout where the server is
// away.
func TestClose(t *testing.T) {
	for _, outage := range outages {
		t.Run(outage.name, func(t *testing.T) {
			proxy := servertest.NewProxy(t, Servers.Redis().Addr)
			c, _ := connectTo(t, "redis://"+proxy.Addr, Options{Prefix: Prefix(), Timeout: 2 * time.Second})
			outage.begin(proxy)
			done := make(chan error)
			for range 3 {
				go func() { done <- send(t, c, "room", nil) }()
			}
			start := time.Now()
			c.close()
			if took := time.Since(start); took > spare {
				t.Errorf("closing took %v", took)
			}
			for range 3 {
				if err := <-done; !errors.Is(err, layer.ErrClosed) && !errors.Is(err, layer.ErrUnavailable) {
					t.Errorf("publish: %v", err)
				}
			}
			if err := send(t, c, "room", nil); !errors.Is(err, layer.ErrClosed) {
				t.Errorf("publish: %v", err)
			}
			if err := c.listen(t.Context(), "m", "room", func([]byte) {}); !errors.Is(err, layer.ErrClosed) {
				t.Errorf("listen: %v", err)
			}
			if _, err := c.do(t.Context(), c.b().Get().Key("x").Build()); !errors.Is(err, layer.ErrClosed) {
				t.Errorf("do: %v", err)
			}
			c.close()
			await(t, "no goroutine is left", func() bool {
				stacks := make([]byte, 1<<20)
				stacks = stacks[:runtime.Stack(stacks, true)]
				return !bytes.Contains(stacks, []byte("redis/rueidis.")) && !bytes.Contains(stacks, []byte("redis.(*part)"))
			})
		})
	}
}

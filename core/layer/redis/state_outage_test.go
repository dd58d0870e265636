package chanxredis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

var anHour = layer.Retention{Entries: 1000, Age: time.Hour}

// trail is what a follower got, and where a number was not the next one.
type trail struct {
	mu    sync.Mutex
	at    layer.Position
	got   []string
	jumps int
}

func follow(t testing.TB, l *chanxredis.Layer, channel string) *trail {
	t.Helper()
	f := &trail{}
	f.mu.Lock()
	defer f.mu.Unlock()
	at, _, err := l.Follow(t.Context(), channel, f.receive)
	if err != nil {
		t.Fatal(err)
	}
	f.at = at
	return f
}

func (f *trail) receive(e layer.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.Epoch != f.at.Epoch || e.Seq != f.at.Seq+1 {
		f.jumps++
	}
	f.at, f.got = e.Position, append(f.got, string(e.Data))
}

func (f *trail) state() (got string, jumps int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.got, " "), f.jumps
}

func (f *trail) is(want string) func() bool {
	return func() bool {
		got, _ := f.state()
		return got == want
	}
}

func appendTo(t testing.TB, l *chanxredis.Layer, channel, data string) {
	t.Helper()
	if err := l.Append(t.Context(), channel, []byte(data), anHour); err != nil {
		t.Errorf("append %q to %q: %v", data, channel, err)
	}
}

// who is who a watch takes for present.
type who struct {
	mu      sync.Mutex
	members map[string]string
	calls   []string
}

func watch(t testing.TB, l *chanxredis.Layer, channel string) *who {
	t.Helper()
	w := &who{members: make(map[string]string)}
	if _, err := l.Watch(t.Context(), channel, w.receive); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *who) receive(c layer.PresenceChange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.All {
		clear(w.members)
	}
	for _, m := range c.Joined {
		w.members[m.Key] = string(m.Info)
		w.calls = append(w.calls, "+"+m.Key)
	}
	for _, key := range c.Left {
		delete(w.members, key)
		w.calls = append(w.calls, "-"+key)
	}
}

func (w *who) are(want ...string) func() bool {
	return func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		var all []string
		for key, info := range w.members {
			all = append(all, key+"="+info)
		}
		slices.Sort(all)
		return slices.Equal(all, want)
	}
}

func enter(t testing.TB, l *chanxredis.Layer, owner, channel, key, info string) {
	t.Helper()
	if err := l.Enter(t.Context(), channel, layer.Session{Key: key, ID: "1", Owner: owner, Info: []byte(info)}); err != nil {
		t.Errorf("%q enters: %v", key, err)
	}
}

func renew(t testing.TB, l *chanxredis.Layer, owner string) (fresh bool) {
	t.Helper()
	fresh, err := l.Renew(t.Context(), owner, time.Hour)
	if err != nil {
		t.Errorf("renew: %v", err)
	}
	return fresh
}

// Who follows gets what others appended in an outage, in order and once, and who
// watches is told who has come and gone, without anybody doing more.
func TestMissedInOutage(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(*servertest.Proxy){
		"Cut": (*servertest.Proxy).Cut, "Hang": (*servertest.Proxy).Hang,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := chanxredis.Servers.Redis()
			proxy := servertest.NewProxy(t, server.Addr)
			o := chanxredis.Options{Prefix: chanxredis.Prefix()}
			other := open(t, server.URL, &o)
			o.Timeout = brief
			here := open(t, "redis://"+proxy.Addr, &o)
			renew(t, other, "other")
			followed, watched := follow(t, here, "room"), watch(t, here, "room")
			want := "first"
			appendTo(t, other, "room", want)
			enter(t, other, "other", "room", "ann", "x")
			enter(t, other, "other", "room", "bob", "x")
			await(t, "the first entry", followed.is(want))
			await(t, "the first members", watched.are("ann=x", "bob=x"))

			begin(proxy)
			await(t, "lost", away(here))
			for i := range 300 {
				text := fmt.Sprint("missed-", i)
				appendTo(t, other, "room", text)
				want += " " + text
			}
			enter(t, other, "other", "room", "ann", "y")
			enter(t, other, "other", "room", "eve", "x")
			err := other.Leave(t.Context(), "room", layer.Session{Key: "bob", ID: "1", Owner: "other"}, 0)
			if err != nil {
				t.Error(err)
			}
			start := time.Now()
			if err := here.Append(t.Context(), "room", []byte("own"), anHour); !errors.Is(err, layer.ErrUnavailable) {
				t.Errorf("append: %v", err)
			}
			if took := time.Since(start); took > brief/2 {
				t.Errorf("an append took %v though the outage was known", took)
			}
			if failed := here.Health().Failed; failed != 1 {
				t.Errorf("%d failed", failed)
			}

			proxy.Restore()
			await(t, "what was missed", followed.is(want))
			await(t, "who is there now", watched.are("ann=y", "eve=x"))
			await(t, "back", connected(here))
			appendTo(t, here, "room", "after")
			await(t, "the entry after", followed.is(want+" after"))
			if _, jumps := followed.state(); jumps > 0 {
				t.Errorf("%d jumps", jumps)
			}
		})
	}
}

// A server that comes back with nothing begins every channel anew: who follows sees
// that, and who is present enters again.
func TestServerForgets(t *testing.T) {
	t.Parallel()
	for name, persist := range map[string]bool{"Empty": false, "WithFile": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := servertest.Redis(t, servertest.RedisOptions{Persist: persist})
			o := chanxredis.Options{Timeout: brief}
			here, other := open(t, server.URL, &o), open(t, server.URL, &o)
			renew(t, other, "other")
			followed, watched := follow(t, here, "room"), watch(t, here, "room")
			for _, text := range []string{"1", "2", "3"} {
				appendTo(t, other, "room", text)
			}
			enter(t, other, "other", "room", "ann", "x")
			await(t, "the entries", followed.is("1 2 3"))
			await(t, "the member", watched.are("ann=x"))
			before := followed.at

			server.Kill()
			await(t, "lost", away(here))
			await(t, "lost there", away(other))
			server.Start()
			await(t, "back", connected(here))
			await(t, "back there", connected(other))
			if !renew(t, other, "other") {
				t.Error("the owner doesn't learn that the server may have lost its sessions")
			}
			enter(t, other, "other", "room", "ann", "x")
			appendTo(t, other, "room", "4")
			await(t, "the entry after", followed.is("1 2 3 4"))
			await(t, "the member again", watched.are("ann=x"))
			if _, jumps := followed.state(); jumps != 1 {
				t.Errorf("%d jumps, want 1", jumps)
			}
			if _, head, err := here.Read(t.Context(), "room", before, 10); !errors.Is(err, layer.ErrGap) || head.Seq != 1 {
				t.Errorf("read after %v: up to %v, %v", before, head, err)
			}
			if told := strings.Join(watched.calls, " "); persist && told != "+ann" {
				t.Errorf("told of %s, and ann was never away", told)
			}
		})
	}
}

// An entry that the server does not answer for in the caller's time is one of those that
// could not be published, and the error tells both.
func TestAppendInCallersTime(t *testing.T) {
	t.Parallel()
	proxy := servertest.NewProxy(t, chanxredis.Servers.Redis().Addr)
	l := open(t, "redis://"+proxy.Addr, &chanxredis.Options{Prefix: chanxredis.Prefix()})
	appendTo(t, l, "room", "first")
	proxy.Hang()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := l.Append(ctx, "room", []byte("second"), anHour)
	if !errors.Is(err, layer.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if n := l.Health().Failed; n != 1 {
		t.Errorf("%d failed", n)
	}
}

// Whose context has no end publishes no longer than the timeout, and many at once
// don't wait for each other.
func TestPublishInTime(t *testing.T) {
	t.Parallel()
	proxy := servertest.NewProxy(t, chanxredis.Servers.Redis().Addr)
	const timeout = 300 * time.Millisecond
	l := open(t, "redis://"+proxy.Addr, &chanxredis.Options{Prefix: chanxredis.Prefix(), Timeout: timeout})
	publish(t, l, "room", "first")
	proxy.Hang()
	began := time.Now()
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if err := l.Publish(context.Background(), "room", []byte("second")); !errors.Is(err, layer.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if took := time.Since(began); took > 10*timeout {
		t.Errorf("it took %v", took)
	}
}

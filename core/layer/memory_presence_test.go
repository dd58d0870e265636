package layer_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chanx-go/chanx/core/layer"
)

func TestMemoryPresenceTellsBeforeCallsReturn(t *testing.T) {
	t.Parallel()
	m := newPresence(t, "p")
	var log changeLog
	watch(t, m, "room", &log)
	enter(t, m, "room", "ann", "x")
	log.expect(t, "all", "+ann=x")
	enter(t, m, "room", "bob", "x")
	leave(t, m, "room", "ann", 0)
	log.expect(t, "+bob=x", "-ann")
	if err := m.Release(t.Context(), "p"); err != nil {
		t.Error(err)
	}
	log.expect(t, "-bob")
}

// Leases and graces end to the nanosecond.
func TestMemoryPresenceTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newPresence(t, "p")
		var log changeLog
		watch(t, m, "room", &log)
		enter(t, m, "room", "ann", "x")
		enter(t, m, "room", "bob", "x")
		enter(t, m, "room", "tim", "x")
		leave(t, m, "room", "ann", time.Second)
		log.expect(t, "all", "+ann=x", "+bob=x", "+tim=x")
		<-time.After(time.Second - 1)
		synctest.Wait()
		log.expect(t)
		<-time.After(1)
		synctest.Wait()
		log.expect(t, "-ann")

		renew(t, m, "p", time.Minute, false)
		<-time.After(time.Minute - 1)
		renew(t, m, "p", time.Minute, false)
		<-time.After(time.Minute - 1)
		synctest.Wait()
		log.expect(t)
		<-time.After(1)
		synctest.Wait()
		log.expect(t, "-bob -tim")
	})
}

// A grace that ends when its key enters again and leaves again either ends before
// or not at all.
func TestMemoryPresenceGraceEndsAtTheMoment(t *testing.T) {
	t.Parallel()
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			m := newPresence(t, "p")
			var log changeLog
			watch(t, m, "room", &log)
			enter(t, m, "room", "ann", "x")
			leave(t, m, "room", "ann", time.Second)
			<-time.After(time.Second)
			enter(t, m, "room", "ann", "x")
			leave(t, m, "room", "ann", time.Minute)
			<-time.After(time.Second)
			if members, err := m.Members(t.Context(), "room"); err != nil || len(members) != 1 {
				t.Errorf("in the second grace: %v, %v", members, err)
			}
			got := log.take()
			if want := []string{"all", "+ann=x"}; len(got) > 2 {
				if diff := cmp.Diff(append(want, "-ann", "+ann=x"), got); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// A lease that is renewed at the moment when it ends has ended.
func TestMemoryPresenceLeaseEndsAtTheMoment(t *testing.T) {
	t.Parallel()
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			m := newPresence(t, "q")
			renew(t, m, "p", time.Minute, true)
			var log changeLog
			watch(t, m, "room", &log)
			enter(t, m, "room", "ann", "x")
			<-time.After(time.Minute)
			renew(t, m, "p", time.Minute, true)
			synctest.Wait()
			log.expect(t, "all", "+ann=x", "-ann")
			<-time.After(time.Minute - 1)
			renew(t, m, "p", time.Minute, false)
		})
	}
}

// A channel costs nothing without members, graces and watches, and an owner nothing
// without sessions.
func TestMemoryPresenceForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newPresence(t, "p")
		expect := func(wantRosters, wantOwners int) {
			t.Helper()
			synctest.Wait()
			if rosters, owners := m.Rosters(); rosters != wantRosters || owners != wantOwners {
				t.Errorf("%d channels and %d owners with sessions, want %d and %d",
					rosters, owners, wantRosters, wantOwners)
			}
		}
		leave(t, m, "nobody was here", "ann", time.Hour)
		if err := m.Enter(t.Context(), "room", layer.Session{Owner: "q"}); !errors.Is(err, layer.ErrNoLease) {
			t.Errorf("Enter: %v, want %v", err, layer.ErrNoLease)
		}
		expect(0, 0)
		var log changeLog
		sub := watch(t, m, "room", &log)
		expect(1, 0)
		enter(t, m, "room", "ann", "x")
		enter(t, m, "other", "ann", "x")
		expect(2, 1)
		leave(t, m, "room", "ann", time.Second)
		leave(t, m, "other", "ann", time.Second)
		expect(2, 0)
		<-time.After(time.Second)
		expect(1, 0)
		if err := sub.Unsubscribe(); err != nil {
			t.Error(err)
		}
		expect(0, 0)
	})
}

// Close ends what would happen later.
func TestMemoryPresenceClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newPresence(t, "p")
		var log changeLog
		sub := watch(t, m, "room", &log)
		enter(t, m, "room", "ann", "x")
		enter(t, m, "room", "bob", "x")
		leave(t, m, "room", "bob", time.Second)
		log.expect(t, "all", "+ann=x", "+bob=x")
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		<-time.After(24 * time.Hour)
		synctest.Wait()
		log.expect(t)
		if err := sub.Unsubscribe(); err != nil {
			t.Error(err)
		}
		if rosters, owners := m.Rosters(); rosters+owners != 0 {
			t.Errorf("%d channels and %d owners are left", rosters, owners)
		}
	})
}

// Who enters waits until it can tell of it, first come first served; one whose
// context ends meanwhile has not entered.
func TestMemoryPresenceTakesTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newPresence(t, "p")
		release := make(chan struct{})
		var log changeLog
		_, err := m.Watch(t.Context(), "room", func(c layer.PresenceChange) {
			log.add(c)
			if !c.All {
				<-release
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		errs := make([]error, 4)
		var wg sync.WaitGroup
		for i := range errs {
			ctx := ctx
			if i != 2 {
				ctx = t.Context()
			}
			s := layer.Session{Key: strconv.Itoa(i), Owner: "p"}
			wg.Go(func() { errs[i] = m.Enter(ctx, "room", s) })
			synctest.Wait()
		}
		cancel()
		synctest.Wait()
		if !errors.Is(errs[2], context.Canceled) {
			t.Errorf("Enter whose context ended: %v, want %v", errs[2], context.Canceled)
		}
		enter(t, m, "other", "is free", "")
		if members, err := m.Members(t.Context(), "room"); err != nil || len(members) != 1 {
			t.Errorf("while others wait: %v, %v", members, err)
		}
		close(release)
		wg.Wait()
		if err := errors.Join(errs[0], errs[1], errs[3]); err != nil {
			t.Error(err)
		}
		log.expect(t, "all", "+0=", "+1=", "+3=")
	})
}

// While somebody waits to enter, the channel is not forgotten and the owner's lease
// may end.
func TestMemoryPresenceWaitingToEnter(t *testing.T) {
	t.Parallel()
	for _, released := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := newPresence(t, "p")
			renew(t, m, "q", time.Hour, true)
			goOn := make(chan struct{})
			var sub layer.Subscription
			sub, err := m.Watch(t.Context(), "room", func(c layer.PresenceChange) {
				if len(c.Left) > 0 {
					<-goOn
					_ = sub.Unsubscribe() // now there is nobody but who waits
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			enter(t, m, "room", "ann", "x")
			var wg sync.WaitGroup
			wg.Go(func() { leave(t, m, "room", "ann", 0) })
			synctest.Wait()
			var waited error
			wg.Go(func() { waited = m.Enter(t.Context(), "room", layer.Session{Key: "bob", Owner: "q"}) })
			synctest.Wait()
			want := "+bob="
			if released {
				want = ""
				if err := m.Release(t.Context(), "q"); err != nil {
					t.Error(err)
				}
			}
			close(goOn)
			wg.Wait()
			if released != errors.Is(waited, layer.ErrNoLease) || !released && waited != nil {
				t.Errorf("released: %t; Enter: %v", released, waited)
			}
			members, err := m.Members(t.Context(), "room")
			if got := changeText(layer.PresenceChange{Joined: members}); err != nil || got != want {
				t.Errorf("Members: %q, %v, want %q", got, err, want)
			}
		})
	}
}

// What handlers change while somebody tells is bounded, but for who leaves.
func TestMemoryPresenceBacklogIsBounded(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		size, want int
	}{
		"changes": {size: 1, want: 1024},
		"bytes":   {size: 1 << 20, want: 16},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newPresence(t, "p")
			accepted, told, left := 0, 0, 0
			_, err := m.Watch(t.Context(), "room", func(c layer.PresenceChange) {
				left += len(c.Left)
				if c.All || len(c.Joined) == 0 || c.Joined[0].Key != "go" {
					told += len(c.Joined)
					return
				}
				for i := range 2 * 1024 {
					s := layer.Session{Key: strconv.Itoa(i), Owner: "p", Info: make([]byte, tt.size)}
					err := m.Enter(t.Context(), "room", s)
					if errors.Is(err, layer.ErrBacklog) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					accepted++
				}
				for i := range accepted {
					leave(t, m, "room", strconv.Itoa(i), 0)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			for round := 1; round <= 2; round++ { // the second shows that all is given back
				enter(t, m, "room", "go", "")
				if accepted != tt.want || told != tt.want || left != tt.want {
					t.Errorf("round %d: %d entered, told of %d who joined and %d who left, want %d",
						round, accepted, told, left, tt.want)
				}
				leave(t, m, "room", "go", 0)
				accepted, told, left = 0, 0, 0
			}
		})
	}
}

// A handler that panics, or ends its goroutine, harms nobody but who called.
func TestMemoryPresenceHandlerPanics(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fail func()
		want any
	}{
		"panic":  {fail: func() { panic("boom") }, want: "boom"},
		"Goexit": {fail: runtime.Goexit, want: nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newPresence(t, "p")
			renew(t, m, "q", time.Hour, true)
			// failing fails when a key comes or goes that begins with "bad".
			failing := func(channel string) func(layer.PresenceChange) {
				return func(c layer.PresenceChange) {
					if text := changeText(c); strings.Contains(text, "bad") {
						if strings.Contains(text, "nested") {
							enter(t, m, channel, "nested", "")
						}
						tt.fail()
					}
				}
			}
			fails := func(call func()) {
				t.Helper()
				returned := false
				recovered := make(chan any, 1)
				go func() {
					defer func() { recovered <- recover() }()
					call()
					returned = true
				}()
				if got := <-recovered; got != tt.want || returned {
					t.Errorf("recovered %v, want %v; returned: %t", got, tt.want, returned)
				}
			}
			var subs []layer.Subscription
			logs := make(map[string]*changeLog)
			for _, channel := range []string{"one", "two", "three"} {
				logs[channel] = new(changeLog)
				sub, err := m.Watch(t.Context(), channel, failing(channel))
				if err != nil {
					t.Fatal(err)
				}
				subs = append(subs, watch(t, m, channel, logs[channel]), sub, watch(t, m, channel, logs[channel]))
				logs[channel].expect(t, "all", "all")
			}

			fails(func() { enter(t, m, "one", "bad, nested", "") })
			logs["one"].expect(t, "+bad, nested=", "+bad, nested=", "+nested=", "+nested=")
			fails(func() { leave(t, m, "one", "bad, nested", 0) })
			logs["one"].expect(t, "-bad, nested", "-bad, nested")
			for channel, log := range logs {
				s := layer.Session{Key: "bad", Owner: "q"}
				fails(func() { _ = m.Enter(t.Context(), channel, s) })
				log.expect(t, "+bad=", "+bad=")
			}
			fails(func() { _ = m.Release(t.Context(), "q") })
			for channel, log := range logs {
				log.expect(t, "-bad", "-bad")
				enter(t, m, channel, "good", "")
				log.expect(t, "+good=", "+good=")
			}
			for _, channel := range []string{"one", "new"} {
				fails(func() {
					_, _ = m.Watch(t.Context(), channel, func(layer.PresenceChange) {
						enter(t, m, channel, "in the first call", "")
						tt.fail()
					})
				})
			}
			logs["one"].expect(t, "+in the first call=", "+in the first call=")
			for channel := range logs {
				leave(t, m, channel, "good", 0)
			}
			leave(t, m, "one", "nested", 0)
			leave(t, m, "one", "in the first call", 0)
			leave(t, m, "new", "in the first call", 0)
			for _, sub := range subs {
				if err := sub.Unsubscribe(); err != nil {
					t.Error(err)
				}
			}
			if rosters, owners := m.Rosters(); rosters+owners != 0 {
				t.Errorf("%d channels and %d owners are left", rosters, owners)
			}
		})
	}
}

func newPresence(t *testing.T, owner string) *layer.Memory {
	t.Helper()
	m := layer.NewMemory()
	t.Cleanup(func() { _ = m.Close() })
	renew(t, m, owner, time.Hour, true)
	return m
}

func renew(t *testing.T, p layer.Presence, owner string, lease time.Duration, want bool) {
	t.Helper()
	if fresh, err := p.Renew(t.Context(), owner, lease); err != nil || fresh != want {
		t.Errorf("Renew: %t, %v, want %t", fresh, err, want)
	}
}

// enter enters through a session that has no id and the owner p.
func enter(t *testing.T, p layer.Presence, channel, key, info string) {
	t.Helper()
	if err := p.Enter(t.Context(), channel, layer.Session{Key: key, Owner: "p", Info: []byte(info)}); err != nil {
		t.Error(err)
	}
}

func leave(t *testing.T, p layer.Presence, channel, key string, grace time.Duration) {
	t.Helper()
	if err := p.Leave(t.Context(), channel, layer.Session{Key: key, Owner: "p"}, grace); err != nil {
		t.Error(err)
	}
}

// changeLog notes what a watcher is told.
type changeLog struct {
	mu      sync.Mutex
	changes []string
}

func (l *changeLog) add(c layer.PresenceChange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes = append(l.changes, changeText(c))
}

// changeText puts a change into a line, such as "+ann=info -bob".
func changeText(c layer.PresenceChange) string {
	var words []string
	if c.All {
		words = append(words, "all")
	}
	for _, m := range c.Joined {
		words = append(words, fmt.Sprintf("+%s=%s", m.Key, m.Info))
	}
	for _, key := range c.Left {
		words = append(words, "-"+key)
	}
	return strings.Join(words, " ")
}

// take returns what was noted since the last take.
func (l *changeLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	changes := l.changes
	l.changes = nil
	return changes
}

// expect fails if other changes were noted since it was called last.
func (l *changeLog) expect(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, l.take()); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func watch(t *testing.T, p layer.Presence, channel string, log *changeLog) layer.Subscription {
	t.Helper()
	s, err := p.Watch(t.Context(), channel, log.add)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

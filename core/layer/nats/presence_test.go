package chanxnats_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

// told is what a watch was told.
type told struct {
	t *testing.T

	mu      sync.Mutex
	members map[string]string
	changes []string // after the first call
	started bool
}

func watch(t *testing.T, l layer.Presence, channel string) *told {
	t.Helper()
	w := &told{t: t, members: map[string]string{}}
	s, err := l.Watch(t.Context(), channel, w.receive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Unsubscribe() })
	return w
}

func (w *told) receive(c layer.PresenceChange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.All {
		clear(w.members)
	}
	for _, m := range c.Joined {
		if info, in := w.members[m.Key]; in && info == string(m.Info) {
			w.t.Errorf("told again that %q has joined with %q", m.Key, m.Info)
		}
		w.members[m.Key] = string(m.Info)
		if w.started {
			w.changes = append(w.changes, "+"+m.Key+"="+string(m.Info))
		}
	}
	for _, key := range c.Left {
		if _, in := w.members[key]; !in {
			w.t.Errorf("told that %q has left, who was not there", key)
		}
		delete(w.members, key)
		w.changes = append(w.changes, "-"+key)
	}
	w.started = true
}

func (w *told) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.changes)
}

func (w *told) state() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.members)
}

// expect waits for changes, and fails if there are others.
func (w *told) expect(want ...string) {
	w.t.Helper()
	soon(w.t, fmt.Sprintf("told of %q", want), func() bool { return len(w.all()) >= len(want) })
	if got := w.all(); !slices.Equal(got, want) {
		w.t.Errorf("told of %q, want %q", got, want)
	}
}

func renew(t testing.TB, l layer.Presence, owner string, lease time.Duration) (fresh bool) {
	t.Helper()
	fresh, err := l.Renew(t.Context(), owner, lease)
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

func enter(t testing.TB, l layer.Presence, channel, owner, key, id, info string) {
	t.Helper()
	if err := l.Enter(t.Context(), channel, layer.Session{Key: key, ID: id, Owner: owner, Info: []byte(info)}); err != nil {
		t.Error(err)
	}
}

func leave(t testing.TB, l layer.Presence, channel, owner, key, id string, grace time.Duration) {
	t.Helper()
	if err := l.Leave(t.Context(), channel, layer.Session{Key: key, ID: id, Owner: owner}, grace); err != nil {
		t.Error(err)
	}
}

func members(t testing.TB, l layer.Presence, channel string) map[string]string {
	t.Helper()
	all, err := l.Members(t.Context(), channel)
	if err != nil {
		t.Error(err)
	}
	texts := map[string]string{}
	for _, m := range all {
		texts[m.Key] = string(m.Info)
	}
	return texts
}

// TestPresenceOneOrder: processes come and go, and so do the sessions of each, with
// graces, all at once. Who watches is told the same changes in the same order in
// every process, and knows in the end what Members says.
func TestPresenceOneOrder(t *testing.T) {
	t.Parallel()
	const processes, rounds = 4, 120
	url := embed(t, nil).ClientURL()
	opts := &chanxnats.Options{Prefix: prefix()}
	var watches []*told
	var wg sync.WaitGroup
	var layers []*chanxnats.Layer
	for range processes {
		l := open(t, url, opts)
		layers = append(layers, l)
		watches = append(watches, watch(t, l, "room"))
	}
	for i, l := range layers {
		owner := "process " + strconv.Itoa(i)
		random := rand.New(rand.NewPCG(7, uint64(i)))
		renew(t, l, owner, time.Minute)
		wg.Go(func() {
			for range rounds {
				key, id, info := strconv.Itoa(random.IntN(4)), strconv.Itoa(random.IntN(2)), strconv.Itoa(random.IntN(3))
				switch random.IntN(20) {
				case 0:
					if err := l.Release(t.Context(), owner); err != nil {
						t.Error(err)
					}
					if !renew(t, l, owner, time.Minute) {
						t.Error("Renew after Release: not fresh")
					}
				case 1, 2, 3, 4, 5, 6, 7, 8:
					leave(t, l, "room", owner, key, id, time.Duration(random.IntN(3))*10*time.Millisecond)
				default:
					enter(t, l, "room", owner, key, id, info)
				}
			}
			for key := range 4 {
				leave(t, l, "room", owner, strconv.Itoa(key), "1", time.Millisecond)
			}
		})
	}
	wg.Wait()
	enter(t, layers[0], "room", "process 0", "end", "1", "")
	for i, w := range watches {
		soon(t, fmt.Sprintf("process %d agrees with Members", i), func() bool {
			return maps.Equal(w.state(), members(t, layers[0], "room")) && maps.Equal(w.state(), watches[0].state())
		})
	}
	soon(t, "all were told the same", func() bool {
		return !slices.ContainsFunc(watches, func(w *told) bool { return len(w.all()) != len(watches[0].all()) })
	})
	for i, w := range watches {
		if got, want := w.all(), watches[0].all(); !slices.Equal(got, want) {
			t.Errorf("process %d was told\n%q\nand process 0\n%q", i, got, want)
		}
	}
}

// TestPresenceProcessDies: when a process dies its sessions end once its lease has,
// told once, whoever of the others notices; and its graces go on.
func TestPresenceProcessDies(t *testing.T) {
	t.Parallel()
	url := embed(t, nil).ClientURL()
	opts := &chanxnats.Options{Prefix: prefix()}
	var watches []*told
	for range 4 {
		watches = append(watches, watch(t, open(t, url, opts), "room"))
	}
	dies, stays := open(t, url, opts), open(t, url, opts)
	renew(t, stays, "stays", time.Minute)
	enter(t, stays, "room", "stays", "ann", "1", "x")
	renew(t, dies, "dies", 400*time.Millisecond)
	for _, key := range []string{"ann", "bob", "eve"} {
		enter(t, dies, "room", "dies", key, "1", "x")
	}
	leave(t, dies, "room", "dies", "eve", "1", time.Hour)
	dies.Close()
	for _, w := range watches {
		w.expect("+ann=x", "+bob=x", "+eve=x", "-bob")
	}
	if got := members(t, stays, "room"); !maps.Equal(got, map[string]string{"ann": "x", "eve": "x"}) {
		t.Errorf("Members: %v", got)
	}
	if !renew(t, stays, "dies", time.Minute) {
		t.Error("Renew of an owner that has died: not fresh")
	}
}

// TestPresenceServerRestarts: what is kept in files is there after a restart, and
// nobody is told anything; what is in memory is told anew.
func TestPresenceServerRestarts(t *testing.T) {
	t.Parallel()
	for _, memory := range []bool{false, true} {
		t.Run(fmt.Sprintf("Memory=%t", memory), func(t *testing.T) {
			t.Parallel()
			s := program(t, servertest.NATSOptions{JetStream: true})
			opts := quick()
			opts.Memory = memory
			a, b := open(t, s.URL, opts), open(t, s.URL, opts)
			w := watch(t, b, "room")
			renew(t, a, "a", time.Minute)
			enter(t, a, "room", "a", "ann", "1", "x")
			enter(t, a, "room", "a", "bob", "1", "x")
			leave(t, a, "room", "a", "bob", "1", time.Hour)
			w.expect("+ann=x", "+bob=x")
			s.Kill()
			soon(t, "both know", func() bool { return !a.Health().Connected && !b.Health().Connected })
			s.Start()
			soon(t, "both are back", func() bool { return a.Health().Connected && b.Health().Connected })
			if !memory {
				if renew(t, a, "a", time.Minute) {
					t.Error("Renew after a restart: fresh")
				}
				enter(t, a, "room", "a", "eve", "1", "x")
				w.expect("+ann=x", "+bob=x", "+eve=x")
				return
			}
			soon(t, "everybody has left", func() bool { return len(w.state()) == 0 })
			if !renew(t, a, "a", time.Minute) {
				t.Error("Renew after all was lost: not fresh")
			}
			enter(t, a, "room", "a", "ann", "1", "x")
			soon(t, "ann is back", func() bool { return w.state()["ann"] == "x" })
			if got := members(t, b, "room"); !maps.Equal(got, map[string]string{"ann": "x"}) {
				t.Errorf("Members: %v", got)
			}
		})
	}
}

// TestPresenceOutage: who could not reach the server for longer than leases run, and
// graces last, learns the difference; and nobody's lease ends because of it who
// renews it after.
func TestPresenceOutage(t *testing.T) {
	t.Parallel()
	for _, fault := range faults {
		if fault.name == "Killed" || fault.name == "Stopped" {
			continue // nobody reaches it
		}
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			s := program(t, servertest.NATSOptions{JetStream: true})
			p := servertest.NewProxy(t, s.Addr)
			a, b := open(t, s.URL, quick()), open(t, "nats://"+p.Addr, quick())
			w := watch(t, b, "room")
			renew(t, a, "a", time.Minute)
			renew(t, b, "b", time.Second)
			for _, key := range []string{"ann", "bob", "eve"} {
				enter(t, a, "room", "a", key, "1", "x")
			}
			enter(t, b, "room", "b", "tim", "1", "x")
			w.expect("+ann=x", "+bob=x", "+eve=x", "+tim=x")
			fault.down(s, p)
			soon(t, "it is known", func() bool { return !b.Health().Connected })
			leave(t, a, "room", "a", "ann", "1", 0)
			enter(t, a, "room", "a", "bob", "1", "y")
			leave(t, a, "room", "a", "eve", "1", time.Millisecond)
			enter(t, a, "room", "a", "zoe", "1", "x")
			soon(t, "the lease of b ends", func() bool {
				return maps.Equal(members(t, a, "room"), map[string]string{"bob": "y", "zoe": "x"})
			})
			fault.up(s, p)
			soon(t, "the difference is told", func() bool {
				return maps.Equal(w.state(), map[string]string{"bob": "y", "zoe": "x"})
			})
			if !renew(t, b, "b", time.Minute) {
				t.Error("Renew after the lease has ended: not fresh")
			}
			enter(t, b, "room", "b", "tim", "1", "x")
			soon(t, "tim is back", func() bool { return w.state()["tim"] == "x" })
		})
	}
}

// TestPresenceLeaseOutlivesOutage: while the server is away nobody can renew a lease,
// so that none ends because of that.
func TestPresenceLeaseOutlivesOutage(t *testing.T) {
	t.Parallel()
	s := program(t, servertest.NATSOptions{JetStream: true})
	a, b := open(t, s.URL, quick()), open(t, s.URL, quick())
	w := watch(t, b, "room")
	renew(t, a, "a", 1500*time.Millisecond)
	enter(t, a, "room", "a", "ann", "1", "x")
	w.expect("+ann=x")
	s.Kill()
	<-time.After(2 * time.Second)
	s.Start()
	soon(t, "both are back", func() bool { return a.Health().Connected && b.Health().Connected })
	if renew(t, a, "a", time.Minute) {
		t.Error("Renew after an outage: fresh")
	}
	enter(t, a, "room", "a", "bob", "1", "x")
	w.expect("+ann=x", "+bob=x")
}

// TestPresenceForgets: what is over leaves nothing at the server, whether who was
// there lives on or not.
func TestPresenceForgets(t *testing.T) {
	t.Parallel()
	s := embed(t, nil)
	opts := &chanxnats.Options{Prefix: prefix()}
	a, b, c := open(t, s.ClientURL(), opts), open(t, s.ClientURL(), opts), open(t, s.ClientURL(), opts)
	for _, l := range []*chanxnats.Layer{a, b, c} {
		l.ForgetAfter(300 * time.Millisecond)
	}
	w := watch(t, c, "room")
	renew(t, a, "a", time.Minute)
	renew(t, b, "b", time.Minute)
	for i := range 20 {
		key := strconv.Itoa(i)
		enter(t, a, "room", "a", key, "1", "x")
		leave(t, a, "room", "a", key, "1", time.Duration(i%2)*50*time.Millisecond)
		enter(t, b, "other", "b", key, "1", "x")
		if i%2 == 0 {
			leave(t, b, "other", "b", key, "1", 50*time.Millisecond)
		}
	}
	enter(t, a, "room", "a", "stays", "1", "x")
	renew(t, b, "b", 400*time.Millisecond)
	b.Close()
	// What stays is the session, the lease of a, and how long the longest grace was.
	soon(t, "three messages are left", func() bool { return messages(t, s, opts.Prefix) == 3 })
	soon(t, "who is present is as before", func() bool { return maps.Equal(w.state(), map[string]string{"stays": "x"}) })
	if n := consumers(t, s, opts.Prefix); n != 0 {
		t.Errorf("%d consumers are left", n)
	}
}

func messages(t *testing.T, s *server.Server, prefix string) int {
	t.Helper()
	return int(stream(t, s, prefix).State.Msgs)
}

func consumers(t *testing.T, s *server.Server, prefix string) int {
	t.Helper()
	return stream(t, s, prefix).State.Consumers
}

func stream(t *testing.T, s *server.Server, prefix string) server.StreamDetail {
	t.Helper()
	info, err := s.Jsz(&server.JSzOptions{Accounts: true, Streams: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range info.AccountDetails {
		for _, d := range a.Streams {
			if d.Name == prefix+"-presence" {
				return d
			}
		}
	}
	t.Fatal("there is no stream")
	return server.StreamDetail{}
}

// TestPresenceLaterEndCounts: a grace that lasts long does not come back when what
// came after it is forgotten.
func TestPresenceLaterEndCounts(t *testing.T) {
	t.Parallel()
	s := embed(t, nil)
	opts := &chanxnats.Options{Prefix: prefix()}
	a, b := open(t, s.ClientURL(), opts), open(t, s.ClientURL(), opts)
	a.ForgetAfter(100 * time.Millisecond)
	renew(t, a, "a", time.Minute)
	enter(t, a, "room", "a", "ann", "1", "x")
	enter(t, a, "room", "a", "ann", "2", "x")
	leave(t, a, "room", "a", "ann", "1", 2*time.Second)
	leave(t, a, "room", "a", "ann", "2", 0)
	soon(t, "all is forgotten", func() bool {
		if got := members(t, b, "room"); len(got) > 0 {
			t.Fatalf("Members: %v", got)
		}
		return messages(t, s, opts.Prefix) == 2
	})
}

package chanxredis

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/servertest"
	gocmp "github.com/google/go-cmp/cmp"
)

// openPresence returns a presence on a connection of its own.
func openPresence(t testing.TB, url, prefix string) *presence {
	t.Helper()
	c, _ := connectTo(t, url, Options{Prefix: prefix})
	p := newPresence(c)
	t.Cleanup(p.close)
	return p
}

// keeper is a layer.Presence without Watch.
type keeper interface {
	Renew(ctx context.Context, owner string, lease time.Duration) (fresh bool, err error)
	Release(ctx context.Context, owner string) error
	Enter(ctx context.Context, channel string, s layer.Session) error
	Leave(ctx context.Context, channel string, s layer.Session, grace time.Duration) error
	Members(ctx context.Context, channel string) ([]layer.Member, error)
}

func session(owner, key, id, info string) layer.Session {
	return layer.Session{Owner: owner, Key: key, ID: id, Info: []byte(info)}
}

func mustRenew(t testing.TB, p keeper, owner string, lease time.Duration) bool {
	t.Helper()
	fresh, err := p.Renew(t.Context(), owner, lease)
	if err != nil {
		t.Fatalf("Renew: %v", err)
	}
	return fresh
}

func mustEnter(t testing.TB, p keeper, channel string, s layer.Session) {
	t.Helper()
	if err := p.Enter(t.Context(), channel, s); err != nil {
		t.Fatalf("Enter: %v", err)
	}
}

func membersOf(t testing.TB, p keeper, channel string) string {
	t.Helper()
	members, err := p.Members(t.Context(), channel)
	if err != nil {
		t.Fatalf("Members: %v", err)
	}
	var b strings.Builder
	for _, m := range members {
		fmt.Fprintf(&b, "%s=%s ", m.Key, m.Info)
	}
	return b.String()
}

// changes keeps what is told of channels.
type changes struct {
	mu       sync.Mutex
	told     map[string][]string
	versions map[string][]uint64
}

func (c *changes) receive(channel string, version uint64, change layer.PresenceChange) {
	slices.SortFunc(change.Joined, func(a, b layer.Member) int { return cmp.Compare(a.Key, b.Key) })
	slices.Sort(change.Left)
	var b strings.Builder
	for _, m := range change.Joined {
		fmt.Fprintf(&b, "+%s=%s ", m.Key, m.Info)
	}
	for _, key := range change.Left {
		fmt.Fprintf(&b, "-%s ", key)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told == nil {
		c.told, c.versions = make(map[string][]string), make(map[string][]uint64)
	}
	c.told[channel] = append(c.told[channel], b.String())
	c.versions[channel] = append(c.versions[channel], version)
}

// of returns what was told of a channel, whose versions must have grown by one.
func (c *changes) of(t testing.TB, channel string) []string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, v := range c.versions[channel] {
		if first := c.versions[channel][0]; v != first+uint64(i) {
			t.Fatalf("%s: version %d after %d", channel, v, c.versions[channel][i-1])
		}
	}
	return slices.Clone(c.told[channel])
}

// listenTo collects the changes of channels.
func listenTo(t testing.TB, p *presence, channels ...string) *changes {
	t.Helper()
	c := &changes{}
	p.receive = c.receive
	for _, channel := range channels {
		if err := p.Listen(t.Context(), channel); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// Whatever happens, in whatever process, the members and what is told of them are
// those of the memory layer.
func TestPresenceModel(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		prefix := Prefix()
		channels := []string{"one", "two", "three"}
		handles := []*presence{openPresence(t, url, prefix), openPresence(t, url, prefix), openPresence(t, url, prefix)}
		told := listenTo(t, handles[0], channels...)
		memory := layer.NewMemory()
		defer memory.Close()
		want := &changes{}
		for _, channel := range channels {
			if _, err := memory.Watch(t.Context(), channel, func(c layer.PresenceChange) {
				if !c.All {
					want.receive(channel, 0, c)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		pick := func(texts ...string) string { return texts[r.IntN(len(texts))] }
		for range 1500 {
			channel, owner := pick(channels...), pick("a", "b", "c\x00")
			s := session(owner, pick("ann", "bob", "", "e\xffve"), pick("1", "2", ""), pick("", "x", "y"))
			grace := []time.Duration{0, time.Hour, -1}[r.IntN(3)]
			var op func(p keeper) any
			switch n := r.IntN(100); {
			case n < 55:
				op = func(p keeper) any { return errors.Is(p.Enter(t.Context(), channel, s), layer.ErrNoLease) }
			case n < 92:
				op = func(p keeper) any { return p.Leave(t.Context(), channel, s, grace) }
			case n < 94:
				op = func(p keeper) any { return p.Release(t.Context(), owner) }
			default:
				op = func(p keeper) any { return mustRenew(t, p, owner, time.Hour) }
			}
			if got, want := op(handles[r.IntN(3)]), op(memory); got != want {
				t.Fatalf("got %v, want %v", got, want)
			}
			if got, want := membersOf(t, handles[r.IntN(3)], channel), membersOf(t, memory, channel); got != want {
				t.Fatalf("members of %s are %q, want %q", channel, got, want)
			}
		}
		for _, channel := range channels {
			wanted := want.told[channel]
			eventually(t, "all was told", func() bool { return len(told.of(t, channel)) >= len(wanted) })
			if diff := gocmp.Diff(wanted, told.of(t, channel)); diff != "" {
				t.Errorf("told of %s, want(-) got(+):\n%s", channel, diff)
			}
		}
	})
}

// An owner with many sessions ends in steps, and each change is told once, however
// many processes see to it.
func TestPresenceManySessionsEnd(t *testing.T) {
	const channels, keys, others = 150, 8, 4
	url, prefix := Servers.Redis().URL, Prefix()
	p := openPresence(t, url, prefix)
	mustRenew(t, p, "gone", time.Hour)
	mustRenew(t, p, "stays", time.Hour)
	var names []string
	for c := range channels {
		names = append(names, strconv.Itoa(c))
		for k := range keys {
			mustEnter(t, p, names[c], session("gone", strconv.Itoa(k), "1", "x"))
		}
		mustEnter(t, p, names[c], session("stays", "0", "1", "x"))
	}
	told := listenTo(t, openPresence(t, url, prefix), names...)
	var wg sync.WaitGroup
	for range others {
		other := openPresence(t, url, prefix)
		wg.Go(func() {
			for range 20 {
				if _, err := other.tend(t.Context(), 0); err != nil {
					t.Error(err)
				}
				if _, err := other.Members(t.Context(), names[rand.IntN(channels)]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if err := p.Release(t.Context(), "gone"); err != nil {
		t.Error(err)
	}
	for _, name := range names {
		if got := membersOf(t, p, name); got != "0=x " {
			t.Errorf("members after Release: %s", got)
		}
	}
	wg.Wait()
	for _, name := range names {
		want := []string{"-1 -2 -3 -4 -5 -6 -7 "}
		eventually(t, "all was told", func() bool { return len(told.of(t, name)) > 0 })
		if diff := gocmp.Diff(want, told.of(t, name)); diff != "" {
			t.Errorf("told of %s, want(-) got(+):\n%s", name, diff)
		}
	}
	if err := p.Release(t.Context(), "stays"); err != nil {
		t.Error(err)
	}
	if left := Servers.Redis().MustDo("KEYS", prefix+":*"); strings.Contains(strings.ReplaceAll(left, prefix+":who:", ""), prefix) {
		t.Errorf("keys are left: %s", left)
	}
}

// A Renew whose outcome isn't known, and that has found the owner new, is made again
// as that.
func TestPresenceRenewUnknown(t *testing.T) {
	p := openPresence(t, Servers.Redis().URL, Prefix())
	for range 2 * maxMarks {
		args := append([]string{"owner", "3600000"}, p.begin("owner")...)
		if _, err := p.c.run(t.Context(), renewScript, p.call(0, args...)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.c.run(t.Context(), releaseScript, p.call(0, "owner")); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		args := append([]string{"owner", "3600000"}, p.begin("owner")...)
		if _, err := p.c.run(t.Context(), renewScript, p.call(0, args...)); err != nil {
			t.Fatal(err)
		}
	}
	if !mustRenew(t, p, "owner", time.Hour) {
		t.Error("the owner is not new")
	}
	if mustRenew(t, p, "owner", time.Hour) {
		t.Error("the owner is new again")
	}
	if len(p.marks) > 0 {
		t.Errorf("%d marks are kept", len(p.marks))
	}
}

// A server that takes another's place may not know all sessions, and know some that
// have ended: their owners enter again, and nobody is told that they were away.
func TestPresenceFailover(t *testing.T) {
	a := servertest.Redis(t, servertest.RedisOptions{Args: []string{"--repl-diskless-sync-delay", "0"}})
	b := servertest.Redis(t, servertest.RedisOptions{Args: []string{"--repl-diskless-sync-delay", "0"}})
	onA, onB := openPresence(t, a.URL, "app"), openPresence(t, b.URL, "app")
	mustRenew(t, onA, "owner", time.Hour)
	mustEnter(t, onA, "room", session("owner", "ann", "1", "x"))
	mustEnter(t, onA, "room", session("owner", "left", "1", "x"))
	replicate(t, b, a)
	b.MustDo("REPLICAOF", "NO", "ONE")

	told := listenTo(t, onB, "room")
	if !mustRenew(t, onB, "owner", time.Hour) {
		t.Fatal("the owner isn't told that something may be lost")
	}
	mustEnter(t, onB, "room", session("owner", "ann", "1", "x"))
	mustEnter(t, onB, "room", session("owner", "lost", "1", "x"))
	// As if the lease that a gave had run out.
	b.MustDo("EVAL", `local mark = string.sub(redis.call('HGET', KEYS[1], 'owner'), 1, 13)
		for _, lease in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
			local _ = string.sub(lease, 1, 13) ~= mark and redis.call('ZADD', KEYS[2], 1, lease)
		end`, "2", onB.c.partKey(kindOwners, 0), onB.c.partKey(kindLeases, 0))
	eventually(t, "what had ended ends", func() bool { return membersOf(t, onB, "room") == "ann=x lost=x " })
	eventually(t, "it is told", func() bool { return len(told.of(t, "room")) >= 2 })
	if diff := gocmp.Diff([]string{"+lost=x ", "-left "}, told.of(t, "room")); diff != "" {
		t.Errorf("told, want(-) got(+):\n%s", diff)
	}
	if mustRenew(t, onB, "owner", time.Hour) {
		t.Error("the owner is told again")
	}
}

// What somebody deletes is entered again, and ends with its owner. Only the rooms of a
// mark nothing else knows.
func TestPresenceDamage(t *testing.T) {
	server := Servers.Redis()
	for _, kind := range []string{kindWho, kindSessions, kindOwners, kindLeases, kindEnded, kindGraces} {
		t.Run(kind, func(t *testing.T) {
			p := openPresence(t, server.URL, Prefix())
			enter := func() {
				t.Helper()
				for id := range 3 {
					mustEnter(t, p, "room", session("owner", "ann", strconv.Itoa(id), strconv.Itoa(id)))
				}
			}
			mustRenew(t, p, "owner", time.Hour)
			enter()
			for key := range strings.SplitSeq(server.MustDo("KEYS", p.c.partKey(kind, 0)+"*"), "\n") {
				server.MustDo("DEL", key)
			}
			if _, err := p.Members(t.Context(), "room"); err != nil {
				t.Error(err)
			}
			mustRenew(t, p, "owner", time.Hour)
			enter()
			if got := membersOf(t, p, "room"); got != "ann=2 " {
				t.Errorf("members: %s", got)
			}
			if err := p.Release(t.Context(), "owner"); err != nil {
				t.Error(err)
			}
			if got := membersOf(t, p, "room"); got != "" {
				t.Errorf("members after Release: %s", got)
			}
		})
	}
}

// A server whose memory is full lets nobody in, and nobody down: leases are prolonged,
// and who leaves leaves.
func TestPresenceMemoryFull(t *testing.T) {
	server := servertest.Redis(t, servertest.RedisOptions{})
	p := openPresence(t, server.URL, "app")
	mustRenew(t, p, "owner", time.Hour)
	mustEnter(t, p, "room", session("owner", "ann", "1", "x"))
	mustEnter(t, p, "room", session("owner", "bob", "1", "x"))
	server.MustDo("CONFIG", "SET", "maxmemory", "1mb")
	if mustRenew(t, p, "owner", time.Hour) {
		t.Error("the owner is new")
	}
	if err := p.Enter(t.Context(), "room", session("owner", "eve", "1", "x")); !errors.Is(err, layer.ErrUnavailable) {
		t.Errorf("Enter: %v, want %v", err, layer.ErrUnavailable)
	}
	if err := p.Leave(t.Context(), "room", session("owner", "bob", "1", ""), 0); err != nil {
		t.Errorf("Leave: %v", err)
	}
	if got := membersOf(t, p, "room"); got != "ann=x " {
		t.Errorf("members: %s", got)
	}
	if err := p.Release(t.Context(), "owner"); err != nil {
		t.Errorf("Release: %v", err)
	}
	if got := membersOf(t, p, "room"); got != "" {
		t.Errorf("members after Release: %s", got)
	}
}

func TestPresenceVersions(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		p := openPresence(t, url, Prefix())
		mustRenew(t, p, "owner", time.Hour)
		var channels []string
		var want []uint64
		for i := range 2*versionsBatch + 1 {
			channels = append(channels, strconv.Itoa(i))
			if i%3 == 0 {
				mustEnter(t, p, channels[i], session("owner", "ann", "1", "x"))
			}
			var version uint64
			if i%3 != 2 {
				var err error
				if _, version, err = p.List(t.Context(), channels[i]); err != nil || version == 0 {
					t.Fatalf("List: version %d, %v", version, err)
				}
			}
			want = append(want, version)
		}
		got, err := p.Versions(t.Context(), channels)
		if diff := gocmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Versions: %v, want(-) got(+):\n%s", err, diff)
		}
	})
}

// A process that dies is missed by those who watch when its lease ends, though
// nothing else happens there.
func TestPresenceCrash(t *testing.T) {
	t.Parallel()
	url, prefix := Servers.Redis().URL, Prefix()
	dies, watches := openPresence(t, url, prefix), openPresence(t, url, prefix)
	mustRenew(t, dies, "dies", time.Hour)
	mustEnter(t, dies, "room", session("dies", "ann", "1", "x"))
	told := listenTo(t, watches, "room")
	mustRenew(t, dies, "dies", 100*time.Millisecond)
	dies.close()
	eventually(t, "ann is gone", func() bool { return len(told.of(t, "room")) > 0 })
	if diff := gocmp.Diff([]string{"-ann "}, told.of(t, "room")); diff != "" {
		t.Errorf("told, want(-) got(+):\n%s", diff)
	}
}

func FuzzParseChange(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x0215\x00\x00\x00\x011\x00\x00\x00\x01k\x00\x00\x00\x01i\x00\x00\x00\x01l"))
	f.Add([]byte("\x01\x00\x00\x00\x011\x00\x00\x00\x0a4294967295"))
	f.Add([]byte("\x01\xff\xff\xff\xff"))
	f.Add([]byte("\x02"))
	f.Fuzz(func(t *testing.T, message []byte) {
		version, change, ok := parseChange(message)
		if !ok {
			return
		}
		// What is told again is understood as the same.
		var b bytes.Buffer
		add := func(s string) { b.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...)) }
		b.WriteByte(changeVersion)
		add(strconv.FormatUint(version, 10))
		add(strconv.Itoa(len(change.Joined)))
		for _, m := range change.Joined {
			add(m.Key)
			add(string(m.Info))
		}
		for _, key := range change.Left {
			add(key)
		}
		if v, again, ok := parseChange(b.Bytes()); !ok || v != version || gocmp.Diff(change, again) != "" {
			t.Errorf("%q is version %d, %v; told again %d, %v, %t", message, version, change, v, again, ok)
		}
	})
}

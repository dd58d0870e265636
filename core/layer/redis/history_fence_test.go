package chanxredis

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/servertest"
	"github.com/google/go-cmp/cmp"
)

// A server that comes back may have lost what it had acknowledged, so the channel
// begins anew, whether it has kept its file or not.
func TestHistoryRestart(t *testing.T) {
	for name, persist := range map[string]bool{"with a file": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			server := servertest.Redis(t, servertest.RedisOptions{Persist: persist})
			h := openHistory(t, server.URL, "app")
			mustAppend(t, h, "read first", anHour, texts(1, 5)...)
			mustAppend(t, h, "appended first", anHour, texts(1, 5)...)
			before := headOf(t, h, "read first")
			other := headOf(t, h, "appended first")
			server.Kill()
			server.Start()
			h = openHistory(t, server.URL, "app")
			expectAnotherEpoch(t, h, "read first", before)
			mustAppend(t, h, "appended first", anHour, "1")
			if head := headOf(t, h, "appended first"); head.Epoch == other.Epoch || head.Seq != 1 {
				t.Errorf("after a restart the channel stands at %v, and stood at %v", head, other)
			}
		})
	}
}

// replicate makes a server the replica of another, and returns when it has all.
func replicate(t *testing.T, replica, master *servertest.Server) {
	t.Helper()
	host, port, _ := strings.Cut(master.Addr, ":")
	replica.MustDo("REPLICAOF", host, port)
	awaitReplica(t, replica, master)
}

func awaitReplica(t *testing.T, replica, master *servertest.Server) {
	t.Helper()
	eventually(t, "the replica has everything", func() bool {
		offset := infoOfServer(master, "master_repl_offset")
		return infoOfServer(replica, "master_link_status") == "up" && infoOfServer(replica, "slave_repl_offset") == offset
	})
}

func infoOfServer(s *servertest.Server, field string) string {
	info, _ := s.Do("INFO", "replication")
	_, rest, _ := strings.Cut(info, field+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// eventually waits until something is so.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not so after 20 s: %s", what)
		}
	}
}

// A replica that takes the master's place may lack entries, and the master that takes
// its place back those of the replica's time: with the same process, connections and
// scripts as before.
func TestHistoryFailover(t *testing.T) {
	a := servertest.Redis(t, servertest.RedisOptions{Args: []string{"--repl-diskless-sync-delay", "0"}})
	b := servertest.Redis(t, servertest.RedisOptions{Args: []string{"--repl-diskless-sync-delay", "0"}})
	onA, onB := openHistory(t, a.URL, "app"), openHistory(t, b.URL, "app")

	mustAppend(t, onA, "room", anHour, texts(1, 5)...)
	mustAppend(t, onA, "idle", anHour, texts(1, 5)...)
	first := headOf(t, onA, "room")
	idle := headOf(t, onA, "idle")
	replicate(t, b, a)
	if err := onB.Append(t.Context(), "room", []byte("x"), anHour); !errors.Is(err, layer.ErrUnavailable) {
		t.Errorf("Append at a replica: %v", err)
	}
	b.MustDo("REPLICAOF", "NO", "ONE")
	mustAppend(t, onA, "room", anHour, "lost") // nobody but a has it

	mustAppend(t, onB, "room", anHour, "1", "2")
	second := headOf(t, onB, "room")
	if second.Epoch == first.Epoch || second.Seq != 2 {
		t.Fatalf("on the replica the channel stands at %v, and stood at %v", second, first)
	}

	// The way back. What b gets now, a never sees.
	replicate(t, a, b)
	a.MustDo("REPLICAOF", "NO", "ONE")
	mustAppend(t, onB, "room", anHour, "3")
	mustAppend(t, onB, "idle", anHour, "6")
	expectAnotherEpoch(t, onA, "room", second)
	_, head, err := onA.Read(t.Context(), "idle", idle, 10)
	if !errors.Is(err, layer.ErrGap) || head.Epoch == idle.Epoch {
		t.Errorf("Read after %v: up to %v, %v; an entry was appended in between, elsewhere", idle, head, err)
	}
	heads, err := onA.Heads(t.Context(), []string{"room", "idle"})
	if err != nil || heads[0].Seq != 1 || heads[1] != head {
		t.Errorf("Heads: %v, %v", heads, err)
	}
}

// A server whose memory is full refuses entries as a whole, and goes on where it was
// once there is room.
func TestHistoryMemoryFull(t *testing.T) {
	server := servertest.Redis(t, servertest.RedisOptions{Args: []string{"--maxmemory", "8mb"}})
	h := openHistory(t, server.URL, "app")
	mustAppend(t, h, "room", anHour, "1")
	start := layer.Position{Epoch: headOf(t, h, "room").Epoch}
	want := []string{"1"}
	filling := strings.Repeat("x", 64<<10)
	var err error
	for n := 2; err == nil; n++ {
		if n > 1000 {
			t.Fatal("the memory has room for everything")
		}
		data := strconv.Itoa(n) + filling
		if err = h.Append(t.Context(), "room", []byte(data), anHour); err == nil {
			want = append(want, data)
		}
	}
	if !errors.Is(err, layer.ErrUnavailable) {
		t.Errorf("Append to a server that is full: %v, want %v", err, layer.ErrUnavailable)
	}
	server.MustDo("CONFIG", "SET", "maxmemory", "1mb")
	if err := h.Append(t.Context(), "another room", []byte("x"), anHour); !errors.Is(err, layer.ErrUnavailable) {
		t.Errorf("Append to a new channel: %v, want %v", err, layer.ErrUnavailable)
	}
	expectRead(t, h, "room", start, want...)
	server.MustDo("CONFIG", "SET", "maxmemory", "0")
	mustAppend(t, h, "room", anHour, "more")
	expectRead(t, h, "room", start, append(want, "more")...)
}

// A server that evicts what it likes makes gaps, of which everyone learns.
func TestHistoryEviction(t *testing.T) {
	server := servertest.Redis(t, servertest.RedisOptions{
		Args: []string{"--maxmemory", "6mb", "--maxmemory-policy", "allkeys-random"},
	})
	h := openHistory(t, server.URL, "app")
	const channels, rounds = 100, 60
	var mu sync.Mutex
	live := make(map[string]map[layer.Position]string)
	received := 0
	h.receive = func(channel string, e layer.Entry) {
		mu.Lock()
		defer mu.Unlock()
		if live[channel] == nil {
			live[channel] = make(map[layer.Position]string)
		}
		if had, twice := live[channel][e.Position]; twice {
			t.Errorf("%v of %s was given twice: %.10q and %.10q", e.Position, channel, had, e.Data)
		}
		live[channel][e.Position] = string(e.Data)
		received++
	}
	filling := strings.Repeat("x", 4000)
	for c := range channels {
		if err := h.Listen(t.Context(), strconv.Itoa(c)); err != nil {
			t.Fatal(err)
		}
	}
	gaps := 0
	last := make([]layer.Position, channels)
	for r := range rounds {
		for c := range channels {
			channel := strconv.Itoa(c)
			mustAppend(t, h, channel, anHour, fmt.Sprint(r, " ", filling))
			entries, head, err := h.Read(t.Context(), channel, last[c], 10)
			switch {
			case errors.Is(err, layer.ErrGap):
				gaps++
			case err != nil || len(entries) != 1 || entries[0].Position != head || !strings.HasPrefix(string(entries[0].Data), strconv.Itoa(r)+" "):
				t.Fatalf("after %v: %d entries, up to %v, %v", last[c], len(entries), head, err)
			}
			last[c] = head
		}
	}
	eventually(t, "all live entries came", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return received == channels*rounds
	})
	if gaps < 2*channels {
		t.Errorf("%d gaps: nothing was evicted", gaps)
	}
	for channel, positions := range live {
		most := make(map[string]uint64)
		for _, p := range slices.Collect(maps.Keys(positions)) {
			most[p.Epoch] = max(most[p.Epoch], p.Seq)
		}
		for p := range positions {
			if _, ok := positions[layer.Position{Epoch: p.Epoch, Seq: p.Seq - 1}]; !ok && p.Seq > 1 {
				t.Errorf("channel %s: nobody got the entry before %v, of %d", channel, p, most[p.Epoch])
			}
		}
	}
}

// What is kept is found however the times of entries lie, and with each age.
func TestHistoryExpiry(t *testing.T) {
	server := servertest.Redis(t, servertest.RedisOptions{})
	h := openHistory(t, server.URL, "app")
	for _, n := range []int{1, 2, 3, 7, 100} {
		for young := range min(n, 9) + 1 {
			channel := fmt.Sprint(n, " ", young)
			head, log := h.c.key(kindHead, channel), h.c.key(kindLog, channel)
			mustAppend(t, h, channel, anHour, texts(1, n)...)
			before := headOf(t, h, channel)
			// As if all but some had been appended two hours ago.
			server.MustDo("DEL", log)
			old := time.Now().Add(-2 * time.Hour).UnixMilli()
			for i := 1; i <= n; i++ {
				at := old
				if i > n-young {
					at = time.Now().UnixMilli()
				}
				server.MustDo("XADD", log, fmt.Sprintf("%d-%d", i, at), "d", strconv.Itoa(i))
				server.MustDo("EVAL", tamper(fmt.Sprintf("h[6] = %d h[7] = %d", at, old)), "1", head)
			}
			check := func(want []string) {
				t.Helper()
				first := uint64(n - young)
				expectRead(t, h, channel, layer.Position{Epoch: before.Epoch, Seq: first}, want...)
				if first > 0 {
					after := layer.Position{Epoch: before.Epoch, Seq: first - 1}
					if _, _, err := h.Read(t.Context(), channel, after, 1); !errors.Is(err, layer.ErrGap) {
						t.Errorf("%d entries, %d of them young: Read after %v: %v", n, young, after, err)
					}
				}
			}
			check(texts(n-young+1, n))
			mustAppend(t, h, channel, anHour, strconv.Itoa(n+1))
			check(texts(n-young+1, n+1))
			if length := server.MustDo("XLEN", log); length != strconv.Itoa(young+1) {
				t.Errorf("%d entries, %d of them young: the server has %s", n, young, length)
			}
		}
	}
}

func TestHistoryHeads(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		h := openHistory(t, url, Prefix())
		var channels []string
		var want []layer.Position
		for i := range 3*headsBatch + 1 {
			channels = append(channels, strconv.Itoa(i))
			mustAppend(t, h, channels[i], anHour, texts(1, i%3)...)
			want = append(want, headOf(t, h, channels[i]))
		}
		got, err := h.Heads(t.Context(), channels)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Heads: %v, want(-) got(+):\n%s", err, diff)
		}
		if none, err := h.Heads(t.Context(), nil); len(none) != 0 || err != nil {
			t.Errorf("Heads of nothing: %v, %v", none, err)
		}
		fresh, err := h.Heads(t.Context(), []string{"new", "newer"})
		if err != nil || fresh[0] != headOf(t, h, "new") || fresh[1] != headOf(t, h, "newer") {
			t.Errorf("Heads of channels that are new: %v, %v", fresh, err)
		}
	})
}

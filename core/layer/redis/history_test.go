package chanxredis

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/google/go-cmp/cmp"
)

// anHour keeps whatever a test appends.
var anHour = layer.Retention{Entries: 100_000, Age: time.Hour}

// openHistory returns a history on a connection of its own.
func openHistory(t testing.TB, url, prefix string) *history {
	t.Helper()
	c, _ := connectTo(t, url, Options{Prefix: prefix})
	return newHistory(c)
}

func mustAppend(t testing.TB, h *history, channel string, keep layer.Retention, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := h.Append(t.Context(), channel, []byte(text), keep); err != nil {
			t.Fatalf("Append: %v", err)
		}
	}
}

// headOf returns the position of the channel's last entry.
func headOf(t testing.TB, h *history, channel string) layer.Position {
	t.Helper()
	_, head, err := h.Read(t.Context(), channel, layer.Position{}, 1)
	if !errors.Is(err, layer.ErrGap) || head.Epoch == "" {
		t.Fatalf("Read after nothing: up to %v, %v", head, err)
	}
	return head
}

// expectRead fails unless those entries follow a position.
func expectRead(t testing.TB, h *history, channel string, after layer.Position, want ...string) {
	t.Helper()
	entries, head, err := h.Read(t.Context(), channel, after, 1<<30)
	if err != nil {
		t.Fatalf("Read after %v: %v", after, err)
	}
	var got []string
	for i, e := range entries {
		if due := (layer.Position{Epoch: after.Epoch, Seq: after.Seq + uint64(i) + 1}); e.Position != due {
			t.Fatalf("entry %v in place of %v", e.Position, due)
		}
		got = append(got, string(e.Data))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("Read after %v, want(-) got(+):\n%s", after, diff)
	}
	if head.Seq != after.Seq+uint64(len(want)) {
		t.Fatalf("the last entry is %v", head)
	}
}

// expectAnotherEpoch fails unless the channel begins anew: no number of before is
// given again, and whoever comes with a position of then learns it.
func expectAnotherEpoch(t testing.TB, h *history, channel string, before layer.Position) {
	t.Helper()
	_, head, err := h.Read(t.Context(), channel, before, 10)
	if !errors.Is(err, layer.ErrGap) {
		t.Errorf("Read after %v: up to %v, %v; want %v", before, head, err, layer.ErrGap)
	}
	if head.Epoch == before.Epoch || head.Seq != 0 {
		t.Errorf("the channel stands at %v, and stood at %v", head, before)
	}
	mustAppend(t, h, channel, anHour, "another")
	expectRead(t, h, channel, layer.Position{Epoch: head.Epoch}, "another")
}

func texts(first, last int) []string {
	var all []string
	for i := first; i <= last; i++ {
		all = append(all, strconv.Itoa(i))
	}
	return all
}

// Many handles append to a few channels: their numbers have no hole, none is given
// twice, and what is read is what came live.
func TestHistoryConcurrentAppends(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		const handles, appenders, each, channels = 4, 4, 50, 3
		prefix := Prefix()
		reader := openHistory(t, url, prefix)
		var mu sync.Mutex
		live := make(map[string][]layer.Entry)
		done := make(chan struct{})
		total := 0
		reader.receive = func(channel string, e layer.Entry) {
			mu.Lock()
			defer mu.Unlock()
			live[channel] = append(live[channel], layer.Entry{Position: e.Position, Data: []byte(string(e.Data))})
			if total++; total == handles*appenders*each {
				close(done)
			}
		}
		for i := range channels {
			if err := reader.Listen(t.Context(), strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for n := range handles {
			h := openHistory(t, url, prefix)
			for a := range appenders {
				wg.Go(func() {
					for i := range each {
						data := fmt.Appendf(nil, "%d %d %d", n, a, i)
						if err := h.Append(t.Context(), strconv.Itoa(i%channels), data, anHour); err != nil {
							t.Errorf("Append: %v", err)
						}
					}
				})
			}
		}
		wg.Wait()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatal("live entries are missing")
		}
		for i := range channels {
			channel := strconv.Itoa(i)
			start := layer.Position{Epoch: headOf(t, reader, channel).Epoch}
			kept, _, err := reader.Read(t.Context(), channel, start, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(kept, live[channel]); diff != "" {
				t.Errorf("kept(-) and live(+) differ:\n%s", diff)
			}
			for i, e := range kept {
				if e.Seq != uint64(i)+1 || e.Epoch != start.Epoch {
					t.Fatalf("entry %v in place of %d", e.Position, i+1)
				}
			}
		}
	})
}

// Entries of megabytes, and more of them than one reply has room for.
func TestHistoryBigEntries(t *testing.T) {
	h := openHistory(t, Servers.Redis().URL, Prefix())
	big := func(i int) string { return strings.Repeat(strconv.Itoa(i), 3<<20) }
	for i := range 4 {
		mustAppend(t, h, "room", anHour, big(i))
	}
	for i := range 3000 {
		mustAppend(t, h, "room", anHour, strconv.Itoa(i))
	}
	want := append([]string{big(0), big(1), big(2), big(3)}, texts(0, 2999)...)
	start := layer.Position{Epoch: headOf(t, h, "room").Epoch}
	expectRead(t, h, "room", start, want...)
}

// tamper returns a script that changes the head of a channel.
func tamper(change string) string {
	return "local h = {cmsgpack.unpack(redis.call('GET', KEYS[1]))} " + change +
		" redis.call('SET', KEYS[1], cmsgpack.pack(unpack(h)))"
}

// What somebody, or the server itself, does to the keys never makes a gap that nobody
// learns of.
func TestHistoryDamage(t *testing.T) {
	h := openHistory(t, Servers.Redis().URL, Prefix())
	server := Servers.Redis()
	for name, damage := range map[string][]string{
		"head deleted":     {"DEL", "HEAD"},
		"both deleted":     {"DEL", "HEAD", "LOG"},
		"head of a type":   {"SET", "HEAD", "x"},
		"log of a type":    {"SET", "LOG", "x"},
		"entry deleted":    {"XDEL", "LOG", "DELETED"},
		"entries trimmed":  {"XTRIM", "LOG", "MAXLEN", "=", "1"},
		"entries added":    {"XADD", "LOG", "*", "d", "x"},
		"head half there":  {"SETRANGE", "HEAD", "20", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
		"fence of another": {"EVAL", tamper("h[2] = '0123456789abcdef'"), "1", "HEAD"},
		"number lowered":   {"EVAL", tamper("h[3] = 3"), "1", "HEAD"},
		"number too high":  {"EVAL", tamper("h[3] = 2 ^ 53 h[4] = 2 ^ 53 - 5"), "1", "HEAD"},
	} {
		t.Run(name, func(t *testing.T) {
			channel := name
			mustAppend(t, h, channel, anHour, texts(1, 5)...)
			before := headOf(t, h, channel)
			first, _, _ := strings.Cut(server.MustDo("XRANGE", h.c.key(kindLog, channel), "3", "3"), "\n")
			args := make([]string, len(damage))
			for i, arg := range damage {
				args[i] = strings.NewReplacer("HEAD", h.c.key(kindHead, channel),
					"LOG", h.c.key(kindLog, channel), "DELETED", first).Replace(arg)
			}
			server.MustDo(args...)
			expectAnotherEpoch(t, h, channel, before)

			channel += " and appended" // before anybody reads
			mustAppend(t, h, channel, anHour, texts(1, 5)...)
			before = headOf(t, h, channel)
			first, _, _ = strings.Cut(server.MustDo("XRANGE", h.c.key(kindLog, channel), "3", "3"), "\n")
			for i, arg := range damage {
				args[i] = strings.NewReplacer("HEAD", h.c.key(kindHead, channel),
					"LOG", h.c.key(kindLog, channel), "DELETED", first).Replace(arg)
			}
			server.MustDo(args...)
			mustAppend(t, h, channel, anHour, "1")
			head := headOf(t, h, channel)
			if head.Epoch == before.Epoch || head.Seq != 1 {
				t.Errorf("the channel stands at %v, and stood at %v", head, before)
			}
			expectRead(t, h, channel, layer.Position{Epoch: head.Epoch}, "1")
		})
	}
}

// A stream that was evicted takes its entries with it, and no more.
func TestHistoryLogEvicted(t *testing.T) {
	h := openHistory(t, Servers.Redis().URL, Prefix())
	mustAppend(t, h, "room", anHour, texts(1, 5)...)
	before := headOf(t, h, "room")
	Servers.Redis().MustDo("DEL", h.c.key(kindLog, "room"))
	expectRead(t, h, "room", before)
	missed := layer.Position{Epoch: before.Epoch, Seq: 4}
	if _, head, err := h.Read(t.Context(), "room", missed, 10); !errors.Is(err, layer.ErrGap) || head != before {
		t.Errorf("Read after %v: up to %v, %v", missed, head, err)
	}
	mustAppend(t, h, "room", anHour, "6")
	expectRead(t, h, "room", before, "6")
}

func FuzzParseEntry(f *testing.F) {
	f.Add([]byte("\x017 EPOCH-1 data with spaces"))
	f.Add([]byte("\x0118446744073709551615 e d"))
	f.Add([]byte("\x011  d"))
	f.Add([]byte("\x02 7 e d"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, message []byte) {
		e, ok := parseEntry(message)
		if !ok {
			return
		}
		again, ok := parseEntry(fmt.Appendf(nil, "\x01%d %s %s", e.Seq, e.Epoch, e.Data))
		if diff := cmp.Diff(e, again); !ok || diff != "" {
			t.Errorf("%q is %v, and told again %t:\n%s", message, e.Position, ok, diff)
		}
	})
}

package chanxredis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/servertest"
	"github.com/google/go-cmp/cmp"
)

// reader is a layer.History as far as it is read.
type reader interface {
	Read(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error)
}

// Whatever is appended and read, with whatever retention, is as in the memory layer.
func TestHistoryModel(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		prefix := Prefix()
		handles := []*history{openHistory(t, url, prefix), openHistory(t, url, prefix)}
		memory := layer.NewMemory()
		defer memory.Close()
		type outcome struct {
			Texts []string
			Seqs  []uint64
			Head  uint64
			Gap   bool
		}
		read := func(h reader, channel string, after uint64, limit int) outcome {
			t.Helper()
			_, head, _ := h.Read(t.Context(), channel, layer.Position{}, 1)
			entries, head, err := h.Read(t.Context(), channel, layer.Position{Epoch: head.Epoch, Seq: after}, limit)
			o := outcome{Head: head.Seq, Gap: errors.Is(err, layer.ErrGap)}
			if err != nil && !o.Gap {
				t.Fatalf("Read: %v", err)
			}
			for _, e := range entries {
				if e.Epoch != head.Epoch {
					t.Fatalf("an entry of %q, where the last is of %q", e.Epoch, head.Epoch)
				}
				o.Texts, o.Seqs = append(o.Texts, string(e.Data)), append(o.Seqs, e.Seq)
			}
			return o
		}
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		last := make(map[string]int)
		for range 800 {
			channel, h := strconv.Itoa(r.IntN(3)), handles[r.IntN(2)]
			if r.IntN(3) > 0 {
				keep := layer.Retention{Entries: 1 + r.IntN(40)*r.IntN(2), Age: time.Hour}
				last[channel]++
				data := []byte(strconv.Itoa(r.Int()))
				if err := errors.Join(h.Append(t.Context(), channel, data, keep), memory.Append(t.Context(), channel, data, keep)); err != nil {
					t.Fatal(err)
				}
				continue
			}
			after, limit := uint64(max(0, last[channel]+2-r.IntN(45))), 1+r.IntN(50)
			want, got := read(memory, channel, after, limit), read(h, channel, after, limit)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("Read of %s after %d, limit %d: want(-) got(+):\n%s", channel, after, limit, diff)
			}
		}
	})
}

// Of what is appended while connections break, what was acknowledged is there once, and
// the rest once at the most; the former in the order of each appender.
func TestHistoryNeverTwice(t *testing.T) {
	server := Servers.Redis()
	proxy := servertest.NewProxy(t, server.Addr)
	prefix := Prefix()
	direct := openHistory(t, server.URL, prefix)
	h := openHistory(t, "redis://"+proxy.Addr, prefix)
	const appenders, cuts = 8, 12
	var acknowledged, failed sync.Map
	var appended atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for a := range appenders {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				text := fmt.Sprintf("%d %06d", a, i)
				switch err := h.Append(t.Context(), "room", []byte(text), anHour); {
				case err == nil:
					acknowledged.Store(text, 0)
					appended.Add(1)
				case errors.Is(err, layer.ErrUnavailable):
					failed.Store(text, 0)
				default:
					t.Errorf("Append: %v", err)
				}
			}
		})
	}
	for range cuts {
		before := appended.Load()
		eventually(t, "more is appended", func() bool { return appended.Load() > before+20 })
		proxy.Cut()
		proxy.Restore()
	}
	close(stop)
	wg.Wait()

	_, head, _ := direct.Read(t.Context(), "room", layer.Position{}, 1)
	entries, _, err := direct.Read(t.Context(), "room", layer.Position{Epoch: head.Epoch}, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	last := make(map[string]string)
	unsure := 0
	for _, e := range entries {
		text := string(e.Data)
		if _, was := acknowledged.LoadAndDelete(text); was {
			appender, _, _ := strings.Cut(text, " ")
			if text <= last[appender] {
				t.Errorf("%s came after %s", text, last[appender])
			}
			last[appender] = text
			continue
		}
		if _, was := failed.LoadAndDelete(text); !was {
			t.Errorf("%s is there twice, or was never appended", text)
		}
		unsure++
	}
	acknowledged.Range(func(text, _ any) bool {
		t.Errorf("%s was acknowledged and is not there", text)
		return true
	})
	t.Logf("%d entries, %d of them of calls that failed", len(entries), unsure)
}

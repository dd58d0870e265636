package chanxredis

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
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

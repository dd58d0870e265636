package chanxnats_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

// TestCluster: of three servers that keep each entry, the one that leads is killed
// while processes append and follow. What was appended without an error is there,
// once, and followers have got it all in order.
func TestCluster(t *testing.T) {
	t.Parallel()
	cluster := servertest.NATSCluster(t, 3)
	opts := func() *chanxnats.Options {
		o := quick()
		o.Replicas, o.Timeout = 3, 5*time.Second
		return o
	}
	layers := []*chanxnats.Layer{open(t, cluster.URL, opts()), open(t, cluster.URL, opts())}
	logs := []*inbox{follow(t, layers[0], "log"), follow(t, layers[1], "log")}
	start := layer.Position{}
	_, start, _ = layers[0].Read(t.Context(), "log", start, 1)

	var appended atomic.Int64
	certain := make([][]string, len(layers))
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	for i, l := range layers {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				data := fmt.Sprintf("%d %d", i, n)
				if l.Append(t.Context(), "log", []byte(data), plenty()) == nil {
					certain[i] = append(certain[i], data)
					appended.Add(1)
				}
			}
		})
	}
	more := func(n int64) {
		t.Helper()
		want := appended.Load() + n
		soon(t, "more is appended", func() bool { return appended.Load() >= want })
	}
	more(100)
	leader := cluster.Leader("chanx-history")
	leader.Kill()
	more(100)
	leader.Start()
	more(100)
	stop()
	wg.Wait()

	var entries []layer.Entry
	soon(t, "the history can be read", func() (ok bool) {
		var err error
		entries, _, err = layers[0].Read(t.Context(), "log", start, 1_000_000)
		return err == nil
	})
	stored := make([]string, len(entries))
	for i, e := range entries {
		stored[i] = string(e.Data)
		if want := (layer.Position{Epoch: start.Epoch, Seq: uint64(i + 1)}); e.Position != want {
			t.Fatalf("entry %v in place of %v", e.Position, want)
		}
	}
	for i := range layers {
		own := slices.DeleteFunc(slices.Clone(stored), func(s string) bool { return s[0] != byte('0'+i) })
		if !isSubsequence(certain[i], own) {
			t.Errorf("process %d appended %d entries, the history has %d of it, or another order", i, len(certain[i]), len(own))
		}
	}
	sorted := slices.Sorted(slices.Values(stored))
	if len(slices.Compact(sorted)) != len(stored) {
		t.Error("an entry is there twice")
	}
	for _, in := range logs {
		soon(t, "followers have all", func() bool { return len(in.all()) >= len(stored) })
		if !slices.Equal(in.all(), stored) {
			t.Error("a follower has other entries than the history")
		}
	}
	t.Logf("%d entries, of which %d are certain", len(stored), appended.Load())
}

// isSubsequence reports whether what is in sub is in all, in that order.
func isSubsequence(sub, all []string) bool {
	for _, s := range all {
		if len(sub) > 0 && sub[0] == s {
			sub = sub[1:]
		}
	}
	return len(sub) == 0
}

// TestOpenEarly: of three servers only one runs when a process starts, as where all are
// started together. It waits for the others for longer than one call may take.
func TestOpenEarly(t *testing.T) {
	t.Parallel()
	cluster := servertest.NATSCluster(t, 3)
	first, second, third := cluster.Servers[0], cluster.Servers[1], cluster.Servers[2]
	second.Kill()
	third.Kill()
	opts := quick()
	opts.Replicas, opts.Timeout = 3, 6*time.Second
	type outcome struct {
		layer *chanxnats.Layer
		err   error
	}
	opened := make(chan outcome)
	go func() {
		l, err := chanxnats.Open(t.Context(), first.URL, opts)
		opened <- outcome{l, err}
	}()
	select {
	case o := <-opened:
		t.Fatalf("opened on one server of three: %v", o.err)
	case <-time.After(opts.Timeout * 5 / 4):
	}
	second.Start()
	third.Start() // three servers are to keep each entry
	o := <-opened
	if o.err != nil {
		t.Fatal(o.err)
	}
	defer o.layer.Close()
	// Those that have just begun may still lose what they tell each other.
	soon(t, "an entry is taken", func() bool {
		return o.layer.Append(t.Context(), "log", []byte("x"), plenty()) == nil
	})
}

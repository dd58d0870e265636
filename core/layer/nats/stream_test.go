package chanxnats_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
)

// admin returns who may do anything with the streams of a server.
func admin(t *testing.T, url string) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func historyStream(t *testing.T, js jetstream.JetStream, prefix string) jetstream.Stream {
	t.Helper()
	s, err := js.Stream(t.Context(), prefix+"-history")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(t *testing.T, l layer.History, channel string, keep layer.Retention, data ...string) {
	t.Helper()
	for _, d := range data {
		if err := l.Append(t.Context(), channel, []byte(d), keep); err != nil {
			t.Fatal(err)
		}
	}
}

// all returns the position before the entries that are kept, and these.
func all(t *testing.T, l layer.History, channel string) (layer.Position, []string) {
	t.Helper()
	_, head, err := l.Read(t.Context(), channel, layer.Position{}, 1)
	if !errors.Is(err, layer.ErrGap) {
		t.Fatal(err)
	}
	for after := (layer.Position{Epoch: head.Epoch}); ; after.Seq++ {
		entries, _, err := l.Read(t.Context(), channel, after, 1_000_000)
		if errors.Is(err, layer.ErrGap) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var data []string
		for _, e := range entries {
			data = append(data, string(e.Data))
		}
		return after, data
	}
}

// TestStreamGrows: processes that ask for different retentions at the same time all
// get theirs, and what one has asked for is not lowered by another.
func TestStreamGrows(t *testing.T) {
	t.Parallel()
	url, p := embed(t, nil).ClientURL(), prefix()
	var wg sync.WaitGroup
	for i, keep := range []layer.Retention{
		{Entries: 10, Age: time.Minute},
		{Entries: 1000, Age: time.Minute},
		{Entries: 10, Age: 24 * time.Hour},
		{Entries: 300, Age: 5 * time.Hour},
	} {
		l := open(t, url, &chanxnats.Options{Prefix: p})
		wg.Go(func() { add(t, l, fmt.Sprint(i), keep, "1", "2", "3") })
	}
	wg.Wait()
	l := open(t, url, &chanxnats.Options{Prefix: p})
	for i := range 4 {
		if _, got := all(t, l, fmt.Sprint(i)); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Errorf("channel %d has %q", i, got)
		}
	}
	// Whoever was last may have overwritten others, who see that and raise it again.
	add(t, l, "last", layer.Retention{Entries: 1000, Age: 24 * time.Hour}, "x")
	cfg := historyStream(t, admin(t, url), p).CachedInfo().Config
	if cfg.MaxMsgsPerSubject < 1000 || cfg.MaxAge < 48*time.Hour {
		t.Errorf("the stream keeps %d messages for %v", cfg.MaxMsgsPerSubject, cfg.MaxAge)
	}
	if cfg.Discard != jetstream.DiscardNew {
		t.Errorf("a full stream discards the %v", cfg.Discard)
	}
}

// TestStreamChanged: whatever is done to the stream behind the layer's back, no
// number is given twice in an epoch, and who comes with an old position learns of the
// gap.
func TestStreamChanged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		epoch bool // the channel begins another one
		do    func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error
	}{
		{"Purged", true, func(ctx context.Context, _ jetstream.JetStream, s jetstream.Stream) error { return s.Purge(ctx) }},
		{"Deleted", true, func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error {
			return js.DeleteStream(ctx, s.CachedInfo().Config.Name)
		}},
		{"LastMessageDeleted", true, func(ctx context.Context, _ jetstream.JetStream, s jetstream.Stream) error {
			return s.DeleteMsg(ctx, s.CachedInfo().State.LastSeq)
		}},
		{"MiddleDeleted", false, func(ctx context.Context, _ jetstream.JetStream, s jetstream.Stream) error {
			return s.DeleteMsg(ctx, 3)
		}},
		{"MadeSmaller", false, func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error {
			cfg := s.CachedInfo().Config
			cfg.MaxMsgsPerSubject = 2
			_, err := js.UpdateStream(ctx, cfg)
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url, opts := embed(t, nil).ClientURL(), quick()
			opts.Prefix = prefix()
			a, b := open(t, url, opts), open(t, url, opts)
			add(t, a, "room", plenty(), "1", "2", "3", "4", "5")
			before, _ := all(t, b, "room")
			js := admin(t, url)
			if err := tt.do(t.Context(), js, historyStream(t, js, opts.Prefix)); err != nil {
				t.Fatal(err)
			}
			add(t, a, "room", plenty(), "6", "7")
			add(t, b, "room", plenty(), "8")
			after, got := all(t, b, "room")
			if (after.Epoch != before.Epoch) != tt.epoch {
				t.Errorf("the epoch was %q and is %q", before.Epoch, after.Epoch)
			}
			if tt.epoch && !slices.Equal(got, []string{"6", "7", "8"}) {
				t.Errorf("the new sequence has %q", got)
			}
			entries, _, err := b.Read(t.Context(), "room", before, 100)
			if err == nil && len(entries) != 8 || err != nil && !errors.Is(err, layer.ErrGap) {
				t.Errorf("from the beginning: %d entries, %v", len(entries), err)
			}
		})
	}
}

// TestStreamFull: a stream that is full refuses entries, and forgets none.
func TestStreamFull(t *testing.T) {
	t.Parallel()
	url, opts := embed(t, nil).ClientURL(), quick()
	opts.Prefix, opts.MaxBytes = prefix(), 100_000
	l := open(t, url, opts)
	data := []byte(strings.Repeat("x", 1000))
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		err = l.Append(t.Context(), fmt.Sprint("room", n%3), data, plenty())
	}
	if err == nil || errors.Is(err, layer.ErrUnavailable) || !strings.Contains(err.Error(), "maximum bytes") {
		t.Errorf("after %d entries: %v", n, err)
	}
	total := 0
	for i := range 3 {
		_, got := all(t, l, fmt.Sprint("room", i))
		total += len(got)
	}
	if total != n-1 {
		t.Errorf("%d entries are there, of %d that were taken", total, n-1)
	}
}

// TestMemoryStorage: what is kept in memory is gone when the server restarts, and
// channels begin another epoch, for who follows them too.
func TestMemoryStorage(t *testing.T) {
	t.Parallel()
	opts := quick()
	opts.Prefix, opts.Memory = prefix(), true
	s := embed(t, nil)
	l := open(t, s.ClientURL(), opts)
	var mu sync.Mutex
	var got []layer.Entry
	_, sub, err := l.Follow(t.Context(), "room", func(e layer.Entry) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, layer.Entry{Position: e.Position, Data: slices.Clone(e.Data)})
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Unsubscribe()
	add(t, l, "room", plenty(), "1", "2")
	before, _ := all(t, l, "room")

	port := s.Addr()
	s.Shutdown()
	s.WaitForShutdown()
	soon(t, "it is noticed", func() bool { return !l.Health().Connected })
	embedAt(t, port)
	soon(t, "it is back", func() bool { return l.Health().Connected })
	add(t, l, "room", plenty(), "3")
	after, data := all(t, l, "room")
	if after.Epoch == before.Epoch || !slices.Equal(data, []string{"3"}) {
		t.Errorf("after a restart: epoch %q, was %q, entries %q", after.Epoch, before.Epoch, data)
	}
	if _, _, err := l.Read(t.Context(), "room", layer.Position{Epoch: before.Epoch, Seq: 1}, 1); !errors.Is(err, layer.ErrGap) {
		t.Errorf("from an old position: %v", err)
	}
	soon(t, "the follower has it", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) == 3 && string(got[2].Data) == "3" && got[2].Position == layer.Position{Epoch: after.Epoch, Seq: 1}
	})
}

package chanxnats_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
)

// TestAdversaryRivalRetentions: processes that raise what the stream keeps at the
// same moment don't lower it for each other, not even for as long as it takes to
// append some more.
func TestAdversaryRivalRetentions(t *testing.T) {
	t.Parallel()
	url := embed(t, nil).ClientURL()
	const rounds, entries = 20, 300
	for round := range rounds {
		opts := &chanxnats.Options{Prefix: prefix()}
		many, long, both := open(t, url, opts), open(t, url, opts), open(t, url, opts)
		add(t, both, "room", layer.Retention{Entries: 10, Age: time.Minute}, "first") // the stream is there
		var wg sync.WaitGroup
		wg.Go(func() { add(t, many, "many", layer.Retention{Entries: 1000, Age: time.Minute}, "0") })
		wg.Go(func() { add(t, long, "long", layer.Retention{Entries: 10, Age: 24 * time.Hour}, "0") })
		wg.Go(func() { add(t, both, "both", layer.Retention{Entries: 300, Age: 5 * time.Hour}, "0") })
		wg.Wait()
		want := []string{"0"}
		for i := range entries {
			want = append(want, strconv.Itoa(i+1))
		}
		add(t, many, "many", layer.Retention{Entries: 1000, Age: time.Minute}, want[1:]...)
		if _, got := all(t, long, "many"); !slices.Equal(got, want) {
			t.Errorf("round %d: %d entries of %d are left", round, len(got), len(want))
		}
	}
}

// TestAdversaryPrefixes: layers whose prefixes look alike, or like what the layer
// itself puts behind a prefix, share a server without meeting.
func TestAdversaryPrefixes(t *testing.T) {
	t.Parallel()
	url := embed(t, nil).ClientURL()
	base := prefix()
	var layers []*chanxnats.Layer
	for _, end := range []string{"", "-history", "-h", ".history", ".s", ".hh", ".H", ".room"} {
		layers = append(layers, open(t, url, &chanxnats.Options{Prefix: base + end}))
	}
	for _, end := range []string{".h", ".m", ".l", ".p", ".q", ".y", ".p.s", ".h.h", ".x.h", ".p.s.a.b"} {
		if l, err := chanxnats.Open(t.Context(), url, &chanxnats.Options{Prefix: base + end}); err == nil {
			l.Close()
			t.Errorf("Open with the prefix %q: no error", base+end)
		}
	}
	names := []string{"h", "room", "h.room", "a"}
	var boxes []*inbox
	var want []string
	for _, l := range layers {
		renew(t, l, "a", time.Minute)
		for _, name := range names {
			boxes = append(boxes, subscribe(t, l, name), follow(t, l, name))
		}
	}
	for i, l := range layers {
		for _, name := range names {
			data := fmt.Sprint(i, name)
			if err := l.Publish(t.Context(), name, []byte(data)); err != nil {
				t.Error(err)
			}
			add(t, l, name, plenty(), data)
			enter(t, l, name, "a", data, "1", "")
			want = append(want, data, data)
		}
	}
	for i, in := range boxes {
		in.expect(t, want[i])
	}
	for i, l := range layers {
		for _, name := range names {
			if got := members(t, l, name); len(got) != 1 {
				t.Errorf("layer %d: members of %q: %v", i, name, got)
			}
		}
	}
}

// TestAdversaryAnotherStream: where the stream is another one than a process knows,
// and the channel's last message happens to be at the same place, numbers of the old
// sequence don't go on.
func TestAdversaryAnotherStream(t *testing.T) {
	t.Parallel()
	url, opts := embed(t, nil).ClientURL(), quick()
	opts.Prefix = prefix()
	a := open(t, url, opts)
	add(t, a, "room", plenty(), "1", "2", "3", "4", "5")
	_, before, err := a.Read(t.Context(), "room", layer.Position{}, 1)
	if !errors.Is(err, layer.ErrGap) {
		t.Fatal(err)
	}
	js := admin(t, url)
	if err := js.DeleteStream(t.Context(), historyStream(t, js, opts.Prefix).CachedInfo().Config.Name); err != nil {
		t.Fatal(err)
	}
	b := open(t, url, opts)
	add(t, b, "room", plenty(), "6", "7", "8", "9", "10")
	<-time.After(1500 * time.Millisecond) // while nothing is appended
	add(t, a, "room", plenty(), "11")
	if entries, head, err := b.Read(t.Context(), "room", before, 10); !errors.Is(err, layer.ErrGap) {
		t.Errorf("after %v: %d entries, the last is %v, %v", before, len(entries), head, err)
	}
	if _, got := all(t, b, "room"); !slices.Equal(got, []string{"6", "7", "8", "9", "10", "11"}) {
		t.Errorf("the history has %q", got)
	}
}

// TestAdversaryRenewAtTheEnd: a lease is renewed about when it runs out, while others
// look. Where Renew says that it was not fresh what has entered under it is there,
// for everybody; where it says so all of it is gone.
func TestAdversaryRenewAtTheEnd(t *testing.T) {
	t.Parallel()
	const rounds, lease = 20, 300 * time.Millisecond
	url, opts := embed(t, nil).ClientURL(), &chanxnats.Options{Prefix: prefix(), Timeout: 20 * time.Second}
	a, b, c := open(t, url, opts), open(t, url, opts), open(t, url, opts)
	var counts [2]atomic.Int64
	var wg sync.WaitGroup
	for round := range rounds {
		wg.Go(func() {
			owner, room := fmt.Sprint("owner ", round), fmt.Sprint("room ", round)
			want := map[string]string{"1": "x", "2": "x", "3": "x"}
			early := watch(t, b, room)
			renew(t, a, owner, time.Minute)
			for key := range want {
				enter(t, a, room, owner, key, "1", "x")
			}
			renew(t, a, owner, lease)
			<-time.After(lease - 20*time.Millisecond + time.Duration(2*round)*time.Millisecond)
			var late *told
			var look sync.WaitGroup
			look.Go(func() { late = watch(t, c, room) })
			fresh := renew(t, a, owner, time.Minute)
			look.Wait()
			if fresh {
				want = nil
				counts[1].Add(1)
			} else {
				counts[0].Add(1)
			}
			if got := members(t, a, room); !maps.Equal(got, want) {
				t.Errorf("fresh %t: Members are %v", fresh, got)
			}
			enter(t, a, room, owner, "last", "1", "x")
			for _, w := range []*told{early, late} {
				soon(t, "the watch agrees", func() bool { return w.state()["last"] == "x" })
				if got := w.state(); len(got) != len(want)+1 {
					t.Errorf("fresh %t: a watch knows of %v", fresh, got)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d leases went on, %d were fresh", counts[0].Load(), counts[1].Load())
}

// TestAdversaryReleaseTooLong: where there is no time to end all sessions of a
// process that goes, they end after.
func TestAdversaryReleaseTooLong(t *testing.T) {
	t.Parallel()
	url, opts := embed(t, nil).ClientURL(), &chanxnats.Options{Prefix: prefix()}
	a, b := open(t, url, opts), open(t, url, opts)
	w := watch(t, b, "room")
	renew(t, a, "a", time.Minute)
	const sessions = 500
	for i := range sessions {
		enter(t, a, "room", "a", strconv.Itoa(i), "1", "x")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := a.Release(ctx, "a")
	t.Logf("Release: %v", err)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err == nil && len(members(t, b, "room")) > 0 {
		t.Error("Release returned too early")
	}
	if err == nil {
		return
	}
	if fresh := renew(t, a, "a", time.Minute); fresh {
		soon(t, "all have left", func() bool { return len(w.state()) == 0 })
	}
}

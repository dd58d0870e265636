package chanxnats_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
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

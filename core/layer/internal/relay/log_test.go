package relay_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// script is a relay.Log of one channel on which a test decides everything.
type script struct {
	mu      sync.Mutex
	epoch   string
	gone    uint64 // number of the last entry that isn't kept
	entries []layer.Entry
	err     error // of every call
	reads   int
	gaps    int
	listens int
	onHeads func() // is called before Heads returns
	onRead  func() // is called before Read
}

func (s *script) Read(_ context.Context, _ string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	if s.onRead != nil {
		s.onRead()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.err != nil {
		return nil, layer.Position{}, s.err
	}
	head := s.head()
	if after.Epoch != s.epoch || after.Seq < s.gone || after.Seq > head.Seq {
		s.gaps++
		return nil, head, fmt.Errorf("%w: after %v", layer.ErrGap, after)
	}
	rest := s.entries[after.Seq-s.gone:]
	return rest[:min(limit, len(rest))], head, nil
}

func (s *script) head() layer.Position {
	return layer.Position{Epoch: s.epoch, Seq: s.gone + uint64(len(s.entries))}
}

func (s *script) Listen(context.Context, string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listens++
	return s.err
}

func (s *script) Unlisten(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listens--
}

func (s *script) Heads(_ context.Context, channels []string) ([]layer.Position, error) {
	s.mu.Lock()
	heads := make([]layer.Position, len(channels))
	for i := range heads {
		heads[i] = s.head()
	}
	err, onHeads := s.err, s.onHeads
	s.mu.Unlock()
	if onHeads != nil {
		onHeads()
	}
	return heads, err
}

// count returns one of the script's counts.
func (s *script) count(n *int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *n
}

// append adds n entries, and returns them.
func (s *script) append(n int) []layer.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		at := s.head()
		at.Seq++
		s.entries = append(s.entries, layer.Entry{Position: at, Data: fmt.Append(nil, at)})
	}
	return s.entries[len(s.entries)-n:]
}

// keep forgets all but the last n entries.
func (s *script) keep(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if drop := len(s.entries) - n; drop > 0 {
		s.entries = s.entries[drop:]
		s.gone += uint64(drop)
	}
}

// restart begins another sequence.
func (s *script) restart(epoch string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch, s.entries, s.gone = epoch, nil, 0
}

func (s *script) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// trail is what a follower got.
type trail struct {
	mu    sync.Mutex
	at    layer.Position // followed from there
	got   []layer.Position
	onGet func(layer.Entry)
}

func (tr *trail) receive(e layer.Entry) {
	tr.mu.Lock()
	if string(e.Data) != fmt.Sprint(e.Position) {
		panic("the data of another entry")
	}
	tr.got = append(tr.got, e.Position)
	tr.mu.Unlock()
	if tr.onGet != nil {
		tr.onGet(e)
	}
}

// expect fails if others came than those of an epoch from first to last.
func (tr *trail) expect(t *testing.T, epoch string, first, last uint64) {
	t.Helper()
	synctest.Wait()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for i, at := range tr.got {
		if want := (layer.Position{Epoch: epoch, Seq: first + uint64(i)}); at != want {
			t.Fatalf("entry %d of %d is %v, want %v", i, len(tr.got), at, want)
		}
	}
	if want := int(last - first + 1); len(tr.got) != want {
		t.Fatalf("got %d entries, want %d", len(tr.got), want)
	}
	tr.got = nil
}

// following is followers of a script in a bubble of time.
type following struct {
	*testing.T
	*script
	*relay.Followers
	status *relay.Status
	book   *book
}

// follows runs a test with followers of a script whose epoch is "a".
func follows(t *testing.T, test func(f *following)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b, logger := newBook()
		f := &following{T: t, script: &script{epoch: "a"}, status: relay.NewStatus(logger, "a script"), book: b}
		f.Followers = relay.NewFollowers(f.script, f.status, relay.Options{Logger: logger})
		test(f)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (f *following) follow() *trail {
	f.Helper()
	tr := &trail{}
	at, _, err := f.Follow(f.Context(), "room", tr.receive)
	if err != nil {
		f.Fatal(err)
	}
	tr.at = at
	return tr
}

// deliver gives entries to the followers as the server does.
func (f *following) deliver(entries ...layer.Entry) {
	for _, e := range entries {
		f.Receive("room", e)
	}
}

// pass lets time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

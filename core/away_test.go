package chanx_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/google/go-cmp/cmp"
)

// While the layer's server is away hubs stay up: clients come and go, groups work
// within the process, publishers get an error, and clients are told that they may try
// again. Nothing of it is logged but by the layer.
func TestLayerAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log syncBuffer
		c := newCluster(t, 2, func(_ int, o *labOptions) {
			o.hub.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		})
		l, s := c.labs[0], c.stations[0]
		before := openRaw(t, l.mux, "/ws")
		elsewhere := openRaw(t, c.labs[1].mux, "/ws")
		synctest.Wait()
		s.away(true)
		began := time.Now()
		ann := openRaw(t, l.mux, "/ws")
		ann.send(`{"action":"move","payload":{"join":"room"}}`, `{"topic":"room:1","action":"subscribe"}`)
		if got := ann.take(); len(got) != 1 || !strings.Contains(got[0], `"subscribed"`) {
			t.Errorf("joining: %q", got)
		}
		if err := l.Publish(t.Context(), note{"x"}, "all"); !errors.Is(err, layer.ErrUnavailable) {
			t.Errorf("publishing: %v", err)
		}
		if err := l.topics.room.Publish(t.Context(), note{"x"}, "room:1"); !errors.Is(err, layer.ErrUnavailable) {
			t.Errorf("publishing to a topic: %v", err)
		}
		ann.send(`{"ref":"1","action":"say","payload":{"text":"hello"}}`)
		got := sorted(ann.take())
		want := []string{
			`{"action":"note","payload":{"text":"x"}}`,
			`{"action":"said","payload":{"text":"hello"}}`,
			`{"ref":"1","action":"error","payload":{"reason":"unavailable","detail":"this can't be done now: try again later"}}`,
			`{"version":1,"topic":"room:1","action":"note","payload":{"text":"x"}}`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := before.take(); len(got) != 2 {
			t.Errorf("a client of the same process got %q", got)
		}
		for _, topic := range []string{"log:1", "people:1"} {
			ann.send(`{"ref":"2","topic":"` + topic + `","action":"subscribe"}`)
			if got := ann.take(); len(got) != 1 || !strings.Contains(got[0], `"unavailable"`) {
				t.Errorf("subscribing to %s: %q", topic, got)
			}
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("something waited for %v", d)
		}
		before.drop()
		s.away(false)
		for _, topic := range []string{"log:1", "people:1"} {
			ann.send(`{"topic":"` + topic + `","action":"subscribe"}`)
			if got := ann.take(); len(got) == 0 || !strings.Contains(got[0], `"subscribed"`) {
				t.Errorf("subscribing to %s again: %q", topic, got)
			}
		}
		if err := c.labs[1].Publish(t.Context(), note{"back"}, "all"); err != nil {
			t.Error(err)
		}
		if got := ann.take(); len(got) != 1 || !strings.Contains(got[0], "back") {
			t.Errorf("afterwards: %q", got)
		}
		if got := elsewhere.take(); len(got) != 1 {
			t.Errorf("elsewhere: %q", got)
		}
		if log.String() != "" {
			t.Errorf("logged: %s", &log)
		}
	})
}

// A handshake whose open can't do something for want of the server is refused with
// 503.
func TestOpenWithLayerAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, func(_ int, o *labOptions) {
			o.open = func(ctx context.Context, c *client) error { return c.Broadcast(ctx, said{"here I am"}, "all") }
		})
		c.stations[0].away(true)
		if w := upgradeFails(c.labs[0].mux, "/ws"); w != 503 {
			t.Errorf("status %d", w)
		}
	})
}

// What a client has missed is not given up because the history can't be read now: it
// tries again, and gets it.
func TestRecoverWithLayerAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, nil)
		l, s := c.labs[0], c.stations[0]
		stays := openRaw(t, l.mux, "/ws")
		stays.send(`{"topic":"tape:1","action":"subscribe"}`)
		stays.take()
		for i := range 3 {
			if err := l.topics.tape.Publish(t.Context(), note{fmt.Sprint(i)}, "tape:1"); err != nil {
				t.Error(err)
			}
		}
		stays.take()
		subscribe := `{"ref":"1","topic":"tape:1","action":"subscribe","payload":{"recover":{"seq":1,"epoch":"` + epochOf(t, s, "tape:1") + `"}}}`
		comes := openRaw(t, l.mux, "/ws")
		s.away(true)
		for range 2 {
			comes.send(subscribe)
			want := `{"version":1,"topic":"tape:1","ref":"1","action":"error","payload":{"reason":"unavailable","detail":"what was missed can't be read now"}}`
			if got := comes.take(); len(got) != 1 || got[0] != want {
				t.Errorf("came %q", got)
			}
		}
		s.away(false)
		comes.send(subscribe)
		if got := comes.take(); len(got) != 3 || !strings.Contains(got[0], `"recovered":true`) || !strings.Contains(got[2], `"seq":3`) {
			t.Errorf("came %q", got)
		}
	})
}

// The same over a topic's own address: the connection is closed, and its client comes
// back.
func TestRecoverAloneWithLayerAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, nil)
		l, s := c.labs[0], c.stations[0]
		openRaw(t, l.mux, "/log/1").take()
		path := "/log/1?recover_seq=0&recover_epoch=" + epochOf(t, s, "log:1")
		s.away(true)
		if got := openRaw(t, l.mux, path).take(); len(got) == 0 || got[0] != "close 1013 what was missed can't be read now" {
			t.Errorf("came %q", got)
		}
		s.away(false)
		if got := openRaw(t, l.mux, path).take(); len(got) != 1 || !strings.Contains(got[0], `"recovered":true`) {
			t.Errorf("came %q", got)
		}
	})
}

// slowPresence is a memory layer that takes its time to let members enter.
type slowPresence struct {
	*layer.Memory
	slow     atomic.Bool
	entering atomic.Int64
	entered  atomic.Int64
	mu       sync.Mutex
	most     int64 // at once
}

func (s *slowPresence) Enter(ctx context.Context, channel string, session layer.Session) error {
	n := s.entering.Add(1)
	defer s.entering.Add(-1)
	if s.slow.Load() {
		s.entered.Add(1)
		s.mu.Lock()
		s.most = max(s.most, n)
		s.mu.Unlock()
		<-time.After(100 * time.Millisecond)
	}
	return s.Memory.Enter(ctx, channel, session)
}

// After a lapsed lease members enter again side by side, and not all at once; who has
// left meanwhile does not.
func TestPresenceEntersAgainSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := layer.NewMemory()
		slow := &slowPresence{Memory: server}
		l := newLab(t, labOptions{hub: chanx.HubOptions{Layer: slow, Logger: discard, PresenceLease: 30 * time.Second, Limits: chanx.Limits{PingInterval: -1, Topics: -1}}, register: registerTopics})
		const members = 400
		client := openRaw(t, l.mux, "/ws?user=ann")
		for i := range members {
			client.send(fmt.Sprintf(`{"topic":"people:%d","action":"subscribe"}`, i))
		}
		client.take()
		if err := server.Release(t.Context(), l.hub.ID()); err != nil {
			t.Fatal(err)
		}
		client.take()
		slow.slow.Store(true)
		<-time.After(15 * time.Second) // one renewal: one after the other it would take 40 s
		if n, most := slow.entered.Load(), slow.most; n != members || most != 32 {
			t.Errorf("%d entered again, up to %d at once", n, most)
		}
		if got := client.take(); len(got) != members {
			t.Errorf("the client was told of %d", len(got))
		}
	})
}

// Who comes and goes while the layer is away leaves nothing behind.
func TestPresenceOfOutageIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, func(_ int, o *labOptions) { o.hub.Logger = discard })
		ann := c.labs[0].person(t, "ann")
		bob := c.labs[1].person(t, "bob")
		expectHeard(t, ann, "=ann", "+bob")
		c.stations[1].away(true)
		for range 100 {
			c.labs[1].person(t, "eve").drop()
		}
		<-time.After(time.Minute)
		expectHeard(t, ann, "-bob")
		c.stations[1].away(false)
		<-time.After(time.Minute)
		expectHeard(t, ann, "+bob")
		bob.drop()
		<-time.After(time.Minute)
		expectHeard(t, ann, "-bob")
	})
}

// upgradeFails is the status that a handshake is refused with.
func upgradeFails(h http.Handler, path string) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, upgradeRequest(path))
	return w.Code
}

// A server that lost its memory did so for all topics, which is one line in the log.
func TestLostEntriesAreLoggedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log syncBuffer
		l := newLab(t, labOptions{layer: loseTheSecond, register: registerTopics,
			hub: chanx.HubOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))}})
		c := openRaw(t, l.mux, "/ws")
		lose := func(topic string) {
			c.send(subscribe(topic))
			c.take()
			for _, text := range []string{"first", "lost", "third"} {
				l.note(t, topic, text)
			}
			if got, want := places(c.take()), []string{"1", "subscribed false 2", "3"}; !cmp.Equal(got, want) {
				t.Errorf("%s: came %q, not %q", topic, got, want)
			}
		}
		for _, topic := range kept {
			lose(topic)
		}
		if n := strings.Count(log.String(), "may have lost entries"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, log.String())
		}
	})
}

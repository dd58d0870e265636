package chanx_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/google/go-cmp/cmp"
)

// moody is a memory layer whose calls fail now and then, some of them although they
// have had their effect.
type moody struct {
	*layer.Memory
	mu     sync.Mutex
	random *rand.Rand
	calm   atomic.Bool
	owner  atomic.Pointer[string] // who has renewed a lease
}

func (m *moody) try(call func() error) error {
	m.mu.Lock()
	mood := m.random.IntN(6)
	m.mu.Unlock()
	if m.calm.Load() {
		return call()
	}
	switch mood {
	case 0:
		return errAway
	case 1:
		_ = call()
		return errAway
	}
	return call()
}

func (m *moody) Renew(ctx context.Context, owner string, lease time.Duration) (fresh bool, err error) {
	m.owner.Store(&owner)
	err = m.try(func() (err error) { fresh, err = m.Memory.Renew(ctx, owner, lease); return err })
	return fresh && err == nil, err
}

func (m *moody) Enter(ctx context.Context, channel string, s layer.Session) error {
	return m.try(func() error { return m.Memory.Enter(ctx, channel, s) })
}

func (m *moody) Leave(ctx context.Context, channel string, s layer.Session, grace time.Duration) error {
	return m.try(func() error { return m.Memory.Leave(ctx, channel, s, grace) })
}

// However members come and go and their hubs' leases end, and whatever the layer
// fails at: in the end those are present who are subscribed, and whoever was told of
// all changes knows them.
func TestPresenceOfThoseWhoAreSubscribed(t *testing.T) {
	t.Parallel()
	for range 20 {
		seed := rand.Uint64()
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { presenceProperty(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func presenceProperty(t *testing.T, random *rand.Rand) {
	shared := layer.NewMemory()
	labs, moods := make([]*lab, 2), make([]*moody, 2)
	for i := range labs {
		moods[i] = &moody{Memory: shared, random: rand.New(rand.NewPCG(random.Uint64(), 1))}
		hub := chanx.HubOptions{Layer: moods[i], PresenceLease: 3 * time.Second, Logger: discard, Limits: chanx.Limits{PingInterval: -1}}
		labs[i] = newLab(t, labOptions{hub: hub, register: registerTopics})
	}
	watcher, _ := newReception(t, shared)
	told := watcher.person(t, "watcher")
	known := map[string]bool{}
	clients := make([]*rawClient, 12)
	names := make([]string, len(clients))
	for i := range clients {
		names[i] = fmt.Sprint("u", i%8)
	}
	for range 300 {
		i := random.IntN(len(clients))
		switch c := clients[i]; {
		case c == nil:
			clients[i] = openRaw(t, labs[i%2].mux, "/ws?user="+names[i])
		case random.IntN(4) == 0:
			c.drop()
			clients[i] = nil
		default:
			action := []string{"subscribe", "unsubscribe"}[random.IntN(2)]
			c.send(fmt.Sprintf(`{"topic":"people:1","action":%q}`, action))
		}
		switch random.IntN(30) {
		case 0:
			<-time.After(time.Duration(random.IntN(8000)) * time.Millisecond)
		case 1: // as after a standstill
			if owner := moods[0].owner.Load(); owner != nil {
				_ = shared.Release(t.Context(), *owner)
			}
		}
		learn(t, told, known)
	}
	for _, m := range moods {
		m.calm.Store(true)
	}
	<-time.After(time.Minute)
	learn(t, told, known)
	want := map[string]bool{"watcher": true}
	for i, c := range clients {
		if c == nil {
			continue
		}
		c.take()
		c.send(`{"topic":"people:1","action":"say","payload":{"text":"x"}}`)
		subscribed := false
		for _, line := range c.take() {
			subscribed = subscribed || line == `{"version":1,"topic":"people:1","action":"said","payload":{"text":"x"}}`
		}
		if subscribed {
			want[names[i]] = true
		}
	}
	members, err := watcher.topics.presence.Members(t.Context(), "people:1")
	if err != nil {
		t.Fatal(err)
	}
	present := map[string]bool{}
	for _, m := range members {
		present[m.Key] = true
	}
	if diff := cmp.Diff(want, present); diff != "" {
		t.Errorf("present (-want +got):\n%s", diff)
	}
	learn(t, told, known)
	if diff := cmp.Diff(want, known); diff != "" {
		t.Errorf("known (-want +got):\n%s", diff)
	}
}

// learn takes what a client is told of who is there.
func learn(t *testing.T, c *rawClient, known map[string]bool) {
	t.Helper()
	for _, line := range c.take() {
		var f struct {
			Action  string `json:"action"`
			Payload struct {
				Key     string                 `json:"key"`
				Members []chanx.Member[person] `json:"members"`
			} `json:"payload"`
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		switch f.Action {
		case "presence_state":
			for _, m := range f.Payload.Members {
				known[m.Key] = true
			}
		case "presence_joined":
			known[f.Payload.Key] = true
		case "presence_left":
			if !known[f.Payload.Key] {
				t.Errorf("%s has left, and wasn't there", f.Payload.Key)
			}
			delete(known, f.Payload.Key)
		}
	}
}

package layer_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chanx-go/chanx/core/layer"
)

func TestMemoryPresence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := layer.NewMemory()
		defer m.Close()
		if fresh, err := m.Renew(t.Context(), "p1", time.Minute); err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		var log changeLog
		watch(t, m, "room", &log)
		tell := func(want ...string) {
			t.Helper()
			synctest.Wait()
			if diff := cmp.Diff(want, log.take()); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		}
		tell("all")
		enter := func(key, id, info string) {
			t.Helper()
			s := layer.Session{Key: key, ID: id, Owner: "p1", Info: []byte(info)}
			if err := m.Enter(t.Context(), "room", s); err != nil {
				t.Error(err)
			}
		}
		leave := func(key, id string, grace time.Duration) {
			t.Helper()
			if err := m.Leave(t.Context(), "room", layer.Session{Key: key, ID: id, Owner: "p1"}, grace); err != nil {
				t.Error(err)
			}
		}
		enter("ann", "1", "x")
		enter("ann", "2", "x")
		enter("ann", "2", "y")
		enter("bob", "3", "")
		tell("+ann=x", "+ann=y", "+bob=")
		leave("ann", "2", time.Second)
		tell("+ann=x")
		leave("ann", "1", time.Second)
		<-time.After(time.Second / 2)
		enter("ann", "1", "x")
		leave("ann", "1", time.Second)
		<-time.After(time.Second - 1)
		tell()
		<-time.After(1)
		tell("-ann")
		<-time.After(time.Minute)
		tell("-bob")
	})
}

// changeLog notes what a watcher is told.
type changeLog struct {
	mu      sync.Mutex
	changes []string
}

func (l *changeLog) add(c layer.PresenceChange) {
	var words []string
	if c.All {
		words = append(words, "all")
	}
	for _, m := range c.Joined {
		words = append(words, fmt.Sprintf("+%s=%s", m.Key, m.Info))
	}
	for _, key := range c.Left {
		words = append(words, "-"+key)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes = append(l.changes, strings.Join(words, " "))
}

// take returns what was noted since the last take.
func (l *changeLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	changes := l.changes
	l.changes = nil
	return changes
}

func watch(t *testing.T, p layer.Presence, channel string, log *changeLog) layer.Subscription {
	t.Helper()
	s, err := p.Watch(t.Context(), channel, log.add)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

package chanx_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

// A layer that can't be told of a leaving at the time is told later, also while the
// lease is kept for others; whoever has come back meanwhile stays.
func TestPresenceLeftIsToldLater(t *testing.T) {
	t.Parallel()
	const unsubscribe = `{"topic":"people:1","action":"unsubscribe"}`
	tests := map[string]struct {
		leave func(l *lab, bob *rawClient) (again bool)
		want  []string
	}{
		"unsubscribed":         {func(_ *lab, bob *rawClient) bool { bob.send(unsubscribe); return false }, []string{"-bob"}},
		"dropped":              {func(_ *lab, bob *rawClient) bool { bob.drop(); return false }, []string{"-bob"}},
		"and subscribed again": {func(_ *lab, bob *rawClient) bool { bob.send(unsubscribe); return true }, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				shared := layer.NewMemory()
				one, _ := newReception(t, shared)
				two, away := newReception(t, shared)
				ann := one.person(t, "ann")
				two.person(t, "eve")
				bob := two.person(t, "bob")
				expectHeard(t, ann, "=ann", "+eve", "+bob")
				away.away.Store(true)
				again := tt.leave(two, bob)
				synctest.Wait()
				away.away.Store(false)
				if again {
					bob.send(`{"topic":"people:1","action":"subscribe"}`)
				}
				<-time.After(10 * time.Minute)
				expectHeard(t, ann, tt.want...)
			})
		})
	}
}

// Members who can't enter again at once, after the lease has run out, do so later.
func TestPresenceEntersAgainLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := layer.NewMemory()
		one, _ := newReception(t, shared)
		two, away := newReception(t, shared)
		var fails atomic.Bool
		away.enter = func(s layer.Session) error {
			if fails.Load() && s.Key != "eve" {
				return errAway
			}
			return nil
		}
		ann := one.person(t, "ann")
		two.person(t, "bob")
		two.person(t, "eve")
		expectHeard(t, ann, "=ann", "+bob", "+eve")
		away.away.Store(true)
		<-time.After(time.Minute)
		expectHeard(t, ann, "-bob", "-eve")
		fails.Store(true)
		away.away.Store(false)
		<-time.After(time.Minute)
		expectHeard(t, ann, "+eve")
		fails.Store(false)
		<-time.After(time.Minute)
		expectHeard(t, ann, "+bob")
		<-time.After(time.Minute)
		expectHeard(t, ann)
	})
}

// muteRenewal is a memory layer in which a lease runs out, and the answer to the
// renewal that makes a fresh one is lost.
type muteRenewal struct {
	*layer.Memory
	now atomic.Bool
}

func (m *muteRenewal) Renew(ctx context.Context, owner string, lease time.Duration) (bool, error) {
	if !m.now.Swap(false) {
		return m.Memory.Renew(ctx, owner, lease)
	}
	_ = m.Release(ctx, owner)
	_, _ = m.Memory.Renew(ctx, owner, lease)
	return false, context.DeadlineExceeded
}

// A renewal whose answer was lost may have made a fresh lease: members are there
// again after the next one.
func TestPresenceRenewalWithoutAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mute := &muteRenewal{Memory: layer.NewMemory()}
		l := newLab(t, labOptions{hub: chanx.HubOptions{Layer: mute, Logger: discard, Limits: chanx.Limits{PingInterval: -1}}, register: registerTopics})
		ann := l.person(t, "ann")
		expectHeard(t, ann, "=ann")
		mute.now.Store(true)
		<-time.After(time.Minute)
		expectHeard(t, ann, "-ann", "+ann")
		<-time.After(time.Minute)
		expectHeard(t, ann)
	})
}

// A hub that ends does not wait for a layer that could not be told of a leaving.
func TestPresenceShutdownWithoutLayer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, away := newReception(t, layer.NewMemory())
		ann := l.person(t, "ann")
		expectHeard(t, ann, "=ann")
		away.away.Store(true)
		began := time.Now()
		if err := l.hub.Shutdown(t.Context()); err != nil || time.Since(began) > time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// Who is shown something that the type of the info doesn't allow would fail every
// Members: it is refused, which is the server's fault.
func TestPresenceInfoIsChecked(t *testing.T) {
	t.Parallel()
	type named struct {
		Name string `json:"name" minLength:"1"`
	}
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{register: func(l *lab) {
			topic := chanx.NewTopic(l.hub, "x", "x", letIn, nil)
			chanx.TrackPresence(topic, func(*chanx.Subscription) (string, named) { return "ann", named{} }, nil)
			chanx.Topics(l, topic)
		}})
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"topic":"x","action":"subscribe"}`)
		if got := c.take(); len(got) != 1 || !strings.Contains(got[0], `"internal"`) {
			t.Errorf("came %q", got)
		}
		if log := l.errors.String(); !strings.Contains(log, "/name must be") {
			t.Errorf("the log has %q", log)
		}
	})
}

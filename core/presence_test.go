package chanx_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/google/go-cmp/cmp"
)

// reception is a memory layer as a process sees it that may lose the layer.
type reception struct {
	*layer.Memory
	away  atomic.Bool                      // nothing can be done
	enter func(layer.Session) error        // in place of what Enter does, where it is an error
	watch func(func(layer.PresenceChange)) // gets the handlers of Watch
}

var errAway = errors.New("the layer is away")

func (r *reception) Renew(ctx context.Context, owner string, lease time.Duration) (bool, error) {
	if r.away.Load() {
		return false, errAway
	}
	return r.Memory.Renew(ctx, owner, lease)
}

func (r *reception) Enter(ctx context.Context, channel string, s layer.Session) error {
	if r.enter != nil {
		if err := r.enter(s); err != nil {
			return err
		}
	}
	return r.Memory.Enter(ctx, channel, s)
}

func (r *reception) Leave(ctx context.Context, channel string, s layer.Session, grace time.Duration) error {
	if r.away.Load() {
		return errAway
	}
	return r.Memory.Leave(ctx, channel, s, grace)
}

func (r *reception) Watch(ctx context.Context, channel string, handler func(layer.PresenceChange)) (layer.Subscription, error) {
	if r.watch != nil {
		r.watch(handler)
	}
	return r.Memory.Watch(ctx, channel, handler)
}

// newReception makes a lab on a memory layer that others may share.
func newReception(t *testing.T, shared *layer.Memory) (*lab, *reception) {
	r := &reception{Memory: shared}
	hub := chanx.HubOptions{Layer: r, PresenceLease: 30 * time.Second, Logger: discard, Limits: chanx.Limits{PingInterval: -1}}
	return newLab(t, labOptions{hub: hub, register: registerTopics}), r
}

// person subscribes somebody to people:1.
func (l *lab) person(t *testing.T, name string) *rawClient {
	t.Helper()
	c := openRaw(t, l.mux, "/ws?user="+name)
	c.send(`{"topic":"people:1","action":"subscribe"}`)
	synctest.Wait()
	return c
}

// heard is what a client was told of who is there: "+ann", "-ann", or "=ann bob"
// for all.
func heard(c *rawClient) (all []string) {
	for _, line := range c.take() {
		var keys []string
		for _, part := range strings.Split(line, `"key":"`)[1:] {
			key, _, _ := strings.Cut(part, `"`)
			keys = append(keys, key)
		}
		switch {
		case strings.Contains(line, `"subscribed"`):
		case strings.Contains(line, `"presence_state"`):
			all = append(all, "="+strings.Join(keys, " "))
		case strings.Contains(line, `"presence_joined"`):
			all = append(all, "+"+keys[0])
		case strings.Contains(line, `"presence_left"`):
			all = append(all, "-"+keys[0])
		default:
			all = append(all, line)
		}
	}
	return all
}

func expectHeard(t *testing.T, c *rawClient, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, heard(c)); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

// Members of several processes see each other, and whoever asks sees them all.
func TestPresenceAcrossProcesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := layer.NewMemory()
		one, _ := newReception(t, shared)
		two, _ := newReception(t, shared)
		ann := one.person(t, "ann")
		expectHeard(t, ann, "=ann")
		bob := two.person(t, "bob")
		expectHeard(t, bob, "=ann bob")
		expectHeard(t, ann, "+bob")
		for _, l := range []*lab{one, two} {
			got, err := l.topics.presence.Members(t.Context(), "people:1")
			want := []chanx.Member[person]{{Key: "ann", Info: person{"ANN"}}, {Key: "bob", Info: person{"BOB"}}}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("members: %v (-want +got):\n%s", err, diff)
			}
		}
		if got, err := one.topics.presence.Members(t.Context(), "people:2"); len(got) != 0 || err != nil {
			t.Errorf("elsewhere are %v, %v", got, err)
		}
		if _, err := one.topics.presence.Members(t.Context(), "room:2"); err == nil {
			t.Error("room:2 is no topic of the pattern, and no error")
		}
		bob.drop()
		<-time.After(9 * time.Second)
		expectHeard(t, ann)
		<-time.After(2 * time.Second)
		expectHeard(t, ann, "-bob")
	})
}

// A process that is shut down hands its members over: who comes back to another
// one within the grace was never away.
func TestPresenceOverRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := layer.NewMemory()
		old, _ := newReception(t, shared)
		next, _ := newReception(t, shared)
		ann := next.person(t, "ann")
		old.person(t, "bob")
		old.person(t, "eve")
		expectHeard(t, ann, "=ann", "+bob", "+eve")
		if err := old.hub.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		<-time.After(5 * time.Second)
		bob := next.person(t, "bob")
		expectHeard(t, bob, "=ann bob eve")
		<-time.After(6 * time.Second)
		expectHeard(t, ann, "-eve")
		expectHeard(t, bob, "-eve")
	})
}

// The members of a process that has died are gone when its lease has run out;
// those of one that only stood still come back.
func TestPresenceLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := layer.NewMemory()
		one, _ := newReception(t, shared)
		two, away := newReception(t, shared)
		ann := one.person(t, "ann")
		bob := two.person(t, "bob")
		expectHeard(t, ann, "=ann", "+bob")
		expectHeard(t, bob, "=ann bob")
		<-time.After(10 * time.Minute)
		expectHeard(t, ann)
		away.away.Store(true)
		<-time.After(time.Minute)
		expectHeard(t, ann, "-bob")
		away.away.Store(false)
		<-time.After(time.Minute)
		expectHeard(t, ann, "+bob")
		expectHeard(t, bob, "-bob", "+bob")
		away.away.Store(true)
		bob.drop()
		<-time.After(time.Minute)
		expectHeard(t, ann, "-bob")
		away.away.Store(false)
		<-time.After(time.Minute)
		expectHeard(t, ann)
	})
}

// Who comes after the lease has run out, and before that is noticed, is let in under
// a new one, and those who were there before come back with the next renewal.
func TestPresenceAfterLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, r := newReception(t, layer.NewMemory())
		ann := l.person(t, "ann")
		expectHeard(t, ann, "=ann")
		r.away.Store(true)
		<-time.After(45 * time.Second)
		expectHeard(t, ann, "-ann")
		r.away.Store(false)
		bob := l.person(t, "bob")
		expectHeard(t, bob, "=bob")
		<-time.After(11 * time.Second)
		expectHeard(t, bob, "+ann")
		expectHeard(t, ann, "+bob", "+ann")
	})
}

// Who can't be made present isn't subscribed, and can try again.
func TestPresenceFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, r := newReception(t, layer.NewMemory())
		r.away.Store(true)
		ann := l.person(t, "ann")
		refused := `{"version":1,"topic":"people:1","action":"error","payload":{"reason":"unavailable","detail":"the topic can't be subscribed to now"}}`
		expectHeard(t, ann, refused)
		r.away.Store(false)
		r.enter = func(layer.Session) error { return errAway }
		ann.send(`{"topic":"people:1","action":"subscribe"}`)
		expectHeard(t, ann, refused)
		r.enter = nil
		ann.send(`{"topic":"people:1","action":"say","payload":{"text":"x"}}`)
		if got := ann.take(); len(got) != 1 || !strings.Contains(got[0], "not_subscribed") {
			t.Errorf("came %q", got)
		}
		ann.send(`{"topic":"people:1","action":"subscribe"}`)
		expectHeard(t, ann, "=ann")
	})
}

// A layer that has lost track tells everyone anew, and clients hear of what is
// different only.
func TestPresenceToldAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, r := newReception(t, layer.NewMemory())
		var tell func(layer.PresenceChange)
		r.watch = func(handler func(layer.PresenceChange)) { tell = handler }
		ann := l.person(t, "ann")
		expectHeard(t, ann, "=ann")
		member := func(key, info string) layer.Member { return layer.Member{Key: key, Info: []byte(info)} }
		const annInfo = `{"name":"ANN"}`
		tell(layer.PresenceChange{All: true, Joined: []layer.Member{member("ann", annInfo), member("bob", `{"name":"B"}`), member("eve", `{"name":"E"}`)}})
		expectHeard(t, ann, "+bob", "+eve")
		tell(layer.PresenceChange{All: true, Joined: []layer.Member{member("ann", annInfo), member("eve", `{"name":"EVE"}`), member("zoe", `{"name":"Z"}`)}})
		expectHeard(t, ann, "+eve", "+zoe", "-bob")
		tell(layer.PresenceChange{All: true, Joined: []layer.Member{member("ann", annInfo), member("eve", `{"name":"EVE"}`), member("zoe", `{"name":"Z"}`)}})
		expectHeard(t, ann)
		bob := l.person(t, "bob")
		expectHeard(t, bob, "=ann bob eve zoe")
	})
}

// A function that doesn't say who somebody is fails the subscription, and is the
// server's fault.
func TestPresenceWithoutKey(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"empty", "panic"} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, labOptions{register: func(l *lab) {
				topic := chanx.NewTopic(l.hub, "x", "x", letIn, nil)
				chanx.TrackPresence(topic, func(*chanx.Subscription) (string, person) {
					_ = failure(strings.TrimPrefix(how, "empty"))
					return "", person{}
				}, nil)
				chanx.Topics(l, topic)
			}})
			c := openRaw(t, l.mux, "/ws")
			c.send(`{"topic":"x","ref":"1","action":"subscribe"}`, `{"topic":"x","ref":"2","action":"unsubscribe"}`)
			got := c.take()
			if len(got) != 2 || !strings.Contains(got[0], `"internal"`) || !strings.Contains(got[1], `"not_subscribed"`) {
				t.Errorf("%s: came %q", how, got)
			}
			if log := l.errors.String(); !strings.Contains(log, "presence on") {
				t.Errorf("%s: the log has %q", how, log)
			}
		})
	}
}

// Presence of many on one topic: everybody is told of everybody, once.
func TestPresenceOfMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 50
		shared := layer.NewMemory()
		labs := make([]*lab, 3)
		for i := range labs {
			labs[i], _ = newReception(t, shared)
		}
		clients := make([]*rawClient, n)
		for i := range clients {
			clients[i] = labs[i%3].person(t, fmt.Sprintf("u%02d", i))
		}
		synctest.Wait()
		for i, c := range clients {
			there := map[string]bool{}
			for _, line := range heard(c) {
				for key := range strings.FieldsSeq(line[1:]) {
					if there[key] {
						t.Fatalf("client %d is told twice of %s", i, key)
					}
					there[key] = true
				}
			}
			if len(there) != n {
				t.Fatalf("client %d is told of %d", i, len(there))
			}
		}
	})
}

// That a connection has ended is told for all its topics at once, however long the
// OnClose handlers of some of them take.
func TestPresenceEndsBeforeOnClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, labOptions{register: func(l *lab) {
			topic := chanx.NewTopic(l.hub, "people", "people:{room}", l.listen, nil)
			chanx.TrackPresence(topic, (*listener).member, &chanx.PresenceOptions{Grace: -1})
			chanx.OnClose(topic, func(s *listener, ctx context.Context, _ *chanx.CloseError) {
				if s.user == "bob" {
					<-ctx.Done()
				}
			})
			chanx.Topics(l, topic)
		}})
		subscribe := []string{`{"topic":"people:1","action":"subscribe"}`, `{"topic":"people:2","action":"subscribe"}`}
		ann := openRaw(t, l.mux, "/ws?user=ann")
		ann.send(subscribe...)
		expectHeard(t, ann, "=ann", "=ann")
		bob := openRaw(t, l.mux, "/ws?user=bob")
		bob.send(subscribe...)
		expectHeard(t, bob, "=ann bob", "=ann bob")
		expectHeard(t, ann, "+bob", "+bob")
		bob.drop()
		synctest.Wait()
		expectHeard(t, ann, "-bob", "-bob")
	})
}

// While nobody empties a topic's log, what waits there is bounded by its bytes, also
// where it has to take its turn among the events of a history.
func TestPresenceHoldsTheLayerBack(t *testing.T) {
	t.Parallel()
	for _, keep := range []*chanx.History{nil, {}} {
		synctest.Test(t, func(t *testing.T) {
			var stuck atomic.Bool
			free, shared := make(chan struct{}), layer.NewMemory()
			hub := chanx.HubOptions{Layer: shared, Observer: tellsMe(func(o *chanx.Observation) {
				if o.Kind == chanx.Delivered && stuck.Load() {
					<-free
				}
			})}
			l := newLab(t, labOptions{hub: hub, register: func(l *lab) {
				topic := chanx.NewTopic(l.hub, "people", "people:{room}", l.listen, &chanx.TopicOptions{History: keep})
				chanx.TrackPresence(topic, (*listener).member, nil)
				chanx.OnEvent(topic, (*listener).hush)
				chanx.Topics(l, topic)
			}})
			ann := l.person(t, "ann")
			expectHeard(t, ann, "=ann")
			stuck.Store(true)
			var told atomic.Int64
			go func() {
				_, _ = shared.Renew(t.Context(), "another", time.Minute)
				info := fmt.Appendf(nil, `{"name":%q}`, strings.Repeat("x", 10<<10))
				for i := range 30 {
					_ = shared.Enter(t.Context(), "topic:people:people:1", layer.Session{Key: fmt.Sprint(i), ID: "1", Owner: "another", Info: info})
					told.Add(1)
				}
			}()
			synctest.Wait()
			if n := told.Load(); n > 15 { // one round that is being delivered, and one that waits
				t.Errorf("%d members were taken", n)
			}
			stuck.Store(false)
			close(free)
			synctest.Wait()
			if got := heard(ann); told.Load() != 30 || len(got) != 30 {
				t.Errorf("%d members came, and heard was %d times", told.Load(), len(got))
			}
		})
	}
}

package chanx_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/google/go-cmp/cmp"
)

// traceKey is where the tests keep a trace in a context.
type traceKey struct{}

// baton passes the text at traceKey on.
type baton struct {
	mu       sync.Mutex
	injected int
	how      string // it fails
}

func (b *baton) Inject(ctx context.Context, set func(key, value string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.injected++
	if b.how == "inject" {
		panic("no trace")
	}
	if trace, ok := ctx.Value(traceKey{}).(string); ok {
		set("trace", trace)
		set("huge", strings.Repeat("x", 1<<20))
	}
}

func (b *baton) Extract(ctx context.Context, get func(key string) string) context.Context {
	if b.how == "extract" {
		panic("no trace")
	}
	if get("huge") != "" || get("none") != "" {
		panic("a value came from nowhere")
	}
	return context.WithValue(ctx, traceKey{}, get("trace"))
}

// probed is an event whose handlers look at their context.
type probed struct {
	N int `json:"n"`
}

func (probed) Action() string { return "probed" }

// probes is what handlers found, by their user.
type probes struct {
	mu    sync.Mutex
	found []string
}

func (p *probes) look(ctx context.Context, who string) error {
	trace, _ := ctx.Value(traceKey{}).(string)
	at, ok := chanx.PublishedAt(ctx)
	line := who + " " + trace + " " + time.Since(at).Round(time.Millisecond).String()
	if !ok {
		line = who + " " + trace + " never"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = append(p.found, line)
	return nil
}

func (p *probes) take() []string {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.found
	p.found = nil
	return found
}

// register makes consumer and topics of a lab look at events; "kept" has a history.
func (p *probes) register(l *lab) (kept *chanx.Topic[*chanx.Subscription]) {
	chanx.OnEvent(l, func(_ *client, ctx context.Context, _ probed) error { return p.look(ctx, "consumer") })
	chanx.On(l, func(_ *client, ctx context.Context, _ stepIn) error { return p.look(ctx, "message") })
	kept = chanx.NewTopic[*chanx.Subscription](l.hub, "kept", "kept:{n}", nil, &chanx.TopicOptions{History: &chanx.History{}})
	chanx.OnEvent(kept, func(_ *chanx.Subscription, ctx context.Context, _ probed) error { return p.look(ctx, "topic") })
	chanx.Topics(l, kept)
	return kept
}

// Trace and time of publishing reach the handlers of events, in another process, and
// later from a history.
func TestContextTravels(t *testing.T) {
	t.Parallel()
	for name, propagator := range map[string]chanx.Propagator{"with a propagator": &baton{}, "without": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var p probes
				var topics []*chanx.Topic[*chanx.Subscription]
				var ids []string
				c := newCluster(t, 2, func(_ int, o *labOptions) {
					o.hub.Propagator = propagator
					o.register = func(l *lab) { topics = append(topics, p.register(l)) }
					o.open = func(_ context.Context, c *client) error { ids = append(ids, c.ID()); return nil }
				})
				client := openRaw(t, c.labs[0].mux, "/ws")
				client.send(`{"topic":"kept:1","action":"subscribe"}`)
				client.take()
				ctx := context.WithValue(t.Context(), traceKey{}, "t1")
				errs := []error{
					c.labs[1].Publish(ctx, probed{}, "all"),
					c.labs[1].PublishTo(ctx, ids[0], probed{}),
					c.labs[1].PublishTo(t.Context(), ids[0], probed{}),
				}
				for _, err := range errs {
					if err != nil {
						t.Error(err)
					}
				}
				client.send(`{"action":"step","payload":{"n":1}}`)
				got := p.take()
				if err := topics[1].Publish(ctx, probed{}, "kept:1"); err != nil {
					t.Error(err)
				}
				got = append(got, p.take()...)
				<-time.After(10 * time.Minute)
				second := openRaw(t, c.labs[1].mux, "/ws")
				second.send(`{"topic":"kept:1","action":"subscribe","payload":{"recover":{"seq":0,"epoch":"` + epochOf(t, c.stations[0], "kept:1") + `"}}}`)
				got = append(got, p.take()...)
				want := []string{"consumer t1 0s", "consumer t1 0s", "consumer  0s", "message  never", "topic t1 0s", "topic t1 10m0s"}
				if propagator == nil {
					want = []string{"consumer  0s", "consumer  0s", "consumer  0s", "message  never", "topic  0s", "topic  10m0s"}
				}
				if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// epochOf is the epoch of a lab's topic.
func epochOf(t *testing.T, l layer.History, topic string) string {
	t.Helper()
	name, _, _ := strings.Cut(topic, ":")
	_, head, _ := l.Read(t.Context(), "topic:"+name+":"+topic, layer.Position{}, 1)
	if head.Epoch == "" {
		t.Fatal("the topic has no epoch")
	}
	return head.Epoch
}

// A propagator is not asked about what no handler sees, and one that panics stops
// nothing.
func TestPropagatorCare(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"", "inject", "extract"} {
		synctest.Test(t, func(t *testing.T) {
			var p probes
			b := &baton{how: how}
			l := newLab(t, labOptions{hub: chanx.HubOptions{Propagator: b}, register: func(l *lab) { p.register(l) }})
			client := openRaw(t, l.mux, "/ws")
			client.send(`{"action":"say","payload":{"text":"hello"}}`)
			ctx := context.WithValue(t.Context(), traceKey{}, "t1")
			if err := l.Publish(ctx, note{"forwarded"}, "all"); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if b.injected != 0 {
				t.Errorf("%q: it was asked %d times", how, b.injected)
			}
			for range 3 {
				if err := l.Publish(ctx, probed{}, "all"); err != nil {
					t.Error(err)
				}
			}
			want := "consumer t1 0s"
			if how != "" {
				want = "consumer  0s"
			}
			if got := p.take(); len(got) != 3 || got[0] != want {
				t.Errorf("%q: %q", how, got)
			}
			if n := strings.Count(l.errors.String(), "propagator"); n != min(1, len(how)) {
				t.Errorf("%q: logged %d times", how, n)
			}
		})
	}
}

// An observer learns how long messages and events were on their way.
func TestObservedAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen observations
		c := newCluster(t, 2, func(_ int, o *labOptions) { o.hub.Observer = &seen })
		openRaw(t, c.labs[0].mux, "/ws")
		synctest.Wait()
		s := c.stations[0]
		s.mu.Lock()
		s.working = true // what comes waits
		s.mu.Unlock()
		for _, e := range []chanx.Message{note{"forwarded"}, alarm{Level: 1}} {
			if err := c.labs[1].Publish(t.Context(), e, "all"); err != nil {
				t.Error(err)
			}
		}
		<-time.After(3 * time.Second)
		s.work()
		synctest.Wait()
		ages := map[chanx.ObservationKind]time.Duration{}
		for _, o := range seen.list() {
			ages[o.Kind] = max(ages[o.Kind], o.Age)
		}
		want := map[chanx.ObservationKind]time.Duration{chanx.Connected: 0, chanx.Published: 0, chanx.Delivered: 3 * time.Second, chanx.Handled: 3 * time.Second}
		if diff := cmp.Diff(want, ages); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

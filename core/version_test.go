package chanx_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/google/go-cmp/cmp"
)

func sorted(all []string) []string {
	all = slices.Clone(all)
	slices.Sort(all)
	return all
}

// Two versions of the same events. The second one has a field more, another type of a
// field, and another event.
type (
	madeV1    struct{ ID int }
	madeV2    struct{ ID int }
	changedV1 struct {
		Value int `json:"value"`
	}
	changedV2 struct {
		Value string `json:"value"`
	}
	passedV1 struct {
		Text string `json:"text"`
	}
	passedV2 struct {
		Text string   `json:"text"`
		Tags []string `json:"tags"`
	}
	retypedV1 struct {
		N int `json:"n"`
	}
	retypedV2 struct {
		N []int `json:"n"`
	}
	oldOnly struct{}
	newOnly struct{}
	grownV1 struct {
		Text string `json:"text"`
	}
	grownV2 struct {
		Text string `json:"text"`
		More struct {
			Deep int `json:"deep"`
		} `json:"more"`
	}
)

func (madeV1) Action() string    { return "made" }
func (madeV2) Action() string    { return "made" }
func (changedV1) Action() string { return "changed" }
func (changedV2) Action() string { return "changed" }
func (passedV1) Action() string  { return "passed" }
func (passedV2) Action() string  { return "passed" }
func (retypedV1) Action() string { return "retyped" }
func (retypedV2) Action() string { return "retyped" }
func (oldOnly) Action() string   { return "old_only" }
func (newOnly) Action() string   { return "new_only" }
func (grownV1) Action() string   { return "grown" }
func (grownV2) Action() string   { return "grown" }

func seen[E chanx.Message](r chanx.Registrar[*client], l *lab) {
	chanx.OnEvent(r, func(_ *client, _ context.Context, e E) error {
		l.journal.add(fmt.Sprintf("%s %v", e.Action(), e))
		return nil
	})
}

func registerOld(l *lab) {
	seen[madeV1](l, l)
	seen[changedV1](l, l)
	seen[grownV1](l, l)
	seen[oldOnly](l, l)
	chanx.Forward[passedV1](l)
	chanx.Forward[retypedV1](l)
}

func registerNew(l *lab) {
	seen[madeV2](l, l)
	seen[changedV2](l, l)
	seen[grownV2](l, l)
	seen[newOnly](l, l)
	chanx.Forward[passedV2](l)
	chanx.Forward[retypedV2](l)
}

// Two versions of an application on one layer: what one does not know of the other's
// is logged once and skipped, to groups and to single connections; the rest goes on.
func TestTwoVersions(t *testing.T) {
	t.Parallel()
	before := []chanx.Message{madeV1{1}, changedV1{2}, grownV1{"old"}, oldOnly{}, passedV1{"old"}, retypedV1{3}}
	after := []chanx.Message{madeV2{1}, changedV2{"two"}, grownV2{Text: "new"}, newOnly{}, passedV2{"new", []string{"a"}}, retypedV2{[]int{3}}}
	tests := map[string]struct {
		from   int
		events []chanx.Message
		seen   []string // by handlers of the other version
		passed []string // to its clients
		logged []string // once each
	}{
		"from old to new": {0, before,
			[]string{"made {1}"}, nil,
			[]string{`event=changed`, `event=grown`, `event=old_only`, `event=passed`, `event=retyped`}},
		"from new to old": {1, after,
			[]string{"made {1}", "grown {new}"}, []string{`{"action":"passed","payload":{"text":"new","tags":["a"]}}`},
			[]string{`event=changed`, `event=grown`, `event=new_only`, `event=passed`, `event=retyped`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var logs [2]syncBuffer
				var watched observations
				var ids []string
				c := newCluster(t, 2, func(i int, o *labOptions) {
					o.hub.Logger = slog.New(slog.NewTextHandler(&logs[i], &slog.HandlerOptions{Level: slog.LevelWarn}))
					o.register = registerOld
					if i == 1 {
						o.register = registerNew
					}
					if i == 1-tt.from {
						o.hub.Observer = &watched
						o.open = func(_ context.Context, c *client) error { ids = append(ids, c.ID()); return nil }
					}
				})
				other := c.labs[1-tt.from]
				var clients []*rawClient
				for range 2 {
					clients = append(clients, openRaw(t, other.mux, "/ws"))
				}
				const rounds = 5
				for range rounds {
					for _, e := range tt.events {
						if err := c.labs[tt.from].Publish(t.Context(), e, "all"); err != nil {
							t.Error(err)
						}
						if err := c.labs[tt.from].PublishTo(t.Context(), ids[0], e); err != nil {
							t.Error(err)
						}
					}
				}
				got := map[int][]string{0: clients[0].take(), 1: clients[1].take()}
				for i, want := range [][]string{slices.Repeat(tt.passed, 2*rounds), slices.Repeat(tt.passed, rounds)} {
					if diff := cmp.Diff(want, got[i]); len(want)+len(got[i]) > 0 && diff != "" {
						t.Errorf("client %d (-want +got):\n%s", i, diff)
					}
				}
				if diff := cmp.Diff(sorted(slices.Repeat(tt.seen, 3*rounds)), sorted(other.journal.take())); diff != "" {
					t.Errorf("handlers saw (-want +got):\n%s", diff)
				}
				log := logs[1-tt.from].String()
				for _, want := range tt.logged {
					if strings.Count(log, want) != 1 {
						t.Errorf("the log does not have %q once:\n%s", want, log)
					}
				}
				skipped := 2 * rounds * (len(tt.events) - len(tt.seen) - len(tt.passed))
				if n := watched.count(chanx.Skipped); n != skipped || other.hub.Health().Skipped != uint64(n) {
					t.Errorf("%d are observed as skipped, of %d", n, skipped)
				}
				if logs[tt.from].String() != "" {
					t.Errorf("the publisher logs %s", &logs[tt.from])
				}
			})
		})
	}
}

// fussy is an event that has more rules than its schema says.
type fussy struct {
	Text string `json:"text"`
}

func (fussy) Action() string { return "fussy" }

func (p fussy) Validate() error {
	if p.Text == "bad" {
		return fmt.Errorf("bad text")
	}
	return nil
}

// An event that its handler's type refuses is logged once, and not for each
// connection.
func TestEventThatItsTypeRefuses(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	bubble(t, labOptions{hub: chanx.HubOptions{Logger: logger}, register: func(l *lab) { seen[fussy](l, l) }}, func(t *testing.T, l *lab) {
		for range 3 {
			openRaw(t, l.mux, "/ws")
		}
		for _, text := range []string{"bad", "good", "bad"} {
			if err := l.PublishJSON(t.Context(), "fussy", []byte(`{"text":"`+text+`"}`), "all"); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		if got := l.journal.take(); len(got) != 3 {
			t.Errorf("handlers saw %q", got)
		}
		if n := strings.Count(log.String(), "event=fussy"); n != 1 {
			t.Errorf("logged %d times: %s", n, &log)
		}
	})
}

// Envelopes of a newer version are skipped where they can't be read, and read where
// they only have more; neither is logged more than once.
func TestNewerEnvelopes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log syncBuffer
		c := newCluster(t, 1, func(_ int, o *labOptions) {
			o.hub.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		})
		client := openRaw(t, c.labs[0].mux, "/ws")
		give := func(channel string, data []byte) {
			t.Helper()
			if err := c.stations[0].Memory.Publish(t.Context(), channel, slices.Concat([]byte("x\n"), data)); err != nil {
				t.Error(err)
			}
		}
		more := (&envelope.Envelope{Action: []byte("note"), Payload: []byte(`{"text":"a"}`)}).Append(nil)
		more = append(more, 200, 3, 'n', 'e', 'w')
		newer := append([]byte{9}, more[1:]...)
		conn := "conn:" + c.labs[0].hub.ID()
		for range 3 {
			give("group:lab:all", more)
			give("group:lab:all", newer)
			give(conn, newer)
			give(conn, (&envelope.Envelope{Action: []byte("note"), Payload: []byte(`null`), Consumer: []byte("unheard"), To: []byte(c.labs[0].hub.ID() + "-1")}).Append(nil))
		}
		if got := client.take(); len(got) != 3 {
			t.Errorf("came %q", got)
		}
		text := log.String()
		if strings.Count(text, "newer version") != 2 || strings.Count(text, "consumer=unheard") != 1 || strings.Count(text, "\n") != 3 {
			t.Errorf("logged:\n%s", text)
		}
	})
}

// What is remembered of what was logged is bounded.
func TestManyUnknownEvents(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, func(_ int, o *labOptions) {
			o.hub.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		})
		openRaw(t, c.labs[0].mux, "/ws")
		for i := range 1000 {
			e := envelope.Envelope{Action: fmt.Appendf(nil, "event%d", i), Payload: []byte("null")}
			if err := c.stations[0].Memory.Publish(t.Context(), "group:lab:all", slices.Concat([]byte("x\n"), e.Append(nil))); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		if n := strings.Count(log.String(), "\n"); n != 256 || c.labs[0].hub.Health().Skipped != 1000 {
			t.Errorf("%d lines, %d skipped", n, c.labs[0].hub.Health().Skipped)
		}
	})
}

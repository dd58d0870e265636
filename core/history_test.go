package chanx_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/google/go-cmp/cmp"
)

// meddler is a memory layer in which things happen at chosen moments.
type meddler struct {
	*layer.Memory
	reads  int
	stuck  bool                            // a Read is not answered
	before func(read int)                  // a Read
	after  func(read int)                  // it has found its entries
	failed func(read int) error            // in place of a Read
	change func(layer.Entry) []layer.Entry // what a follower gets in place of an entry
}

func (m *meddler) Read(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	m.reads++
	if m.stuck {
		<-ctx.Done()
		return nil, layer.Position{}, ctx.Err()
	}
	n := m.reads
	if m.before != nil {
		m.before(n)
	}
	if m.failed != nil {
		if err := m.failed(n); err != nil {
			return nil, layer.Position{}, err
		}
	}
	entries, head, err := m.Memory.Read(ctx, channel, after, limit)
	if m.after != nil {
		m.after(n)
	}
	return entries, head, err
}

func (m *meddler) Follow(ctx context.Context, channel string, handler func(layer.Entry)) (layer.Position, layer.Subscription, error) {
	return m.Memory.Follow(ctx, channel, func(e layer.Entry) {
		entries := []layer.Entry{e}
		if m.change != nil {
			entries = m.change(e)
		}
		for _, e := range entries {
			handler(e)
		}
	})
}

// loseTheSecond makes a layer that loses the second entry of every history on the way
// to who follows it.
func loseTheSecond() layer.Layer {
	return &meddler{Memory: layer.NewMemory(), change: func(e layer.Entry) []layer.Entry {
		if e.Seq == 2 {
			return nil
		}
		return []layer.Entry{e}
	}}
}

// newHistoryLab makes a lab on a meddler.
func newHistoryLab(t *testing.T) (*lab, *meddler) {
	m := &meddler{Memory: layer.NewMemory()}
	t.Cleanup(func() { _ = m.Close() })
	return newLab(t, labOptions{hub: chanx.HubOptions{Layer: m, Logger: discard}, register: registerTopics}), m
}

// kept are the topics that keep a long history: without handlers and with them.
var kept = []string{"tape", "ledger"}

// note publishes a note to the topic of a name.
func (l *lab) note(t *testing.T, topic, text string) {
	t.Helper()
	if err := l.topic(topic).Publish(t.Context(), note{text}, topic+":1"); err != nil {
		t.Error(err)
	}
}

// places are the places of the frames that came, or their actions where they have
// none.
func places(lines []string) (all []string) {
	for _, line := range lines {
		_, rest, found := strings.Cut(line, `"seq":`)
		seq, _, _ := strings.Cut(rest, ",")
		if strings.Contains(line, `"action":"subscribed"`) {
			_, recovered, _ := strings.Cut(line, `"recovered":`)
			recovered, _, _ = strings.Cut(recovered, ",")
			seq = fmt.Sprintf("subscribed %s %s", recovered, seq)
		} else if !found {
			seq = line
		}
		all = append(all, seq)
	}
	return all
}

// What is published while a client catches up comes once, and in its place.
func TestPublishDuringReplay(t *testing.T) {
	t.Parallel()
	tests := map[string]func(l *lab, m *meddler, publish func()){
		"after the first reading": func(_ *lab, m *meddler, publish func()) { m.after = func(n int) { run(n == 1, publish) } },
		"before the last reading": func(_ *lab, m *meddler, publish func()) {
			m.after = func(n int) { run(n == 1, publish) }
			m.before = func(n int) { run(n == 2, publish) }
		},
		"after the last reading":     func(_ *lab, m *meddler, publish func()) { m.after = func(n int) { run(n <= 2, publish) } },
		"whenever something is read": func(_ *lab, m *meddler, publish func()) { m.after = func(int) { publish() }; m.before = m.after },
	}
	for name, meddle := range tests {
		for i, missed := range []int{0, 0, 1, 1, 3, 3, 600, 600} {
			topic := kept[i%2]
			t.Run(fmt.Sprint(name, ", ", missed, " missed on a ", topic), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l, m := newHistoryLab(t)
					c := openRaw(t, l.mux, "/ws")
					c.send(subscribe(topic))
					epoch := epochPattern.FindStringSubmatch(c.take()[0])[1]
					published := 0
					publish := func() { published++; l.note(t, topic, fmt.Sprint(published)) }
					publish()
					c.drop()
					for range missed {
						publish()
					}
					meddle(l, m, func() {
						publish()
						<-time.After(time.Millisecond) // until it has arrived
					})
					c = openRaw(t, l.mux, "/ws")
					c.send(recoverAfter(topic, 1, epoch))
					<-time.After(time.Second)
					got := places(c.take())
					publish()
					got = append(got, places(c.take())...)
					if !strings.HasPrefix(got[0], "subscribed true") {
						t.Errorf("first came %q", got[0])
					}
					var want []string
					for seq := 2; seq <= published; seq++ {
						want = append(want, fmt.Sprint(seq))
					}
					if diff := cmp.Diff(want, got[1:]); diff != "" {
						t.Errorf("of %d published came (-want +got):\n%s", published, diff)
					}
				})
			})
		}
	}
}

func subscribe(topic string) string {
	return fmt.Sprintf(`{"topic":"%s:1","action":"subscribe"}`, topic)
}

func recoverAfter(topic string, seq int, epoch string) string {
	return fmt.Sprintf(`{"topic":"%s:1","action":"subscribe","payload":{"recover":{"seq":%d,"epoch":%q}}}`, topic, seq, epoch)
}

func run(now bool, f func()) {
	if now {
		f()
	}
}

// Who can't be given all that was lost is told, once, and goes on from there.
func TestLossIsTold(t *testing.T) {
	t.Parallel()
	drop := func(seqs ...uint64) func(layer.Entry) []layer.Entry {
		return func(e layer.Entry) []layer.Entry {
			if slices.Contains(seqs, e.Seq) {
				return nil
			}
			return []layer.Entry{e}
		}
	}
	tests := map[string]struct {
		change func(layer.Entry) []layer.Entry
		want   []string
	}{
		"nothing":       {nil, []string{"1", "2", "3", "4"}},
		"one entry":     {drop(2), []string{"1", "subscribed false 2", "3", "4"}},
		"two entries":   {drop(2, 3), []string{"1", "subscribed false 3", "4"}},
		"the first one": {drop(1), []string{"subscribed false 1", "2", "3", "4"}},
		"an epoch": {func(e layer.Entry) []layer.Entry {
			if e.Seq > 2 {
				e.Epoch, e.Seq = "another", e.Seq-2
			}
			return []layer.Entry{e}
		}, []string{"1", "2", "subscribed false 0", "1", "2"}},
		"and repeated": {func(e layer.Entry) []layer.Entry { return []layer.Entry{e, e} }, []string{"1", "2", "3", "4"}},
	}
	for name, tt := range tests {
		for _, topic := range kept {
			t.Run(name+" on a "+topic, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l, m := newHistoryLab(t)
					m.change = tt.change
					c := openRaw(t, l.mux, "/ws")
					c.send(subscribe(topic))
					c.take()
					for i := range 4 {
						l.note(t, topic, fmt.Sprint(i))
					}
					if diff := cmp.Diff(tt.want, places(c.take())); diff != "" {
						t.Errorf("came (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

// Who has read what the process has lost, or hasn't got yet, is told of no loss and
// gets nothing twice.
func TestReplayAheadOfTheProcess(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		missed int
		from   uint64 // what the process gets late in the end; what is before that it has lost
		failed int    // the reading that fails, 0 for none
		lost   uint64 // what the client is told to have lost, after 256
	}{
		"late":                             {missed: 4},
		"lost":                             {missed: 4, from: 6},
		"lost in part":                     {missed: 4, from: 4},
		"late, where a reading has failed": {missed: 300, failed: 2},
		"lost, where a reading has failed": {missed: 300, from: 290, failed: 2, lost: 289},
	}
	for name, tt := range tests {
		for _, topic := range kept {
			t.Run(name+" on a "+topic, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l, m := newHistoryLab(t)
					var late []layer.Entry
					held := false
					m.change = func(e layer.Entry) []layer.Entry {
						if late = append(late, e); held {
							return nil
						}
						arrived := slices.DeleteFunc(late, func(e layer.Entry) bool { return 1 < e.Seq && e.Seq < tt.from })
						late = nil
						return arrived
					}
					m.failed = func(read int) error {
						if read == tt.failed {
							return errors.New("out of order")
						}
						return nil
					}
					first := openRaw(t, l.mux, "/ws") // who keeps the process following
					first.send(subscribe(topic))
					epoch := epochPattern.FindStringSubmatch(first.take()[0])[1]
					l.note(t, topic, "x")
					held = true
					for range tt.missed {
						l.note(t, topic, "x")
					}
					c := openRaw(t, l.mux, "/ws")
					c.send(recoverAfter(topic, 0, epoch))
					got := places(c.take())
					held = false
					l.note(t, topic, "x")
					got = append(got, places(c.take())...)
					want := []string{fmt.Sprintf("subscribed true %d", tt.missed+1)}
					for seq := 1; seq <= tt.missed+2; seq++ {
						if seq == 257 && tt.lost > 0 {
							want = append(want, fmt.Sprintf("subscribed false %d", tt.lost))
							seq = int(tt.lost) + 1
						}
						want = append(want, fmt.Sprint(seq))
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("came (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

// The positions of another epoch are not taken for those of the one before, however
// far that had come when somebody subscribed.
func TestAnotherEpoch(t *testing.T) {
	t.Parallel()
	for _, topic := range kept {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, m := newHistoryLab(t)
				m.change = func(e layer.Entry) []layer.Entry {
					if e.Seq > 5 {
						e.Epoch, e.Seq = "another", e.Seq-5
					}
					return []layer.Entry{e}
				}
				openRaw(t, l.mux, "/ws").send(subscribe(topic)) // who keeps the process following
				synctest.Wait()
				for range 4 {
					l.note(t, topic, "before")
				}
				c := openRaw(t, l.mux, "/ws")
				c.send(subscribe(topic))
				var got []string
				for range 3 {
					got = append(got, places(c.take())...)
					l.note(t, topic, "x")
				}
				got = append(got, places(c.take())...)
				c.send(subscribe(topic))
				got = append(got, places(c.take())...)
				want := []string{"subscribed false 4", "5", "subscribed false 0", "1", "2", "subscribed false 2"}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("came (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A history without bounds keeps everything.
func TestHistoryWithoutBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all *chanx.Topic[*chanx.Subscription]
		l := newLab(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{Topics: -1, PingInterval: -1}}, register: func(l *lab) {
			all = chanx.NewTopic(l.hub, "all", "all:{n}", letIn, &chanx.TopicOptions{History: &chanx.History{Frames: -1, Age: -1}})
			chanx.Forward[note](all)
			chanx.Topics(l, all)
		}})
		c := openRaw(t, l.mux, "/ws")
		for n := range 200 {
			c.send(fmt.Sprintf(`{"topic":"all:%d","action":"subscribe"}`, n))
		}
		got := c.take()
		if len(got) != 200 || strings.Contains(got[199], "too_large") {
			t.Fatalf("%d subscriptions, the last one %s", len(got), got[len(got)-1])
		}
		epoch := epochPattern.FindStringSubmatch(got[7])[1]
		c.drop()
		for range 1500 {
			if err := all.PublishParams(t.Context(), note{"x"}, 7); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(365 * 24 * time.Hour)
		c = openRaw(t, l.mux, "/ws")
		c.send(fmt.Sprintf(`{"topic":"all:7","action":"subscribe","payload":{"recover":{"seq":0,"epoch":%q}}}`, epoch))
		if diff := cmp.Diff(append([]string{"subscribed true 1500"}, numbers(1, 1500)...), places(c.take())); diff != "" {
			t.Errorf("came (-want +got):\n%s", diff)
		}
	})
}

// A client whose history can't be read may try again. Where it can't be read to its
// end that is told like one that isn't kept any more, and the subscription stands.
func TestReplayFails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		failed int
		missed int
		want   []string
	}{
		"at once":     {1, 3, []string{"unavailable"}},
		"on the way":  {2, 300, append(append([]string{"subscribed true 301"}, numbers(2, 257)...), "subscribed false 301", "302")},
		"not reached": {3, 2, []string{"subscribed true 3", "2", "3", "4"}},
	}
	for name, tt := range tests {
		for _, topic := range kept {
			t.Run(name+" on a "+topic, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l, m := newHistoryLab(t)
					c := openRaw(t, l.mux, "/ws")
					c.send(subscribe(topic))
					epoch := epochPattern.FindStringSubmatch(c.take()[0])[1]
					c.send(strings.Replace(subscribe(topic), "sub", "unsub", 1))
					c.take()
					for i := range tt.missed + 1 {
						l.note(t, topic, fmt.Sprint(i))
					}
					m.failed = func(n int) error {
						if n == tt.failed {
							return errors.New("the server is away")
						}
						return nil
					}
					c.send(recoverAfter(topic, 1, epoch))
					got := placesOrReason(c.take())
					l.note(t, topic, "the next one")
					got = append(got, placesOrReason(c.take())...)
					if diff := cmp.Diff(tt.want, got); diff != "" {
						t.Errorf("came (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

// placesOrReason is places, or "unavailable" where that is the answer.
func placesOrReason(frames []string) []string {
	if len(frames) == 1 && strings.Contains(frames[0], `"reason":"unavailable"`) {
		return []string{"unavailable"}
	}
	return places(frames)
}

func numbers(from, to int) (all []string) {
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprint(n))
	}
	return all
}

// What a handler sends about an event that was missed has its place among what was
// missed, like what it sends about others, however much that is.
func TestSendDuringReplay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 400
		var topic *chanx.Topic[*chanx.Subscription]
		l := newLab(t, labOptions{register: func(l *lab) {
			topic = chanx.NewTopic(l.hub, "x", "x", letIn, &chanx.TopicOptions{History: &chanx.History{}})
			chanx.OnEvent(topic, func(s *chanx.Subscription, ctx context.Context, e alarm) error {
				return s.Send(ctx, notice{fmt.Sprint(e.Level, strings.Repeat("x", 3000))})
			})
			chanx.Forward[note](topic)
			chanx.Topics(l, topic)
		}})
		there := openRaw(t, l.mux, "/ws")
		there.send(`{"topic":"x","action":"subscribe"}`)
		subscribed := there.take()[0]
		for i := range n {
			if err := errors.Join(topic.Publish(t.Context(), alarm{Level: i}, "x"), topic.Publish(t.Context(), note{"x"}, "x")); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		c := openRaw(t, l.mux, "/ws")
		c.send(fmt.Sprintf(`{"topic":"x","action":"subscribe","payload":{"recover":{"seq":0,"epoch":%q}}}`, epochPattern.FindStringSubmatch(subscribed)[1]))
		got := c.take()
		if want := there.take(); len(want) != 2*n || !slices.Equal(want, got[1:]) {
			t.Errorf("came %d frames, and %d to who was there", len(got)-1, len(want))
		}
	})
}

// A layer that doesn't answer is waited for as long as for a handshake.
func TestReplayTakesTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, m := newHistoryLab(t)
		m.stuck = true
		c := openRaw(t, l.mux, "/ws")
		c.send(recoverAfter("tape", 1, "x"))
		<-time.After(20 * time.Second)
		l.note(t, "tape", "the next one")
		if diff := cmp.Diff([]string{"unavailable"}, placesOrReason(c.take())); diff != "" {
			t.Errorf("came (-want +got):\n%s", diff)
		}
	})
}

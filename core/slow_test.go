package chanx_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/google/go-cmp/cmp"
)

// price is a message of which only the latest of a name matters.
type price struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

func (price) Action() string     { return "price" }
func (p price) QueueKey() string { return p.Name }

// stall opens a connection whose client does not read, with the Conn behind it.
func stall(t *testing.T, o labOptions) (*lab, *rawClient, *chanx.Conn) {
	t.Helper()
	var conn *chanx.Conn
	o.open = func(_ context.Context, c *client) error {
		conn = c.Conn
		return nil
	}
	l := newLab(t, o)
	return l, dialRaw(t, l.mux, "/ws"), conn
}

// sendMany sends numbered messages of about 40 bytes.
func sendMany(t *testing.T, conn *chanx.Conn, from, to int) (err error) {
	t.Helper()
	for i := from; i < to; i++ {
		if err = conn.Send(t.Context(), number{i}); err != nil {
			return err
		}
		synctest.Wait()
	}
	return nil
}

func TestOverflowCloseSlow(t *testing.T) {
	var seen observations
	synctest.Test(t, func(t *testing.T) {
		l, c, conn := stall(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{QueueBytes: 1000}, Observer: &seen}})
		if err := sendMany(t, conn, 0, 20); err != nil {
			t.Fatalf("within the limit: %v", err)
		}
		if err := sendMany(t, conn, 20, 100); err != chanx.ErrClosed {
			t.Errorf("beyond the limit: %v", err)
		}
		c.read()
		got := c.take()
		if want := []string{`{"action":"number","payload":{"n":0}}`, "close 4409 too slow to read", "end"}; !slices.Equal(got, want) {
			t.Errorf("the client got %q", got)
		}
		if got := l.journal.take(); !slices.Equal(got, []string{"closed: connection closed with 4409 (too slow to read)"}) {
			t.Errorf("OnClose: %q", got)
		}
		if n := seen.count(chanx.Dropped); n < 20 || n > 40 {
			t.Errorf("%d messages were observed to be dropped", n)
		}
	})
}

func TestOverflowDropOldest(t *testing.T) {
	var seen observations
	synctest.Test(t, func(t *testing.T) {
		_, c, conn := stall(t, labOptions{
			hub:      chanx.HubOptions{Limits: chanx.Limits{QueueBytes: 1000}, Observer: &seen},
			consumer: chanx.ConsumerOptions{Overflow: chanx.DropOldest},
		})
		if err := sendMany(t, conn, 0, 500); err != nil {
			t.Fatal(err)
		}
		c.read()
		got := c.take()
		if len(got) < 15 || len(got) > 30 {
			t.Errorf("the client got %d messages", len(got))
		}
		for i, text := range got {
			want := fmt.Sprintf(`{"action":"number","payload":{"n":%d}}`, 500-len(got)+i)
			if i == 0 {
				want = `{"action":"number","payload":{"n":0}}` // it was being written
			}
			if text != want {
				t.Errorf("message %d is %s, want %s", i, text, want)
			}
		}
		if n := seen.count(chanx.Dropped); n != 500-len(got) {
			t.Errorf("%d messages were observed to be dropped of %d that were", n, 500-len(got))
		}
		if err := sendMany(t, conn, 500, 501); err != nil || len(c.take()) != 1 {
			t.Error("the connection is of no use any more")
		}
	})
}

func TestOverflowKeepLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, c, conn := stall(t, labOptions{
			hub:      chanx.HubOptions{Limits: chanx.Limits{QueueBytes: 1000}},
			consumer: chanx.ConsumerOptions{Overflow: chanx.KeepLatest},
			register: func(l *lab) { chanx.Forward[price](l) },
		})
		if err := sendMany(t, conn, 0, 1); err != nil { // is being written
			t.Fatal(err)
		}
		for i := range 500 {
			if err := conn.Send(t.Context(), price{[]string{"a", "b", "c"}[i%3], i}); err != nil {
				t.Fatal(err)
			}
			if err := conn.Broadcast(t.Context(), price{"shared", i}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		c.read()
		got := c.take()
		slices.Sort(got)
		want := []string{
			`{"action":"number","payload":{"n":0}}`,
			`{"action":"price","payload":{"name":"a","n":498}}`,
			`{"action":"price","payload":{"name":"b","n":499}}`,
			`{"action":"price","payload":{"name":"c","n":497}}`,
			`{"action":"price","payload":{"name":"shared","n":499}}`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if l.hub.Connections() != 1 {
			t.Error("the connection has ended")
		}
	})
}

// Messages without a key can't be replaced.
func TestOverflowKeepLatestCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, conn := stall(t, labOptions{
			hub:      chanx.HubOptions{Limits: chanx.Limits{QueueBytes: 1000}},
			consumer: chanx.ConsumerOptions{Overflow: chanx.KeepLatest},
		})
		if err := sendMany(t, conn, 0, 100); err != chanx.ErrClosed {
			t.Errorf("beyond the limit: %v", err)
		}
		c.read()
		if got := strings.Join(c.take(), "\n"); !strings.HasSuffix(got, "close 4409 too slow to read\nend") {
			t.Errorf("the client got %s", got)
		}
	})
}

// A slow client holds up nobody else in its groups.
func TestSlowClientInAGroup(t *testing.T) {
	for _, policy := range []chanx.Overflow{chanx.CloseSlow, chanx.DropOldest, chanx.KeepLatest} {
		synctest.Test(t, func(t *testing.T) {
			l, c, _ := stall(t, labOptions{
				hub:      chanx.HubOptions{Limits: chanx.Limits{QueueBytes: 10_000, WriteTimeout: time.Hour}},
				consumer: chanx.ConsumerOptions{Overflow: policy},
			})
			fast := chanxtest.Dial(t, l.mux, "/ws", nil)
			const n = 1000
			for i := range n {
				if err := l.Publish(t.Context(), note{fmt.Sprint(i)}, "all"); err != nil {
					t.Fatal(err)
				}
				if got := chanxtest.Expect[note](fast).Text; got != fmt.Sprint(i) {
					t.Fatalf("note %d is %s", i, got)
				}
			}
			c.read()
			got := c.take()
			if closed := slices.Contains(got, "end"); closed != (policy != chanx.DropOldest) {
				t.Errorf("policy %d: closed %t", policy, closed)
			}
			if policy == chanx.DropOldest && got[len(got)-1] != `{"action":"note","payload":{"text":"999"}}` {
				t.Errorf("the last note was %s", got[len(got)-1])
			}
		})
	}
}

func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, c, conn := stall(t, labOptions{})
		if err := sendMany(t, conn, 0, 3); err != nil {
			t.Fatal(err)
		}
		<-time.After(5*time.Second - 1)
		if l.hub.Connections() != 1 {
			t.Error("closed too early")
		}
		<-time.After(time.Second)
		synctest.Wait()
		if got := l.journal.take(); len(got) != 1 || !strings.HasPrefix(got[0], "closed: connection closed with 4409 (the client does not read)") {
			t.Errorf("OnClose: %q", got)
		}
		c.read()
		if got := c.take(); !slices.Equal(got, []string{"end"}) {
			t.Errorf("the client got %q", got)
		}
	})
}

// A client that reads slowly but steadily is not too slow.
func TestSteadyReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, c, conn := stall(t, labOptions{})
		const size = 200_000
		if err := conn.Send(t.Context(), said{strings.Repeat("x", size)}); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 10_000)
		for read := 0; read < size; {
			<-time.After(2 * time.Second)
			n, err := c.conn.Read(buf)
			if err != nil {
				t.Fatalf("after %d bytes: %v", read, err)
			}
			read += n
		}
		if l.hub.Connections() != 1 {
			t.Error("the connection has ended")
		}
	})
}

// A message larger than the whole queue goes out where nothing waits before it.
func TestMessageLargerThanTheQueue(t *testing.T) {
	bubble(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{QueueBytes: 100}}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		text := strings.Repeat("x", 5000)
		c.Send(say{Text: text})
		if got := chanxtest.Expect[said](c).Text; got != text {
			t.Errorf("got %d bytes", len(got))
		}
		synctest.Wait() // the server knows that it is written
		if err := l.Publish(t.Context(), note{text}, "all"); err != nil {
			t.Fatal(err)
		}
		chanxtest.Expect[note](c)
	})
}

// A stream waits for a client that is slow to read.
func TestStreamIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen observations
		l, c, _ := stall(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{QueueBytes: 1000, WriteTimeout: time.Hour, PingInterval: -1}, Observer: &seen}})
		c.send(`{"ref":"a","action":"count","payload":{"to":10000}}`)
		<-time.After(time.Minute)
		if l.hub.Connections() != 1 || seen.count(chanx.Dropped) > 0 {
			t.Fatal("the stream ran over the queue")
		}
		c.read()
		got := c.take()
		if len(got) != 10_001 || got[9999] != `{"ref":"a","action":"number","payload":{"n":10000}}` {
			t.Errorf("the client got %d frames", len(got))
		}
	})
}

// One that is held back can be cancelled, and ends with its connection.
func TestStreamIsCancelledWhileHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, _ := stall(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{QueueBytes: 1000, WriteTimeout: time.Hour, PingInterval: -1}}})
		c.send(`{"ref":"a","action":"count","payload":{"to":10000}}`, `{"ref":"b","action":"count","payload":{"to":10000}}`)
		synctest.Wait()
		c.send(`{"ref":"a","action":"stream_cancel"}`)
		synctest.Wait()
		c.drop() // and so is b
	})
}

// observations counts what an observer is told.
type observations struct {
	mu    sync.Mutex
	kinds map[chanx.ObservationKind]int
	all   []chanx.Observation
}

func (o *observations) Observe(_ context.Context, ob *chanx.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.kinds == nil {
		o.kinds = map[chanx.ObservationKind]int{}
	}
	o.kinds[ob.Kind] += max(1, ob.Count)
	o.all = append(o.all, *ob)
}

func (o *observations) count(kind chanx.ObservationKind) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.kinds[kind]
}

func (o *observations) list() []chanx.Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all)
}

// Events that are passed on as they are have keys too, however they are published.
func TestOverflowKeepLatestOfEvents(t *testing.T) {
	tests := map[string]func(l *lab, topic *chanx.Topic[*chanx.Subscription], id string, p price) error{
		"to a group": func(l *lab, _ *chanx.Topic[*chanx.Subscription], _ string, p price) error {
			return l.Publish(context.Background(), p, "all")
		},
		"to a connection": func(l *lab, _ *chanx.Topic[*chanx.Subscription], id string, p price) error {
			return l.PublishTo(context.Background(), id, &p)
		},
		"to a topic": func(_ *lab, topic *chanx.Topic[*chanx.Subscription], _ string, p price) error {
			return topic.Publish(context.Background(), p, "x")
		},
		"as JSON": func(_ *lab, topic *chanx.Topic[*chanx.Subscription], _ string, p price) error {
			return topic.PublishJSON(context.Background(), "price", fmt.Appendf(nil, `{"name":%q,"n":%d}`, p.Name, p.N), "x")
		},
	}
	for name, publish := range tests {
		synctest.Test(t, func(t *testing.T) {
			var topic *chanx.Topic[*chanx.Subscription]
			l, c, conn := stall(t, labOptions{
				hub:      chanx.HubOptions{Limits: chanx.Limits{QueueBytes: 1000}},
				consumer: chanx.ConsumerOptions{Overflow: chanx.KeepLatest},
				register: func(l *lab) {
					chanx.Forward[price](l)
					topic = chanx.NewTopic(l.hub, "x", "x", letIn, nil)
					chanx.Forward[price](topic)
					chanx.Topics(l, topic)
				},
			})
			c.send(`{"topic":"x","action":"subscribe"}`)
			synctest.Wait() // the answer is being written
			for i := range 500 {
				if err := publish(l, topic, conn.ID(), price{[]string{"a", "b"}[i%2], i}); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			c.read()
			got := c.take()
			if len(got) != 3 || !strings.Contains(got[1], `"n":498`) || !strings.Contains(got[2], `"n":499`) {
				t.Errorf("%s: came %q", name, got)
			}
		})
	}
}

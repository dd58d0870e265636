package chanx_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

func TestBroadcast(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		ann, bob, eve := connect(t, l), connect(t, l), connect(t, l)
		for _, c := range []*chanxtest.Client{ann, bob} {
			c.Send(move{Join: "room"})
			c.Send(move{Join: "room"}) // twice is once
		}
		synctest.Wait()
		everybody := []*chanxtest.Client{ann, bob, eve}
		tests := []struct {
			name string
			send say
			want []*chanxtest.Client
		}{
			{"to the consumer's own group", say{Text: "a"}, everybody},
			{"to a group", say{Text: "b", Group: "room"}, everybody[:2]},
			{"to the others", say{Text: "c", Others: true}, everybody[1:]},
			{"to the others in a group", say{Text: "d", Group: "room", Others: true}, everybody[1:2]},
			{"to a group that nobody is in", say{Text: "e", Group: "nobody"}, nil},
		}
		for _, test := range tests {
			ann.Send(test.send)
			for _, c := range test.want {
				if got := chanxtest.Expect[said](c).Text; got != test.send.Text {
					t.Errorf("%s: got %q", test.name, got)
				}
			}
			for _, c := range everybody {
				c.ExpectNothing()
			}
		}
		// Who isn't in a group may broadcast to it all the same.
		eve.Send(say{Text: "f", Group: "room", Others: true})
		chanxtest.Expect[said](ann)
		chanxtest.Expect[said](bob)
		eve.ExpectNothing()
	})
}

func TestLeave(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		ann, bob := connect(t, l), connect(t, l)
		ann.Send(move{Join: "room"})
		bob.Send(move{Join: "room"})
		synctest.Wait()
		bob.Send(move{Leave: "room"})
		bob.Send(move{Leave: "room"})
		bob.Send(move{Leave: "never joined"})
		synctest.Wait()
		ann.Send(say{Text: "a", Group: "room"})
		chanxtest.Expect[said](ann)
		bob.ExpectNothing()
		bob.Send(move{Join: "room"})
		synctest.Wait()
		ann.Send(say{Text: "b", Group: "room"})
		chanxtest.Expect[said](ann)
		chanxtest.Expect[said](bob)
		bob.Send(move{Leave: "all"}) // the consumer's own
		synctest.Wait()
		ann.Send(say{Text: "c"})
		chanxtest.Expect[said](ann)
		bob.ExpectNothing()
		ann.Drop()
		bob.Send(say{Text: "d", Group: "room"})
		chanxtest.Expect[said](bob)
	})
}

// Nothing of a group reaches a client after Leave has returned, and all that is
// published after Join has, however fast others publish.
func TestJoinAndLeaveAmongManyEvents(t *testing.T) {
	var last atomic.Int64 // what is being published
	var seen atomic.Int64 // what the client has got of it
	var member atomic.Bool
	bubble(t, labOptions{register: func(l *lab) {
		chanx.Reply(l, func(c *client, ctx context.Context, _ stepIn) (said, error) {
			c.Leave("room")
			member.Store(false)
			for _, text := range []string{"left", "joins"} {
				if err := c.Send(ctx, said{text}); err != nil {
					return said{}, err
				}
				runtime.Gosched()
			}
			err := c.Join(ctx, "room")
			seen.Store(last.Load())
			member.Store(true)
			return said{fmt.Sprintf("joined %d", last.Load())}, err
		})
	}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		c.Send(move{Join: "room"})
		synctest.Wait()
		stop := make(chan struct{})
		var publisher sync.WaitGroup
		publisher.Go(func() {
			for i := range int64(1 << 40) {
				last.Store(i)
				if err := l.Publish(t.Context(), note{fmt.Sprint(i)}, "room"); err != nil {
					t.Error(err)
				}
				// On a busy machine the client would be too slow else.
				for waits := true; waits; waits = member.Load() && i-seen.Load() > 1000 {
					select {
					case <-stop:
						return
					default:
						runtime.Gosched()
					}
				}
			}
		})
		end := sync.OnceFunc(func() {
			close(stop)
			publisher.Wait()
		})
		defer end() // also where the test fails, whose error would not be seen else
		const rounds = 50
		for i := range rounds {
			c.Send(stepIn{i})
		}
		const unknown = 1 << 40
		next, out := int64(0), false // next is the note that must not be skipped
		first := int64(0)            // that came after a Join
		for joins := 0; joins < rounds; {
			text := strings.Trim(strings.TrimPrefix(string(c.Next().Payload), `{"text":`), `"}`)
			var n int64
			switch {
			case text == "left":
				out, next, first = true, unknown, 0
			case text == "joins":
				out = false
			case out:
				t.Fatalf("%q came after Leave", text)
			case strings.HasPrefix(text, "joined "):
				_, _ = fmt.Sscan(strings.TrimPrefix(text, "joined "), &n)
				if next == unknown { // else notes have come already, one after the other
					next = n + 1
				}
				if first > n+1 {
					t.Fatalf("note %d was the first after note %d", first, n)
				}
				joins++
			default:
				if _, _ = fmt.Sscan(text, &n); n > next {
					t.Fatalf("note %d came where note %d was to come", n, next)
				}
				if next == unknown {
					first = n
				}
				next = n + 1
				seen.Store(n)
			}
		}
		end()
	})
}

func TestBroadcastOrder(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		var clients []*chanxtest.Client
		for range 4 {
			clients = append(clients, connect(t, l))
		}
		const n = 300
		for i := range n {
			for who, c := range clients {
				c.Send(say{Text: fmt.Sprintf("%d %d", who, i)})
			}
		}
		for _, c := range clients {
			next := map[int]int{}
			for range n * len(clients) {
				var who, i int
				if _, err := fmt.Sscan(chanxtest.Expect[said](c).Text, &who, &i); err != nil {
					t.Fatal(err)
				}
				if i != next[who] {
					t.Fatalf("message %d of client %d came as its %dth", i, who, next[who])
				}
				next[who]++
			}
		}
	})
}

func TestGroupNames(t *testing.T) {
	names := []string{"", "a", "A", "a:b", "a%3Ab", "a%", "a/b", "é", "\x00", strings.Repeat("long", 1000), "lab:all", " "}
	bubble(t, labOptions{open: func(ctx context.Context, c *client) error {
		return c.Join(ctx, c.Request().Header["Group"]...)
	}}, func(t *testing.T, l *lab) {
		// A second consumer on the same hub whose name could be mistaken.
		other := chanx.NewConsumer(l.hub, "lab:a", nil0, nil)
		chanx.Forward[note](other)
		var clients []*chanxtest.Client
		for i, name := range names {
			client := chanxtest.Dial(t, headerHandler{l, name}, "/ws", nil)
			clients = append(clients, client)
			if err := l.Publish(t.Context(), note{fmt.Sprint(i)}, name); err != nil {
				t.Error(err)
			}
			if got := chanxtest.Expect[note](client).Text; got != fmt.Sprint(i) {
				t.Errorf("group %q got %q", name, got)
			}
			if err := other.Publish(t.Context(), note{"another consumer's"}, name, "b", ":b"); err != nil {
				t.Error(err)
			}
		}
		for _, c := range clients {
			c.ExpectNothing()
		}
	})
}

func nil0(_ context.Context, c *chanx.Conn) (*chanx.Conn, error) { return c, nil }

func TestJoinLimit(t *testing.T) {
	join := func(n int) func(context.Context, *client) error {
		return func(ctx context.Context, c *client) error {
			for i := range n {
				if err := c.Join(ctx, fmt.Sprint(i)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, test := range []struct {
		limit, groups int
		ok            bool
	}{{0, 127, true}, {0, 128, false}, {-1, 1000, true}, {2, 1, true}, {2, 2, false}} {
		l := newLab(t, labOptions{hub: chanx.HubOptions{Limits: chanx.Limits{Groups: test.limit}}, open: join(test.groups)})
		if test.ok {
			connect(t, l).Drop()
			continue
		}
		if r := chanxtest.Refused(t, l.mux, "/ws", 413, nil); r.Error.Reason != chanx.TooLarge {
			t.Errorf("refused with %s", r)
		}
	}
}

// A broadcast without a group is a mistake, unless the consumer has one of its own.
func TestBroadcastWithoutGroup(t *testing.T) {
	hub := chanx.NewHub(&chanx.HubOptions{Logger: discard})
	var got error
	consumer := chanx.NewConsumer(hub, "alone", func(ctx context.Context, c *chanx.Conn) (*chanx.Conn, error) {
		got = c.Broadcast(ctx, said{"hello"})
		return c, got
	}, nil)
	r := chanxtest.Refused(t, chanx.Mount(consumer, "/ws"), "/ws", 500, nil)
	if got == nil || !strings.Contains(got.Error(), `"said" names no group`) {
		t.Errorf("refused with %s, error %v", r, got)
	}
}

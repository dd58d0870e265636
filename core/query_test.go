package chanx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/google/go-cmp/cmp"
)

// settle lets hubs get to know each other.
func settle() { <-time.After(15 * time.Second) }

// took is how long something took.
func took(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

func expectCount(t *testing.T, l *lab, total int, coverage chanx.Coverage) {
	t.Helper()
	got, err := l.hub.CountConnections(t.Context())
	if err != nil {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(chanx.ConnectionCount{Coverage: coverage, Total: total}, chanx.ConnectionCount{Coverage: got.Coverage, Total: got.Total}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCountConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 4, nil) // the last one has no connections
		for i := range 3 {
			for range i + 1 {
				openRaw(t, c.labs[i].mux, "/ws")
			}
		}
		settle()
		for i, processes := range []int{3, 3, 3, 4} {
			d := took(func() { expectCount(t, c.labs[i], 6, chanx.Coverage{Processes: processes}) })
			if d > 100*time.Millisecond {
				t.Errorf("process %d waited %v, though everybody had answered", i, d)
			}
		}
		got, err := c.labs[3].hub.CountConnections(t.Context())
		if err != nil || len(got.Hubs) != 4 {
			t.Errorf("%+v, %v", got, err)
		}
		for _, h := range got.Hubs {
			for i, l := range c.labs {
				if h.Hub == l.hub.ID() && h.Connections != (i+1)%4 {
					t.Errorf("process %d has %d connections", i, h.Connections)
				}
			}
		}
	})
}

// A process that does not answer is missing, for as long as it is not known to have
// gone, to those who have just started, too.
func TestQueryWithoutAnswer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fail   func(c *cluster)
		missed time.Duration // for how long
	}{
		"hangs":             {func(c *cluster) { c.stations[2].deaf.Store(true) }, time.Hour},
		"dies without word": {func(c *cluster) { c.stations[2].dead.Store(true) }, 31 * time.Second},
		"goes":              {func(c *cluster) { _ = c.labs[2].hub.Shutdown(context.Background()) }, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t, 4, nil)
				for i := range 3 {
					openRaw(t, c.labs[i].mux, "/ws")
				}
				settle()
				tt.fail(c)
				synctest.Wait()
				for began := time.Now(); time.Since(began) < 2*time.Minute; <-time.After(5 * time.Second) {
					want, wait := chanx.Coverage{Processes: 2}, time.Duration(0)
					since := time.Since(began)
					if since > tt.missed-11*time.Second && since < tt.missed { // it depends on when it was heard of last
						continue
					}
					if since < tt.missed {
						want.Missing, wait = c.ids(2), 2*time.Second
					}
					if d := took(func() { expectCount(t, c.labs[0], 2, want) }); d != wait {
						t.Errorf("after %v: waited %v, want %v", since, d, wait)
					}
					want.Processes++
					expectCount(t, c.labs[3], 2, want)
					if t.Failed() {
						t.Fatalf("after %v", since)
					}
				}
			})
		})
	}
}

// Who has just started, and asks others who have, can't know whether they are all.
func TestQueryIsUnsureAtTheBeginning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, nil)
		openRaw(t, c.labs[0].mux, "/ws")
		synctest.Wait()
		d := took(func() { expectCount(t, c.labs[0], 1, chanx.Coverage{Processes: 1}) })
		if d < time.Second || d > 2*time.Second {
			t.Errorf("it took %v to be sure to be alone", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		openRaw(t, c.labs[1].mux, "/ws")
		c.stations[0].deaf.Store(true)
		got, err := c.labs[1].hub.CountConnections(ctx)
		if err != nil || !got.Unsure || !got.Partial() || got.Total != 1 {
			t.Errorf("%+v, %v", got, err)
		}
		c.stations[1].deaf.Store(true)
		d = took(func() { expectCount(t, c.labs[2], 0, chanx.Coverage{Processes: 1, Unsure: true}) })
		if d != 2*time.Second {
			t.Errorf("a worker whom nobody answers waits %v", d)
		}
	})
}

// A query that its asker gives up, or whose server is away, has what this process
// knows.
func TestQueryFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, nil)
		openRaw(t, c.labs[0].mux, "/ws")
		openRaw(t, c.labs[1].mux, "/ws")
		settle()
		c.stations[1].deaf.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		got, err := c.labs[0].hub.CountConnections(ctx)
		if !errors.Is(err, context.Canceled) || got.Total != 1 || !got.Partial() {
			t.Errorf("%+v, %v", got, err)
		}
		c.stations[0].away(true)
		got, err = c.labs[0].hub.CountConnections(t.Context())
		if !errors.Is(err, layer.ErrUnavailable) || got.Total != 1 || cmp.Diff(got.Missing, c.ids(1)) != "" {
			t.Errorf("%+v, %v", got, err)
		}
		if err := c.labs[0].hub.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err = c.labs[0].hub.CountConnections(t.Context()); !errors.Is(err, chanx.ErrClosed) {
			t.Errorf("after the shutdown: %v", err)
		}
	})
}

// What was heard before an outage does not count for long after it: nobody is
// overlooked without a word.
func TestQueryAfterOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, nil)
		openRaw(t, c.labs[0].mux, "/ws")
		openRaw(t, c.labs[1].mux, "/ws")
		settle()
		c.stations[0].away(true)
		<-time.After(time.Minute)
		c.stations[0].away(false)
		c.stations[1].deaf.Store(true)
		got, err := c.labs[0].hub.CountConnections(t.Context())
		if err != nil || !got.Partial() {
			t.Errorf("%+v, %v", got, err)
		}
		settle()
		expectCount(t, c.labs[0], 1, chanx.Coverage{Processes: 1, Missing: c.ids(1)})
		c.stations[1].deaf.Store(false)
		expectCount(t, c.labs[0], 2, chanx.Coverage{Processes: 2})
	})
}

// A hub with a layer of its own asks nobody, and waits for nobody.
func TestQueryWithoutOthers(t *testing.T) {
	t.Parallel()
	bubble(t, labOptions{register: registerTopics}, func(t *testing.T, l *lab) {
		openRaw(t, l.mux, "/ws")
		d := took(func() {
			expectCount(t, l, 1, chanx.Coverage{Processes: 1})
			if got, err := l.Members(t.Context(), "all", 0); err != nil || got.Total != 1 || len(got.Members) != 1 {
				t.Errorf("%+v, %v", got, err)
			}
		})
		if d != 0 {
			t.Errorf("it took %v", d)
		}
	})
}

func TestMembers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, nil)
		other := chanx.NewConsumer(c.labs[0].hub, "other", nil0, nil)
		for i := range 2 {
			for j := range 3 {
				client := openRaw(t, c.labs[i].mux, fmt.Sprintf("/ws?token=user%d%d", i, j))
				client.send(`{"action":"move","payload":{"join":"room"}}`, fmt.Sprintf(`{"topic":"room:%d","action":"subscribe"}`, j%2))
			}
		}
		openRaw(t, c.labs[0].mux, "/ws")
		openRaw(t, c.labs[0].mux, "/room/1")
		settle()
		ask := func(f func(ctx context.Context, name string, limit int) (chanx.GroupMembers, error), name string, limit int) (total int, listed string) {
			t.Helper()
			got, err := f(t.Context(), name, limit)
			if err != nil || got.Partial() {
				t.Errorf("%s: %+v, %v", name, got.Coverage, err)
			}
			var names []string
			for i, m := range got.Members {
				if !strings.HasPrefix(m.ConnID, m.Hub) || i > 0 && got.Members[i-1].ConnID >= m.ConnID {
					t.Errorf("%s: %+v", name, got.Members)
				}
				names = append(names, m.Identity)
			}
			return got.Total, fmt.Sprint(len(names))
		}
		for _, l := range c.labs {
			room := l.topics.room.Subscribers
			for _, tt := range []struct {
				what  string
				ask   func(ctx context.Context, name string, limit int) (chanx.GroupMembers, error)
				name  string
				limit int
				total int
				list  string
			}{
				{"group", l.Members, "room", 0, 6, "6"},
				{"everybody", l.Members, "all", 0, 7, "7"},
				{"some", l.Members, "room", 4, 6, "4"},
				{"nobody", l.Members, "nobody", 10, 0, "0"},
				{"topic", room, "room:0", 10, 4, "4"},
				{"topic with a route of its own", room, "room:1", 10, 3, "3"},
			} {
				if total, list := ask(tt.ask, tt.name, tt.limit); total != tt.total || list != tt.list {
					t.Errorf("%s: %d, of which %s are listed", tt.what, total, list)
				}
			}
		}
		if total, _ := ask(other.Members, "all", 0); total != 0 {
			t.Errorf("another consumer's group has %d members", total)
		}
		if _, err := c.labs[0].topics.room.Subscribers(t.Context(), "lobby", 0); reasonOf(err) != chanx.UnknownTopic {
			t.Errorf("error %v", err)
		}
	})
}

// Groups and identities may be any bytes.
func TestQueryOfAnyName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const name = "\xff\x00:%\n"
		c := newCluster(t, 2, func(_ int, o *labOptions) {
			o.hub.IdentityKey = func(any) string { return name }
			o.open = func(ctx context.Context, c *client) error { return c.Join(ctx, name, "\ufffd\x00:%\n") }
		})
		client := openRaw(t, c.labs[0].mux, "/ws?token=ann")
		settle()
		for _, group := range []string{name, "\xfe\x00:%\n"} {
			got, err := c.labs[1].Members(t.Context(), group, 0)
			if err != nil || got.Partial() || (got.Total == 1) != (group == name) || len(got.Members) != got.Total {
				t.Errorf("%q: %+v, %v", group, got, err)
			}
		}
		if got, err := c.labs[1].hub.Disconnect(t.Context(), name, 0, ""); err != nil || got.Connections != 1 {
			t.Errorf("%+v, %v", got, err)
		}
		if got := client.take(); len(got) == 0 {
			t.Error("the client is connected still")
		}
	})
}

// An answer has a bounded size, however long the names are.
func TestMembersOfLongNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, func(_ int, o *labOptions) {
			o.hub.IdentityKey = func(identity any) string { return strings.Repeat(identity.(string), 100<<10) }
		})
		for range 5 {
			openRaw(t, c.labs[0].mux, "/ws?token=x")
		}
		settle()
		got, err := c.labs[1].Members(t.Context(), "all", 0)
		if err != nil || got.Total != 5 || len(got.Members) != 2 {
			t.Errorf("%d, %d listed, %v", got.Total, len(got.Members), err)
		}
	})
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, nil)
		var anns, others []*rawClient
		for i := range 2 {
			anns = append(anns, openRaw(t, c.labs[i].mux, "/ws?token=ann"), openRaw(t, c.labs[i].mux, "/ws?token=ann"))
			others = append(others, openRaw(t, c.labs[i].mux, "/ws?token=bob"), openRaw(t, c.labs[i].mux, "/ws"))
		}
		settle()
		got, err := c.labs[2].hub.Disconnect(t.Context(), "ann", 0, "you are banned")
		if err != nil || got.Partial() || got.Connections != 4 {
			t.Errorf("%+v, %v", got, err)
		}
		for _, ann := range anns {
			if got := ann.take(); len(got) == 0 || got[0] != "close 4503 you are banned" {
				t.Errorf("came %q", got)
			}
		}
		got, err = c.labs[0].hub.Disconnect(t.Context(), "bob", chanx.CloseExpired, "")
		if err != nil || got.Connections != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		for i, other := range others {
			if got := other.take(); (len(got) > 0) != (i%2 == 0) || len(got) > 0 && got[0] != "close 4410" {
				t.Errorf("came %q", got)
			}
		}
		openRaw(t, c.labs[0].mux, "/ws?token=ann") // comes back, as the application lets her
		for _, wrong := range []struct {
			identity string
			code     chanx.CloseCode
			reason   string
		}{{"", 0, ""}, {"ann", 999, ""}, {"ann", 1005, ""}, {"ann", 5000, ""}, {"ann", 0, strings.Repeat("x", 124)}, {"ann", 0, "\xff"}} {
			if _, err := c.labs[0].hub.Disconnect(t.Context(), wrong.identity, wrong.code, wrong.reason); err == nil {
				t.Errorf("%+v was no error", wrong)
			}
		}
	})
}

// Handshakes that are under way when their client is disconnected are refused,
// wherever they are.
func TestDisconnectDuringHandshake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verify, proceed := make(chan bool), make(chan bool)
		c := newCluster(t, 2, func(i int, o *labOptions) {
			if i > 0 {
				return
			}
			o.consumer.Authenticator.Verify = func(_ context.Context, token string) (any, error) {
				if token == "slow" {
					<-verify
				}
				return "ann", nil
			}
			o.open = func(_ context.Context, c *client) error {
				if who, _ := chanx.Identity[string](c.Conn); who != "" {
					<-proceed
				}
				return nil
			}
		})
		openRaw(t, c.labs[0].mux, "/ws")
		settle()
		results := make(chan *httptest.ResponseRecorder, 2)
		for _, token := range []string{"slow", "fast"} {
			go func() {
				w := httptest.NewRecorder()
				c.labs[0].mux.ServeHTTP(w, upgradeRequest("/ws?token="+token))
				results <- w
			}()
		}
		synctest.Wait()
		if _, err := c.labs[1].hub.Disconnect(t.Context(), "ann", 0, "begone"); err != nil {
			t.Fatal(err)
		}
		close(verify)
		close(proceed)
		for range 2 {
			if w := <-results; w.Code != 403 || !strings.Contains(w.Body.String(), "begone") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		<-time.After(time.Second)
		openRaw(t, c.labs[0].mux, "/ws?token=fast").drop() // a handshake that begins later
	})
}

// The key of an identity is its subject, itself, or what it says.
func TestIdentityKey(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		identity any
		key      func(any) string
		want     string
	}{
		"text":               {"ann", nil, "ann"},
		"a subject":          {chanx.Credential{Identity: "Ann", Subject: "7"}, nil, "7"},
		"says itself":        {namedUser{"ann"}, nil, "user ann"},
		"anything else":      {42, nil, ""},
		"the hub's function": {chanx.Credential{Identity: 42, Subject: "7"}, func(id any) string { return fmt.Sprint(id) }, "42"},
		"a function fails":   {42, func(any) string { panic("oh") }, ""},
	}
	for name, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			c := newCluster(t, 1, func(_ int, o *labOptions) {
				o.hub.Logger, o.hub.IdentityKey = discard, tt.key
				o.consumer.Authenticator.Verify = func(context.Context, string) (any, error) { return tt.identity, nil }
			})
			openRaw(t, c.labs[0].mux, "/ws?token=x")
			if got, err := c.labs[0].Members(t.Context(), "all", 0); err != nil || len(got.Members) != 1 || got.Members[0].Identity != tt.want {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		})
	}
}

type namedUser struct{ name string }

func (u namedUser) IdentityKey() string { return "user " + u.name }

// Queries can be asked and answered by a capture, which does not take what hubs say
// to each other for events.
func TestQueryThroughCapture(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		capture := chanxtest.NewCapture(&chanxtest.CaptureOptions{Swallow: true})
		one := newLab(t, labOptions{hub: chanx.HubOptions{Layer: capture}})
		two := newLab(t, labOptions{hub: chanx.HubOptions{Layer: capture}})
		openRaw(t, one.mux, "/ws")
		<-time.After(time.Second)
		openRaw(t, two.mux, "/ws")
		settle()
		expectCount(t, one, 2, chanx.Coverage{Processes: 2})
		if all := capture.Entries(); len(all) > 0 {
			t.Errorf("captured %+v", all)
		}
	})
}

package chanx_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/google/go-cmp/cmp"
)

// eavesdrop listens to what is said on the channel of all hubs, and keeps of which
// kind it is.
func eavesdrop(t *testing.T, server *layer.Memory) func() []string {
	t.Helper()
	var mu sync.Mutex
	var said []string
	sub, err := server.Subscribe(t.Context(), "hubs", func(data []byte) {
		data = data[bytes.IndexByte(data, '\n')+1:] // the name of the station
		var e envelope.Envelope
		mu.Lock()
		defer mu.Unlock()
		if err := e.Parse(data); err != nil {
			t.Error(err)
		}
		said = append(said, string(e.Action))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() })
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		all := said
		said = nil
		return all
	}
}

// A hub says that it is there while it has connections, and nothing at all without.
func TestHubsAnnounceThemselves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, nil)
		said := eavesdrop(t, c.stations[0].Memory)
		<-time.After(time.Hour)
		if all := said(); len(all) > 0 {
			t.Errorf("without connections they say %q", all)
		}
		for range 2 {
			client := openRaw(t, c.labs[0].mux, "/ws")
			<-time.After(time.Minute)
			all := said()
			if n := len(all); n < 6 || n > 8 || slices.ContainsFunc(all, func(s string) bool { return s != "here" }) {
				t.Errorf("within a minute it says %q", all)
			}
			client.drop()
			<-time.After(12 * time.Second)
			if all = said(); len(all) == 0 || all[len(all)-1] != "bye" {
				t.Errorf("when its connections are gone it says %q", all)
			}
			<-time.After(time.Hour)
			if all = said(); len(all) > 0 {
				t.Errorf("later it says %q", all)
			}
		}
		openRaw(t, c.labs[0].mux, "/ws")
		<-time.After(time.Second)
		if err := c.labs[0].hub.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"here", "bye"}, said()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A newcomer is greeted by all, at once rather than with the next interval.
func TestNewcomerIsGreeted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 5, nil)
		for _, l := range c.labs[:4] {
			openRaw(t, l.mux, "/ws")
		}
		settle()
		openRaw(t, c.labs[4].mux, "/ws")
		<-time.After(1600 * time.Millisecond)
		c.stations[2].deaf.Store(true)
		expectCount(t, c.labs[4], 4, chanx.Coverage{Processes: 4, Missing: c.ids(2)})
	})
}

// A hub without connections that comes back into the circle is there again, whatever
// it was doing.
func TestHubComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, nil)
		openRaw(t, c.labs[0].mux, "/ws")
		for i := range 30 {
			client := openRaw(t, c.labs[1].mux, "/ws")
			<-time.After(time.Duration(i) * time.Second)
			client.drop()
			<-time.After(time.Duration(i%12) * time.Second)
		}
		openRaw(t, c.labs[1].mux, "/ws")
		settle()
		expectCount(t, c.labs[0], 2, chanx.Coverage{Processes: 2})
	})
}

// Who says goodbye while it is asked is not waited for.
func TestByeDuringQuery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, nil)
		for _, l := range c.labs[:2] {
			openRaw(t, l.mux, "/ws")
		}
		settle()
		c.stations[1].deaf.Store(true)
		time.AfterFunc(time.Second, func() { _ = c.labs[1].hub.Shutdown(context.Background()) })
		if d := took(func() { expectCount(t, c.labs[0], 1, chanx.Coverage{Processes: 1}) }); d != time.Second {
			t.Errorf("it was waited for %v", d)
		}
	})
}

// What newer versions say to each other, and what nobody should say, changes nothing;
// a hub of a version that does not know a query is missing.
func TestStrangeNotes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, func(_ int, o *labOptions) { o.hub.Logger = discard })
		openRaw(t, c.labs[0].mux, "/ws")
		openRaw(t, c.labs[1].mux, "/ws")
		settle()
		say := func(channel, action, payload string) {
			t.Helper()
			e := envelope.Envelope{Hub: true, Action: []byte(action), Payload: []byte(payload)}
			if err := c.stations[0].Memory.Publish(t.Context(), channel, append([]byte("x\n"), e.Append(nil)...)); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		id := c.labs[0].hub.ID()
		for _, channel := range []string{"hubs", "conn:" + id} {
			for _, action := range []string{"here", "bye", "query", "answer", "rumour", ""} {
				for _, payload := range []string{"null", "[]", "{", `{}`, `{"from":"` + id + `"}`, `{"from":7}`, `{"from":"y","query":{"id":1,"kind":"guess"}}`, `{"from":"y","answer":{"id":99}}`, `{"from":"y","new":true,"more":[1]}`} {
					say(channel, action, payload)
				}
			}
		}
		say("hubs", "bye", `{"from":"y"}`)
		for range 1000 { // more than it answers
			say("hubs", "query", `{"from":"y","query":{"id":1,"kind":"members","of":"bGFi","name":"YWxs"}}`)
		}
		expectCount(t, c.labs[0], 2, chanx.Coverage{Processes: 2})
		say("hubs", "here", `{"from":"old"}`)
		expectCount(t, c.labs[0], 2, chanx.Coverage{Processes: 2, Missing: []string{"old"}})
	})
}

// A worker that only publishes has neither a subscription nor a goroutine, and says
// nothing to the others.
func TestWorkerOnlyPublishes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, nil)
		var id string
		client := openRaw(t, c.labs[0].mux, "/ws")
		if members, err := c.labs[0].Members(t.Context(), "all", 1); err != nil || len(members.Members) != 1 {
			t.Fatal(members, err)
		} else {
			id = members.Members[0].ConnID
		}
		worker, station := c.labs[1], c.stations[1]
		if err := worker.Publish(t.Context(), note{"to all"}, "all"); err != nil {
			t.Error(err)
		}
		if err := worker.PublishTo(t.Context(), id, alarm{Level: 2}); err != nil {
			t.Error(err)
		}
		if err := worker.topics.room.Publish(t.Context(), note{"to a topic"}, "room:1"); err != nil {
			t.Error(err)
		}
		got := client.take()
		slices.Sort(got) // which promises no order: one of them has a handler
		if diff := cmp.Diff([]string{`{"action":"note","payload":{"text":"to all"}}`, `{"action":"notice","payload":{"text":"!!"}}`}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		<-time.After(time.Hour)
		if n := station.calls.Load(); n != 3 || len(station.server) > 0 {
			t.Errorf("it published %d times, and has %d subscriptions", n, len(station.server))
		}
	})
}

// What is published reaches each connection once, on whichever process it is, and in
// order, though the layer delivers later.
func TestEventsAcrossProcesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, nil)
		var clients []*rawClient
		for i := range 6 {
			clients = append(clients, openRaw(t, c.labs[i%3].mux, "/ws"))
			clients[i].send(`{"topic":"room:1","action":"subscribe"}`)
			clients[i].take()
		}
		var want []string
		for i := range 100 {
			text := strings.Repeat("x", i+1)
			var err error
			switch i % 4 {
			case 0:
				err = c.labs[0].Publish(t.Context(), note{text}, "all")
				want = append(want, `{"action":"note","payload":{"text":"`+text+`"}}`)
			case 1:
				err = c.labs[0].topics.room.Publish(t.Context(), note{text}, "room:1")
				want = append(want, `{"version":1,"topic":"room:1","action":"note","payload":{"text":"`+text+`"}}`)
			default:
				continue
			}
			if err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		for i, client := range clients {
			if diff := cmp.Diff(want, client.take()); diff != "" {
				t.Errorf("client %d (-want +got):\n%s", i, diff)
			}
		}
		clients[4].send(`{"action":"say","payload":{"text":"hello","others":true}}`)
		synctest.Wait()
		for i, client := range clients {
			if got := client.take(); len(got) != min(1, (i+2)%6) {
				t.Errorf("client %d got %q", i, got)
			}
		}
	})
}

// An event for a connection of a process that has gone is no error: nobody knows of
// that.
func TestPublishToAProcessThatHasGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, nil)
		openRaw(t, c.labs[0].mux, "/ws")
		members, err := c.labs[0].Members(t.Context(), "all", 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.labs[0].hub.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.labs[1].PublishTo(t.Context(), members.Members[0].ConnID, note{"hello"}); err != nil {
			t.Errorf("error %v", err)
		}
		if err := c.labs[0].PublishTo(t.Context(), members.Members[0].ConnID, note{"hello"}); reasonOf(err) != chanx.NotFound {
			t.Errorf("error %v", err)
		}
	})
}

// Whatever comes through the layer, to a group, to a single connection or to all hubs,
// a hub goes on, and answers.
func FuzzFromTheLayer(f *testing.F) {
	shared := layer.NewMemory()
	l := newLab(f, labOptions{hub: chanx.HubOptions{Layer: shared, Logger: discard}})
	openRaw(f, l.mux, "/ws")
	own := l.hub.ID()
	note := func(action, payload string) []byte {
		return (&envelope.Envelope{Hub: true, Action: []byte(action), Payload: []byte(payload)}).Append(nil)
	}
	f.Add([]byte("\x01\x01\x04note\x02\x04null"))
	f.Add((&envelope.Envelope{Action: []byte("alarm"), Payload: []byte(`{"level":1}`), Shape: 7, Published: 1, Consumer: []byte("lab"), To: []byte(own + "-1")}).Append(nil))
	f.Add((&envelope.Envelope{Text: []byte(`{}`), Except: []byte(own + "-1")}).Append(nil))
	f.Add(note("here", `{"from":"a","new":true}`))
	f.Add(note("bye", `{"from":"a"}`))
	f.Add(note("query", `{"from":"a","query":{"id":1,"kind":"members","of":"bGFi","name":"YWxs","limit":-1}}`))
	f.Add(note("query", `{"from":"a","query":{"id":1,"kind":"disconnect","identity":"","code":-7,"reason":"`+strings.Repeat("x", 200)+`"}}`))
	f.Add(note("answer", `{"from":"a","answer":{"id":1,"total":-1,"peers":["b"],"members":[{}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, channel := range []string{"hubs", "conn:" + own, "group:lab:all"} {
			if err := shared.Publish(context.Background(), channel, data); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		if got, err := l.Members(ctx, "all", 0); err != nil && !errors.Is(err, context.DeadlineExceeded) || got.Total < 0 || got.Total > 1 { // none where the client was too slow
			t.Errorf("%+v, %v", got, err)
		}
	})
}

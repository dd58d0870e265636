package chanxtest_test

import (
	"errors"
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

// withRooms runs a test in a bubble, with and without completion frames.
func withRooms(t *testing.T, test func(t *testing.T, s *rooms)) {
	t.Helper()
	for _, opts := range []*chanx.ConsumerOptions{nil, {Completion: true, Discriminator: "kind"}} {
		synctest.Test(t, func(t *testing.T) { test(t, newRooms(t, nil, opts)) })
	}
}

// wantText takes a posted text.
func wantText(t *testing.T, p chanxtest.Peer, want string) {
	t.Helper()
	if got := chanxtest.Expect[Posted](p).Text; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRooms(t, nil, nil)
		ann, bob := chanxtest.Dial(t, s, "/all/ann", nil), chanxtest.Dial(t, s, "/all/bob", nil)
		here, there := ann.Topic("room:here").Subscribe(), ann.Topic("room:there").Subscribe()
		bobs := bob.Topic("room:here").Subscribe()
		if here.Name() != "room:here" {
			t.Errorf("the name is %q", here.Name())
		}

		bobs.Send(Post{"hello"})
		synctest.Wait()
		there.ExpectNothing() // what waits belongs to another topic
		ann.Topic("").ExpectNothing()
		there.Send(Post{"over there"})
		chanxtest.Request[Pong](ann, Ping{})
		wantText(t, there, "over there")
		wantText(t, here, "hello")
		wantText(t, bobs, "hello")

		here.Unsubscribe()
		chanxtest.RequestError(here, Post{"more"}, chanx.NotSubscribed)
		bobs.SendRef("mine", Post{"anybody?"})
		wantText(t, bobs, "anybody?")
		ann.ExpectNothing()
	})
}

// A client takes the frames of all topics in the order in which they came.
func TestClientSeesAllTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRooms(t, nil, nil)
		c := chanxtest.Dial(t, s, "/all/ann", nil)
		a, b := c.Topic("room:a").Subscribe(), c.Topic("room:b").Subscribe()
		for _, p := range []*chanxtest.Topic{a, b, a} {
			p.Send(Post{p.Name()})
			synctest.Wait()
		}
		c.Send(Ping{})
		synctest.Wait()
		chanxtest.Expect[Pong](c.Topic("")) // the consumer's own
		for _, want := range []string{"room:a", "room:b", "room:a"} {
			if f := c.Next(); f.Topic != want {
				t.Errorf("got %s, want one of %s", f.Text, want)
			}
		}
	})
}

func TestTopicRequests(t *testing.T) {
	withRooms(t, func(t *testing.T, s *rooms) {
		c := chanxtest.Dial(t, s, "/all/ann", nil)
		room := c.Topic("room:go").Subscribe()
		room.Subscribe() // is confirmed again
		if got := chanxtest.Request[Posted](room, Echo{"hi"}); got.Text != "hi" {
			t.Errorf("got %+v", got)
		}
		if e := chanxtest.RequestError(room, Post{}, chanx.Invalid); len(e.Violations) != 1 {
			t.Errorf("got %+v", e)
		}
		if got := chanxtest.RequestStream[*Token](room, Question{3}); len(got) != 3 {
			t.Errorf("got %v", got)
		}
		room.SendRef("1", Question{1 << 30})
		chanxtest.Expect[*Token](room)
		room.Cancel("1")
		chanxtest.Collect(room, "stream_end")
		if e := c.Topic("room:closed").SubscribeError(chanx.Unauthorized); e.Detail != "the room is closed" {
			t.Errorf("got %+v", e)
		}
		c.Topic("nowhere").SubscribeError(chanx.UnknownTopic)
		room.Unsubscribe()
	})
}

// Who completes what clients ask for says so on the topic that they have named.
func TestCancelNamesTheTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRooms(t, nil, &chanx.ConsumerOptions{Completion: true})
		c := chanxtest.Dial(t, s, "/all/ann", nil)
		for _, want := range []string{"room:go", ""} {
			room := c.Topic(want)
			room.Cancel("1")
			if f := c.Next(); f.Topic != want || f.Ref != "1" || f.Action != "complete" {
				t.Errorf("cancelling on topic %q got %s", want, f.Text)
			}
		}
	})
}

func TestErrorsOfTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chanxtest.Dial(t, newRooms(t, nil, nil), "/all/ann", nil)
		room := c.Topic("room:go")
		room.Send(Post{"hi"})
		chanxtest.ExpectError(room, chanx.NotSubscribed)
		room.Subscribe().Send(Kick{})
		room.ExpectUnsubscribed()
		room.Subscribe()
		room.ExpectNothing()
	})
}

func TestPresenceOfClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRooms(t, nil, nil)
		ann, bob := chanxtest.Dial(t, s, "/all/ann", nil), chanxtest.Dial(t, s, "/all/bob", nil)
		anns := ann.Topic("lobby").Subscribe()
		chanxtest.Expect[chanx.PresenceState[Visitor]](anns)
		bobs := bob.Topic("lobby").Subscribe()
		want := []chanx.Member[Visitor]{{Key: "ann", Info: Visitor{"ann"}}, {Key: "bob", Info: Visitor{"bob"}}}
		if got := chanxtest.Expect[chanx.PresenceState[Visitor]](bobs).Members; !cmp.Equal(got, want) {
			t.Errorf("got %+v", got)
		}
		if got := chanxtest.Expect[chanx.PresenceJoined[Visitor]](anns); got.Info.Name != "bob" {
			t.Errorf("got %+v", got)
		}
		bob.Drop()
		anns.ExpectNothing() // bob may come back
		<-time.After(10 * time.Second)
		if got := chanxtest.Expect[chanx.PresenceLeft](anns); got.Key != "bob" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestRecovery(t *testing.T) {
	withRooms(t, func(t *testing.T, s *rooms) {
		s.write(t, "1", "2")
		before := chanxtest.Dial(t, s, "/all/ann", nil)
		log := before.Topic("log:a").Subscribe()
		if log.Recovered() || log.Position().Seq != 2 || log.Position().Epoch == "" {
			t.Errorf("subscribed at %+v", log.Position())
		}
		s.write(t, "3", "4")
		wantText(t, log, "3")
		at := log.Position() // "4" waits
		if at.Seq != 3 {
			t.Errorf("at %+v", at)
		}
		before.Drop()
		s.write(t, "5")

		after := chanxtest.Dial(t, s, "/all/ann", nil).Topic("log:a")
		if !after.Recover(at) || !after.Recovered() || after.Position() != at {
			t.Errorf("recovered %v, at %+v", after.Recovered(), after.Position())
		}
		for _, want := range []string{"4", "5"} {
			if f := next(after); string(f.Payload) != `{"text":"`+want+`"}` {
				t.Errorf("got %s", f.Text)
			}
		}
		if at := after.Position(); at.Seq != 5 {
			t.Errorf("at %+v", at)
		}

		s.write(t, "6", "7", "8", "9")
		for _, lost := range []layer.Position{at, {Epoch: "another", Seq: at.Seq}, {}} {
			late := chanxtest.Dial(t, s, "/all/ann", nil).Topic("log:a")
			if late.Recover(lost) || late.Recovered() || late.Position().Seq != 9 {
				t.Errorf("recovered from %+v: at %+v", lost, late.Position())
			}
		}
	})
}

// What waits while the test takes an answer out of it doesn't count as read.
func TestPositionOfATopic(t *testing.T) {
	withRooms(t, func(t *testing.T, s *rooms) {
		log := chanxtest.Dial(t, s, "/all/ann", nil).Topic("log:a").Subscribe()
		s.write(t, "1", "2")
		synctest.Wait()
		log.Subscribe()
		for i, want := range []string{"1", "2"} {
			if at := log.Position(); at.Seq != uint64(i) {
				t.Errorf("before %q at %+v", want, at)
			}
			if f := next(log); string(f.Payload) != `{"text":"`+want+`"}` {
				t.Errorf("got %s", f.Text)
			}
		}
		if at := log.Position(); at.Seq != 2 {
			t.Errorf("in the end at %+v", at)
		}
	})
}

// However publishing and subscribing again race, the client is told what it has had.
func TestSubscribingAgainWhileOthersPublish(t *testing.T) {
	const rounds, burst = 100, 5
	withRooms(t, func(t *testing.T, s *rooms) {
		log := chanxtest.Dial(t, s, "/all/ann", nil).Topic("log:a").Subscribe()
		published := make(chan error)
		for round := range rounds {
			go func() {
				var err error
				for range burst {
					err = errors.Join(err, s.log.Publish(t.Context(), Posted{"x"}, "log:a"))
				}
				published <- err
			}()
			for range burst {
				log.Subscribe()
			}
			if err := <-published; err != nil {
				t.Fatal(err)
			}
			for i := range burst {
				if f, want := next(log), uint64(round*burst+i+1); f.Seq != want {
					t.Fatalf("got %s, want the seq %d", f.Text, want)
				}
			}
		}
		if at := log.Position(); at.Seq != rounds*burst {
			t.Errorf("at %+v", at)
		}
	})
}

// next takes the next frame that is no completion.
func next(p *chanxtest.Topic) chanxtest.Frame {
	for {
		if f := p.Next(); !strings.HasSuffix(f.Action, "complete") {
			return f
		}
	}
}

func TestAlone(t *testing.T) {
	withRooms(t, func(t *testing.T, s *rooms) {
		c := chanxtest.Dial(t, s, "/room/go", nil)
		room := c.Alone()
		if room.Name() != "room:go" || room.Recovered() {
			t.Errorf("alone in %q", room.Name())
		}
		chanxtest.Request[Posted](c, Echo{"without a topic"})
		chanxtest.Request[Posted](room, Echo{"with it"})
		chanxtest.RequestError(c, Post{}, chanx.Invalid)
		c.Topic("room:other").SubscribeError(chanx.UnknownTopic)
		c.Close(chanx.CloseNormal, "")
	})
}

func TestAloneRecovers(t *testing.T) {
	withRooms(t, func(t *testing.T, s *rooms) {
		s.write(t, "1", "2")
		at := chanxtest.Dial(t, s, "/log/a?x=1", nil).Alone().Position()
		s.write(t, "3")
		for path, lost := range map[string]bool{"/log/a": false, "/log/a?x=1": false, "/log/a?x=2": true} {
			from := at
			if lost {
				from.Epoch = "another & one"
			}
			log := chanxtest.Dial(t, s, path, &chanxtest.DialOptions{Recover: &from}).Alone()
			if log.Recovered() == lost {
				t.Errorf("%s: recovered from %+v: %v", path, from, log.Recovered())
			}
			if !lost {
				if f := next(log); f.Seq != 3 {
					t.Errorf("got %s", f.Text)
				}
			}
			if got := log.Position().Seq; got != 3 {
				t.Errorf("%s: at %d", path, got)
			}
		}
	})
}

// Topics of a server that the test knows nothing of.
func TestTopicsByURL(t *testing.T) {
	s := newRooms(t, nil, nil)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	url := "ws" + strings.TrimPrefix(server.URL, "http")
	c := chanxtest.DialURL(t, url+"/all/ann", nil)
	log, room := c.Topic("log:a").Subscribe(), c.Topic("room:go").Subscribe()
	at := log.Position()
	room.Send(Leak{})
	chanxtest.Expect[Secret](room)
	s.write(t, "1")
	wantText(t, log, "1")
	log.Unsubscribe()
	if !log.Recover(at) {
		t.Error("not recovered")
	}
	wantText(t, log, "1")

	alone := chanxtest.DialURL(t, url+"/log/a", &chanxtest.DialOptions{Recover: &at}).Alone()
	wantText(t, alone, "1")
	chanxtest.DialURL(t, url+"/room/go", &chanxtest.DialOptions{Hub: s.hub}).Alone()
}

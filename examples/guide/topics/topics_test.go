package topics_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/guide/topics"
)

// newService serves two users, who are who they say they are.
func newService() (*topics.Service, http.Handler) {
	users := map[string]topics.User{
		"1": {ID: "1", Name: "Ann", Reads: map[int]bool{5: true, 6: true}},
		"2": {ID: "2", Name: "Ben", Reads: map[int]bool{5: true}},
	}
	hub, mux := chanx.NewHub(nil), http.NewServeMux()
	s := topics.NewService(hub)
	s.Routes(hub, mux, func(r *http.Request) (any, error) { return users[r.Header.Get("X-User")], nil })
	return s, mux
}

func as(user string) *chanxtest.DialOptions {
	return &chanxtest.DialOptions{Header: http.Header{"X-User": {user}}}
}

func TestDiscussion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, mux := newService()
		five := chanxtest.Dial(t, mux, "/live", as("1")).Topic("discussion:5").Subscribe()
		chanxtest.Expect[chanx.PresenceState[topics.Reader]](five)

		ben := chanxtest.Dial(t, mux, "/live", as("2"))
		ben.Topic("discussion:6").SubscribeError(chanx.Unauthorized)
		ben.Topic("discussion:six").SubscribeError(chanx.Invalid)
		chanxtest.RequestError(ben.Topic("discussion:5"), topics.Say{Text: "hi"}, chanx.NotSubscribed)

		saved := chanxtest.Request[topics.Saved](five, topics.Say{Text: "hello"})
		if said := chanxtest.Expect[topics.Said](five); said.ID != saved.ID || said.From != "Ann" {
			t.Errorf("got %+v", said)
		}
		five.Unsubscribe()
	})
}

func TestRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, mux := newService()
		ann := chanxtest.Dial(t, mux, "/live", as("1"))
		at := ann.Topic("discussion:5").Subscribe().Position()
		ann.Drop()
		if err := s.Discussions.Publish(t.Context(), topics.Said{ID: 1, Text: "missed"}, "discussion:5"); err != nil {
			t.Fatal(err)
		}

		five := chanxtest.Dial(t, mux, "/live", as("1")).Topic("discussion:5")
		if !five.Recover(at) {
			t.Fatal("what was missed is not kept any more")
		}
		if said := chanxtest.Expect[topics.Said](five); said.Text != "missed" {
			t.Errorf("got %+v", said)
		}
	})
}

func TestRouteOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, mux := newService()
		ben := chanxtest.Dial(t, mux, "/discussions/5", as("2")).Alone()
		chanxtest.Expect[chanx.PresenceState[topics.Reader]](ben)
		five := chanxtest.Dial(t, mux, "/live", as("1")).Topic("discussion:5").Subscribe()
		chanxtest.Expect[chanx.PresenceJoined[topics.Reader]](ben)
		five.Send(topics.Say{Text: "to both"})
		chanxtest.Expect[topics.Said](ben)
		if n, err := s.Audience(t.Context(), "discussion:5"); n != 2 || err != nil {
			t.Errorf("there are %d readers: %v", n, err)
		}
		chanxtest.Refused(t, mux, "/discussions/6", http.StatusForbidden, as("2"))
		chanxtest.Refused(t, mux, "/discussions/six", http.StatusBadRequest, as("2"))

		five.Unsubscribe()
		chanxtest.Expect[chanx.PresenceLeft](ben)
		if err := s.Discussions.Publish(t.Context(), topics.Closed{}, "discussion:5"); err != nil {
			t.Fatal(err)
		}
		ben.ExpectUnsubscribed()
	})
}

func TestPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, mux := newService()
		ann := chanxtest.Dial(t, mux, "/live", as("1"))
		five, inbox := ann.Topic("discussion:5").Subscribe(), ann.Topic("inbox:1").Subscribe()
		ann.Topic("inbox:2").SubscribeError(chanx.Unauthorized)
		chanxtest.Expect[chanx.PresenceState[topics.Reader]](five)
		if err := s.Welcome(t.Context(), topics.User{ID: "1", Name: "Ann"}, 5); err != nil {
			t.Fatal(err)
		}
		chanxtest.Expect[topics.Mail](inbox)
		chanxtest.Expect[topics.Said](five)

		err := s.Inboxes.Publish(t.Context(), topics.Mail{}, "discussion:5")
		if e, ok := errors.AsType[*chanx.Error](err); !ok || e.Reason != chanx.UnknownTopic {
			t.Errorf("publishing to another pattern's topic: %v", err)
		}
	})
}

func TestHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, mux := newService()
		first := chanxtest.Dial(t, mux, "/live", as("1")).Topic("inbox:1").Subscribe()
		second := chanxtest.Dial(t, mux, "/live", as("1"))
		inbox := second.Topic("inbox:1").Subscribe()
		chanxtest.Expect[topics.Notice](first)
		inbox.Unsubscribe()
		first.ExpectNothing()
		inbox.Subscribe()
		chanxtest.Expect[topics.Notice](first)
		second.Drop()
		chanxtest.Expect[topics.Notice](first)
	})
}

func TestPositionOfThePublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, mux := newService()
		gold := chanxtest.Dial(t, mux, "/live", as("1")).Topic("price:GOLD").Subscribe()
		if err := s.Tick(t.Context(), 4200, 142); err != nil {
			t.Fatal(err)
		}
		if f := gold.Next(); f.Seq != 142 {
			t.Errorf("the position is %d: %s", f.Seq, f.Text)
		}
	})
}

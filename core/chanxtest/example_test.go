package chanxtest_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// newRouter is the program under test.
func newRouter(hub *chanx.Hub) (http.Handler, *chanx.Consumer[*Chat]) {
	chat := chanx.NewConsumer(hub, "chat", openChat, nil)
	chanx.Reply(chat, (*Chat).Ping)
	chanx.On(chat, (*Chat).Say, chanx.Sends[Said]())
	chanx.Forward[Joined](chat)
	mux := http.NewServeMux()
	mux.Handle("/ws/{room}", chanx.Mount(chat, "/ws/{room}"))
	return mux, chat
}

var t *testing.T // the test's own, in a real test

func ExampleDial() { //nolint:testableexamples // it needs a test to run in
	synctest.Test(t, func(t *testing.T) {
		router, _ := newRouter(chanx.NewHub(nil))
		ann := chanxtest.Dial(t, router, "/ws/go", nil)
		bob := chanxtest.Dial(t, router, "/ws/go", nil)

		ann.Send(Say{Text: "hello"})
		if said := chanxtest.Expect[Said](bob); said.Text != "hello" {
			t.Errorf("bob got %+v", said)
		}
	})
}

func ExampleRequest() { //nolint:testableexamples // it needs a test to run in
	router, _ := newRouter(chanx.NewHub(nil))
	c := chanxtest.Dial(t, router, "/ws/go", nil)

	chanxtest.Request[Pong](c, Ping{})
	chanxtest.RequestError(c, Say{}, chanx.Invalid)
}

func ExampleRefused() { //nolint:testableexamples // it needs a test to run in
	router, _ := newRouter(chanx.NewHub(nil))

	refusal := chanxtest.Refused(t, router, "/ws/closed", http.StatusForbidden, nil)
	if refusal.Error.Reason != chanx.Forbidden {
		t.Errorf("refused with %s", refusal)
	}
}

func ExampleCapture() { //nolint:testableexamples // it needs a test to run in
	capture := chanxtest.NewCapture(&chanxtest.CaptureOptions{Swallow: true})
	_, chat := newRouter(chanx.NewHub(&chanx.HubOptions{Layer: capture}))

	if err := chat.Publish(context.Background(), Joined{User: "ann"}, "go"); err != nil {
		t.Error(err)
	}
	if joined := chanxtest.Published[Joined](t, capture); len(joined) != 1 || joined[0].User != "ann" {
		t.Errorf("published %+v", joined)
	}
}

func ExampleTopic() { //nolint:testableexamples // it needs a test to run in
	synctest.Test(t, func(t *testing.T) {
		router := newRooms(t, nil, nil)
		ann := chanxtest.Dial(t, router, "/all/ann", nil)
		bob := chanxtest.Dial(t, router, "/all/bob", nil)
		anns := ann.Topic("room:go").Subscribe()
		bobs := bob.Topic("room:go").Subscribe()

		anns.Send(Post{Text: "hello"})
		if posted := chanxtest.Expect[Posted](bobs); posted.Text != "hello" {
			t.Errorf("bob got %+v", posted)
		}
		chanxtest.Request[Posted](anns, Echo{Text: "only me"})
		ann.Topic("room:closed").SubscribeError(chanx.Unauthorized)
	})
}

func ExampleTopic_Recover() { //nolint:testableexamples // it needs a test to run in
	synctest.Test(t, func(t *testing.T) {
		router := newRooms(t, nil, nil)
		before := chanxtest.Dial(t, router, "/all/ann", nil)
		at := before.Topic("log:a").Subscribe().Position()
		before.Drop()

		router.write(t, "missed")

		log := chanxtest.Dial(t, router, "/all/ann", nil).Topic("log:a")
		if !log.Recover(at) {
			t.Error("the history is gone")
		}
		if posted := chanxtest.Expect[Posted](log); posted.Text != "missed" {
			t.Errorf("got %+v", posted)
		}
	})
}

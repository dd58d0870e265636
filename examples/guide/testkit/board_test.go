package testkit_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/examples/guide/testkit"
)

// newRoutes serves boards on a layer; nil is one of the hub's own.
func newRoutes(l layer.Layer) (http.Handler, *testkit.Boards) {
	hub := chanx.NewHub(&chanx.HubOptions{Layer: l})
	boards := testkit.NewBoards(hub)
	return boards.Routes(hub), boards
}

func TestBoards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		routes, _ := newRoutes(nil)
		ann := chanxtest.Dial(t, routes, "/app/ann", nil)
		lunch := ann.Topic("board:lunch").Subscribe()
		staff := ann.Topic("board:staff").Subscribe()
		chanxtest.Expect[chanx.PresenceState[testkit.Reader]](lunch)
		chanxtest.Expect[chanx.PresenceState[testkit.Reader]](staff)

		lunch.Send(testkit.Pin{Text: "soup"})
		if pinned := chanxtest.Expect[testkit.Pinned](lunch); pinned.Text != "soup" {
			t.Errorf("got %+v", pinned)
		}
		staff.ExpectNothing()

		if readers := chanxtest.Request[testkit.Readers](lunch, testkit.Count{}); readers.Number != 1 {
			t.Errorf("got %+v", readers)
		}
		chanxtest.RequestError(lunch, testkit.Pin{Text: ""}, chanx.Invalid)

		lunch.Unsubscribe()
		chanxtest.RequestError(lunch, testkit.Count{}, chanx.NotSubscribed)

		ben := chanxtest.Dial(t, routes, "/app/ben", nil)
		ben.Topic("board:staff").SubscribeError(chanx.Unauthorized)
	})
}

func TestNotesThatWereMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		routes, boards := newRoutes(nil)
		before := chanxtest.Dial(t, routes, "/app/ann", nil)
		at := before.Topic("board:lunch").Subscribe().Position()
		before.Drop()

		if err := boards.Announce(t.Context(), "soup", "lunch"); err != nil {
			t.Fatal(err)
		}

		lunch := chanxtest.Dial(t, routes, "/app/ann", nil).Topic("board:lunch")
		if !lunch.Recover(at) {
			t.Error("the history is gone")
		}
		if pinned := chanxtest.Expect[testkit.Pinned](lunch); pinned.Text != "soup" {
			t.Errorf("got %+v", pinned)
		}
	})
}

func TestABoardOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		routes, boards := newRoutes(nil)
		lunch := chanxtest.Dial(t, routes, "/boards/lunch/ben", nil).Alone()
		chanxtest.Expect[chanx.PresenceState[testkit.Reader]](lunch)
		at := lunch.Position()

		if err := boards.Announce(t.Context(), "soup", "lunch"); err != nil {
			t.Fatal(err)
		}
		chanxtest.Expect[testkit.Pinned](lunch)

		again := chanxtest.Dial(t, routes, "/boards/lunch/ben", &chanxtest.DialOptions{Recover: &at}).Alone()
		if !again.Recovered() {
			t.Error("the history is gone")
		}
		chanxtest.Expect[testkit.Pinned](again)
	})
}

func TestReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		routes, _ := newRoutes(nil)
		ann := chanxtest.Dial(t, routes, "/app/ann", nil).Topic("board:lunch").Subscribe()
		chanxtest.Expect[chanx.PresenceState[testkit.Reader]](ann)

		ben := chanxtest.Dial(t, routes, "/boards/lunch/ben", nil)
		if joined := chanxtest.Expect[chanx.PresenceJoined[testkit.Reader]](ann); joined.Info.Name != "ben" {
			t.Errorf("got %+v", joined)
		}

		ben.Drop()
		ann.ExpectNothing() // he may come back
		<-time.After(10 * time.Second)
		chanxtest.Expect[chanx.PresenceLeft](ann)
	})
}

func TestAnnouncements(t *testing.T) {
	capture := chanxtest.NewCapture(&chanxtest.CaptureOptions{Swallow: true})
	_, boards := newRoutes(capture)
	if err := boards.Announce(t.Context(), "soup", "lunch", "staff"); err != nil {
		t.Fatal(err)
	}
	if topics := capture.Topics(); len(topics) != 2 || topics[0] != "board:lunch" {
		t.Errorf("published to %q", topics)
	}
	if notes := chanxtest.Published[testkit.Pinned](t, capture); len(notes) != 2 || notes[0].Text != "soup" {
		t.Errorf("published %+v", notes)
	}
}

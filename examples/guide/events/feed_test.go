package events_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/examples/guide/events"
)

// newFeed mounts a feed on a layer.
func newFeed(l layer.Layer) (*chanx.Consumer[*events.Feed], http.Handler) {
	feed := events.NewFeed(chanx.NewHub(&chanx.HubOptions{Layer: l}))
	mux := http.NewServeMux()
	chanxchi.Handle(mux, "/feed/{name}", feed, nil)
	mux.HandleFunc("POST /events/{group}/{action}", events.PostEvent(feed))
	return feed, mux
}

func TestFollowersGetNotices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed, mux := newFeed(nil)
		ann := chanxtest.Dial(t, mux, "/feed/ann", nil)
		ben := chanxtest.Dial(t, mux, "/feed/ben", nil)
		ann.Send(events.Follow{Author: "ann"})
		ben.Send(events.Follow{Author: "ann"})
		synctest.Wait()

		if err := events.Announce(t.Context(), feed, "ann", 7); err != nil {
			t.Fatal(err)
		}
		for c, want := range map[*chanxtest.Client]string{ann: `{"post":7,"mine":true}`, ben: `{"post":7,"mine":false}`} {
			got := map[string]string{} // the groups are two: their order is not known
			for _, f := range []chanxtest.Frame{c.Next(), c.Next()} {
				got[f.Action] = string(f.Payload)
			}
			if got["notice"] != want || got["maintenance"] != `{"minutes":5}` {
				t.Errorf("got %q", got)
			}
		}

		ben.Send(events.Unfollow{Author: "ann"})
		synctest.Wait()
		if err := feed.Publish(t.Context(), events.PostCreated{ID: 8, Author: "ann"}, "author:ann"); err != nil {
			t.Fatal(err)
		}
		chanxtest.Expect[events.Notice](ann)
		ben.ExpectNothing()
	})
}

func TestPostEvent(t *testing.T) {
	tests := []struct {
		path, body string
		status     int
	}{
		{"/events/all/maintenance", `{"minutes":5}`, http.StatusNoContent},
		{"/events/all/maintenance", `{"minutes":"five"}`, http.StatusUnprocessableEntity},
		{"/events/all/unheard_of", `{}`, http.StatusUnprocessableEntity},
		{"/events/all/maintenance", strings.Repeat(" ", 65<<10), http.StatusRequestEntityTooLarge},
	}
	_, mux := newFeed(nil)
	for _, test := range tests {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, test.path, strings.NewReader(test.body)))
		if w.Code != test.status {
			t.Errorf("%s with %.20s: %d, want %d", test.path, test.body, w.Code, test.status)
		}
	}
}

func TestWorkerReachesTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		capture := chanxtest.NewCapture(nil)
		if err := events.Worker(t.Context(), capture, "abc-1"); err != nil {
			t.Fatal(err)
		}
		if done := chanxtest.Published[events.JobDone](t, capture); len(done) != 1 || done[0].Job != "export" {
			t.Errorf("published %+v", capture.Entries())
		}
	})
}

func TestSharedHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		consumer := chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), "bare", nil, nil)
		events.WithPing(consumer)
		c := chanxtest.Dial(t, chanx.Mount(consumer, "/"), "/", nil)
		chanxtest.Request[events.Pong](c, events.Ping{})
	})
}

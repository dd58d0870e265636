package chanxtest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/google/go-cmp/cmp"
)

func TestCaptureOfTopics(t *testing.T) {
	for _, swallow := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			capture := chanxtest.NewCapture(&chanxtest.CaptureOptions{Swallow: swallow})
			s := newRooms(t, capture, nil)
			c := chanxtest.Dial(t, s, "/all/ann", nil)
			room, log := c.Topic("room:go").Subscribe(), c.Topic("log:a").Subscribe()
			lobby := c.Topic("lobby").Subscribe()
			at := log.Position()

			room.Send(Post{"hi"})
			synctest.Wait()
			if err := s.room.Publish(t.Context(), chanx.WithSeq(Joined{"bob"}, 7), "room:go", "room:100%"); err != nil {
				t.Fatal(err)
			}
			s.write(t, "1")
			want := []chanxtest.Captured{
				{TopicName: "a_room", Topic: "room:go", Action: "posted", Payload: []byte(`{"text":"hi"}`)},
				{TopicName: "a_room", Topic: "room:go", Event: true, Seq: 7, Action: "joined", Payload: []byte(`{"user":"bob"}`)},
				{TopicName: "a_room", Topic: "room:100%", Event: true, Seq: 7, Action: "joined", Payload: []byte(`{"user":"bob"}`)},
				{TopicName: "a_log", Topic: "log:a", Event: true, History: true, Action: "posted", Payload: []byte(`{"text":"1"}`)},
			}
			if diff := cmp.Diff(want, capture.Entries()); diff != "" {
				t.Error(diff)
			}
			if got := capture.Topics(); !cmp.Equal(got, []string{"log:a", "room:100%", "room:go"}) {
				t.Errorf("topics %q", got)
			}
			if got := capture.Groups(); len(got) > 0 {
				t.Errorf("groups %q", got)
			}
			if got := chanxtest.Published[Joined](t, capture); len(got) != 2 || got[1].User != "bob" {
				t.Errorf("published %v", got)
			}
			if got := chanxtest.Broadcast[Posted](t, capture); len(got) != 1 || got[0].Text != "hi" {
				t.Errorf("broadcast %v", got)
			}

			chanxtest.Expect[chanx.PresenceState[Visitor]](lobby) // presence isn't published
			if !swallow {
				wantText(t, room, "hi")
				if f := room.Next(); f.Seq != 7 {
					t.Errorf("got %s", f.Text)
				}
				wantText(t, log, "1")
			}
			c.ExpectNothing()
			log.Unsubscribe()
			if !log.Recover(at) {
				t.Error("not recovered")
			}
			if !swallow {
				wantText(t, log, "1")
			}
			c.ExpectNothing()
		})
	}
}

// A program that only publishes.
func TestCaptureOfAPublisher(t *testing.T) {
	capture := chanxtest.NewCapture(&chanxtest.CaptureOptions{Swallow: true})
	topic := chanx.NewTopic[*chanx.Subscription](chanx.NewHub(&chanx.HubOptions{Layer: capture}), "a:b%3A", "{a}:{b}", nil, nil)
	chanx.Forward[Joined](topic)
	if err := topic.PublishParams(t.Context(), Joined{"ann"}, "%3A", "x"); err != nil {
		t.Fatal(err)
	}
	if got := capture.Entries()[0]; got.TopicName != "a:b%3A" || got.Topic != "%3A:x" || got.Consumer != "" {
		t.Errorf("got %+v", got)
	}
	got := failureOf(t, func(t testing.TB) {
		t.Helper()
		chanxtest.Published[othersJoined](t, capture)
	})
	if !strings.Contains(got, `{"user":"ann"} was published to topic "%3A:x" and is not "joined"`) {
		t.Errorf("failed with %q", got)
	}
}

// plain is a layer that can't do more than it has to.
type plain struct{ layer.Layer }

func TestCaptureOfAPlainLayer(t *testing.T) {
	memory := layer.NewMemory()
	t.Cleanup(func() { _ = memory.Close() })
	capture := chanxtest.NewCapture(&chanxtest.CaptureOptions{Layer: plain{memory}})
	ctx := t.Context()
	calls := map[string]func() error{
		"Append": func() error { return capture.Append(ctx, "c", nil, layer.Retention{Entries: 1, Age: time.Hour}) },
		"Read": func() error {
			_, _, err := capture.Read(ctx, "c", layer.Position{}, 1)
			return err
		},
		"Follow": func() error {
			_, _, err := capture.Follow(ctx, "c", func(layer.Entry) {})
			return err
		},
		"Renew": func() error {
			_, err := capture.Renew(ctx, "me", time.Hour)
			return err
		},
		"Release": func() error { return capture.Release(ctx, "me") },
		"Enter":   func() error { return capture.Enter(ctx, "c", layer.Session{}) },
		"Leave":   func() error { return capture.Leave(ctx, "c", layer.Session{}, 0) },
		"Members": func() error {
			_, err := capture.Members(ctx, "c")
			return err
		},
		"Watch": func() error {
			_, err := capture.Watch(ctx, "c", func(layer.PresenceChange) {})
			return err
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "the layer behind it, a chanxtest_test.plain, ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if got := capture.Entries(); len(got) > 0 {
		t.Errorf("recorded %+v", got)
	}
}

// What a hub asks a layer for reaches the one behind the capture.
func TestCaptureIsTransparent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := layer.NewMemory()
		t.Cleanup(func() { _ = shared.Close() })
		worker := newRooms(t, chanxtest.NewCapture(&chanxtest.CaptureOptions{Layer: shared}), nil)
		web := newRooms(t, shared, nil)
		ann, bob := chanxtest.Dial(t, worker, "/all/ann", nil), chanxtest.Dial(t, web, "/all/bob", nil)
		bobs := bob.Topic("lobby").Subscribe()
		chanxtest.Expect[chanx.PresenceState[Visitor]](bobs)
		ann.Topic("lobby").Subscribe()
		chanxtest.Expect[chanx.PresenceJoined[Visitor]](bobs)
		if got, err := worker.present.Members(t.Context(), "lobby"); err != nil || len(got) != 2 {
			t.Errorf("members %v, error %v", got, err)
		}
		log := bob.Topic("log:a").Subscribe()
		worker.write(t, "1")
		wantText(t, log, "1")
		if err := worker.hub.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
		<-time.After(10 * time.Second)
		if got := chanxtest.Expect[chanx.PresenceLeft](bobs).Key; got != "ann" {
			t.Errorf("%q left", got)
		}
	})
}

func TestCapturedInWords(t *testing.T) {
	for want, c := range map[string]chanxtest.Captured{
		`event "joined" {"user":"bob"} to topic "room:go"`:              {Topic: "room:go", Event: true, Action: "joined", Payload: []byte(`{"user":"bob"}`)},
		`message "posted" null to group "all" without connection "x-1"`: {Consumer: "chat", Group: "all", Action: "posted", Payload: []byte("null"), Except: "x-1"},
		`event "done" 7 to connection "x-2"`:                            {Consumer: "chat", ConnID: "x-2", Event: true, Action: "done", Payload: []byte("7")},
	} {
		if got := c.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

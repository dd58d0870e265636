package chanx_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/layer"
)

// otherNote is not the note that the lab declares.
type otherNote struct {
	Text string `json:"text"`
}

func (otherNote) Action() string { return "note" }

func TestPublish(t *testing.T) {
	capture := chanxtest.NewCapture(nil)
	bubble(t, labOptions{hub: chanx.HubOptions{Layer: capture}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		c.Send(move{Join: "room"})
		synctest.Wait()
		publish := func(e chanx.Message, groups ...string) func(context.Context) error {
			return func(ctx context.Context) error { return l.Publish(ctx, e, groups...) }
		}
		publishJSON := func(action, payload string) func(context.Context) error {
			return func(ctx context.Context) error {
				var raw []byte
				if payload != "" {
					raw = []byte(payload)
				}
				return l.PublishJSON(ctx, action, raw, "all")
			}
		}
		tests := []struct {
			name    string
			publish func(context.Context) error
			reason  chanx.Reason // of the error
			words   string       // in the error
			want    []string     // actions that the client gets
		}{
			{"an event", publish(note{"a"}, "all"), "", "", []string{"note"}},
			{"a pointer to one", publish(&note{"a"}, "all"), "", "", []string{"note"}},
			{"to two groups", publish(note{"a"}, "all", "room"), "", "", []string{"note", "note"}},
			{"to nobody", publish(note{"a"}, "nobody"), "", "", nil},
			{"that becomes a message", publish(alarm{Level: 1}, "all"), "", "", []string{"notice"}},
			{"without payload", publish(hush{}, "all"), "", "", nil},
			{"to no group", publish(note{"a"}), "", "no group to publish", nil},
			{"undeclared", publish(pong{}, "all"), chanx.UnknownAction, `does not declare the event "pong": it has ["alarm" "hush" "note"]`, nil},
			{"of another type", publish(otherNote{"a"}, "all"), chanx.UnknownAction, "chanx_test.note, not as chanx_test.otherNote", nil},
			{"invalid", publish(note{}, "all"), chanx.Invalid, "not valid", nil},
			{"that can't be encoded", publish(note{"\xff"}, "all"), "", `"note" can't be encoded`, nil},
			{"as JSON", publishJSON("note", ` {"text":"a"}`), "", "", []string{"note"}},
			{"as JSON, null", publishJSON("hush", "null"), "", "", nil},
			{"as JSON, without payload", publishJSON("hush", ""), "", "", nil},
			{"as JSON, undeclared", publishJSON("pong", "null"), chanx.UnknownAction, `does not declare the event "pong"`, nil},
			{"as JSON, invalid", publishJSON("note", `{"text":""}`), chanx.Invalid, "not valid", nil},
			{"as JSON, missing", publishJSON("note", ""), chanx.Invalid, "needs a payload", nil},
			{"as JSON, broken", publishJSON("note", `{"text":"a"`), chanx.Malformed, "unexpected end", nil},
			{"as JSON, followed by more", publishJSON("note", `{"text":"a"} {}`), chanx.Malformed, "", nil},
			{"as JSON, with a name twice", publishJSON("note", `{"text":"a","text":"b"}`), chanx.Malformed, "twice", nil},
			{"as JSON, not UTF-8", publishJSON("note", "{\"text\":\"\xff\"}"), chanx.Malformed, "UTF-8", nil},
			{"as JSON, empty", func(ctx context.Context) error { return l.PublishJSON(ctx, "note", []byte{}, "all") }, chanx.Malformed, "", nil},
		}
		for _, test := range tests {
			capture.Reset()
			err := test.publish(t.Context())
			if (err != nil) != (test.words != "" || test.reason != "") || err != nil && !strings.Contains(err.Error(), test.words) {
				t.Errorf("%s: error %v, want %q", test.name, err, test.words)
			}
			if e, ok := errors.AsType[*chanx.Error](err); ok != (test.reason != "") || ok && e.Reason != test.reason {
				t.Errorf("%s: error %v, want the reason %q", test.name, err, test.reason)
			}
			if err != nil && len(capture.Entries()) > 0 {
				t.Errorf("%s: published %+v all the same", test.name, capture.Entries())
			}
			for _, action := range test.want {
				if f := c.Next(); f.Action != action || f.Ref != "" {
					t.Errorf("%s: the client got %s", test.name, f.Text)
				}
			}
			c.ExpectNothing()
		}
	})
}

func TestPublishEndsWithItsContext(t *testing.T) {
	l := newLab(t, labOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Publish(ctx, note{"a"}, "all"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// A process that serves no connection publishes to one that does.
func TestPublishFromAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := layer.NewMemory()
		t.Cleanup(func() { _ = shared.Close() })
		opts := func() labOptions { return labOptions{hub: chanx.HubOptions{Layer: shared}} }
		web, worker := newLab(t, opts()), newLab(t, opts())
		second := newLab(t, opts())
		var ids []string
		watched := opts()
		watched.open = func(_ context.Context, c *client) error {
			ids = append(ids, c.ID())
			return nil
		}
		third := newLab(t, watched)
		ann, bob, eve := connect(t, web), connect(t, second), connect(t, third)
		all := []*chanxtest.Client{ann, bob, eve}
		if err := worker.Publish(t.Context(), note{"job done"}, "all"); err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			chanxtest.Expect[note](c)
		}
		ann.Send(say{Text: "hello", Others: true})
		chanxtest.Expect[said](bob)
		chanxtest.Expect[said](eve)
		for _, e := range []chanx.Message{note{"yours"}, alarm{Level: 3}} {
			if err := worker.PublishTo(t.Context(), ids[0], e); err != nil {
				t.Fatal(err)
			}
		}
		chanxtest.Expect[note](eve)
		chanxtest.Expect[notice](eve)
		for _, c := range all {
			c.ExpectNothing()
		}
		if worker.hub.Connections() != 0 || web.hub.Connections() != 1 {
			t.Error("connections are counted wrongly")
		}
	})
}

func TestPublishTo(t *testing.T) {
	var ids []string
	bubble(t, labOptions{consumer: chanx.ConsumerOptions{Completion: true}, open: func(_ context.Context, c *client) error {
		ids = append(ids, c.ID())
		return nil
	}}, func(t *testing.T, l *lab) {
		ann, bob := connect(t, l), connect(t, l)
		if ids[0] == ids[1] {
			t.Fatalf("two connections have the id %q", ids[0])
		}
		for i, c := range []*chanxtest.Client{ann, bob} {
			if err := l.PublishTo(t.Context(), ids[i], note{"a"}); err != nil {
				t.Fatal(err)
			}
			chanxtest.Expect[note](c)
			if f := c.Next(); f.Action != "event_complete" {
				t.Errorf("got %s", f.Text)
			}
		}
		for _, id := range []string{"", "-", "x", ids[0] + "zzz"} {
			if err := l.PublishTo(t.Context(), id, note{"a"}); reasonOf(err) != chanx.NotFound {
				t.Errorf("to %q: error %v", id, err)
			}
		}
		if err := l.PublishTo(t.Context(), ids[0], pong{}); reasonOf(err) != chanx.UnknownAction {
			t.Errorf("undeclared: error %v", err)
		}
		if err := l.PublishTo(t.Context(), ids[0], note{}); reasonOf(err) != chanx.Invalid {
			t.Errorf("invalid: error %v", err)
		}
		// Another consumer's connection is none of this one's.
		other := chanx.NewConsumer(l.hub, "other", nil0, nil)
		chanx.Forward[note](other)
		if err := other.PublishTo(t.Context(), ids[0], note{"a"}); err != nil && reasonOf(err) != chanx.NotFound {
			t.Error(err)
		}
		ann.ExpectNothing()
		ann.Drop()
		synctest.Wait()
		if err := l.PublishTo(t.Context(), ids[0], note{"a"}); reasonOf(err) != chanx.NotFound {
			t.Errorf("to one that has ended: error %v", err)
		}
	})
}

func reasonOf(err error) chanx.Reason {
	if e, ok := errors.AsType[*chanx.Error](err); ok {
		return e.Reason
	}
	return ""
}

// Numbers that no Go number holds survive the way through the layer.
func TestPublishKeepsPayloadsAsTheyAre(t *testing.T) {
	bubble(t, labOptions{register: func(l *lab) { chanx.Forward[anything](l) }}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		const payload = `{"value":{"n":9007199254740993,"e":1e400,"s":"\u2028</script>","nested":[1,[2,[3]]]}}`
		if err := l.PublishJSON(t.Context(), "anything", []byte(payload), "all"); err != nil {
			t.Fatal(err)
		}
		if f := c.Next(); string(f.Payload) != payload {
			t.Errorf("got %s", f.Payload)
		}
	})
}

type anything struct {
	Value any `json:"value"`
}

func (anything) Action() string { return "anything" }

// An unreadable message, or one from another version of the application, is
// logged and skipped.
func TestStrangeMessagesFromTheLayer(t *testing.T) {
	memory := layer.NewMemory()
	bubble(t, labOptions{hub: chanx.HubOptions{Layer: memory}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		for _, data := range []string{"", "\x02", "garbage", "\x01\x01\xff", "\x01\x01\x04gone\x02\x04null"} {
			if err := memory.Publish(t.Context(), "group:lab:all", []byte(data)); err != nil {
				t.Fatal(err)
			}
		}
		c.ExpectNothing()
		chanxtest.Request[pong](c, ping{})
		if !strings.Contains(l.errors.String(), "unreadable") {
			t.Errorf("log %q", l.errors.String())
		}
	})
}

package chanxtest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/google/go-cmp/cmp"
)

func TestCapture(t *testing.T) {
	for _, swallow := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			capture := chanxtest.NewCapture(&chanxtest.CaptureOptions{Swallow: swallow})
			s := newServer(t, capture, &chanx.ConsumerOptions{Discriminator: "kind"})
			c := chanxtest.Dial(t, s, "/ws/go:1%25", nil)
			c.Send(Say{"hello"})
			synctest.Wait()
			if err := s.chat.Publish(t.Context(), Joined{"ann"}, "go:1%", "elsewhere"); err != nil {
				t.Fatal(err)
			}
			if err := s.chat.PublishTo(t.Context(), "other-1", Joined{"bob"}); err != nil {
				t.Fatal(err)
			}
			want := []chanxtest.Captured{
				{Consumer: "chat", Group: "go:1%", Action: "said", Payload: []byte(`{"user":"ann","text":"hello"}`)},
				{Consumer: "chat", Group: "go:1%", Event: true, Action: "joined", Payload: []byte(`{"user":"ann"}`)},
				{Consumer: "chat", Group: "elsewhere", Event: true, Action: "joined", Payload: []byte(`{"user":"ann"}`)},
				{Consumer: "chat", ConnID: "other-1", Event: true, Action: "joined", Payload: []byte(`{"user":"bob"}`)},
			}
			if diff := cmp.Diff(want, capture.Entries()); diff != "" {
				t.Error(diff)
			}
			if got := capture.Groups(); !slices.Equal(got, []string{"elsewhere", "go:1%"}) {
				t.Errorf("groups %q", got)
			}
			if got := chanxtest.Published[Joined](t, capture); !slices.Equal(got, []Joined{{"ann"}, {"ann"}, {"bob"}}) {
				t.Errorf("published %v", got)
			}
			if got := chanxtest.Broadcast[Said](t, capture); !slices.Equal(got, []Said{{"ann", "hello"}}) {
				t.Errorf("broadcast %v", got)
			}
			if got := chanxtest.Published[Said](t, capture); len(got) > 0 {
				t.Errorf("published %v", got)
			}
			if !swallow {
				chanxtest.Expect[Said](c)
				chanxtest.Expect[Joined](c)
			}
			c.ExpectNothing()
			capture.Reset()
			if got := capture.Entries(); len(got) > 0 {
				t.Errorf("%v is left", got)
			}
		})
	}
}

// othersJoined is not what is published as joined.
type othersJoined struct {
	Name string `json:"name"`
}

func (othersJoined) Action() string { return "joined" }

func TestCaptureFailures(t *testing.T) {
	capture := chanxtest.NewCapture(nil)
	s := newServer(t, capture, nil)
	if err := s.chat.Publish(t.Context(), Joined{"ann"}, "go"); err != nil {
		t.Fatal(err)
	}
	got := failureOf(t, func(t testing.TB) {
		t.Helper()
		chanxtest.Published[othersJoined](t, capture)
	})
	if !strings.Contains(got, `{"user":"ann"} was published to group "go" and is not "joined" (chanxtest_test.othersJoined): `) {
		t.Errorf("failed with %q", got)
	}
	if err := capture.Publish(t.Context(), "anything", []byte("not of a hub")); err == nil {
		t.Error("a capture took what no hub writes")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.chat.Publish(ctx, Joined{"bob"}, "go"); !errors.Is(err, context.Canceled) || len(capture.Entries()) != 1 {
		t.Errorf("error %v, entries %v", err, capture.Entries())
	}
}

// A capture in front of a layer that several hubs share.
func TestCaptureOfASharedLayer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := layer.NewMemory()
		t.Cleanup(func() { _ = shared.Close() })
		capture := chanxtest.NewCapture(&chanxtest.CaptureOptions{Layer: shared})
		worker, web := newServer(t, capture, nil), newServer(t, shared, nil)
		c := chanxtest.Dial(t, web, "/ws/go", nil)
		if err := worker.chat.Publish(t.Context(), Joined{"ann"}, "go"); err != nil {
			t.Fatal(err)
		}
		chanxtest.Expect[Joined](c)
		c.Send(Say{"hello"}) // not through the capture
		chanxtest.Expect[Said](c)
		if got := capture.Entries(); len(got) != 1 {
			t.Errorf("entries %v", got)
		}
	})
}

// Names may hold what separates them on the layer.
func TestCaptureOfStrangeNames(t *testing.T) {
	capture := chanxtest.NewCapture(&chanxtest.CaptureOptions{Swallow: true})
	hub := chanx.NewHub(&chanx.HubOptions{Layer: capture})
	consumer := chanx.NewConsumer[*chanx.Conn](hub, "a:b%3A", nil, nil)
	chanx.Forward[Joined](consumer)
	if err := consumer.Publish(t.Context(), Joined{"ann"}, ":c:%"); err != nil {
		t.Fatal(err)
	}
	if got := capture.Entries()[0]; got.Consumer != "a:b%3A" || got.Group != ":c:%" {
		t.Errorf("got %+v", got)
	}
}

// A capture is a layer like the one behind it, as far as messages are a hub's.
func TestCaptureClose(t *testing.T) {
	capture := chanxtest.NewCapture(nil)
	s := newServer(t, capture, nil)
	if err := s.chat.Publish(t.Context(), Joined{"ann"}, "go"); err != nil {
		t.Fatal(err)
	}
	if err := capture.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.chat.Publish(t.Context(), Joined{"bob"}, "go"); !errors.Is(err, layer.ErrClosed) {
		t.Errorf("error %v", err)
	}
	if got := chanxtest.Published[Joined](t, capture); len(got) == 0 || got[0] != (Joined{"ann"}) {
		t.Errorf("got %v", got)
	}
}

// reporter is a layer that has lost its server.
type reporter struct{ *layer.Memory }

func (reporter) Health() layer.Health { return layer.Health{Outages: 3} }

// A capture is as healthy as the layer behind it.
func TestCaptureHealth(t *testing.T) {
	behind := chanxtest.NewCapture(&chanxtest.CaptureOptions{Layer: reporter{layer.NewMemory()}})
	if h := behind.Health(); h.Connected || h.Outages != 3 {
		t.Errorf("%+v", h)
	}
	hub := chanx.NewHub(&chanx.HubOptions{Layer: behind})
	if h := hub.Health(); h.Status != "degraded" || h.Layer.Outages != 3 {
		t.Errorf("%+v", h)
	}
	if h := chanxtest.NewCapture(nil).Health(); !h.Connected {
		t.Errorf("%+v", h)
	}
}

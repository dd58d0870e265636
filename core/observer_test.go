package chanx_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/google/go-cmp/cmp"
)

func TestObserver(t *testing.T) {
	var seen observations
	bubble(t, labOptions{hub: chanx.HubOptions{Observer: &seen}, open: func(_ context.Context, c *client) error {
		if c.Request().URL.RawQuery == "refuse" {
			return chanx.Errorf(chanx.Forbidden, "no")
		}
		return nil
	}}, func(t *testing.T, l *lab) {
		c, other := connect(t, l), connect(t, l)
		chanxtest.Request[number](c, hold{20})
		chanxtest.RequestError(c, fail{"conflict"}, chanx.Conflict)
		chanxtest.RequestStream[number](c, count{To: 1})
		c.Send(say{Text: "x"})
		chanxtest.Expect[said](other)
		if err := l.Publish(t.Context(), alarm{Level: 1}, "all"); err != nil {
			t.Error(err)
		}
		chanxtest.Expect[notice](other)
		synctest.Wait()
		chanxtest.Refused(t, l.mux, "/ws?refuse", 403, nil)
		c.Close(chanx.CloseNormal, "")
		synctest.Wait()
		other.Close(chanx.CloseGoingAway, "bye")
		<-time.After(time.Second)
		var got []string
		for _, o := range seen.list() {
			if o.Consumer != "lab" {
				t.Errorf("consumer %q", o.Consumer)
			}
			if (o.ConnID != "") == (o.Kind == chanx.Published || o.Kind == chanx.Delivered) {
				t.Errorf("kind %d with the connection %q", o.Kind, o.ConnID)
			}
			got = append(got, strings.Join(strings.Fields(fmt.Sprint(kindNames[o.Kind], " ", o.Action, " ", o.Group, " ", o.Count, " ", o.Duration, " ", o.Err)), " "))
		}
		want := []string{
			"connected 0 0s <nil>", "connected 0 0s <nil>",
			"handled hold 0 20ms <nil>", "handled fail 0 0s conflict: as you wish", "handled count 0 0s <nil>",
			"published said all 0 0s <nil>", "delivered all 2 0s <nil>", "handled say 0 0s <nil>",
			"published alarm all 0 0s <nil>", "delivered all 2 0s <nil>", "handled alarm 0 0s <nil>", "handled alarm 0 0s <nil>",
			"refused 0 0s forbidden: no",
			"disconnected 0 0s connection closed with 1000", "disconnected 0 0s connection closed with 1001 (bye)",
		}
		// What a group does is beside what its publisher does.
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

var kindNames = map[chanx.ObservationKind]string{
	chanx.Connected: "connected", chanx.Disconnected: "disconnected", chanx.Handled: "handled", chanx.Published: "published",
	chanx.Delivered: "delivered", chanx.Dropped: "dropped", chanx.Refused: "refused",
}

func TestLog(t *testing.T) {
	var log syncBuffer
	bubble(t, labOptions{hub: chanx.HubOptions{
		Logger:       slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		QuietActions: []string{"ping"},
	}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		c.SendRef("r1", ping{})
		c.SendRef("r2", hold{1500})
		chanxtest.Collect(c, "number")
		c.SendRef("r3", fail{"hidden"})
		chanxtest.Collect(c, "error")
		c.Close(chanx.CloseNormal, "bye")
		<-time.After(time.Second)
	})
	text := log.String()
	for _, want := range []string{
		`level=DEBUG msg="chanx: connected" conn=`, `msg="chanx: handled" conn=`, "consumer=lab action=hold ref=r2 ms=1500",
		`level=ERROR msg="chanx: handler failed" conn=`, `action=fail ref=r3 error="a secret"`, `msg="chanx: disconnected" conn=`, "code=1000 reason=bye",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "action=ping") {
		t.Errorf("a quiet action was logged:\n%s", text)
	}
}

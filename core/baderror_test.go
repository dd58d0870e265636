package chanx_test

import (
	"context"
	"fmt"
	"iter"
	"math"
	"os"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// badError returns an error that can't be looked at, or not be encoded.
func badError(how string) error {
	switch how {
	case "nil path error":
		var err *os.PathError
		return err
	case "nil error of ours":
		var err *chanx.Error
		return err
	case "wrapped nil":
		var err *chanx.Error
		return fmt.Errorf("wrapped: %w", err)
	case "panics in Is":
		return selfish{}
	}
	return &chanx.Error{Reason: "x", Violations: []chanx.Violation{{Params: map[string]any{"a": math.NaN()}}}}
}

var badErrors = []string{"nil path error", "nil error of ours", "wrapped nil", "panics in Is", "not a number"}

type selfish struct{}

func (selfish) Error() string   { return "selfish" }
func (selfish) Is(error) bool   { panic("a secret") }
func (selfish) Unwrap() []error { return nil }

type inLane struct {
	How string `json:"how"`
}

func (inLane) Action() string { return "in_lane" }

type besideLane struct {
	How string `json:"how"`
}

func (besideLane) Action() string { return "beside_lane" }

type streamed struct {
	How string `json:"how"`
}

func (streamed) Action() string { return "streamed" }

// Whatever a handler returns as an error, the client is answered and nobody else
// notices.
func TestBadErrors(t *testing.T) {
	bubble(t, labOptions{register: func(l *lab) {
		chanx.On(l, func(_ *client, _ context.Context, m inLane) error { return badError(m.How) })
		chanx.On(l, func(_ *client, _ context.Context, m besideLane) error { return badError(m.How) }, chanx.Concurrent())
		chanx.Stream(l, func(_ *client, _ context.Context, m streamed) iter.Seq2[number, error] {
			return func(yield func(number, error) bool) { yield(number{}, badError(m.How)) }
		})
		chanx.OnEvent(l, func(_ *client, _ context.Context, e inLane) error { return badError(e.How) })
	}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		for _, how := range badErrors {
			for _, m := range []chanx.Message{inLane{how}, besideLane{how}, streamed{how}} {
				before := strings.Count(l.errors.String(), "handler failed")
				chanxtest.RequestError(c, m, chanx.Internal)
				if n := strings.Count(l.errors.String(), "handler failed"); n != before+1 {
					t.Errorf("%s, %s: logged %d times", m.Action(), how, n-before)
				}
			}
			if err := l.Publish(t.Context(), inLane{how}, "all"); err != nil {
				t.Error(err)
			}
			c.ExpectNothing()
		}
		if log := l.errors.String(); !strings.Contains(log, "a nil *fs.PathError was returned as an error") {
			t.Errorf("the log does not say what was wrong: %s", log)
		}
	})
}

func TestBadErrorInOpen(t *testing.T) {
	bubble(t, labOptions{open: func(_ context.Context, c *client) error {
		return badError(c.Request().URL.Query().Get("how"))
	}}, func(t *testing.T, l *lab) {
		for _, how := range badErrors[:4] {
			chanxtest.Refused(t, l.mux, "/ws?how="+strings.ReplaceAll(how, " ", "+"), 500, nil)
		}
		if n := l.hub.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

// An error's text may come from anywhere.
func TestErrorThatIsNotUTF8(t *testing.T) {
	bubble(t, labOptions{register: func(l *lab) {
		chanx.On(l, func(*client, context.Context, inLane) error {
			return chanx.Errorf(chanx.NotFound, "no file %s", "\xff")
		})
	}}, func(t *testing.T, l *lab) {
		if e := chanxtest.RequestError(connect(t, l), inLane{}, chanx.NotFound); e.Detail != "no file \ufffd" {
			t.Errorf("detail %q", e.Detail)
		}
	})
}

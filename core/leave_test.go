package chanx_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// An event that waits for its turn when the connection leaves the group is not
// handled any more; one to the connection alone is.
func TestLeaveForgetsEventsThatWait(t *testing.T) {
	bubble(t, labOptions{register: func(l *lab) {
		chanx.On(l, func(c *client, ctx context.Context, m stepIn) error {
			for _, err := range []error{
				l.Publish(ctx, alarm{Level: m.N}, "all"),
				l.PublishTo(ctx, c.ID(), alarm{Level: m.N + 1}),
			} {
				if err != nil {
					return err
				}
			}
			<-time.After(time.Second)
			c.Leave("all")
			if m.N > 1 { // who joins again is a new member
				if err := c.Join(ctx, "all"); err != nil {
					return err
				}
				if err := l.Publish(ctx, alarm{Level: m.N + 2}, "all"); err != nil {
					return err
				}
			}
			return c.Send(ctx, said{"left"})
		})
	}}, func(t *testing.T, l *lab) {
		for _, test := range []struct {
			send string
			want []string
		}{
			{`{"action":"step","payload":{"n":1}}`, []string{`{"action":"notice","payload":{"text":"!!"}}`}},
			{`{"action":"step","payload":{"n":2}}`, []string{`{"action":"notice","payload":{"text":"!!!"}}`, `{"action":"notice","payload":{"text":"!!!!"}}`}},
		} {
			c := openRaw(t, l.mux, "/ws")
			c.send(test.send)
			synctest.Wait()
			<-time.After(2 * time.Second)
			want := append([]string{`{"action":"said","payload":{"text":"left"}}`}, test.want...)
			if got := c.take(); !slices.Equal(got, want) {
				t.Errorf("the client got %q, want %q", got, want)
			}
			c.drop()
		}
	})
}

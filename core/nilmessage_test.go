package chanx_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

type byPointer struct {
	A string `json:"a"`
}

func (*byPointer) Action() string { return "by_pointer" }

// What is nil is no message: the caller learns of it, and clients get nothing.
func TestNilMessages(t *testing.T) {
	var conn atomic.Pointer[chanx.Conn]
	bubble(t, labOptions{open: func(_ context.Context, c *client) error {
		conn.Store(c.Conn)
		return nil
	}, register: func(l *lab) {
		chanx.Reply(l, func(*client, context.Context, stepIn) (*byPointer, error) { return nil, nil })
	}}, func(t *testing.T, l *lab) {
		c := connect(t, l)
		ctx := t.Context()
		for _, test := range []struct {
			name string
			err  error
		}{
			{"Send", conn.Load().Send(ctx, nil)},
			{"Send of a nil pointer", conn.Load().Send(ctx, (*byPointer)(nil))},
			{"Send of a nil pointer without payload", conn.Load().Send(ctx, (*pong)(nil))},
			{"Broadcast", conn.Load().Broadcast(ctx, nil)},
			{"Broadcast of a nil pointer", conn.Load().Broadcast(ctx, (*said)(nil))},
			{"Publish", l.Publish(ctx, nil, "all")},
			{"Publish of a nil pointer", l.Publish(ctx, (*note)(nil), "all")},
			{"PublishTo", l.PublishTo(ctx, conn.Load().ID(), (*note)(nil))},
		} {
			if test.err == nil || !strings.Contains(test.err.Error(), "there is no message") {
				t.Errorf("%s: %v", test.name, test.err)
			}
		}
		c.ExpectNothing()
		chanxtest.RequestError(c, stepIn{1}, chanx.Internal)
	})
}

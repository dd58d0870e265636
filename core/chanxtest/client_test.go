package chanxtest_test

import (
	"testing"
	"testing/synctest"

	"github.com/chanx-go/chanx/core/chanxtest"
)

func TestClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil, nil)
		ann := chanxtest.Dial(t, s, "/ws/go", nil)
		bob := chanxtest.Dial(t, s, "/ws/go", nil)
		chanxtest.Request[Pong](ann, Ping{})
		ann.Send(Say{"hello"})
		if got := chanxtest.Expect[Said](bob); got != (Said{"ann", "hello"}) {
			t.Errorf("bob got %+v", got)
		}
		ann.Drop()
		bob.ExpectNothing()
	})
}

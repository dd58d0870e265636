package main

import (
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := routes()
		ann := chanxtest.Dial(t, handler, "/rooms/go", nil)
		ben := chanxtest.Dial(t, handler, "/rooms/go", nil)
		other := chanxtest.Dial(t, handler, "/rooms/c", nil)

		ann.Send(Say{Text: "hi"})
		for _, c := range []*chanxtest.Client{ann, ben} {
			if said := chanxtest.Expect[Said](c); said.Text != "hi" || said.From == "" {
				t.Errorf("got %+v", said)
			}
		}
		ann.Send(Say{})
		chanxtest.ExpectError(ann, chanx.Invalid)
		other.ExpectNothing()
	})
}

package chanx_test

import (
	"context"
	"fmt"

	chanx "github.com/chanx-go/chanx/core"
)

// What the documentation shows of a message is checked when it is registered.
func ExampleExamples() {
	consumer := chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), "room", nil, nil)
	chanx.Reply(consumer, func(_ *chanx.Conn, _ context.Context, m echo) (echoed, error) {
		return echoed{Text: m.Text}, nil
	},
		chanx.Summary("Have a text repeated"),
		chanx.SeeAlso("https://example.com/echo", "On *repeating*"),
		chanx.Extension("x-cost", 1),
		chanx.Examples(echo{Text: "hi"}, echoed{Text: "hi"}))

	for _, e := range chanx.Mount(consumer, "/ws/room").Describe().Receives[0].Examples {
		fmt.Println(e.Message.Action, string(e.Payload))
	}
	// Output:
	// echo {"text":"hi"}
	// echoed {"text":"hi"}
}
